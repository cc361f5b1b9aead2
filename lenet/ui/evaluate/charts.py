"""Plotly figures of evaluations: the confusion matrix, reliability, two networks' classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lenet.evaluation.metrics import Evaluation, Reliability
from lenet.ui.style import COLORS, VALIDATION, WIDTH, figure, reference

LIGHT = ("rgb(246, 248, 247)", "rgb(190, 222, 212)", "rgb(20, 112, 90)")
"""Colours of a cell on a light page for 0, 10 and 100 % of its row; text on it suits it."""
DARK = ("rgb(32, 35, 34)", "rgb(28, 74, 62)", "rgb(61, 189, 154)")
BLACK, WHITE = "#000000", "#ffffff"


def confusion(
    counts: NDArray[np.int64],
    classes: Sequence[str],
    *,
    shares: bool,
    order: Sequence[int] | None = None,
    selected: tuple[int, int] | None = None,
    dark: bool = False,
) -> go.Figure:
    """A confusion matrix, rows the truth and columns the prediction, coloured by row share.

    Its last trace is an invisible marker for each cell, which takes the clicks: Streamlit hears
    none on a heatmap (streamlit/streamlit#8760). `customdata` starts with truth and prediction.

    Args:
        counts: (10, 10), images of the row's class taken for the column's.
        shares: write each row's shares into the cells instead of counts.
        order: of the classes on both axes; that of the labels without it.
        selected: truth and prediction of the cell to frame.
    """
    order = list(order or range(len(classes)))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    text = np.where(
        counts == 0, "", np.vectorize("{:.0%}".format)(share) if shares else counts.astype(str)
    )
    frame: dict[str, Any] = {"type": "rect", "line": {"color": VALIDATION, "width": 3}}
    if selected:
        row, column = (order.index(label) for label in selected)
        frame |= {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    size = len(order) - 0.5
    axis = {
        "showgrid": False,
        "tickvals": list(range(len(order))),
        "ticktext": [classes[label] for label in order],
    }
    return figure(
        [
            *_cells(share, text, order, dark=dark),
            _markers(counts, share, order, classes),
        ],
        520,
        template=None,  # Streamlit's, which follows the page's theme
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        hoverdistance=-1,  # between two cells the nearer one is meant
        shapes=[frame] if selected else [],
        xaxis=axis | axis_of("prediction", dark) | {"tickangle": -40, "range": [-0.5, size]},
        yaxis=axis | axis_of("truth", dark) | {"range": [size, -0.5]},
    )


def _cells(
    share: NDArray[np.float64], text: NDArray[np.str_], order: Sequence[int], *, dark: bool
) -> list[dict[str, Any]]:
    """The coloured cells in two traces, as each has one colour of text.

    Black and white text have the same contrast at 55 % of a row on dark pages, 85 % on light ones.
    """
    placed = np.ix_(order, order)
    full = share > (0.55 if dark else 0.85)
    common = {
        "type": "heatmap",
        "texttemplate": "%{text}",
        "hoverinfo": "skip",
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "showscale": False,
        "colorscale": list(zip((0, 0.1, 1), DARK if dark else LIGHT, strict=True)),
    }
    return [
        common
        | {"z": np.where(cells, share, np.nan)[placed], "text": np.where(cells, text, "")[placed]}
        | {"textfont": {"color": color, "size": 12}}
        for cells, color in ((~full, WHITE if dark else BLACK), (full, BLACK if dark else WHITE))
    ]


def _markers(
    counts: NDArray[np.int64],
    share: NDArray[np.float64],
    order: Sequence[int],
    classes: Sequence[str],
) -> dict[str, Any]:
    y, x = np.divmod(np.arange(len(order) ** 2), len(order))
    return {
        "x": x,
        "y": y,
        "mode": "markers",
        "marker": {"symbol": "square", "size": 28, "color": VALIDATION, "opacity": 0},
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}},
        "customdata": [
            (t, p, classes[t], classes[p], int(counts[t, p]), float(share[t, p]))
            for t in order
            for p in order
        ],
        "hovertemplate": "%{customdata[2]} taken for %{customdata[3]}<br>"
        "%{customdata[4]} images, %{customdata[5]:.1%}<extra></extra>",
    }


def reliability(bins: Reliability, *, dark: bool = False) -> go.Figure:
    """The share of right predictions over the confidence, with larger dots for more images."""
    filled = bins.counts > 0
    share = bins.counts[filled] / bins.counts.sum()
    dots = {
        "x": bins.confidence[filled],
        "y": bins.accuracy[filled],
        "mode": "lines+markers",
        "line": {"color": COLORS[0], "width": WIDTH},
        "marker": {"size": 7 + 22 * np.sqrt(share), "opacity": 1},
        "customdata": bins.counts[filled],
        "cliponaxis": False,
        "hovertemplate": "%{customdata:,} images<br>%{x:.1%} sure on average<br>"
        "%{y:.1%} right<extra></extra>",
    }
    axis = {"range": [0, 1], "tickformat": ".0%"}
    return figure(
        [dots],
        380,
        template=None,  # as above
        showlegend=False,
        dragmode=False,
        shapes=[reference((0, 1), (0, 1))],
        xaxis=axis | axis_of("confidence", dark),
        yaxis=axis | axis_of("share that is right", dark),
    )


def class_bars(
    first: Evaluation, second: Evaluation, classes: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Of each class, the share that A and B find, and by how many points B finds more."""
    shares = [[one.recall for one in found.classes] for found in (first, second)]
    gains = [100 * (after - before) for before, after in zip(*shares, strict=True)]
    told = [f"{gain:+.1f}".replace("-", "−") for gain in gains]
    names = [f"{name}, {gain}" for name, gain in zip(classes, told, strict=True)]
    bars = [
        {"type": "bar", "orientation": "h", "x": values, "y": names, "name": who}
        | {"marker": {"color": color}, "hovertemplate": f"{who} %{{x:.1%}}<extra>%{{y}}</extra>"}
        for who, values, color in zip("AB", shares, (COLORS[0], COLORS[2]), strict=True)
    ]
    return figure(
        bars,
        80 + 32 * len(classes),
        template=None,
        dragmode=False,
        bargap=0.3,
        xaxis={"tickformat": ".0%", "range": [0, 1]} | axis_of("share that is found", dark),
        yaxis={"autorange": "reversed"} | axis_of("", dark),
    )


def axis_of(title: str, dark: bool) -> dict[str, Any]:
    """An axis with text as strong as the page's: Streamlit's theme would make it gray."""
    font = {"color": "#ecebe8" if dark else "#1d1d1b"}
    return {"title": {"text": title, "font": font}, "tickfont": font, "fixedrange": True}


def standalone(*figures: go.Figure) -> str:
    """Figures as one HTML page that needs nothing else, Plotly's script inside."""
    parts = "".join(
        drawn.to_html(full_html=False, include_plotlyjs=place == 0, default_width="760px")
        for place, drawn in enumerate(figures)
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        f"<body>{parts}</body></html>"
    )
