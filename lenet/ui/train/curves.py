"""Plotly figures, in one style that suits light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from lenet.runs.history import Metrics
from lenet.ui.escape import chart_text
from lenet.ui.style import COLORS, QUIET, VALIDATION

EMPTY = 1000
"""Steps on the axis while none is known."""
MAX_POINTS = 1200
"""Points of a curve that a screen can show apart."""
_DOTS = {
    "x": [None],
    "y": [None],
    "name": "validation",
    "mode": "lines+markers",
    "line": {"color": "#8a8a8a", "width": 2.5, "dash": "dot"},
}
"""In a comparison a colour is a run, and dots are for validation: so the legend says."""


@dataclass(frozen=True)
class Curve:
    """A run's events under its name."""

    name: str
    metrics: Metrics


def curves(
    shown: Sequence[Curve], key: str, total_steps: int, *, smoothing: float, log: bool
) -> go.Figure:
    """Training loss, validation loss, validation accuracy and learning rate over the steps.

    Args:
        shown: the watched run, then those it is compared with.
        key: zoom is kept as long as it is the same.
        total_steps: length of the axis; 0 takes that of the longest run.
        smoothing: weight of the past in the strong line, 0 to below 1.
        log: a logarithmic axis for the loss.
    """
    compared = len(shown) > 1
    # The watched run comes last, upon the others; the legend names it first.
    colored = reversed(list(zip(shown, cycle(COLORS), strict=False)))
    lines = [
        line
        for curve, color in colored
        for line in _lines(curve, color, smoothing, alone=not compared)
    ]
    longest = max((curve.metrics.last("step") for curve in shown if len(curve.metrics)), default=0)
    worst = min((min(curve.metrics.accuracies(), default=0.6) for curve in shown), default=0.6)
    layout = _layout(max(total_steps, longest) or EMPTY, _floor(worst), log=log)
    layout["uirevision"] = key
    layout["legend"]["traceorder"] = "reversed" if compared else "normal"
    layout.update(_lr_changes(shown[0].metrics))
    return go.Figure([*([_DOTS] if compared else []), *lines], layout)


def _layout(steps: float, floor: float, *, log: bool) -> dict[str, Any]:
    """Three charts above each other, of one axis of `steps`; accuracies begin at `floor`."""
    common = {"zeroline": False, "automargin": True}
    spike = {"spikecolor": "#8a8a8a", "spikethickness": 1, "spikedash": "dot"}
    across = common | spike | {"showgrid": False, "range": [0, steps], "tickformat": "~s"}
    upper = across | {"matches": "x3", "showticklabels": False}
    up = common | {"gridcolor": QUIET}
    return {
        "template": {},  # Plotly's own takes longer to check than all the rest
        "height": 500,
        "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        "xaxis": upper | {"anchor": "y"},
        "xaxis2": upper | {"anchor": "y2"},
        "xaxis3": across | {"anchor": "y3", "title": {"text": "step"}},
        "yaxis": up
        | {"domain": [0.51, 1], "title": {"text": "loss"}}
        | ({"type": "log"} if log else {"rangemode": "tozero"}),
        "yaxis2": up
        | {"domain": [0.2, 0.45], "anchor": "x2", "title": {"text": "accuracy"}}
        | {"tickformat": ".0%", "range": [floor, 1]},
        "yaxis3": up
        | {"domain": [0, 0.14], "anchor": "x3", "title": {"text": "rate"}}
        | {"rangemode": "tozero", "tickformat": "~g", "nticks": 3},
    }


def _floor(accuracy: float) -> float:
    """Where an axis begins on which this accuracy is the lowest."""
    return max(0.0, float(np.floor(10 * accuracy - 0.5) / 10))


def _lines(curve: Curve, color: str, smoothing: float, *, alone: bool) -> list[dict[str, Any]]:
    """One run's lines; alone, validation has a colour of its own, else runs differ in colour."""
    metrics, group = curve.metrics, chart_text(curve.name)
    steps, loss = (np.asarray(metrics.steps[name]) for name in ("step", "loss"))
    raw, stride = _peaks(loss), _stride(len(steps))
    even = _every(stride, len(steps))
    validation = VALIDATION if alone else color
    epochs = [event for event in metrics.epochs if event.get("val_loss") is not None]
    drawn = _every(_stride(len(epochs)), len(epochs))
    at, val_loss, val_accuracy = (
        np.array([event[name] for event in epochs], dtype=float)[drawn]
        for name in ("step", "val_loss", "val_accuracy")
    )
    points = {
        "x": at,
        "mode": "lines+markers",
        "cliponaxis": False,
        "line": {"color": validation, "width": 2.5, "dash": "solid" if alone else "dot"},
        "marker": {"size": 7},
    }
    return [
        {
            "x": steps[raw],
            "y": loss[raw],
            "line": {"color": color, "width": 1},
            "opacity": 0.25,
            "hoverinfo": "skip",
            "showlegend": False,
            "legendgroup": group,
        },
        {
            "x": steps[even],
            "y": _smoothed(loss, smoothing, stride),
            "name": "training loss" if alone else group,
            "line": {"color": color, "width": 2.5},
            "hovertemplate": "%{y:.4f}",
            "legendgroup": group,
        },
        points
        | {
            "y": val_loss,
            "name": "validation loss" if alone else f"{group}, validation",
            "hovertemplate": "%{y:.4f}",
            "showlegend": alone,
            "legendgroup": group + (", validation" if alone else ""),
        },
        points
        | {
            "y": val_accuracy,
            "name": "validation accuracy" if alone else group,
            "hovertemplate": "%{y:.2%}",
            "showlegend": False,
            "legendgroup": group,
            "xaxis": "x2",
            "yaxis": "y2",
        },
        {
            "x": steps[even],
            "y": np.asarray(metrics.steps["lr"])[even],
            "name": "learning rate" if alone else group,
            "line": {"color": color, "width": 1.5},
            "hovertemplate": "%{y:.2g}",
            "showlegend": False,
            "legendgroup": group,
            "xaxis": "x3",
            "yaxis": "y3",
        },
    ]


def _lr_changes(metrics: Metrics) -> dict[str, list[dict[str, Any]]]:
    """A line where somebody set another learning rate."""
    top = {"yref": "y domain", "y": 1, "yanchor": "top", "xanchor": "left", "showarrow": False}
    return {
        "shapes": [
            {
                "type": "line",
                "x0": change["step"],
                "x1": change["step"],
                "yref": "y domain",
                "y0": 0,
                "y1": 1,
                "line": {"color": "#8a8a8a", "width": 1, "dash": "dash"},
            }
            for change in metrics.lr_changes
        ],
        "annotations": [
            top | {"x": change["step"], "text": f"lr {change['lr_set']:g}", "font": {"size": 11}}
            for change in metrics.lr_changes
        ],
    }


def _smoothed(values: NDArray[np.float64], weight: float, stride: int) -> NDArray[np.float64]:
    """Exponential moving average, `weight` on the past, free of the pull to zero at the start.

    As Adam's moments (Kingma & Ba 2015, section 3): divided by the sum of all weights, which is
    what pandas calls adjusted. Given at `_every(stride, …)` only: the average of what lies
    between two of these places is a product of matrices, and pandas goes on from place to place.
    """
    fading = weight ** np.arange(stride - 1, -1, -1.0)
    missing = -len(values) % stride
    sums = np.pad(values, (missing, 0)).reshape(-1, stride) @ fading
    weights = np.full(len(sums), fading.sum())
    weights[:1] = fading[missing:].sum()
    means = pd.DataFrame({"sum": sums, "weight": weights}).ewm(alpha=1 - weight**stride).mean()
    smooth: NDArray[np.float64] = (means["sum"] / means["weight"]).to_numpy()
    return smooth


def _stride(count: int) -> int:
    """How far apart at most MAX_POINTS of `count` points lie."""
    return max(1, -(-count // MAX_POINTS))


def _every(stride: int, count: int) -> NDArray[np.int64]:
    """Indices of `count` points, so far apart, up to the last one."""
    return np.arange((count - 1) % stride, count, stride)


def _peaks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the lowest and the highest value of each of MAX_POINTS / 2 stretches."""
    if len(values) <= MAX_POINTS:
        return np.arange(len(values))
    size = -(-len(values) // (MAX_POINTS // 2))
    rest = len(values) % size
    body = values[: len(values) - rest].reshape(-1, size)
    starts = np.arange(len(body)) * size
    found = np.concatenate([starts + body.argmin(axis=1), starts + body.argmax(axis=1)])
    return np.unique(np.append(found, len(values) - 1))
