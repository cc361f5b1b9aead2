"""Pages that meet hostile names, addresses and payloads: each fault that the soak has found."""

import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from lenet.paths import DEFAULT_CHECKPOINT
from lenet.runs.history import STEP_COLUMNS, History
from lenet.runs.run import Run
from lenet.runs.status import own_status
from lenet.studies.folder import Result, home_of
from lenet.studies.plan import Cell, Study, make_study
from lenet.studies.results import Findings, Finished
from lenet.studies.sweep import grid
from lenet.ui.escape import JOINER, LONGEST, chart_text, plain
from lenet.ui.experiments import charts as study_charts
from lenet.ui.hand import UPLOAD_LABEL as UPLOAD
from lenet.ui.inside import explorer
from lenet.ui.train import curves
from soak.lab import Lab, small_lab, visit
from soak.payloads import answer

PICTURE = "![x](https://example.org/x.png)"
TAG = '<a href="https://example.org">x</a>'


@pytest.fixture
def lab() -> Iterator[Lab]:
    with small_lab() as made:
        yield made


def finished(lab: Lab, name: str, number: int = 0) -> Run:
    """A run of the page that is finished, under a name."""
    run = Run(lab.runs / f"20260101-00000{number}-lab-000{number}")
    shutil.copytree(lab.finished.folder, run.folder)
    (run.folder / "name.txt").write_text(name)
    return run


class TestWords:
    def test_signs_of_markdown_are_escaped_and_icons_and_addresses_kept_apart(self) -> None:
        assert plain("**b** [a](x) $y$") == r"\*\*b\*\* \[a\]\(x\) \$y\$"
        assert plain(":material/bolt:") == rf"\:{JOINER}material/bolt\:"
        assert plain("https://a.b") == rf"https\:{JOINER}//a\.b"
        assert plain("www.a.b") == rf"www{JOINER}\.a\.b"
        assert plain("a\n# b") == r"a \# b"

    def test_what_is_too_long_is_cut(self) -> None:
        assert plain("x" * 10**6) == "x" * LONGEST + "…"

    def test_tags_in_figures_are_text(self) -> None:
        begun = History(steps={name: [1.0] for name in STEP_COLUMNS})
        shown = {TAG: (begun, "#123456"), "other": (begun, "#654321")}
        figure = curves.curves(shown, "", 10, smoothing=0, log=False)
        assert chart_text(TAG) in {trace.name for trace in figure.data}
        assert TAG not in figure.to_json()
        study = make_study("grid", "lr", [Cell(label=TAG, values={"lr": 0.1})], [0])
        result = Result(train_loss=1, val_loss=1, val_accuracy=1, test_accuracy=1, seconds=1)
        run = Finished(label=TAG, seed=0, result=result)
        drawn = study_charts.accuracies(Findings(study=study, runs=(run,)))
        assert TAG not in drawn.to_json()
        lines = study_charts.curves(study, [(TAG, [1.0, 0.5])], "")
        assert [trace.name for trace in lines.data] == [chart_text(TAG)]


@pytest.mark.slow
class TestAddresses:
    @pytest.mark.parametrize(
        ("page", "name"),
        [
            ("streamlit_app.py", "epochs"),
            ("pages/predict.py", "sample_count"),
            ("pages/inside.py", "spot"),
            ("pages/inside.py", "picture"),
            ("pages/evaluate.py", "cell"),
            ("pages/evaluate.py", "second_epoch"),
            ("streamlit_app.py", "run"),
            ("pages/experiments.py", "study"),
        ],
    )
    @pytest.mark.parametrize("value", ["-inf", "nan", "1e999", "9" * 5000])
    def test_an_impossible_value_is_taken_out(
        self, page: str, name: str, value: str, lab: Lab
    ) -> None:
        app = visit(page, **{name: value})
        assert name not in app.query_params
        assert [notice.value for notice in app.warning if name in notice.value.replace("\\", "")]
        assert not app.error
        app.query_params[name] = value  # the browser's Back brings it again
        assert not app.run().exception

    def test_a_foreign_parameter_that_comes_back_is_no_error(self, lab: Lab) -> None:
        app = visit(colour="red")
        app.query_params["colour"] = "red"
        assert not app.run().exception


@pytest.mark.slow
class TestFolders:
    def test_a_run_named_like_the_upload_can_be_chosen(self, lab: Lab) -> None:
        run = finished(lab, UPLOAD)
        app = visit("pages/evaluate.py")
        box = app.selectbox(key="checkpoint")
        assert box.options.count(UPLOAD) == 1
        assert [name for name in box.options if name.startswith(f"{UPLOAD} (run")]
        assert not box.set_value(run.id).run().exception
        assert not app.file_uploader

    def test_every_run_is_offered_whatever_they_are_called(self, lab: Lab) -> None:
        stem = DEFAULT_CHECKPOINT.stem
        for number, name in enumerate((stem, f"{stem} (run)", "x", "x", "x (0002)")):
            finished(lab, name, number)
        app = visit("pages/evaluate.py")
        assert len({*app.selectbox(key="checkpoint").options} - {stem, UPLOAD}) >= 5

    @pytest.mark.parametrize("page", ["pages/evaluate.py", "pages/predict.py", "pages/inside.py"])
    def test_a_run_that_is_deleted_meanwhile_is_said(self, page: str, lab: Lab) -> None:
        run = finished(lab, "mine")
        app = visit(page)
        app.selectbox(key="checkpoint").set_value(run.id).run()
        for path in sorted(run.folder.glob("*.pt")):
            path.unlink()
            path.mkdir()  # still listed by nobody, and no file to read
        assert not app.run().exception

    def test_an_epoch_that_is_damaged_is_said_where_it_is_looked_at(self, lab: Lab) -> None:
        run = finished(lab, "mine")
        app = visit("pages/inside.py")
        app.selectbox(key="checkpoint").set_value(run.id).run()
        run.epoch_checkpoint(2).write_bytes(b"torn")
        next(one for one in app.button if one.label == "Next epoch").click().run()
        assert not app.exception
        assert any("damaged" in error.value for error in app.error)

    @pytest.mark.parametrize("content", [b"", b"torn", b"\1" * 10**6, bytes(10**6)])
    def test_moments_that_are_none_do_no_harm(self, content: bytes, lab: Lab) -> None:
        run = finished(lab, "mine")
        (run.folder / "moments.bin").write_bytes(content)
        assert not visit().exception

    def test_a_reason_of_a_failure_is_shown_as_text(self, lab: Lab) -> None:
        run = finished(lab, "mine")
        run.write_status(own_status().changed(state="failed", message=PICTURE))
        assert [error.value for error in visit().error] == [plain(PICTURE)]

    def test_a_damaged_study_does_not_hide_the_others(self, lab: Lab) -> None:
        cells, _ = grid({"epochs": 2}, {"lr": ["0.01", "0.02"]})
        for number in range(3):
            study = Study(name="grid", title=f"study {number}", cells=tuple(cells), seeds=(number,))
            home_of(study).keep(study)
        home_of(study).file.write_text("torn")
        app = visit("pages/experiments.py")
        app.segmented_control(key="kind of study").set_value("grid").run()
        assert not app.error
        links: Any = app.get("page_link")
        names = [link.label.partition(" (")[0] for link in links]
        assert {"study 0", "study 1"} == {name for name in names if name.startswith("study ")}


@pytest.mark.slow
def test_a_run_that_is_gone_cannot_be_renamed_and_that_is_said(lab: Lab) -> None:
    run = finished(lab, "mine")
    app = visit()
    shutil.rmtree(run.folder)
    next(field for field in app.text_input if field.label == "Name").set_value("ghost").run()
    assert not app.exception
    assert not run.folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "payload",
    [
        answer("data:image/png;base64,AAAA"),
        answer("no address"),
        answer(3),
        {"drawing": "x"},
        {"drawing": {"raw": None, "data": None}, "backgroundFit": {}},
    ],
    ids=str,
)
@pytest.mark.parametrize("page", ["pages/predict.py", "pages/inside.py"])
def test_a_drawing_that_is_none_is_said(
    page: str, payload: Any, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(page, view="Draw")  # only a page can load the component first
    import streamlit_drawable_canvas

    monkeypatch.setattr(streamlit_drawable_canvas, "out", lambda **_: payload)
    [error] = visit(page, view="Draw").error
    assert error.value.startswith("The drawing")


@pytest.mark.parametrize("told", ["conv0/" + "9" * 5000, "conv0/²", "fc4/99", "../x/1"])
def test_a_click_nowhere_changes_nothing(
    told: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pointed(**options: Any) -> None:
        st.session_state["explorer"] = SimpleNamespace(picked=told)
        options["on_picked_change"]()

    monkeypatch.setattr(explorer, "_show", pointed)
    assert not visit("pages/inside.py").run().exception
