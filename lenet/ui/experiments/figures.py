"""Figures of a study, one at a time: accuracies, curves, parallel coordinates."""

import streamlit as st

from lenet.studies.results import Findings
from lenet.ui.experiments import charts
from lenet.ui.experiments.state import RunProgress
from lenet.ui.live_chart import live_chart
from lenet.ui.widgets import segments

VIEWS = ("Accuracy", "Curves", "Parallel coordinates")


def show_figures(findings: Findings, runs: list[RunProgress], key: str) -> None:
    study = findings.study
    view = segments(
        "Figure",
        VIEWS,
        f"view of {study.name}",
        default="Curves" if charts.loss_floor(study) else "Accuracy",
        label_visibility="collapsed",
    )
    draw, needed = {
        "Accuracy": (lambda: charts.accuracies(findings), 1),
        "Curves": (
            lambda: charts.curves(study, [(run.planned.label, run.curve) for run in runs], key),
            0,
        ),
        "Parallel coordinates": (lambda: charts.parallel(findings), 2),
    }[view]
    if len(findings.runs) < needed:
        awaited = "the first finished run" if needed == 1 else f"{needed} finished runs"
        st.caption(f"Comes with {awaited}. The curves are there already.")
        return
    version = (key, study.id, len(findings.runs), sum(len(run.curve) for run in runs))
    live_chart(f"{view} of a study", draw, version=version, alt=f"{view} of the cells")
    if view == "Curves" and len(study.cells) > charts.MAX_CELLS:
        st.caption(
            f"In colour the {charts.MAX_CELLS} with the lowest loss. Point at a line for its name."
        )
    if view == "Parallel coordinates":
        st.caption("A line is a run. Drag along an axis to keep the runs that pass there.")
