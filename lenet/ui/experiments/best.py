"""The best cell of a study, and where to go on with it."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from lenet.config import overrides
from lenet.paths import ROOT
from lenet.runs.run import Run
from lenet.studies import results
from lenet.studies.results import Findings
from lenet.ui.address import FRONT, link
from lenet.ui.escape import plain
from lenet.ui.widgets import download


def show_best(findings: Findings, runs: Mapping[str, Run]) -> None:
    """The best finished cell and what to do with it; `runs` has one of each cell by its label."""
    cell = results.best(findings)
    if cell is None:
        return
    validated = results.summary(findings, "val_accuracy")
    config = cell.config()
    score = (validated or results.summary(findings, "test_accuracy"))[cell.label].mean
    why = "validation accuracy" if validated else "test accuracy, as the post chose"
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f"**Best: {plain(cell.label)}**, {score:.2%} {why}")
    row.space("stretch")
    row.page_link(
        ROOT / "pages/train.py",
        label="Train this",
        icon=":material/show_chart:",
        query_params=link(FRONT, preset=config.preset, **overrides(config)),
    )
    if run := runs.get(cell.label):
        row.page_link(
            ROOT / "pages/evaluate.py",
            label="Evaluate this",
            icon=":material/grid_on:",
            query_params=link("evaluate", checkpoint=f"{run.folder.parent.name}/{run.id}"),
        )
    download(
        "CSV",
        lambda: pd.DataFrame(results.rows(findings)).to_csv(index=False),
        f"{findings.study.id}.csv",
        place=row,
        type="tertiary",
        help="Every finished run with its settings and figures.",
    )
