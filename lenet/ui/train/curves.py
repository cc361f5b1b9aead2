"""The chart of a run's loss, accuracy and learning rate, alone or compared with other runs, and
the small ones of what else was measured.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, cycle
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lenet.catalog import CLASSES, SOFTMAX_FLOOR
from lenet.runs.history import History
from lenet.ui.escape import chart_text
from lenet.ui.style import COLORS, GRAY, VALIDATION, WIDTH, figure, reference

EMPTY = 1000  # steps on the axis while none is known
MAX_POINTS = 1200  # points of a curve that a screen can show apart
_DOTS = {
    "x": [None],
    "y": [None],
    "name": "validation",
    "mode": "lines+markers",
    "line": {"color": GRAY, "width": WIDTH, "dash": "dot"},
}
"""The legend's entry for dotted lines: in a comparison each colour is a run."""


def curves(
    shown: Mapping[str, History],
    key: str,
    total_steps: int,
    *,
    smoothing: float,
    log: bool,
    softmax: bool = False,
) -> go.Figure:
    """Losses, accuracies and learning rate over the steps, with what pure chance would give.

    Args:
        shown: by name, the watched run and then those it is compared with.
        key: zoom is kept as long as it is the same.
        total_steps: length of the axis; 0 takes that of the longest run.
        smoothing: weight of the past in the strong line, 0 to below 1.
        softmax: draw the loss that softmax in forward() cannot fall below.
    """
    compared = len(shown) > 1
    traces = [_DOTS] if compared else []
    # The watched run is drawn last, over the others; the legend names it first.
    for (name, metrics), color in reversed(list(zip(shown.items(), cycle(COLORS), strict=False))):
        traces += _lines(chart_text(name), metrics, color, smoothing, alone=not compared)
    longest = max((metrics.last("step") for metrics in shown.values() if len(metrics)), default=0)
    worst = min((min(_accuracies(metrics), default=0.6) for metrics in shown.values()), default=0.6)
    floor = max(0.0, float(np.floor(10 * worst - 0.5) / 10))
    across = {"showgrid": False, "range": [0, max(total_steps, longest) or EMPTY]}
    across["tickformat"] = "~s"
    upper = across | {"matches": "x3", "showticklabels": False}
    changes = [(event["step"], event["lr_set"]) for event in next(iter(shown.values())).lr_changes]
    return figure(
        traces,
        500,
        uirevision=key,
        hovermode="x unified",
        legend={"traceorder": "reversed" if compared else "normal"},
        xaxis=upper | {"anchor": "y"},
        xaxis2=upper | {"anchor": "y2"},
        xaxis3=across | {"anchor": "y3", "title": "step"},
        yaxis={"domain": [0.51, 1], "title": "loss"}
        | ({"type": "log"} if log else {"rangemode": "tozero"}),
        yaxis2={"domain": [0.2, 0.45], "anchor": "x2", "title": "accuracy"}
        | {"tickformat": ".0%", "range": [floor, 1]},
        yaxis3={"domain": [0, 0.14], "anchor": "x3", "title": "rate"}
        | {"rangemode": "tozero", "tickformat": "~g", "nticks": 3},
        shapes=_levels(softmax=softmax, log=log)
        + [reference((step, step), (0, 1), f"lr {lr:g}", yref="y domain") for step, lr in changes],
    )


def _lines(
    group: str, metrics: History, color: str, smoothing: float, *, alone: bool
) -> list[dict[str, Any]]:
    """One run's lines; alone, validation has a colour of its own, else runs differ in colour."""
    steps, loss, lr = (np.asarray(metrics.steps[name]) for name in ("step", "loss", "lr"))
    raw, even = _peaks(loss), _even(len(steps))
    epochs = [event for event in metrics.epochs if event.get("val_loss") is not None]
    at, val_loss, val_accuracy = _columns(epochs, "step", "val_loss", "val_accuracy")
    probed, seen, fixed_loss, fixed_accuracy = _columns(
        metrics.probes, "step", "train_accuracy", "val_loss", "val_accuracy"
    )
    best = max(epochs, key=lambda event: event["val_accuracy"], default=None)

    def line(x: Any, y: Any, name: str, form: str, **more: Any) -> dict[str, Any]:
        usual = {"x": x, "y": y, "name": name if alone else group, "legendgroup": group}
        usual |= {"hovertemplate": f"%{{y:{form}}}", "showlegend": False}
        return usual | {"line": {"color": color, "width": WIDTH}} | more

    dots = {"color": VALIDATION} if alone else {"color": color, "dash": "dot"}
    validation: dict[str, Any] = {"mode": "lines+markers", "cliponaxis": False}
    validation |= {"line": dots | {"width": WIDTH}, "marker": {"size": 7}}
    if len(probed):  # the line goes through them, and the epochs stand beside it
        validation["mode"] = "markers"
    between = {"mode": "lines+markers", "marker": {"size": 4}, "cliponaxis": False}
    between |= {"line": dots | {"width": 1.5}}
    thin = {"line": {"color": color, "width": 1}, "opacity": 0.25, "hoverinfo": "skip"}
    below = {"xaxis": "x2", "yaxis": "y2"}
    lowest = {"xaxis": "x3", "yaxis": "y3", "line": {"color": color, "width": 1.5}}
    # Validation's lines have a group of their own: a click on "training loss" hides that alone.
    own = {"legendgroup": group + (", validation" if alone else ""), "showlegend": alone}
    lines = [
        line(steps[raw], loss[raw], "each step", ".4f", **thin),
        line(steps[even], _smoothed(loss, smoothing), "training loss", ".4f", showlegend=True),
        line(at, val_loss, "validation loss", ".4f", **validation | own),
        line(at, val_accuracy, "validation accuracy", ".2%", **validation | below),
        line(steps[even], lr[even], "learning rate", ".2g", **lowest),
    ]
    if len(probed):
        fixed = between | {"legendgroup": own["legendgroup"]}
        lines += [
            line(probed, fixed_loss, "validation, some images", ".4f", **fixed),
            line(probed, fixed_accuracy, "validation, some images", ".2%", **fixed | below),
            line(probed, seen, "training accuracy", ".2%", mode="lines", **below),
        ]
    if best and alone:
        star = {"symbol": "star", "size": 13, "color": VALIDATION}
        lines.append(
            line(
                [best["step"]],
                [best["val_accuracy"]],
                f"best epoch, {best['epoch']}",
                ".2%",
                **validation
                | {"mode": "markers", "marker": star, "legendgroup": own["legendgroup"]},
                **below,
            )
        )
    return lines


def _columns(events: Sequence[dict[str, Any]], *names: str) -> list[NDArray[np.float64]]:
    """Values of events by name, NaN for None; no more of them than can be seen."""
    chosen = events[_even(len(events))]
    return [np.array([event[name] for event in chosen], dtype=float) for name in names]


def _accuracies(metrics: History) -> list[float]:
    """All that the chart shows but for the first quarter's, in which they rise from nothing."""
    probes = metrics.probes[len(metrics.probes) // 4 :]
    found = [event[name] for event in probes for name in ("train_accuracy", "val_accuracy")]
    return metrics.accuracies() + [value for value in found if value is not None]


def _levels(*, softmax: bool, log: bool) -> list[dict[str, Any]]:
    """Faint lines: what guessing gives, and the loss at which softmax in forward() ends."""
    rows = [("", math.log(CLASSES), "guessing"), ("2", 1 / CLASSES, "guessing")]
    if softmax:
        rows.append(("", SOFTMAX_FLOOR, f"no lower with softmax: {SOFTMAX_FLOOR:.4f}"))
    lines = []
    for axis, value, text in rows:
        at = math.log10(value) if log and not axis else value
        label = {"text": text, "textposition": "end", "yanchor": "bottom", "font": {"size": 10}}
        place = {"xref": f"x{axis} domain", "yref": f"y{axis}"}
        lines.append(reference((0, 1), (at, at), label=label, opacity=0.5, **place))
    return lines


def _smoothed(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Exponential moving average, `weight` on the past, at the places `_even(len(values))`.

    Corrected for its start as Adam's moments (Kingma & Ba 2015, section 3). A product of matrices
    sums what lies between two places: many times as fast as a loop over a million steps.
    """
    if not len(values):
        return values
    places = _even(len(values))
    stride, rest = places.step, places.start + 1
    fading = weight ** np.arange(stride)[::-1]
    added = values[rest:].reshape(-1, stride) @ fading
    first = values[:rest] @ fading[-rest:]
    sums = accumulate(added, lambda past, new: past * weight**stride + new, initial=first)
    weights = 1 - weight ** np.arange(rest, len(values) + 1, stride)
    return np.array([*sums]) * (1 - weight) / weights


def _even(count: int) -> slice:
    """At most MAX_POINTS of `count` places, at equal distances, up to the last one."""
    stride = max(1, -(-count // MAX_POINTS))
    return slice((count - 1) % stride, None, stride)


def _peaks(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the lowest and the highest value of MAX_POINTS / 2 stretches, and of the last."""
    if len(values) <= MAX_POINTS:
        return np.arange(len(values))
    size = -(-len(values) // (MAX_POINTS // 2))
    rest = len(values) % size
    stretches = values[rest:].reshape(-1, size)
    starts = np.arange(rest, len(values), size)
    found = [starts + stretches.argmin(axis=1), starts + stretches.argmax(axis=1)]
    ends = [values[:rest].argmin(), values[:rest].argmax()] if rest else []
    return np.unique([*np.concatenate(found), *ends, len(values) - 1])
