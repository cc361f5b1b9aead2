"""Figures of a study, one at a time: accuracies, curves, parallel coordinates."""

from typing import Any

import streamlit as st

from lenet.studies import results
from lenet.studies.presets import STUDY_PRESETS
from lenet.studies.results import Findings
from lenet.ui.experiments import charts
from lenet.ui.experiments.cells import columns, published, setting
from lenet.ui.experiments.state import RunNow
from lenet.ui.live_chart import live_chart
from lenet.ui.style import CONFIG
from lenet.ui.widgets import segments

VIEWS = ("Accuracy", "Curves", "Parallel coordinates")
_AXES = """<style>
.parcoords .axis .domain, .parcoords .axis .tick > line { stroke: #8a8a8a; stroke-opacity: 0.8; }
</style>"""
"""Plotly draws these axes in black whatever the page's colours are, and has no option for it."""


def show_figures(findings: Findings, runs: list[RunNow], key: str) -> None:
    """One of three figures, as chosen."""
    view = segments(
        "Figure",
        VIEWS,
        f"view of {findings.study.name}",
        default=_first_view(findings),
        label_visibility="collapsed",
    )
    version = (len(findings.runs), sum(len(run.curve) for run in runs), view)
    if view == "Curves":
        live_chart(
            "studycurves",
            lambda: _curves(findings, runs, key),
            version=(key, *version),
            alt="Training loss of each cell over the epochs",
        )
        if len(findings.study.cells) > charts.MAX_CELLS:
            st.caption(f"The first {charts.MAX_CELLS} cells; more could not be told apart.")
        return
    needed = 2 if view == "Parallel coordinates" else 1
    if len(findings.runs) < needed:
        st.caption(f"Comes with {needed} finished runs. The curves are there already.")
        return
    figure = "val_accuracy" if results.summary(findings, "val_accuracy") else "test_accuracy"
    drawn = (
        _accuracies(findings)
        if view == "Accuracy"
        else charts.parallel(_rows(findings), _axes(findings), figure)
    )
    st.plotly_chart(drawn, key=f"{view} {key}", config=CONFIG, alt=f"{view} of the cells")
    if view == "Parallel coordinates":
        st.html(_AXES)
        st.caption("A line is a run. Drag along an axis to keep the runs that pass there.")


def _first_view(findings: Findings) -> str:
    chosen = STUDY_PRESETS.get(findings.study.name)
    return "Curves" if chosen and chosen.floor else "Accuracy"


def _rows(findings: Findings) -> list[dict[str, Any]]:
    """`results.rows`, with a dash for a setting that has no effect in a cell."""
    configs = {cell.label: cell.config() for cell in findings.study.cells}
    rows = results.rows(findings)
    for row in rows:
        for name in set(findings.study.varied()) & set(row):
            if setting(configs[row["label"]], name) is None:
                row[name] = "–"
    return rows


def _axes(findings: Findings) -> list[str]:
    return columns(findings) or findings.study.varied() or ["seed"]


def _curves(findings: Findings, runs: list[RunNow], key: str) -> Any:
    chosen = STUDY_PRESETS.get(findings.study.name)
    shown: dict[str, list[tuple[float, ...]]] = {}
    for run in runs:
        if run.curve:
            shown.setdefault(run.planned.label, []).append(run.curve)
    epochs = max(cell.config().epochs for cell in findings.study.cells)
    return charts.curves(shown, epochs, key, chosen.floor if chosen else None)


def _accuracies(findings: Findings) -> Any:
    series = [
        charts.Series(cell.label, [found.test_accuracy for found in findings.of(cell.label)])
        for cell in findings.study.cells
        if findings.of(cell.label)
    ]
    marked = {
        label: said.accuracy
        for label, said in published(findings).items()
        if said.accuracy is not None
    }
    return charts.spreads(series, "test accuracy", ".2%", marked)
