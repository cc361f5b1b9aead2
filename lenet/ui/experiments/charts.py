"""Figures of a study: curves over each other, figures with their spread, parallel coordinates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import plotly.graph_objects as go

from lenet.config import Config, knob
from lenet.studies.results import POINTS
from lenet.ui.escape import chart_text
from lenet.ui.style import COLORS, FAINT, QUIET

MAX_CELLS = 12
"""Cells whose curves can be told apart."""
MAX_TICKS = 6
"""Distinct numbers of a field up to which each is a tick of its axis."""


@dataclass(frozen=True)
class Series:
    """A cell's values, one for each seed."""

    label: str
    values: Sequence[float]


def curves(
    shown: Mapping[str, Sequence[Sequence[float]]], epochs: int, key: str, floor: float | None
) -> go.Figure:
    """Training loss over the epochs, a line for each cell: the mean of its seeds, and a band
    from the least to the largest.

    Args:
        shown: by label, for each seed the means of up to `POINTS` equal parts of the run.
        key: zoom is kept as long as it is the same.
        floor: a loss to draw as a dashed line.
    """
    figure = go.Figure()
    for place, (label, seeds) in enumerate(islice(shown.items(), MAX_CELLS)):
        color = COLORS[place % len(COLORS)]
        reach = min((len(seed) for seed in seeds), default=0)
        if not reach:
            continue
        values = np.array([seed[:reach] for seed in seeds])
        at = (np.arange(reach) + 0.5) * epochs / POINTS
        if len(values) > 1:
            figure.add_scatter(
                x=np.concatenate([at, at[::-1]]),
                y=np.concatenate([values.max(axis=0), values.min(axis=0)[::-1]]),
                fill="toself",
                fillcolor=color,
                opacity=0.18,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=label,
            )
        figure.add_scatter(
            x=at,
            y=values.mean(axis=0),
            name=chart_text(label),
            legendgroup=label,
            mode="lines",
            line={"color": color, "width": 2.2, "dash": _dash(place)},
            hovertemplate="%{y:.4f}",
        )
    if floor is not None:
        figure.add_hline(
            floor,
            line={"color": FAINT, "width": 1.5, "dash": "dash"},
            annotation={"text": f"the softmax's floor, {floor:.4f}", "font": {"size": 12}},
            annotation_position="bottom left",
        )
    figure.update_xaxes(
        title_text="epoch", showgrid=False, zeroline=False, range=[0, epochs], automargin=True
    )
    figure.update_yaxes(
        title_text="training loss", gridcolor=QUIET, zeroline=False, automargin=True
    )
    return _laid_out(figure, 420, key, hovermode="x unified", legend=_legend())


def spreads(
    shown: Sequence[Series], title: str, tickformat: str, marked: Mapping[str, float] | None = None
) -> go.Figure:
    """A row for each cell: a dot for each seed and a bar at their mean.

    Args:
        marked: by label, somebody else's figure, drawn as a diamond.
    """
    shown = [Series(chart_text(series.label), series.values) for series in shown]
    marked = {chart_text(label): value for label, value in (marked or {}).items()}
    labels = [series.label for series in shown]
    figure = go.Figure()
    figure.add_scatter(
        x=[value for series in shown for value in series.values],
        y=[series.label for series in shown for _ in series.values],
        mode="markers",
        name="a seed",
        marker={"color": COLORS[0], "size": 9, "opacity": 0.45},
        hovertemplate=f"%{{x:{tickformat}}}<extra>%{{y}}</extra>",
    )
    figure.add_scatter(
        x=[float(np.mean(series.values)) for series in shown],
        y=labels,
        mode="markers",
        name="mean",
        marker={
            "color": COLORS[0],
            "symbol": "line-ns",
            "size": 20,
            "line": {"width": 3, "color": COLORS[0]},
        },
        hovertemplate=f"mean %{{x:{tickformat}}}<extra>%{{y}}</extra>",
    )
    if marked:
        figure.add_scatter(
            x=[marked[label] for label in labels if label in marked],
            y=[label for label in labels if label in marked],
            mode="markers",
            name="the post",
            marker={"color": COLORS[1], "symbol": "diamond", "size": 10},
            hovertemplate=f"the post %{{x:{tickformat}}}<extra>%{{y}}</extra>",
        )
    figure.update_xaxes(
        title_text=title, tickformat=tickformat, gridcolor=QUIET, zeroline=False, automargin=True
    )
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=labels[::-1],
        gridcolor=QUIET,
        automargin=True,
        range=[-0.6, len(labels) - 0.4],
    )
    return _laid_out(figure, 110 + 34 * max(3, len(shown)), "spreads", legend=_legend())


def parallel(rows: Sequence[Mapping[str, Any]], fields: Sequence[str], figure: str) -> go.Figure:
    """Parallel coordinates: an axis for each field and figure, a line for each run.

    Args:
        rows: a run each; a value may be a number, a switch or a name.
        fields: the configuration's fields, the axes before those of the loss and of `figure`.
        figure: the column that colours the lines.
    """
    axes = [
        _named(knob(Config.model_fields[name]).label, [row[name] for row in rows])
        for name in fields
    ]
    axes.append(_measured("training loss", [row["train_loss"] for row in rows]))
    name = figure.replace("_", " ").replace("val ", "validation ")
    axes.append({**_measured(name, [row[figure] for row in rows]), "tickformat": ".1%"})
    drawn = go.Figure(
        go.Parcoords(
            dimensions=axes,
            line={
                "color": [row[figure] for row in rows],
                "colorscale": [[0, COLORS[1]], [0.5, "#b9a58b"], [1, COLORS[0]]],
            },
            labelfont={"size": 13},
            labelangle=-20,
            tickfont={"size": 12},
            rangefont={"size": 1, "color": "rgba(0, 0, 0, 0)"},
        )
    )
    drawn.update_layout(
        height=380, margin={"l": 70, "r": 60, "t": 80, "b": 20}, uirevision="parallel"
    )
    return drawn


def _named(label: str, values: Sequence[Any]) -> dict[str, Any]:
    """The axis of a field: names, switches and few distinct numbers get evenly spaced ticks."""
    distinct = sorted(set(values), key=lambda value: (str(type(value)), value))
    switches = isinstance(distinct[0], bool)
    numbers = all(isinstance(value, (int, float)) for value in distinct)
    if numbers and not switches and len(distinct) > MAX_TICKS:
        return _measured(label, values)
    text = [
        ("on" if value else "off") if isinstance(value, bool) else str(value) for value in distinct
    ]
    return {
        "label": label,
        "values": [distinct.index(value) for value in values],
        "tickvals": list(range(len(distinct))),
        "ticktext": text,
        "range": [-0.2, len(distinct) - 0.8],
    }


def _measured(label: str, values: Sequence[float]) -> dict[str, Any]:
    return {"label": label, "values": [float(value) for value in values]}


def _dash(place: int) -> str:
    """Solid for the first colours, dotted when they come round again."""
    return "solid" if place < len(COLORS) else "dot"


def _legend() -> dict[str, Any]:
    return {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}


def _laid_out(figure: go.Figure, height: int, key: str, **more: Any) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        uirevision=key,
        showlegend=True,  # one line alone has a name, too
        **more,
    )
    return figure
