"""Plotly figures of an evaluation: the confusion matrix and the reliability diagram."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import find_intermediate_color

from lenet.evaluation.metrics import Reliability
from lenet.ui.style import COLORS, QUIET, VALIDATION

Rgb = tuple[float, float, float]

LIGHT: tuple[tuple[float, Rgb], ...] = (
    (0.0, (246, 248, 247)),
    (0.1, (190, 222, 212)),
    (1.0, (20, 112, 90)),
)
"""Colours of a cell by the share of its row, on a light page; opaque, so that text can suit."""
DARK: tuple[tuple[float, Rgb], ...] = (
    (0.0, (32, 35, 34)),
    (0.1, (28, 74, 62)),
    (1.0, (61, 189, 154)),
)
"""The same on a dark page."""
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

    Its last trace is one invisible marker for each cell, which takes the clicks: Streamlit
    hears none on a heatmap (streamlit/streamlit#8760). A marker's `customdata` starts with
    the cell's truth and prediction.

    Args:
        counts: (10, 10), images of the row's class taken for the column's.
        classes: the ten names.
        shares: write each row's shares into the cells instead of counts.
        order: of the classes on both axes; that of the labels without it.
        selected: truth and prediction of the cell to frame.
        dark: for a dark page.
    """
    order = list(order or range(len(classes)))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = go.Figure()
    _add_cells(figure, counts, share, order, shares=shares, colors=DARK if dark else LIGHT)
    _add_markers(figure, counts, share, order, classes)
    if selected:
        row, column = (order.index(label) for label in selected)
        figure.add_shape(
            type="rect",
            x0=column - 0.5,
            x1=column + 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": VALIDATION, "width": 3},
        )
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickvals": list(range(len(order))),
        "ticktext": [classes[label] for label in order],
    }
    size = len(order) - 0.5
    figure.update_xaxes(title_text="prediction", tickangle=-40, range=[-0.5, size], **axis)
    figure.update_yaxes(title_text="truth", range=[size, -0.5], **axis)
    figure.update_layout(
        height=520,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        hoverdistance=-1,  # between two cells the nearer one is meant
    )
    return figure


def _add_cells(
    figure: go.Figure,
    counts: NDArray[np.int64],
    share: NDArray[np.float64],
    order: Sequence[int],
    *,
    shares: bool,
    colors: Sequence[tuple[float, Rgb]],
) -> None:
    """The coloured cells; a trace has one colour of text, so there are two of them."""
    placed = np.ix_(order, order)
    text = np.where(
        counts == 0, "", np.vectorize("{:.0%}".format)(share) if shares else counts.astype(str)
    )
    white = np.vectorize(lambda value: _suits_white(cell_color(value, colors)))(share)
    for cells, ink in ((~white, BLACK), (white, WHITE)):
        figure.add_heatmap(
            z=np.where(cells, share, np.nan)[placed],
            text=np.where(cells, text, "")[placed],
            texttemplate="%{text}",
            textfont={"color": ink, "size": 12},
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            showscale=False,
            colorscale=[[at, _css(color)] for at, color in colors],
            hoverinfo="skip",
        )


def _add_markers(
    figure: go.Figure,
    counts: NDArray[np.int64],
    share: NDArray[np.float64],
    order: Sequence[int],
    classes: Sequence[str],
) -> None:
    cells = [(row, column) for row in range(len(order)) for column in range(len(order))]
    labels = [(order[row], order[column]) for row, column in cells]
    figure.add_scatter(
        x=[column for _, column in cells],
        y=[row for row, _ in cells],
        mode="markers",
        marker={"symbol": "square", "size": 28, "color": VALIDATION, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[
            (t, p, classes[t], classes[p], int(counts[t, p]), float(share[t, p])) for t, p in labels
        ],
        hovertemplate=(
            "%{customdata[2]} taken for %{customdata[3]}<br>"
            "%{customdata[4]} images, %{customdata[5]:.1%}<extra></extra>"
        ),
    )


def reliability(bins: Reliability) -> go.Figure:
    """How often the network is right, by how sure it is; the dots' size tells of how many images.

    On the diagonal it is as often right as it says.
    """
    filled = bins.counts > 0
    share = bins.counts[filled] / bins.counts.sum()
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": "#8a8a8a", "width": 1, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=bins.confidence[filled],
        y=bins.accuracy[filled],
        mode="lines+markers",
        line={"color": COLORS[0], "width": 2},
        marker={"size": 7 + 22 * np.sqrt(share), "opacity": 1},
        customdata=bins.counts[filled],
        cliponaxis=False,
        hovertemplate=(
            "%{customdata:,} images<br>%{x:.1%} sure on average<br>%{y:.1%} right<extra></extra>"
        ),
    )
    axis = {"range": [0, 1], "tickformat": ".0%", "gridcolor": QUIET, "zeroline": False}
    figure.update_xaxes(title_text="confidence", fixedrange=True, **axis)
    figure.update_yaxes(title_text="share that is right", fixedrange=True, **axis)
    figure.update_layout(
        height=380,
        margin={"l": 10, "r": 16, "t": 16, "b": 10},
        showlegend=False,
        dragmode=False,
    )
    return figure


def cell_color(share: float, colors: Sequence[tuple[float, Rgb]]) -> Rgb:
    """The colour that Plotly gives a cell: between those of its neighbours on the scale."""
    for (low, below), (high, above) in pairwise(colors):
        if share <= high:
            found: Rgb = find_intermediate_color(below, above, (share - low) / (high - low))
            return found
    return colors[-1][1]


def _suits_white(color: Rgb) -> bool:
    """Whether white text stands out more than black from an sRGB colour of 0…255.

    Both have a contrast of 4.58 to a relative luminance of 0.179 (WCAG 2.2).
    """
    channels = np.array(color) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return bool(linear @ (0.2126, 0.7152, 0.0722) < 0.179)


def _css(color: Rgb) -> str:
    return "rgb({:.0f}, {:.0f}, {:.0f})".format(*color)


def standalone(*figures: go.Figure) -> str:
    """Figures as one HTML page that needs nothing else, Plotly's script inside."""
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=place == 0, default_width="760px")
        for place, figure in enumerate(figures)
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title><body>'
        + "".join(parts)
        + "</body></html>"
    )
