"""A table of a study's cells: settings, progress, means and spreads, the post's own figures; the
best of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from lenet.config import Config, applies, overrides, said, spoken
from lenet.paths import ROOT
from lenet.runs.run import Run
from lenet.studies import results
from lenet.studies.presets import POST_FIGURES, Published, is_preset
from lenet.studies.results import Findings
from lenet.ui.address import FRONT, link
from lenet.ui.escape import plain
from lenet.ui.experiments.state import RunProgress
from lenet.ui.widgets import download

PERCENT = "%.2f %%"
POST_FIELDS = ("optimizer", "momentum", "dropout", "activation")


def published(findings: Findings) -> Mapping[str, Published]:
    """What the post says of the cells, where it says something."""
    return POST_FIGURES if findings.study.name == "nine-cases" and is_preset(findings.study) else {}


def cells_table(findings: Findings, runs: Sequence[RunProgress] = ()) -> pd.DataFrame:
    """A row for each cell; columns depend on the definition alone, so none comes or goes."""
    study, post = findings.study, published(findings)
    configs = {cell.label: cell.config() for cell in study.cells}

    def column(values: Mapping[str, float | None]) -> "pd.Series[float]":
        return pd.Series(values, dtype=float)

    def spread(figure: str, part: str = "mean") -> "pd.Series[float]":
        found = results.summary(findings, figure)
        return column({label: getattr(value, part) for label, value in found.items()})

    table = pd.DataFrame({"variant": list(configs)}, index=list(configs))
    for name in columns(findings):
        values = [setting(config, name) for config in configs.values()]
        table[spoken(name)] = [said(one) if isinstance(one, str) else one for one in values]
    table["runs"] = [_progress(findings, label, runs) for label in configs]
    table["loss"] = spread("train_loss")
    if post:
        table["post's loss"] = column({label: said.loss for label, said in post.items()})
    elif any(config.val_size for config in configs.values()):
        table["validation"] = 100 * spread("val_accuracy")
    table["test"] = 100 * spread("test_accuracy")
    if len(study.seeds) > 1:
        table["±"] = 100 * spread("test_accuracy", "half")
    if post:
        table["post's test"] = 100 * column({label: said.accuracy for label, said in post.items()})
        table["difference"] = table["test"] - table["post's test"]
    return table


def _progress(findings: Findings, label: str, runs: Sequence[RunProgress]) -> str:
    """How many runs of a cell are finished, of how many, and what the others are at."""
    now = [run.state.lower() for run in runs if run.planned.label == label]
    busy = [state for state in dict.fromkeys(now) if state not in ("waiting", "finished")]
    return ", ".join([f"{len(findings.of(label))}/{len(findings.study.seeds)}", *busy])


def columns(findings: Findings) -> list[str]:
    """The settings worth a column: the post's own four for its cases; other labels say them."""
    return list(POST_FIELDS) if published(findings) else []


def setting(config: Config, name: str) -> Any:
    """A value of a cell; None where it has no effect, as momentum has none with Adam."""
    values = config.model_dump()
    return values[name] if applies(Config.model_fields[name], values) else None


def show_cells(findings: Findings, runs: Sequence[RunProgress]) -> None:
    frame = cells_table(findings, runs)
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    width = min(
        280, 30 + 8 * max(map(len, frame["variant"]))
    )  # of the longest label, on a phone less
    numbers = {
        "loss": ("%.3f", "Training loss of the last epoch, mean of the seeds."),
        "post's loss": ("%.3f", "The loss that the post gives."),
        "validation": (PERCENT, "Mean accuracy on held-back images."),
        "test": (PERCENT, "Mean accuracy on the 10,000 test images."),
        "±": ("%.2f", "Half of the mean's 95 % interval (Student's t), in points."),
        "post's test": (PERCENT, "The accuracy that the post gives."),
        "difference": ("%+.2f", "Ours less the post's, in points."),
    }
    st.container(key="study table").dataframe(
        frame,
        hide_index=True,
        key="cells of the study",
        placeholder="–",
        height=36 * (min(len(frame), 16) + 1) + 2,
        row_height=36,
        column_config={
            "variant": text(pinned=True, width=width),
            "runs": text(width=110, help="Finished, of all, and what the others are at."),
        }
        | {
            name: number(format=form, help=meaning, width=90)
            for name, (form, meaning) in numbers.items()
        },
        alt="The study's cells with their settings, losses and accuracies",
    )


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
