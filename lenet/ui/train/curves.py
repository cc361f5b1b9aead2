"""Plotly figures, in one style that suits light and dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lenet.runs.history import History
from lenet.ui.escape import chart_text
from lenet.ui.style import COLORS, FAINT, QUIET, VALIDATION

EMPTY = 1000
"""Steps on the axis while none is known."""
MAX_POINTS = 1200
"""Points of a curve that a screen can show apart."""
_DOTS = {
    "x": [None],
    "y": [None],
    "name": "validation",
    "mode": "lines+markers",
    "line": {"color": FAINT, "width": 2.5, "dash": "dot"},
}
"""In a comparison a colour is a run, and dots are for validation: so the legend says."""


@dataclass(frozen=True)
class Curve:
    """A run's events under its name."""

    name: str
    metrics: History


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
    spike = {"spikecolor": FAINT, "spikethickness": 1, "spikedash": "dot"}
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
    steps, loss, lr = (np.asarray(metrics.steps[name]) for name in ("step", "loss", "lr"))
    raw, even = _peaks(loss), _even(len(steps))
    epochs = [event for event in metrics.epochs if event.get("val_loss") is not None]
    at, val_loss, val_accuracy = (
        np.array([event[name] for event in epochs], dtype=float)[_even(len(epochs))]
        for name in ("step", "val_loss", "val_accuracy")
    )

    def line(x: Any, y: Any, name: str, form: str, **more: Any) -> dict[str, Any]:
        usual = {"x": x, "y": y, "name": name if alone else group, "legendgroup": group}
        usual |= {"hovertemplate": f"%{{y:{form}}}", "showlegend": False}
        return usual | {"line": {"color": color, "width": 2.5}} | more

    validation: dict[str, Any] = {
        "mode": "lines+markers",
        "cliponaxis": False,
        "line": {"color": VALIDATION, "width": 2.5}
        if alone
        else {"color": color, "width": 2.5, "dash": "dot"},
        "marker": {"size": 7},
    }
    thin = {"line": {"color": color, "width": 1}, "opacity": 0.25, "hoverinfo": "skip"}
    below = {"xaxis": "x2", "yaxis": "y2"}
    lowest = {"xaxis": "x3", "yaxis": "y3", "line": {"color": color, "width": 1.5}}
    # Validation's lines have a group of their own: a click on "training loss" hides that alone.
    own = {"legendgroup": group + (", validation" if alone else ""), "showlegend": alone}
    return [
        line(steps[raw], loss[raw], "each step", ".4f", **thin),
        line(steps[even], _smoothed(loss, smoothing), "training loss", ".4f", showlegend=True),
        line(at, val_loss, "validation loss", ".4f", **validation | own),
        line(at, val_accuracy, "validation accuracy", ".2%", **validation | below),
        line(steps[even], lr[even], "learning rate", ".2g", **lowest),
    ]


def _lr_changes(metrics: History) -> dict[str, list[dict[str, Any]]]:
    """A line where somebody set another learning rate."""
    upright = {"type": "line", "yref": "y domain", "y0": 0, "y1": 1}
    upright |= {"line": {"color": FAINT, "width": 1, "dash": "dash"}}
    top = {"yref": "y domain", "y": 1, "yanchor": "top", "xanchor": "left", "showarrow": False}
    changes = [(change["step"], f"lr {change['lr_set']:g}") for change in metrics.lr_changes]
    return {
        "shapes": [upright | {"x0": step, "x1": step} for step, _ in changes],
        "annotations": [
            top | {"x": step, "text": text, "font": {"size": 11}} for step, text in changes
        ],
    }


def _smoothed(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Exponential moving average, `weight` on the past, at the places `_even(len(values))`.

    It is divided by the sum of all weights so far, so that the first values are not too small, as
    Adam divides its moments (Kingma & Ba 2015, section 3). What lies between two places is summed
    by one product of matrices: a loop over a million steps would take a second.
    """
    places = _even(len(values))
    stride = _stride(len(values))
    fading = weight ** np.arange(stride)[::-1]
    rest = len(values) % stride  # a first, shorter piece; the others are seen without a copy
    added = values[rest:].reshape(-1, stride) @ fading
    if rest:
        added = np.append(values[:rest] @ fading[-rest:], added)
    sums = [*accumulate(added, lambda past, new: past * weight**stride + new)]
    return np.array(sums) * (1 - weight) / (1 - weight ** (places + 1))


def _stride(count: int) -> int:
    """How far apart at most MAX_POINTS of `count` points lie."""
    return max(1, -(-count // MAX_POINTS))


def _even(count: int) -> NDArray[np.int64]:
    """At most MAX_POINTS indices of `count` points, at equal distances, up to the last one."""
    stride = _stride(count)
    return np.arange((count - 1) % stride, count, stride)


def _peaks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the lowest and the highest value of MAX_POINTS / 2 stretches, and of the last."""
    if len(values) <= MAX_POINTS:
        return np.arange(len(values))
    size = -(-len(values) // (MAX_POINTS // 2))
    whole = len(values) - len(values) % size
    stretches, rest = values[:whole].reshape(-1, size), values[whole:]
    starts = np.arange(0, whole, size)
    found = [starts + stretches.argmin(axis=1), starts + stretches.argmax(axis=1)]
    ends = [whole + rest.argmin(), whole + rest.argmax()] if len(rest) else []
    return np.unique([*np.concatenate(found), *ends, len(values) - 1])
