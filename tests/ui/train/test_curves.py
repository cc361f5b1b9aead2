"""Figures: what they show and what they weigh."""

import json
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from lenet.config import Config
from lenet.runs.history import STEP_COLUMNS, History, read_history
from lenet.ui.train import curves as charts
from lenet.ui.train.measures import measures

MILLION = 1_000_000
REFRESH_BYTES = 200_000


def record(path: Path, steps: int) -> History:
    """A run of so many steps, one of which has a loss that stands out."""
    line = '{"step": %d, "epoch": %d, "loss": %s, "lr": 0.001, "images_per_second": 5000.0}\n'
    epoch = (
        '{"epoch": %d, "step": %d, "train_loss": 0.4, "val_loss": 0.3, "val_accuracy": 0.9, '
        '"seconds": 5.0}\n'
    )
    with path.open("w") as file:
        for step in range(1, steps + 1):
            loss = 9.0 if step == steps // 3 else 0.3 + (step % 100) / 1000
            file.write(line % (step, 1 + step // 860, loss))
            if step % 860 == 0:
                file.write(epoch % (step // 860, step))
    return read_history(path)


def curves(metrics: History, smoothing: float = 0.9) -> go.Figure:
    return charts.curves(
        {"run": (metrics, "#1f8a70")}, "run", len(metrics), smoothing=smoothing, log=False
    )


def fastest(work: Callable[[], object]) -> float:
    """Seconds of the quickest of a few calls, which other programs disturb least."""
    return min(timeit.repeat(work, number=1, repeat=5))


@pytest.mark.slow
def test_a_million_steps_cost_a_refresh_little_more_than_a_thousand(tmp_path: Path) -> None:
    long = record(tmp_path / "long.jsonl", MILLION)
    short = record(tmp_path / "short.jsonl", 1000)
    assert len(long) == MILLION

    figure = curves(long)

    assert len(figure.to_json()) < REFRESH_BYTES
    assert max(max(trace.y) for trace in figure.data if any(trace.y)) == 9.0  # peaks are kept
    ratio = fastest(lambda: curves(long)) / fastest(lambda: curves(short))
    assert ratio < 10  # for a thousand times as many steps


def test_curves_show_what_was_recorded(tmp_path: Path) -> None:
    metrics = record(tmp_path / "metrics.jsonl", 1800)
    raw, smooth, val_loss, val_accuracy, lr, best, *_ = curves(metrics).data
    assert set(lr.y) == {0.001}
    assert list(lr.x) == list(smooth.x)
    assert list(raw.y) == list(metrics.steps["loss"]) or len(raw.y) <= charts.MAX_POINTS + 1
    assert list(val_loss.x) == list(val_accuracy.x) == [860, 1720]
    assert list(val_accuracy.y) == [0.9, 0.9]
    assert (*best.x, *best.y) == (860, 0.9)
    assert smooth.x[0] <= 2
    assert smooth.x[-1] == 1800


@pytest.mark.parametrize("points", [1200, 300, 43, 1])
@pytest.mark.parametrize("weight", [0.0, 0.5, 0.99])
def test_smoothing_is_the_mean_with_fading_weights(
    weight: float, points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "MAX_POINTS", points)
    values = np.random.default_rng(0).normal(size=300)
    places = np.arange(len(values))[charts._even(len(values))]
    found = charts._smoothed(values, weight)
    assert len(found) == len(places) <= points
    assert places[-1] == len(values) - 1
    for at, smooth in zip(places, found, strict=True):
        fading = weight ** np.arange(at, -1, -1.0)
        assert smooth == pytest.approx((values[: at + 1] * fading).sum() / fading.sum())


def test_change_of_the_learning_rate_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    record(path, 20)
    with path.open("a") as file:
        file.write(json.dumps({"step": 7, "epoch": 1, "lr_set": 0.002}) + "\n")
    figure = curves(read_history(path))
    *_, change = figure.layout.shapes
    assert change.x0 == 7
    assert change.label.text == "lr 0.002"


def probe(step: int, **more: Any) -> str:
    figures = {"val_loss": 0.4, "val_accuracy": 0.7, "gradient_norm": 2.0, "recalls": [0.5] * 10}
    figures |= {"train_accuracy": 0.8, "update_ratios": {"conv0": 0.01}, "idle": {"conv0": 0.5}}
    return json.dumps({"step": step, "epoch": 1, **figures, **more}) + "\n"


def test_what_was_measured_between_the_epochs_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    record(path, 900)
    with path.open("a") as file:
        file.write(probe(300) + probe(600, val_loss=None, val_accuracy=None, train_accuracy=0.85))
        file.write(probe(700, recalls=5) + probe(800, idle={"conv0": "x"}))  # damaged
    metrics = read_history(path)
    lines = {(trace.name, trace.yaxis): trace for trace in curves(metrics).data}
    fixed = lines["validation, some images", "y2"]
    assert list(fixed.x) == [300, 600]
    assert fixed.y[0] == 0.7
    assert list(lines["training accuracy", "y2"].y) == [0.8, 0.85]
    assert list(lines["validation accuracy", "y2"].x) == [860]
    *layers, heat = measures(Config(), metrics, 900).data
    assert {trace.name: list(trace.y) for trace in layers[:2]} == {
        "gradient": [2.0, 2.0],
        "conv0": [0.01, 0.01],
    }
    assert np.shape(heat.z) == (10, 2)


@pytest.mark.parametrize("softmax", [False, True])
def test_levels_of_guessing_and_of_softmax(softmax: bool) -> None:
    figure = charts.curves(
        {"": (History(), "#1f8a70")}, "", 9, smoothing=0, log=True, softmax=softmax
    )
    levels = {round(shape.y0, 4) for shape in figure.layout.shapes if shape.yref == "y"}
    assert levels == ({2.3026, 1.4612} if softmax else {2.3026})


def history(losses: np.ndarray, accuracies: Sequence[float] = ()) -> History:
    """A run with these losses and, between its steps, these accuracies."""
    steps = {name: np.arange(1, len(losses) + 1.0) for name in STEP_COLUMNS} | {"loss": losses}
    probes = [
        {"step": at + 1, "val_loss": 1.0, "val_accuracy": value, "train_accuracy": value}
        for at, value in enumerate(accuracies)
    ]
    return History(steps=steps, probes=probes)


def falling(end: float) -> np.ndarray:
    return end + 2.3 * np.exp(-np.arange(1000) / 5)


def compared(*ends: float, log: bool = False) -> go.Figure:
    shown = {f"run {end}": (history(falling(end)), "#1f8a70") for end in ends}
    return charts.curves(shown, "", 1000, smoothing=0.9, log=log)


def ends(figure: go.Figure, axis: str = "yaxis") -> tuple[float, float]:
    found = figure.layout[axis].autorangeoptions
    return found.minallowed, found.maxallowed


def test_a_run_that_diverged_does_not_flatten_the_others_and_is_counted() -> None:
    alone, both = compared(0.3, 0.4), compared(0.3, 0.4, 200)
    assert ends(alone) == ends(both)
    low, top = ends(both)
    late = np.percentile(falling(0.4)[20:], 98)
    assert low == 0
    assert top == pytest.approx(1.1 * late, rel=0.06)
    count = sum(int((falling(end) > top).sum()) for end in (0.3, 0.4, 200))
    assert any(f"↑ {count:,} steps above, up to 202" in note.text for note in notes(both))
    worse = compared(0.3, 2.2)  # as bad as guessing, which is worth seeing
    assert ends(worse)[1] > 2.2
    least, most = ends(compared(0.3, 200, log=True))
    assert least < 0.3
    assert most > 202


def notes(figure: go.Figure) -> list[Any]:
    return [*figure.layout.annotations]


def test_labels_stand_apart_at_the_ends_of_their_lines() -> None:
    figure = compared(0.30, 0.301, 0.302, 1.5, 200)
    found = [note for note in notes(figure) if "●" in note.text]
    _, top = ends(figure)
    assert [note.y for note in found] == pytest.approx([0.3, 0.301, 0.302, 1.5, top], rel=0.02)
    heights = [note.y / top * 220 + note.yshift for note in found]
    assert min(np.diff(heights)) > 13


@pytest.mark.parametrize(
    ("accuracies", "floor"), [((0.55, 0.8, 0.9), 0.5), ((0.1, 0.8), 0), ((0.28,), 0), ((), 0)]
)
def test_no_dot_of_an_accuracy_is_cut_and_guessing_is_seen_while_it_is_low(
    accuracies: tuple[float, ...], floor: float
) -> None:
    run = history(falling(0.3), accuracies)
    figure = charts.curves({"": (run, "#1f8a70")}, "", 1000, smoothing=0, log=False)
    assert ends(figure, "yaxis2") == pytest.approx((floor, 1))


def test_the_legend_names_each_colour_once_and_hides_all_lines_of_it() -> None:
    run = history(falling(0.3), (0.8, 0.9))
    figure = charts.curves({"": (run, "#1f8a70")}, "", 1000, smoothing=0, log=False)
    named = [trace for trace in figure.data if trace.showlegend is not False]
    assert [trace.name for trace in named] == ["training", "validation"]
    for trace in named:
        lines = {one.name for one in figure.data if one.legendgroup == trace.legendgroup}
        assert {f"{trace.name} loss", f"{trace.name} accuracy"} <= lines
