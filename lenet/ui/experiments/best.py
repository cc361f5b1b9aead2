"""The best cell of a study, and where to go on with it."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from lenet.config import overrides
from lenet.paths import ROOT
from lenet.studies import results
from lenet.studies.plan import Cell
from lenet.studies.results import Findings
from lenet.ui.escape import plain
from lenet.ui.widgets import download


def show_best(findings: Findings, checkpoints: Mapping[str, dict[int, Path]]) -> None:
    """The best finished cell and what to do with it; `checkpoints` by label, then by epoch."""
    cell = results.best(findings)
    if cell is None:
        return
    validated = results.summary(findings, "val_accuracy")
    score = (validated or results.summary(findings, "test_accuracy"))[cell.label].mean
    why = "validation accuracy" if validated else "test accuracy, as the post chose"
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f"**Best: {plain(cell.label)}**, {score:.2%} {why}")
    row.space("stretch")
    row.page_link(
        ROOT / "pages/train.py",
        label="Train this",
        icon=":material/show_chart:",
        query_params=address(cell),
    )
    files = checkpoints.get(cell.label)
    if files and row.button("Evaluate this", icon=":material/grid_on:", type="tertiary"):
        name = f"{findings.study.title}: {cell.label}"
        st.session_state["checkpoints of studies"] = {name: files}
        st.session_state["checkpoint"] = name
        st.switch_page(ROOT / "pages/evaluate.py")
    download(
        "CSV",
        lambda: pd.DataFrame(results.rows(findings)).to_csv(index=False),
        f"{findings.study.id}.csv",
        place=row,
        type="tertiary",
        help="Every finished run with its settings and figures.",
    )


def address(cell: Cell) -> dict[str, str]:
    """The Train page's query for a cell: its preset and what differs from it."""
    config = cell.config()
    values = {"preset": config.preset, **overrides(config)}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }
