"""The Experiments page without a browser: its tables and figures against the results' files."""

import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from scipy.stats import t as student
from streamlit.testing.v1 import AppTest

from lenet.config import build_config, overrides
from lenet.paths import ROOT
from lenet.studies import results
from lenet.studies.folder import home_of
from lenet.studies.plan import Cell, Study, make_study
from lenet.studies.presets import STUDY_PRESETS
from lenet.studies.results import Findings, Finished
from lenet.ui.address import FRONT, link
from lenet.ui.experiments import cells, charts
from lenet.ui.experiments.state import RunProgress
from tests.studies.small_study import result_of

SAID = {"case 5": 85.53, "case 6": 85.33, "case 7": 84.29, "case 8": 84.60, "case 9": 84.89}
"""The post's accuracies, in percent."""


@pytest.fixture(autouse=True)
def _lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_dataset: object) -> Iterator[None]:
    monkeypatch.setenv("LENET_RUNS_DIR", str(tmp_path / "runs"))
    st.cache_data.clear()
    yield
    st.cache_data.clear()


def visit(view: str | None = None) -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60).run()
    app.switch_page("pages/experiments.py").run()
    if view:
        app.segmented_control(key="kind of study").set_value(view).run()
    assert [error.message for error in app.exception] == []
    return app


def texts(axis: Any) -> list[str]:
    """What parallel coordinates write at each value of an axis."""
    return [axis["ticktext"][at] for at in axis["values"]]


def test_the_nine_cases_stand_beside_the_posts_own_figures() -> None:
    table = visit().dataframe[0].value.set_index("variant")
    runs = json.loads((ROOT / "studies/nine-cases.json").read_text())["runs"]
    assert list(table.index) == [f"case {number}" for number in range(1, 10)]
    for label, row in table.iterrows():
        found = [100 * run["result"]["test_accuracy"] for run in runs if run["label"] == label]
        losses = [run["result"]["train_loss"] for run in runs if run["label"] == label]
        assert row["test"] == pytest.approx(statistics.mean(found))
        assert row["loss"] == pytest.approx(statistics.mean(losses))
        if len(found) > 1:
            error = statistics.stdev(found) / len(found) ** 0.5
            assert row["±"] == pytest.approx(student.ppf(0.975, len(found) - 1) * error)
        if label in SAID:
            assert row["post's test"] == pytest.approx(SAID[str(label)])
            assert row["difference"] == pytest.approx(statistics.mean(found) - SAID[str(label)])
        else:
            assert np.isnan(row["difference"])


@pytest.mark.parametrize("name", STUDY_PRESETS)
def test_a_ready_made_study_says_what_to_expect_and_what_was_found(name: str) -> None:
    app = visit(name)
    text = [markdown.value for markdown in app.markdown]
    assert STUDY_PRESETS[name].expect in text
    assert any(found.startswith("**What came out:**") for found in text)
    assert any("Shipped results" in caption.value for caption in app.caption)
    study = STUDY_PRESETS[name].study()
    runs = len(study.cells) * len(study.seeds)
    assert any(f"**{runs} runs**" in found for found in text)


def finished(study: Study, accuracy: Callable[[str, int], float]) -> None:
    """Leave a study on disk as if all its runs were finished, with these test accuracies."""
    home = home_of(study)
    home.keep(study)
    for planned in study.runs():
        run = home.run(planned)
        run.prepare(planned.config)
        run.epoch_checkpoint(planned.config.epochs).touch()
        found = accuracy(planned.label, planned.config.seed)
        result = result_of(val_accuracy=found, test_accuracy=found)
        (run.folder / "result.json").write_text(result.model_dump_json())


ACCURACIES = {
    "lr 0.01": [0.701, 0.72, 0.707],
    "lr 0.1": [0.8, 0.82, 0.805],
    "lr 0.2": [0.804, 0.812, 0.8],
}
"""Of three cells with three seeds, of which the last two are alike."""


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_a_study_of_ones_own_says_what_differs_and_warns_of_few_seeds(seeds: int) -> None:
    cells = [Cell(label=label, values={"lr": label.split()[1]}) for label in ACCURACIES]
    study = make_study("grid", "lr", cells, range(seeds))
    finished(study, lambda label, seed: ACCURACIES[label][seed])
    app = visit("grid")
    assert any("by chance" in warning.value for warning in app.warning) == (seeds < 3)
    found = "".join(one.value for one in app.markdown if "What came out:" in one.value).replace(
        "\\", ""
    )
    said = [
        "“lr 0.1” is ahead of “lr 0.01” by 9.9 ± 0.2 points" in found,
        "“lr 0.1” cannot be told apart from “lr 0.2” (0.3 ± 1.6 points)" in found,
    ]
    assert said == [seeds == 3] * 2
    if seeds == 3:
        drawn = charts.accuracies(results.read(home_of(study)))
        [means] = [trace for trace in drawn.data if trace.name == "mean"]
        error = statistics.stdev(ACCURACIES["lr 0.2"]) / 3**0.5
        assert means.error_x.array[2] == pytest.approx(student.ppf(0.975, 2) * error)
        [table] = [frame.value for frame in app.dataframe if "±" in frame.value]
        assert table["±"].iloc[2] == pytest.approx(100 * means.error_x.array[2])


def test_a_finished_study_takes_the_place_of_the_shipped_results() -> None:
    study = STUDY_PRESETS["kernel-3-padding-2-32x32"].study()
    finished(study, lambda _label, seed: 0.25)
    app = visit("kernel-3-padding-2-32x32")
    assert not any("Shipped results" in caption.value for caption in app.caption)
    assert list(app.dataframe[0].value["test"]) == [25.0] * 3
    assert "Evaluate this" in {getattr(one, "label", "") for one in app.get("page_link")}


def test_own_study_counts_its_runs_before_it_starts() -> None:
    app = visit("grid")
    app.text_input(key="values of lr, lab").set_value("0.01, 0.02, 0.03").run()
    app.number_input(key="seeds of grid").set_value(2).run()
    assert any("6 variants × 2 seeds = **12 runs**" in text.value for text in app.markdown)


def test_train_this_opens_the_very_configuration() -> None:
    for preset in STUDY_PRESETS.values():
        for cell in preset.study().cells:
            config = cell.config()
            query = link(FRONT, preset=config.preset, **overrides(config))
            assert build_config(query) == config


def test_parallel_coordinates_show_each_run_where_it_is() -> None:
    cells = [
        Cell(label=f"{lr} {activation}", values={"lr": lr, "activation": activation})
        for lr in (0.01, 0.1)
        for activation in ("tanh", "relu")
    ]
    study = make_study("grid", "two", cells, [0])
    runs = tuple(
        Finished(
            label=cell.label,
            seed=0,
            result=result_of(val_loss=None, val_accuracy=None, test_accuracy=place / 10),
        )
        for place, cell in enumerate(study.cells)
    )
    drawn = charts.parallel(Findings(study=study, runs=runs)).data[0]
    axes = {axis.label: axis for axis in drawn.dimensions}
    assert list(axes) == ["Learning rate", "Activation", "training loss", "test accuracy"]
    assert texts(axes["Activation"]) == ["tanh", "ReLU", "tanh", "ReLU"]
    assert texts(axes["Learning rate"]) == ["0.01", "0.01", "0.1", "0.1"]
    assert list(axes["test accuracy"].values) == [0, 0.1, 0.2, 0.3]


def test_curves_show_mean_band_and_floor() -> None:
    study = STUDY_PRESETS["input-size-softmax"].study(3)
    drawn = charts.curves(study, [("a", [1.0, 2.0]), ("a", [3.0, 4.0]), ("b", [5.0])], "key")
    lines = {trace.name: trace for trace in drawn.data if trace.name}
    assert list(lines["a"].y) == [2.0, 3.0]
    assert list(lines["a"].x) == pytest.approx([0.025, 0.075])
    [band] = [trace for trace in drawn.data if trace.fill]
    assert list(band.y) == [3.0, 4.0, 2.0, 1.0]
    assert drawn.layout.shapes[0].y0 == pytest.approx(1.4612, abs=1e-4)


def planned_runs(states: list[str]) -> tuple[Findings, list[RunProgress]]:
    """A study of two cells with two seeds, of which the first run is finished."""
    cells = [Cell(label=f"lr {lr}", values={"lr": lr}) for lr in (0.01, 0.1)]
    study = make_study("grid", "lr", cells, [0, 1])
    finished = (Finished(label="lr 0.01", seed=0, result=result_of()),)
    runs = [RunProgress(run, state) for run, state in zip(study.runs(), states, strict=True)]
    return Findings(study=study, runs=finished), runs


def test_the_table_says_what_is_going_on_in_each_cell() -> None:
    found, runs = planned_runs(["Finished", "Training", "Training", "Waiting"])
    table = cells.cells_table(found, runs)
    assert list(table["runs"]) == ["1/2, training", "0/2, training"]


def test_no_column_of_the_table_comes_or_goes_while_a_study_fills() -> None:
    found, runs = planned_runs(["Finished", "Waiting", "Waiting", "Waiting"])
    empty = found.model_copy(update={"runs": ()})
    filled = cells.cells_table(found, runs)
    assert list(cells.cells_table(empty, runs).columns) == list(filled.columns)
    assert {"validation", "±"} <= set(filled.columns)


def test_parallel_coordinates_give_adam_no_momentum() -> None:
    study = STUDY_PRESETS["nine-cases"].study()
    runs = tuple(Finished(label=c.label, seed=0, result=result_of()) for c in study.cells)
    drawn = charts.parallel(Findings(study=study, runs=runs)).data[0]
    axes = {axis.label: axis for axis in drawn.dimensions}
    read = set(zip(texts(axes["Optimizer"]), texts(axes["Momentum"]), strict=True))
    assert read == {("SGD", "0.9"), ("SGD", "0.5"), ("Adam", "–")}


def test_the_form_folds_once_there_is_a_study_of_ones_own() -> None:
    def form(app: AppTest) -> Any:
        return next(place for place in app.expander if place.label.startswith("Set"))

    assert form(visit("grid")).proto.expanded
    study = make_study("grid", "lr", [Cell(label="a", values={"lr": 0.1})], [0])
    home_of(study).keep(study)
    assert form(visit("grid")).label == "Set up another"
    assert not form(visit("grid")).proto.expanded
