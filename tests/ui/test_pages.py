"""The pages without a browser: each renders, and shows what it is for."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lenet.catalog import DATASETS
from lenet.config import Config, build_config, knob
from lenet.data.splits import load_split
from lenet.evaluation.metrics import evaluate
from lenet.network import checkpoint
from lenet.paths import DEFAULT_CHECKPOINT, ROOT, runs_dir, studies_dir
from lenet.runs import launcher
from lenet.runs.run import Run
from lenet.runs.status import Status
from lenet.ui import hand
from lenet.ui.escape import plain
from soak.guard import LIMIT
from soak.lab import Lab, small_lab, sound, visit
from tests.small import as_text, other_settings, small_config, train

PAGES = {
    "streamlit_app.py": "Train LeNet-5",
    "pages/evaluate.py": "Evaluate",
    "pages/predict.py": "Predict",
    "pages/inside.py": "Inside",
    "pages/experiments.py": "Experiments",
}


@pytest.fixture(autouse=True)
def lab() -> Iterator[Lab]:
    with small_lab() as made:
        yield made


def widgets(app: AppTest) -> dict[str, Any]:
    kinds = ("selectbox", "number_input", "toggle", "segmented_control", "text_input")
    return {widget.key: widget for kind in kinds for widget in app.get(kind) if widget.key}


def watched(app: AppTest) -> str:
    """The id of the run that the Train page shows."""
    return next(str(box.value) for box in app.selectbox if box.label == "Run")


def button(app: AppTest, label: str) -> Any:
    return next(found for found in app.button if found.label == label)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_renders(page: str) -> None:
    app = visit(page)

    assert [title.value for title in app.title] == [PAGES[page]]
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_a_page_renders_without_the_dataset(
    page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LENET_DATA_DIR", str(tmp_path / "empty"))

    app = visit(page)

    assert any("Fashion-MNIST is not on this machine" in info.value for info in app.info)
    assert not button(app, "Fetch Fashion-MNIST").disabled
    assert "Start" not in {found.label for found in app.button}


def test_train_has_a_widget_for_every_field_with_its_label_and_default() -> None:
    shown = widgets(visit())

    for name, info in Config.model_fields.items():
        widget = shown[name]
        assert widget.label == knob(info).label
        assert widget.help == info.description
        assert widget.value == info.default


@pytest.mark.parametrize(("query", "unfolded"), [({}, False), ({"dropout": "0.3"}, True)])
def test_further_settings_are_folded_unless_one_differs(
    query: dict[str, str], unfolded: bool
) -> None:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=LIMIT)
    app.query_params.update(query)
    assert ("dropout" in widgets(sound(app.run()))) == unfolded
    app.selectbox(key="preset").set_value("classic").run()
    assert sound(app).query_params == {"preset": "classic"}, "folded fields follow the preset, too"


def test_folded_settings_that_differ_are_named() -> None:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=LIMIT)
    app.query_params["dropout"] = "0.3"
    app.session_state["more settings"] = False
    found = [caption.value for caption in sound(app.run()).caption]
    assert plain("Changed there: dropout 0.3.") in found


def test_a_preset_sets_the_other_widgets() -> None:
    app = visit()

    app.selectbox(key="preset").set_value("classic").run()

    shown = widgets(sound(app))
    assert {name: shown[name].value for name in Config.model_fields} == dict(
        build_config({"preset": "classic"})
    )


def test_choices_read_as_a_person_says_them_and_hold_what_the_address_says() -> None:
    app = visit()
    box = app.selectbox(key="activation")
    assert "LeakyReLU" in box.options
    box.select("ReLU").run()

    assert sound(app).session_state["activation"] == "relu"
    assert app.query_params["activation"] == "relu"


def test_a_geometry_that_does_not_fit_cannot_be_started() -> None:
    app = visit()

    app.number_input(key="padding").set_value(0).run()

    assert button(sound(app), "Start").disabled
    assert any("conv2" in error.value for error in app.error)
    [table] = [shown.value for shown in app.markdown if "| layer |" in shown.value]
    assert table.splitlines()[-1] == "| :red[**conv2**] | :red[**does not fit**] |  |"


def test_start_starts_a_run_of_what_the_widgets_say(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Mock(wraps=made_run)
    monkeypatch.setattr(launcher, "start", start)
    app = visit()

    app.number_input(key="epochs").set_value(2).run()
    button(app, "Start").click().run()

    start.assert_called_once_with(build_config({"epochs": 2}))
    assert watched(sound(app)) == launcher.list_runs()[0].id


def test_a_box_that_is_gone_does_not_choose_the_run_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a browser that follows a live run may report the box of before once more."""
    before = made_run(build_config(), "20250101-000000-lab-0000")
    monkeypatch.setattr(launcher, "start", made_run)
    app = visit()
    gone = next(box for box in app.selectbox if box.label == "Run")._widget_state
    assert watched(app) == before.id

    button(app, "Start").click().run()
    reported = app._tree.get_widget_states()
    reported.widgets.append(gone)
    app._run(reported)

    assert sound(app).session_state["watched"] == launcher.list_runs()[0].id != before.id


def test_who_started_a_run_has_it_in_hand_once_it_has_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launcher, "start", made_run)
    app, other = visit(), visit()
    button(app, "Start").click().run()
    [run] = launcher.list_runs()
    assert sound(app).session_state["checkpoint"] == DEFAULT_CHECKPOINT.stem
    train(run, small_config())

    app.switch_page("pages/predict.py").run()

    assert sound(app).session_state["checkpoint"] == run.id
    assert sound(other.run()).session_state["checkpoint"] == DEFAULT_CHECKPOINT.stem
    app.selectbox(key="checkpoint").set_value(DEFAULT_CHECKPOINT.stem).run()
    assert sound(app.run()).session_state["checkpoint"] == DEFAULT_CHECKPOINT.stem


def test_the_form_keeps_its_dataset_whatever_network_is_in_hand() -> None:
    app = visit()
    app.segmented_control(key="dataset").set_value("MNIST").run()

    app.switch_page("pages/predict.py").run()
    app.switch_page("pages/train.py").run()

    assert widgets(sound(app))["dataset"].value == "MNIST"


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "crashed"])
def test_a_run_that_has_ended_is_shown_and_resumed_unless_it_is_finished(state: Any) -> None:
    run = made_run(build_config())
    run.write_status(Status(state, 1000.0, ended=1010.0, message="why", total_steps=860))

    app = visit()

    assert watched(app) == run.id
    assert any("why" in shown.value for shown in (*app.error, *app.code))
    assert ("Resume" in {found.label for found in app.button}) == (state != "finished")


def made_run(config: Config, name: str = "20260101-000000-lab-0000") -> Run:
    """A run's folder without its process."""
    run = Run(runs_dir() / name)
    run.prepare(config)
    return run


def test_evaluate_shows_the_figures_of_the_shipped_checkpoint_and_opens_its_worst_pair() -> None:
    app = visit("pages/evaluate.py")

    found = evaluate(checkpoint.load(DEFAULT_CHECKPOINT), load_split("FashionMNIST", "test"))
    shown = {metric.label: metric.value for metric in app.metric}
    low, high = found.interval
    assert shown.pop("Images per second")
    assert shown == {
        "Accuracy": f"{found.accuracy:.2%}",
        "On other images": f"{100 * low:.1f}–{100 * high:.1f}%",
        "Mean of classes": f"{found.macro_f1:.4f}",
        "Loss": f"{found.loss:.4f}",
        "Misjudges itself by": f"{found.calibration_error:.2%}",
        "Weights": "61,990",
    }
    report, pairs = (
        next(frame.value for frame in app.dataframe if column in frame.value)
        for column in ("precision", "taken for")
    )
    names, wrong = DATASETS["FashionMNIST"].classes, found.confusion_matrix.copy()
    assert list(report["class"]) == list(names)
    assert np.allclose(report["f1"], [each.f1 for each in found.classes])
    np.fill_diagonal(wrong, 0)
    counts = [
        wrong[names.index(truth), names.index(prediction)]
        for truth, prediction in zip(pairs["truth"], pairs["taken for"], strict=True)
    ]
    assert counts == list(pairs["images"]) == sorted(wrong.flat, reverse=True)[: len(pairs)]
    first: dict[str, Any] = {box.label: box.value for box in app.selectbox}
    assert (names[first["Truth"]], names[first["Prediction"]]) == tuple(
        pairs.iloc[0][["truth", "taken for"]]
    )


def test_evaluate_says_when_the_network_was_trained_on_other_images() -> None:
    app = visit("pages/evaluate.py")
    assert not app.warning

    tests = next(box for box in app.segmented_control if box.label == "Test set")
    tests.set_value("MNIST").run()

    [warning] = sound(app).warning
    assert warning.value.startswith("This network was trained on Fashion-MNIST")


def test_what_was_evaluated_once_is_not_evaluated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Mock(wraps=evaluate)
    monkeypatch.setattr("lenet.ui.evaluation_cache.evaluate", counted)
    for _ in range(2):
        visit("pages/evaluate.py")
    counted.assert_called_once()


@pytest.mark.slow
def test_evaluate_compares_two_checkpoints() -> None:
    app = visit("pages/evaluate.py")

    app.toggle(key="compare").set_value(True).run()

    sound(app)
    boxes = {box.label: box for box in app.selectbox}
    assert boxes["Checkpoint"].value != boxes["Checkpoint B"].value
    boxes["Checkpoint B"].set_value(boxes["Checkpoint"].value).run()
    verdict = next(one.value for one in sound(app).markdown if "McNemar" in one.value)
    assert verdict.startswith("**These two may be equally good.**")
    assert verdict.endswith("(McNemar's test, p = 1.0000).")


def test_epochs_are_called_by_their_files_numbers() -> None:
    run = Run(runs_dir() / "20260101-000000-lab-0000")
    train(run, small_config(epochs=3))
    run.epoch_checkpoint(1).unlink()

    app = visit("pages/inside.py")
    app.selectbox(key="checkpoint").set_value(run.id).run()

    assert epochs(sound(app).selectbox) == ["epoch 2", "epoch 3"]
    app.switch_page("pages/evaluate.py").run()
    app.selectbox(key="checkpoint").set_value(run.id).run()
    assert epochs(sound(app).selectbox) == ["epoch 2", "epoch 3"]


def epochs(boxes: Iterable[Any]) -> list[str]:
    return next(box.options for box in boxes if box.label == "Epoch")


def test_predict_shows_five_samples_and_then_other_images() -> None:
    app = visit("pages/predict.py")
    before = captions(app)

    button(app, "Other images").click().run()

    assert len(before) == len(captions(sound(app))) == 5
    assert captions(app) != before


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption if "Test image" in caption.value]


@pytest.mark.parametrize("view", ["Draw", "Upload"])
def test_predict_renders_each_of_its_views(view: str) -> None:
    app = visit("pages/predict.py")

    app.segmented_control(key="view").set_value(view).run()

    sound(app)
    assert captions(app) == []


@pytest.mark.parametrize(("augment", "drawn"), [("none", "0"), ("warp", "0"), ("none", "0.1")])
def test_train_shows_what_the_augmentation_does(augment: str, drawn: str) -> None:
    app = visit(augment=augment, sketches=drawn)
    app.toggle(key="preview").set_value(True).run()

    sheets = sound(app).get("image")
    assert len(sheets) == (4 if float(drawn) else 3)  # with the photographs


def test_an_address_sets_the_widget_of_every_field() -> None:
    values = other_settings()

    app = visit(**{name: as_text(value) for name, value in values.items()})

    shown = widgets(app)
    assert {name: shown[name].value for name in Config.model_fields} == values


def test_switches_in_an_address_are_written_as_on_the_command_line_too() -> None:
    app = visit(softmax="1", batch_norm="0", colour="red")
    shown = widgets(app)
    assert shown["softmax"].value is True
    assert shown["batch_norm"].value is False
    assert "colour" not in app.query_params


def test_a_promoted_checkpoint_does_not_become_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (DEFAULT_CHECKPOINT.name, "aaa.pt"):
        shutil.copy(DEFAULT_CHECKPOINT, tmp_path / name)
    monkeypatch.setattr(hand, "CHECKPOINTS", tmp_path)
    monkeypatch.setattr(hand, "DEFAULT_CHECKPOINT", tmp_path / DEFAULT_CHECKPOINT.name)

    app = visit("pages/predict.py")

    assert str(app.selectbox(key="checkpoint").value).startswith(DEFAULT_CHECKPOINT.stem)


def test_a_study_of_values_that_cannot_be_is_not_started() -> None:
    app = visit("pages/experiments.py", study="grid")

    next(box for box in app.text_input if box.label == "Learning rate").set_value("fast").run()

    assert any("Learning rate must be a number" in error.value for error in sound(app).error)
    assert "Start" not in {found.label for found in app.button}


def test_a_study_of_a_newer_lab_is_named_and_a_damaged_one_is_left_out() -> None:
    for name, text in (("grid-00000001", '{"format_number": 1000}'), ("grid-00000002", "{")):
        folder = studies_dir() / name
        folder.mkdir(parents=True)
        (folder / "study.json").write_text(text)

    app = visit("pages/experiments.py", study="grid")

    [warning] = sound(app).warning
    assert "00000001" in warning.value
    assert "newer version of the lab" in warning.value
