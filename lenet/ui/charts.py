"""Plotly figures, in one style that suits light and dark pages."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from lenet.runs import Metrics

TRAIN = "#1f8a70"
VALIDATION = "#c9662b"
QUIET = "rgba(128, 128, 128, 0.25)"
CONFIG = {"displayModeBar": False}

CELLS = [[0, "rgba(31, 138, 112, 0.04)"], [0.15, "rgba(31, 138, 112, 0.4)"], [1, "#14705a"]]
DARK_CELL = 0.3
"""Share from which a cell is dark enough for white text."""
MAX_POINTS = 1200
"""Points of a curve that a screen can show apart."""
SMOOTHING = 0.94
"""Weight of the past in the smoothed loss."""


def curves(metrics: Metrics, run_id: str, total_steps: int) -> go.Figure:
    """Training loss, validation loss and validation accuracy over the steps of a run."""
    figure = make_subplots(
        rows=2, shared_xaxes=True, row_heights=[0.64, 0.36], vertical_spacing=0.07
    )
    steps = np.array([event["step"] for event in metrics.steps])
    loss = np.array([event["loss"] for event in metrics.steps])
    smooth = pd.Series(loss).ewm(alpha=1 - SMOOTHING).mean().to_numpy()
    shown = _thinned(len(steps))
    figure.add_scatter(
        x=steps[shown],
        y=loss[shown],
        name="training loss, each step",
        row=1,
        col=1,
        line={"color": TRAIN, "width": 1},
        opacity=0.25,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=steps[shown],
        y=smooth[shown],
        name="training loss",
        row=1,
        col=1,
        line={"color": TRAIN, "width": 2.5},
        hovertemplate="%{y:.4f}",
    )
    epochs = [event for event in metrics.epochs if event["val_loss"] is not None]
    at = [event["step"] for event in epochs]
    points = {
        "mode": "lines+markers",
        "cliponaxis": False,
        "line": {"color": VALIDATION, "width": 2.5},
        "marker": {"size": 7},
    }
    figure.add_scatter(
        x=at,
        y=[event["val_loss"] for event in epochs],
        name="validation loss",
        hovertemplate="%{y:.4f}",
        row=1,
        col=1,
        **points,
    )
    figure.add_scatter(
        x=at,
        y=[event["val_accuracy"] for event in epochs],
        name="validation accuracy",
        hovertemplate="%{y:.2%}",
        showlegend=False,
        row=2,
        col=1,
        **points,
    )
    figure.update_yaxes(gridcolor=QUIET, zeroline=False)
    figure.update_yaxes(title_text="loss", rangemode="tozero", row=1, col=1)
    worst = min((event["val_accuracy"] for event in epochs), default=0.6)
    floor = max(0.0, np.floor(10 * worst - 0.5) / 10)
    figure.update_yaxes(title_text="accuracy", tickformat=".0%", range=[floor, 1], row=2, col=1)
    figure.update_xaxes(showgrid=False, zeroline=False, range=[0, total_steps or len(steps)])
    figure.update_xaxes(title_text="step", row=2, col=1)
    figure.update_layout(
        height=440,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        hovermode="x unified",
        uirevision=run_id,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    return figure


def confusion(counts: NDArray[np.int64], classes: Sequence[str], *, shares: bool) -> go.Figure:
    """A confusion matrix, rows the truth and columns the prediction, coloured by row share.

    Args:
        counts: (10, 10), images of the row's class taken for the column's.
        classes: the ten names.
        shares: write each row's shares into the cells instead of counts.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    text = np.array(
        [
            [_cell(n, p, shares) for n, p in zip(*row, strict=True)]
            for row in zip(counts, share, strict=True)
        ]
    )
    figure = go.Figure()
    # A trace has one colour of text, so dark and light cells are two traces.
    for cells, color in ((share < DARK_CELL, "#7f7f7f"), (share >= DARK_CELL, "#ffffff")):
        figure.add_heatmap(
            z=np.where(cells, share, np.nan),
            x=list(classes),
            y=list(classes),
            text=np.where(cells, text, ""),
            texttemplate="%{text}",
            textfont={"color": color, "size": 12},
            customdata=counts,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            showscale=False,
            colorscale=CELLS,
            hoverongaps=False,
            hovertemplate="%{y} taken for %{x}<br>%{customdata} images, %{z:.1%}<extra></extra>",
        )
    figure.update_xaxes(title_text="prediction", showgrid=False, type="category", tickangle=-40)
    figure.update_yaxes(title_text="truth", showgrid=False, type="category", autorange="reversed")
    figure.update_layout(height=540, margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def _cell(count: int, share: float, shares: bool) -> str:
    if not count:
        return ""
    return f"{share:.0%}" if shares else str(count)


def _thinned(count: int) -> np.ndarray:
    """Indices of at most MAX_POINTS of `count` points, evenly spread, the last one included."""
    if count <= MAX_POINTS:
        return np.arange(count)
    return np.linspace(0, count - 1, MAX_POINTS).round().astype(int)
