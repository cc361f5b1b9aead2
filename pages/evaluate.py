"""Evaluate: what a checkpoint is worth on the 10,000 test images."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from lenet.datasets import DATASETS
from lenet.evaluation import Evaluation
from lenet.ui import charts, checkpoints, dataset
from lenet.ui.evaluations import evaluated
from lenet.ui.frame import show


def page() -> None:
    st.title("Evaluate")
    path, checkpoint = checkpoints.choose()
    name = st.segmented_control(
        "Test set",
        list(DATASETS),
        default=checkpoint.config.dataset,
        required=True,
        format_func=lambda option: DATASETS[option].title,
        key=f"test set of {path}",
        help="Follows the checkpoint. On the other one a network can only guess.",
    )
    dataset.require(name)
    if name != checkpoint.config.dataset:
        st.warning(
            f"This network was trained on {DATASETS[checkpoint.config.dataset].title}; "
            f"its answers to {DATASETS[name].title} mean nothing.",
            icon=":material/warning:",
        )
    found = evaluated(path, checkpoint, name)
    headline(found)
    left, right = st.columns([6, 5], gap="large")
    with left:
        matrix(found, DATASETS[name].classes)
    with right:
        per_class(found, DATASETS[name].classes)


def headline(found: Evaluation) -> None:
    """The figures that most people look for."""
    right = int((found.predictions == found.targets).sum())
    with st.grid(4, min_column_width=140):
        low, high = found.interval
        st.metric(
            "Accuracy",
            f"{found.accuracy:.2%}",
            help=f"With 95 % confidence between {low:.2%} and {high:.2%} (Wilson).",
        )
        st.metric("Right", f"{right:,} of {len(found.targets):,}")
        st.metric("Macro F1", f"{found.macro_f1:.4f}")
        st.metric("Parameters", f"{found.parameters:,}")


def matrix(found: Evaluation, classes: tuple[str, ...]) -> None:
    """The confusion matrix, as counts or as shares of each row."""
    st.subheader("Confusion matrix")
    shown = st.segmented_control(
        "Cells show",
        ["counts", "shares of the row"],
        default="counts",
        required=True,
        label_visibility="collapsed",
        key="cells",
        persist_state="session",
    )
    st.plotly_chart(
        charts.confusion(found.confusion_matrix, classes, shares=shown != "counts"),
        config=charts.CONFIG,
        key="confusion",
        alt="Confusion matrix, truth in rows and predictions in columns",
    )


def per_class(found: Evaluation, classes: tuple[str, ...]) -> None:
    """Precision, recall and F1 of each class; a click on a head sorts."""
    st.subheader("Classes")
    frame = pd.DataFrame([vars(report) for report in found.classes])
    frame.insert(0, "class", classes)
    st.dataframe(
        frame,
        hide_index=True,
        height=36 * (len(frame) + 1),
        row_height=36,
        column_config={
            "precision": _share("precision", "Of the images given this class, the share with it."),
            "recall": _share("recall", "Of the images of this class, the share that was found."),
            "f1": _share("F1", "Harmonic mean of precision and recall."),
            "support": st.column_config.NumberColumn("images", format="localized"),
        },
        alt="Precision, recall, F1 and number of images of each class",
    )


def _share(label: str, meaning: str) -> ColumnConfig:
    """A column of shares between 0 and 1."""
    return st.column_config.NumberColumn(label, help=meaning, format="%.3f", width=70)


show(page)
