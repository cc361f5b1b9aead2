"""A table of a study's cells: settings, progress, means and spreads, the post's own figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from lenet.config import Config, applies
from lenet.studies import results
from lenet.studies.presets import POST_FIGURES, Published, is_preset
from lenet.studies.results import Findings
from lenet.ui.experiments.state import RunNow

PERCENT = "%.2f %%"
POST_FIELDS = ("optimizer", "momentum", "dropout", "activation")


def published(findings: Findings) -> Mapping[str, Published]:
    """What the post says of the cells, where it says something."""
    return POST_FIGURES if findings.study.name == "nine-cases" and is_preset(findings.study) else {}


def cells_table(findings: Findings, runs: Sequence[RunNow] = ()) -> pd.DataFrame:
    """A row for each cell: its settings, how far its runs are, means and spreads.

    Columns depend on the definition alone, so that none comes or goes while a study fills.
    """
    varied = columns(findings)
    loss = results.summary(findings, "train_loss")
    test = results.summary(findings, "test_accuracy")
    validation = results.summary(findings, "val_accuracy")
    post = published(findings)
    validated = any(cell.config().val_size for cell in findings.study.cells)
    rows: list[dict[str, Any]] = []
    for cell in findings.study.cells:
        config, label = cell.config(), cell.label
        row: dict[str, Any] = {"cell": label}
        row |= {name: setting(config, name) for name in varied}
        row["runs"] = _progress(findings, label, runs)
        row["loss"] = loss[label].mean if label in loss else None
        if post:
            row["post's loss"] = post[label].loss
        elif validated:
            row["validation"] = _percent(validation[label].mean) if label in validation else None
        row["test"] = _percent(test[label].mean) if label in test else None
        if len(findings.study.seeds) > 1:
            row["±"] = _percent(test[label].deviation) if label in test else None
        if post:
            said = post[label].accuracy
            row["post's test"] = _percent(said)
            row["difference"] = (
                100 * (test[label].mean - said) if said is not None and label in test else None
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _progress(findings: Findings, label: str, runs: Sequence[RunNow]) -> str:
    """How many runs of a cell are finished, of how many, and what the others are at."""
    now = [run.state.lower() for run in runs if run.planned.label == label]
    busy = [state for state in dict.fromkeys(now) if state not in ("waiting", "finished")]
    return ", ".join([f"{len(findings.of(label))}/{len(findings.study.seeds)}", *busy])


def columns(findings: Findings) -> list[str]:
    """The settings worth a column: the post's own four for its cases; other labels say them."""
    return list(POST_FIELDS) if published(findings) else []


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def setting(config: Config, name: str) -> Any:
    """A value of a cell; None where it has no effect, as momentum has none with Adam."""
    return (
        getattr(config, name) if applies(Config.model_fields[name], config.model_dump()) else None
    )


def show_cells(findings: Findings, runs: Sequence[RunNow]) -> None:
    """The table of the cells; a click on a head sorts."""
    frame = cells_table(findings, runs)
    st.container(key="study table").dataframe(
        frame,
        hide_index=True,
        key="cells of the study",
        placeholder="–",
        height=36 * (min(len(frame), 16) + 1) + 2,
        row_height=36,
        column_config={
            "cell": st.column_config.TextColumn("", pinned=True, width=_width(frame["cell"])),
            "runs": st.column_config.TextColumn(
                "runs", width=110, help="Finished, of all, and what the others are at."
            ),
            "loss": _number("loss", "%.3f", "Training loss of the last epoch, mean of the seeds."),
            "post's loss": _number("post's loss", "%.3f", "The loss that the post gives."),
            "validation": _number("validation", PERCENT, "Mean accuracy on held-back images."),
            "test": _number("test", PERCENT, "Mean accuracy on the 10,000 test images."),
            "±": _number("±", "%.2f", "Standard deviation over the seeds, in points."),
            "post's test": _number("post's test", PERCENT, "The accuracy that the post gives."),
            "difference": _number("difference", "%+.2f", "Ours less the post's, in points."),
        },
        alt="The study's cells with their settings, losses and accuracies",
    )


def _width(labels: "pd.Series[str]") -> int:
    """Pixels that the longest label needs, within what a phone can spare."""
    return min(230, 30 + 8 * int(labels.str.len().max()))


def _number(label: str, form: str, meaning: str) -> ColumnConfig:
    return st.column_config.NumberColumn(label, format=form, help=meaning, width=90)
