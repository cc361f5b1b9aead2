"""The chart of a run's loss, accuracy and learning rate, alone or compared with other runs, and
the small ones of what else was measured.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lenet.catalog import CLASSES, SOFTMAX_FLOOR
from lenet.runs.history import History
from lenet.ui.escape import chart_text
from lenet.ui.style import GRAY, VALIDATION, WIDTH, figure, reference

HEIGHT, LOSS, ACCURACY = 500, (0.51, 1), (0.2, 0.45)
"""Pixels of the chart, and what part of it each axis takes."""
FAR = 4
"""A run whose loss is so many times that of the best one does not stretch the axis for it."""
LINE, LETTER, LETTERS = 14, 6.5, 16
"""Pixels of a label's lines and letters, and the most letters of a line."""
LOW = 0.2
"""Below this accuracy the axis begins at 0, so that what guessing gives is seen."""
EMPTY = 1000  # steps on the axis while none is known
MAX_POINTS = 1200  # points of a curve that a screen can show apart


def curves(
    shown: Mapping[str, tuple[History, str]],
    key: str,
    total_steps: int,
    *,
    smoothing: float,
    log: bool,
    softmax: bool = False,
) -> go.Figure:
    """Losses, accuracies and learning rate over the steps, with what pure chance would give.

    Args:
        shown: what each run recorded and its colour by its name, the watched one first.
        key: zoom is kept as long as it is the same.
        total_steps: length of the axis; 0 takes that of the longest run.
        smoothing: weight of the past in the strong line, 0 to below 1.
        softmax: draw the loss that softmax in forward() cannot fall below.
    """
    runs = [metrics for metrics, _ in shown.values()]
    compared = len(shown) > 1
    lines = [
        (name, color, metrics, _smoothed(np.asarray(metrics.steps["loss"]), smoothing))
        for name, (metrics, color) in shown.items()
    ]
    traces: list[dict[str, Any]] = []
    for name, color, metrics, smooth in reversed(lines):  # the watched one over the others
        traces += _lines(chart_text(name), metrics, color, smooth, alone=not compared)
    traces += _legend(GRAY if compared else lines[0][1], GRAY if compared else VALIDATION)
    ends = _loss_range(runs, log=log)
    notes = _above(runs, ends[1], log=log)
    right = 16.0
    if compared:
        notes += _labels([(*line[:2], line[3]) for line in lines], ends, log=log)
        right += LINE + LETTER * LETTERS
    worst = min((value for metrics in runs for value in _accuracies(metrics)), default=0)
    floor = float(np.floor(10 * worst - 0.5) / 10)
    longest = max((metrics.last("step") for metrics in runs if len(metrics)), default=0)
    across = _ends(0, max(total_steps, longest) or EMPTY) | {"tickformat": "~s", "showgrid": False}
    upper = across | {"matches": "x3", "showticklabels": False}
    changes = [(event["step"], event["lr_set"]) for event in runs[0].lr_changes]
    return figure(
        traces,
        HEIGHT,
        uirevision=key,
        hovermode="x unified",
        margin={"l": 10, "r": right, "t": 30, "b": 10},
        annotations=notes,
        xaxis=upper | {"anchor": "y"},
        xaxis2=upper | {"anchor": "y2"},
        xaxis3=across | {"anchor": "y3", "title": "step"},
        yaxis={"domain": LOSS, "title": "loss", "type": "log" if log else "linear"}
        | _ends(*(10**end if log else end for end in ends))
        | {"uirevision": f"{key} {log}"},
        yaxis2={"domain": ACCURACY, "anchor": "x2", "title": "accuracy", "tickformat": ".0%"}
        | _ends(floor if floor > LOW else 0, 1),
        yaxis3={"domain": [0, 0.14], "anchor": "x3", "title": "rate"}
        | {"rangemode": "tozero", "tickformat": "~g", "nticks": 3},
        shapes=_levels(softmax=softmax)
        + [reference((step, step), (0, 1), f"lr {lr:g}", yref="y domain") for step, lr in changes],
    )


def _ends(lowest: float, highest: float) -> dict[str, Any]:
    """From which value to which an axis goes. With a `range` that changes Plotly forgets a zoom."""
    return {"autorangeoptions": {"minallowed": lowest, "maxallowed": highest}}


def _legend(training: str, validation: str) -> list[dict[str, Any]]:
    """Two colours, or twice that which stands for all runs; a click hides all lines of the kind."""
    dash = "dot" if training == validation else "solid"
    looks = {"training": {"color": training}, "validation": {"color": validation, "dash": dash}}
    return [
        {"x": [None], "y": [None], "name": name, "legendgroup": name, "mode": "lines"}
        | {"line": look | {"width": WIDTH}}
        for name, look in looks.items()
    ]


def _lines(
    run: str, metrics: History, color: str, smooth: NDArray[np.float64], *, alone: bool
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
        usual = {"x": x, "y": y, "name": name if alone else run, "legendgroup": "training"}
        usual |= {"hovertemplate": f"%{{y:{form}}}", "showlegend": False}
        return usual | {"line": {"color": color, "width": WIDTH}} | more

    dots = {"color": VALIDATION} if alone else {"color": color, "dash": "dot"}
    validation: dict[str, Any] = {"mode": "lines+markers", "legendgroup": "validation"}
    validation |= {"line": dots | {"width": WIDTH}, "marker": {"size": 7}}
    if len(probed):  # the line goes through them, and the epochs stand beside it
        validation["mode"] = "markers"
    thin = {"line": {"color": color, "width": 1}, "opacity": 0.25, "hoverinfo": "skip"}
    below = {"xaxis": "x2", "yaxis": "y2", "cliponaxis": False}
    lowest = {"xaxis": "x3", "yaxis": "y3", "line": {"color": color, "width": 1.5}}
    lines = [
        line(steps[raw], loss[raw], "each step", ".4f", **thin),
        line(steps[even], smooth, "training loss", ".4f"),
        line(at, val_loss, "validation loss", ".4f", **validation),
        line(at, val_accuracy, "validation accuracy", ".2%", **validation | below),
        line(steps[even], lr[even], "learning rate", ".2g", **lowest),
    ]
    if len(probed):
        dotted = {"mode": "lines+markers", "marker": {"size": 4}}
        fixed = validation | dotted | {"line": dots | {"width": 1.5}}
        lines += [
            line(probed, fixed_loss, "validation, some images", ".4f", **fixed),
            line(probed, fixed_accuracy, "validation, some images", ".2%", **fixed | below),
            line(probed, seen, "training accuracy", ".2%", **dotted | below),
        ]
    if best and alone:
        star = {"symbol": "star", "size": 13, "color": VALIDATION}
        lines.append(
            line(
                [best["step"]],
                [best["val_accuracy"]],
                f"best epoch, {best['epoch']}",
                ".2%",
                **validation | {"mode": "markers", "marker": star},
                **below,
            )
        )
    return lines


def _columns(events: Sequence[dict[str, Any]], *names: str) -> list[NDArray[np.float64]]:
    """Values of events by name, NaN for None; no more of them than can be seen."""
    chosen = events[_even(len(events))]
    return [np.array([event[name] for event in chosen], dtype=float) for name in names]


def _accuracies(metrics: History) -> list[float]:
    """All that the chart shows."""
    names = ("train_accuracy", "val_accuracy")
    found = [event[name] for event in metrics.probes for name in names]
    return metrics.accuracies() + [value for value in found if value is not None]


def _loss_range(runs: Sequence[History], *, log: bool) -> tuple[float, float]:
    """The ends of the loss's axis, as Plotly takes them: of a logarithmic one, exponents of ten.

    Else it ends a little above nearly all losses after the first steps. A run that is far above
    the best one and above guessing does not count: one that diverged would flatten all others.
    """
    begun = [metrics for metrics in runs if len(metrics)]
    losses = [np.asarray(metrics.steps["loss"]) for metrics in begun]
    if log and losses:
        every = np.concatenate(losses)
        every = every[every > 0] if (every > 0).any() else np.ones(1)
        return math.log10(every.min()) - 0.05, math.log10(every.max()) + 0.05
    # Of a long run some steps tell as much, in less time.
    late = [found[len(found) // 50 :: 1 + len(found) // 10_000] for found in losses]
    # As np.percentile(found, 98), which would import numpy.ma for the first page.
    usual = [
        float(np.interp(0.98 * (len(found) - 1), np.arange(len(found)), np.sort(found)))
        for found in late
    ]
    limit = max(FAR * min(usual, default=0), 2 * math.log(CLASSES))
    top = 1.1 * max((value for value in usual if value <= limit), default=math.log(CLASSES))
    return (-1, 1) if log else (0, float(f"{top:.2g}") or 1)


def _above(runs: Sequence[History], top: float, *, log: bool) -> list[dict[str, Any]]:
    """How many steps have a loss above the axis, beside an arrow."""
    losses = [np.asarray(metrics.steps["loss"]) for metrics in runs if len(metrics)]
    count = sum(int((found > top).sum()) for found in losses)
    if log or not count:
        return []
    most = max(float(found.max()) for found in losses)
    text = f"↑ {count:,} step{'s' * (count > 1)} above, up to {most:.3g}"
    place = {"x": 0.82, "xref": "x domain", "xanchor": "right", "y": 1, "yref": "y domain"}
    return [place | {"yanchor": "top", "text": text, "showarrow": False, "font": {"size": 12}}]


def _labels(
    lines: Sequence[tuple[str, str, NDArray[np.float64]]], ends: tuple[float, float], *, log: bool
) -> list[dict[str, Any]]:
    """The runs' names right of where their training losses end, none over another."""
    height = HEIGHT * (LOSS[1] - LOSS[0]) * 0.9  # less what is around the chart
    found = []
    for name, color, losses in lines:
        if len(losses):
            at = math.log10(max(losses[-1], 1e-9)) if log else losses[-1]
            found.append((float(np.clip(at, *ends)), name, color))
    found.sort()
    wanted = [(at - ends[0]) / (ends[1] - ends[0]) * height for at, *_ in found]
    texts = [
        "<br>".join(map(chart_text, wrap(name, LETTERS, max_lines=2, placeholder="…")))
        for _, name, _ in found
    ]
    apart = LINE * (1 + any("<br>" in text for text in texts))
    places = [*accumulate(wanted, lambda below, own: max(own, below + apart))]
    limit = height
    for at in reversed(range(len(places))):
        places[at] = min(places[at], limit)
        limit = places[at] - apart
    return [
        {"x": 1, "xref": "x domain", "xanchor": "left", "y": value, "yref": "y", "align": "left"}
        | {"showarrow": False, "yshift": place - own, "hovertext": chart_text(name)}
        | {"text": f'<span style="color:{color}">●</span> {text}'}
        for (value, name, color), own, place, text in zip(found, wanted, places, texts, strict=True)
    ]


def _levels(*, softmax: bool) -> list[dict[str, Any]]:
    """Faint lines: what guessing gives, and the loss at which softmax in forward() ends."""
    rows = [("", math.log(CLASSES), "guessing"), ("2", 1 / CLASSES, "guessing")]
    if softmax:
        rows.append(("", SOFTMAX_FLOOR, f"no lower with softmax: {SOFTMAX_FLOOR:.4f}"))
    lines = []
    for axis, value, text in rows:
        label = {"text": text, "textposition": "end", "yanchor": "bottom", "font": {"size": 12}}
        place = {"xref": f"x{axis} domain", "yref": f"y{axis}"}
        lines.append(reference((0, 1), (value, value), label=label, opacity=0.5, **place))
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
