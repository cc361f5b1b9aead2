"""Figures of an evaluation: what they show, and whether it can be read."""

from collections.abc import Sequence

import numpy as np
import pytest
from plotly.colors import hex_to_rgb, unlabel_rgb

from lenet.evaluation.metrics import Reliability
from lenet.ui.evaluate import charts

COUNTS = np.diag([90] * 10) + np.eye(10, k=1, dtype=int) * 10
CLASSES = tuple("abcdefghij")
READABLE = 4.5
"""The contrast that text needs, WCAG 2.2, success criterion 1.4.3."""


def luminance(color: Sequence[float]) -> float:
    """Relative luminance of red, green and blue from 0 to 255, as WCAG defines it."""
    value = np.array(color) / 255
    linear = np.where(value <= 0.04, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("shares", "diagonal", "beside"), [(0, "90", "10"), (1, "90%", "10%")])
def test_each_cell_is_written_once(shares: int, diagonal: str, beside: str) -> None:
    *heatmaps, _ = charts.confusion(COUNTS, CLASSES, shares=bool(shares)).data
    texts = np.array([trace.text for trace in heatmaps])
    written = (texts != "").sum(axis=0)
    assert ((written == 1) == (COUNTS > 0)).all()
    assert (written <= 1).all()
    assert diagonal in texts[:, 0, 0]
    assert beside in texts[:, 0, 1]


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_on_every_cell(dark: bool) -> None:
    counts = np.arange(100).reshape(10, 10)[::-1] ** 2  # shares from 0 to 0.6
    counts[0] = [1000, *[0] * 9]
    share = counts / counts.sum(axis=1, keepdims=True)
    *heatmaps, _ = charts.confusion(counts, CLASSES, shares=False, dark=dark).data
    seen = 0
    for trace in heatmaps:
        places, colors = zip(*trace.colorscale, strict=True)
        channels = np.array([unlabel_rgb(css) for css in colors], dtype=float).T
        values = share[np.array(trace.text) != ""]
        for value in values:
            cell = [np.interp(value, places, channel) for channel in channels]
            assert contrast(hex_to_rgb(trace.textfont.color), cell) >= READABLE, value
        seen += len(values)
    assert seen == (counts > 0).sum()


@pytest.mark.parametrize("order", [None, [3, 1, 2, 0, 9, 8, 7, 6, 5, 4]])
def test_a_marker_names_the_cell_it_lies_on(order: list[int] | None) -> None:
    counts = np.arange(100).reshape(10, 10)
    figure = charts.confusion(counts, CLASSES, shares=False, order=order)
    *heatmaps, markers = figure.data
    texts = np.array([trace.text for trace in heatmaps]).max(axis=0)
    names = figure.layout.xaxis.ticktext
    assert names == figure.layout.yaxis.ticktext
    assert len(markers.x) == 100
    for x, y, (truth, prediction, *_) in zip(markers.x, markers.y, markers.customdata, strict=True):
        assert (names[y], names[x]) == (CLASSES[truth], CLASSES[prediction])
        assert texts[y, x] == (
            str(counts[truth, prediction]) if (truth, prediction) != (0, 0) else ""
        )


def test_the_selected_cell_is_framed_where_it_is() -> None:
    order = [3, 1, 2, 0, 9, 8, 7, 6, 5, 4]
    figure = charts.confusion(COUNTS, CLASSES, shares=False, order=order, selected=(3, 9))
    [frame] = figure.layout.shapes
    assert (frame.x0, frame.x1) == (3.5, 4.5)
    assert (frame.y0, frame.y1) == (-0.5, 0.5)


def test_reliability_leaves_empty_bins_out() -> None:
    counts = np.array([0] * 13 + [30, 70])
    means = np.array([np.nan] * 13 + [0.9, 0.97]), np.array([np.nan] * 13 + [0.8, 1.0])
    [dots] = charts.reliability(Reliability(counts, *means)).data
    assert dots.x.tolist() == [0.9, 0.97]
    assert dots.y.tolist() == [0.8, 1.0]
    assert dots.customdata.tolist() == [30, 70]


def test_charts_in_a_file_need_nothing_else() -> None:
    figure = charts.confusion(COUNTS, CLASSES, shares=False)
    page = charts.standalone(figure, figure)
    assert page.count("Plotly.newPlot(") >= 2
    assert "<script src=" not in page
    assert 4_000_000 < len(page) < 8_000_000  # Plotly's script is in it, once
