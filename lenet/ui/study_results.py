"""What a study has found: a table of its cells, figures, the best of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from lenet.config import overrides
from lenet.paths import ROOT
from lenet.studies import results
from lenet.studies.plan import Cell
from lenet.studies.ready import POST_FIGURES, READY, Published, is_ready
from lenet.studies.results import Findings
from lenet.ui import charts, study_charts
from lenet.ui.live_chart import live_chart
from lenet.ui.study_state import RunNow
from lenet.ui.words import plain

PERCENT = "%.2f %%"
POST_FIELDS = ("optimizer", "momentum", "dropout", "activation")
VIEWS = ("Accuracy", "Curves", "Parallel coordinates")


def published(findings: Findings) -> Mapping[str, Published]:
    """What the post says of the cells, where it says something."""
    return POST_FIGURES if findings.study.name == "nine-cases" and is_ready(findings.study) else {}


def cells_table(findings: Findings) -> pd.DataFrame:
    """A row for each cell: its settings, how many runs are finished, means and spreads."""
    varied = _columns(findings)
    loss = results.summary(findings, "train_loss")
    test = results.summary(findings, "test_accuracy")
    validation = results.summary(findings, "val_accuracy")
    post = published(findings)
    rows: list[dict[str, Any]] = []
    for cell in findings.study.cells:
        config, label = cell.config(), cell.label
        row: dict[str, Any] = {"cell": label}
        row |= {name: _setting(config, name) for name in varied}
        row["runs"] = f"{len(findings.of(label))}/{len(findings.study.seeds)}"
        row["loss"] = loss[label].mean if label in loss else None
        if post:
            row["post's loss"] = post[label].loss
        else:
            row["validation"] = _percent(validation[label].mean) if label in validation else None
        row["test"] = _percent(test[label].mean) if label in test else None
        row["±"] = _percent(test[label].deviation) if label in test else None
        if post:
            said = post[label].accuracy
            row["post's test"] = _percent(said)
            row["difference"] = (
                100 * (test[label].mean - said) if said is not None and label in test else None
            )
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.drop(columns=[name for name in ("validation", "±") if _empty(frame, name)])


def _columns(findings: Findings) -> list[str]:
    """The settings worth a column: the post's own four for its cases; other labels say them."""
    return list(POST_FIELDS) if published(findings) else []


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _empty(frame: pd.DataFrame, name: str) -> bool:
    return name in frame and frame[name].isna().all()


def _setting(config: Any, name: str) -> Any:
    """A value as the table shows it; momentum has none but with SGD."""
    value = getattr(config, name)
    if name == "momentum" and config.optimizer != "sgd":
        return None
    return ("on" if value else "off") if isinstance(value, bool) else value


def show_cells(findings: Findings) -> None:
    """The table of the cells; a click on a head sorts."""
    frame = cells_table(findings)
    st.container(key="study table").dataframe(
        frame,
        hide_index=True,
        key="cells of the study",
        placeholder="–",
        height=36 * (min(len(frame), 16) + 1) + 2,
        row_height=36,
        column_config={
            "cell": st.column_config.TextColumn("", pinned=True, width=_width(frame["cell"])),
            "runs": st.column_config.TextColumn("runs", width=60, help="Finished, of all."),
            "loss": _number("loss", "%.3f", "Training loss of the last epoch, mean of the seeds."),
            "post's loss": _number("the post's", "%.3f", "The loss that the post gives."),
            "validation": _number("validation", PERCENT, "Mean accuracy on held-back images."),
            "test": _number("test", PERCENT, "Mean accuracy on the 10,000 test images."),
            "±": _number("±", "%.2f", "Standard deviation over the seeds, in points."),
            "post's test": _number("the post's", PERCENT, "The accuracy that the post gives."),
            "difference": _number("difference", "%+.2f", "Ours less the post's, in points."),
        },
        alt="The study's cells with their settings, losses and accuracies",
    )


def _width(labels: "pd.Series[str]") -> int:
    """Pixels that the longest label needs, within what a phone can spare."""
    return min(230, 30 + 8 * int(labels.str.len().max()))


def _number(label: str, form: str, meaning: str) -> ColumnConfig:
    return st.column_config.NumberColumn(label, format=form, help=meaning, width=90)


def show_figures(findings: Findings, runs: list[RunNow], key: str) -> None:
    """One of three figures, as chosen."""
    view = st.segmented_control(
        "Figure",
        VIEWS,
        default=_first_view(findings),
        required=True,
        label_visibility="collapsed",
        key=f"view of {findings.study.name}",
        persist_state="session",
    )
    version = (len(findings.runs), sum(len(run.curve) for run in runs), view)
    if view == "Curves":
        live_chart(
            "studycurves",
            lambda: _curves(findings, runs, key),
            version=(key, *version),
            alt="Training loss of each cell over the epochs",
        )
        return
    if not findings.runs:
        st.caption("Nothing is finished yet. The curves are there already.")
        return
    figure = "val_accuracy" if results.summary(findings, "val_accuracy") else "test_accuracy"
    drawn = (
        _accuracies(findings)
        if view == "Accuracy"
        else study_charts.parallel(results.rows(findings), _axes(findings), figure)
    )
    st.plotly_chart(drawn, key=f"{view} {key}", config=charts.CONFIG, alt=f"{view} of the cells")
    if view == "Parallel coordinates":
        st.caption("A line is a run. Drag along an axis to keep the runs that pass there.")


def _first_view(findings: Findings) -> str:
    chosen = READY.get(findings.study.name)
    return "Curves" if chosen and chosen.floor else "Accuracy"


def _axes(findings: Findings) -> list[str]:
    return _columns(findings) or findings.study.varied() or ["seed"]


def _curves(findings: Findings, runs: list[RunNow], key: str) -> Any:
    chosen = READY.get(findings.study.name)
    shown: dict[str, list[tuple[float, ...]]] = {}
    for run in runs:
        if run.curve:
            shown.setdefault(run.planned.label, []).append(run.curve)
    epochs = max(cell.config().epochs for cell in findings.study.cells)
    return study_charts.curves(shown, epochs, key, chosen.floor if chosen else None)


def _accuracies(findings: Findings) -> Any:
    series = [
        study_charts.Series(cell.label, [found.test_accuracy for found in findings.of(cell.label)])
        for cell in findings.study.cells
        if findings.of(cell.label)
    ]
    marked = {
        label: said.accuracy
        for label, said in published(findings).items()
        if said.accuracy is not None
    }
    return study_charts.spreads(series, "test accuracy", ".2%", marked)


def show_best(findings: Findings, checkpoints: Mapping[str, list[Path]]) -> None:
    """The best cell, and where to go on with it."""
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
    row.download_button(
        "CSV",
        data=lambda: csv(findings),
        file_name=f"{findings.study.id}.csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
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


def csv(findings: Findings) -> str:
    """The finished runs, a row each."""
    text: str = pd.DataFrame(results.rows(findings)).to_csv(index=False)
    return text
