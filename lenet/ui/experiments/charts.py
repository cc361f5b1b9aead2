"""Charts of a study: curves over each other, accuracies with their spread, parallel coordinates."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from lenet.config import Config, knob, said
from lenet.studies import results
from lenet.studies.plan import Study
from lenet.studies.presets import STUDY_PRESETS
from lenet.studies.results import POINTS, Findings
from lenet.studies.significance import ENOUGH
from lenet.ui.escape import chart_text
from lenet.ui.experiments.cells import columns, published, setting
from lenet.ui.experiments.state import RunProgress
from lenet.ui.live_chart import live_chart
from lenet.ui.present import presenting
from lenet.ui.style import COLORS, GRAY, WIDTH, figure, reference
from lenet.ui.widgets import segments

VIEWS = ("Accuracy", "Curves", "Parallel coordinates")
MAX_CELLS = len(COLORS)  # cells whose curves can be told apart
MAX_TICKS = 6  # distinct numbers of a field up to which each is a tick of its axis


def show_figures(findings: Findings, runs: list[RunProgress], key: str) -> None:
    study = findings.study
    view = segments(
        "Figure",
        VIEWS,
        f"view of {study.name}",
        default="Curves" if loss_floor(study) else "Accuracy",
        label_visibility="collapsed",
    )
    draw, needed = {
        "Accuracy": (lambda: accuracies(findings, 24 if presenting() else 34), 1),
        "Curves": (
            lambda: curves(study, [(run.planned.label, run.curve) for run in runs], key),
            0,
        ),
        "Parallel coordinates": (lambda: parallel(findings), 2),
    }[view]
    if len(findings.runs) < needed:
        awaited = "the first finished run" if needed == 1 else f"{needed} finished runs"
        st.caption(f"Comes with {awaited}. The curves are there already.")
        return
    version = (key, study.id, len(findings.runs), sum(len(run.curve) for run in runs), presenting())
    live_chart(f"{view} of a study", draw, version=version, alt=f"{view} of the cells")
    if view == "Curves" and len(study.cells) > MAX_CELLS:
        st.caption(f"In colour the {MAX_CELLS} with the lowest loss. Point at a line for its name.")
    if view == "Parallel coordinates":
        st.caption("A line is a run. Drag along an axis to keep the runs that pass there.")


def loss_floor(study: Study) -> float | None:
    """The lowest loss that is possible in a ready-made study, where that is its point."""
    preset = STUDY_PRESETS.get(study.name)
    return preset.floor if preset else None


def curves(study: Study, runs: Iterable[tuple[str, Sequence[float]]], key: str) -> go.Figure:
    """Training loss over the epochs, for each cell its seeds' mean and a band around all of them.

    `runs` has each run's cell label and curve (means of up to `POINTS` equal parts of the run);
    zoom is kept as long as `key` is the same.
    """
    cells: dict[str, list[Sequence[float]]] = {}
    for label, curve in runs:
        if curve:
            cells.setdefault(label, []).append(curve)
    epochs = max(cell.config().epochs for cell in study.cells)
    ends = {label: float(np.mean([seed[-1] for seed in seeds])) for label, seeds in cells.items()}
    many = len(cells) > MAX_CELLS  # the lowest have colours, the others are gray and behind them
    lowest = sorted(ends, key=ends.__getitem__)[:MAX_CELLS] if many else [*cells]
    traces: list[dict[str, Any]] = []
    for label, seeds in sorted(cells.items(), key=lambda cell: many and cell[0] in lowest):
        color = COLORS[lowest.index(label)] if label in lowest else GRAY
        reach = min(map(len, seeds))
        values = np.array([seed[:reach] for seed in seeds])
        at = (np.arange(reach) + 0.5) * epochs / POINTS
        if len(values) > 1 and label in lowest:
            band = np.concatenate([values.max(axis=0), values.min(axis=0)[::-1]])
            traces.append(
                {"x": np.concatenate([at, at[::-1]]), "y": band, "legendgroup": label}
                | {"fill": "toself", "fillcolor": color, "opacity": 0.18, "line": {"width": 0}}
                | {"hoverinfo": "skip", "showlegend": False}
            )
        traces.append(
            {"x": at, "y": values.mean(axis=0), "name": chart_text(label), "legendgroup": label}
            | {"mode": "lines", "line": {"color": color, "width": WIDTH if label in lowest else 1}}
            | {"hovertemplate": "%{y:.4f}", "showlegend": label in lowest}
        )
    shapes = []
    if floor := loss_floor(study):
        shapes = [reference((epochs, 0), (floor, floor), f"the softmax's floor, {floor:.4f}")]
    return figure(
        traces,
        420,
        uirevision=key,
        showlegend=True,  # even of one line alone
        hovermode="closest" if many else "x unified",
        shapes=shapes,
        xaxis={"title": "epoch", "showgrid": False, "range": [0, epochs]},
        yaxis={"title": "training loss"},
    )


def accuracies(findings: Findings, row: int = 34) -> go.Figure:
    """Test accuracy, a row of so many pixels for each cell: its seeds, their mean, the post's."""
    cells = {chart_text(cell.label): findings.of(cell.label) for cell in findings.study.cells}
    values = {
        label: [found.test_accuracy for found in runs] for label, runs in cells.items() if runs
    }
    post = {label: said.accuracy for label, said in published(findings).items() if said.accuracy}

    def dots(points: Iterable[tuple[str, float]], name: str, **marker: Any) -> dict[str, Any]:
        labels, at = zip(*points, strict=True)
        return {
            "x": at,
            "y": labels,
            "name": name,
            "mode": "markers",
            "marker": {"color": COLORS[0]} | marker,
            "hovertemplate": f"{name} %{{x:.2%}}<extra>%{{y}}</extra>",
        }

    spreads = {
        chart_text(label): found
        for label, found in results.summary(findings, "test_accuracy").items()
    }
    means = [(label, found.mean) for label, found in spreads.items()]
    seeds = [(label, value) for label, found in values.items() for value in found]
    bar = {"symbol": "line-ns", "size": 20, "line": {"width": 3, "color": COLORS[0]}}
    traces = [dots(seeds, "a seed", size=9, symbol="circle-open"), dots(means, "mean", **bar)]
    # Those of two seeds are so wide that nothing else could be read.
    halves = [(found.count >= ENOUGH and found.half) or 0 for found in spreads.values()]
    traces[1]["error_x"] = {"array": halves, "thickness": 2, "width": 6}
    if points := [(label, post[label]) for label in values if label in post]:
        traces.append(dots(points, "the post", color=COLORS[1], symbol="diamond", size=10))
    return figure(
        traces,
        110 + row * max(3, len(values)),
        uirevision="accuracies",
        xaxis={"title": "test accuracy", "tickformat": ".2~%"},
        yaxis={
            "categoryorder": "array",
            "categoryarray": list(values)[::-1],
            "range": [-0.6, len(values) - 0.4],
        },
    )


def parallel(findings: Findings) -> go.Figure:
    """Parallel coordinates: an axis for each field, loss and accuracy, which colours the lines."""
    rows = results.rows(findings)
    configs = {cell.label: cell.config() for cell in findings.study.cells}
    axes = []
    for name in columns(findings) or findings.study.varied() or ["seed"]:
        without = {label for label, config in configs.items() if setting(config, name) is None}
        values = ["–" if row["label"] in without else row[name] for row in rows]
        axes.append(_axis(knob(Config.model_fields[name]).label, values))
    scored = "val_accuracy" if results.summary(findings, "val_accuracy") else "test_accuracy"
    accuracy = [row[scored] for row in rows]
    axes.append({"label": "training loss", "values": [row["train_loss"] for row in rows]})
    name = "validation accuracy" if scored == "val_accuracy" else "test accuracy"
    axes.append({"label": name, "values": accuracy, "tickformat": ".1%"})
    colors = [[0, COLORS[1]], [0.5, "#b9a58b"], [1, COLORS[0]]]
    lines = {
        "type": "parcoords",
        "dimensions": axes,
        "line": {"color": accuracy, "colorscale": colors},
        "labelfont": {"size": 13},
        "labelangle": -20,
        "tickfont": {"size": 12},
    }
    margin = {"l": 70, "r": 60, "t": 80, "b": 20}
    return figure([lines], 380, margin=margin, uirevision="parallel")


def _axis(label: str, values: Sequence[Any]) -> dict[str, Any]:
    """The axis of a field: many numbers have a scale; names, switches, few numbers a tick each."""
    distinct = sorted(set(values), key=lambda value: (str(type(value)), value))
    if len(distinct) > MAX_TICKS and all(type(value) in (int, float) for value in distinct):
        return {"label": label, "values": values}
    return {
        "label": label,
        "values": [distinct.index(value) for value in values],
        "tickvals": list(range(len(distinct))),
        "ticktext": [said(value) for value in distinct],
        "range": [-0.2, len(distinct) - 0.8],
    }
