"""The confusion matrix on a page, and the images behind each of its cells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from lenet.evaluation.metrics import Evaluation
from lenet.ui.app import fragment
from lenet.ui.evaluate import charts as figures
from lenet.ui.evaluate.gallery import Caption, gallery
from lenet.ui.style import CONFIG

PAIRS = 5
"""Confused pairs in the table."""
LABELS = ("Truth", "Prediction")


@dataclass(frozen=True)
class EvaluatedSet:
    """An evaluation with what it takes to show its images.

    Attributes:
        key: tells it from others, so that what is unfolded starts anew with another.
        pictures: (N, 28, 28) uint8, the images that were classified.
        classes: the ten names.
    """

    key: str
    found: Evaluation
    pictures: np.ndarray
    classes: tuple[str, ...]

    def caption(self, at: int) -> Caption:
        """Prediction, its probability and the truth of one image."""
        prediction = self.classes[self.found.predictions[at]]
        truth = self.classes[self.found.targets[at]]
        sure = f"{self.found.confidence[at]:.1%}"
        return Caption(
            prediction,
            [f"{sure} sure", f"truth: {truth}"],
            f"Test image {at}: {truth}, taken for {prediction}, {sure}",
        )

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Truth and prediction of the most confused pairs."""
        return [(pair.truth, pair.prediction) for pair in self.found.confused_pairs[:PAIRS]]


@fragment
def explore(shown: EvaluatedSet) -> None:
    """The matrix, and beside it the images of one cell, chosen by a click or by name."""
    left, right = st.columns([6, 5], gap="large")
    with right:
        st.subheader("Images behind a cell")
        table = st.container()
        truth, prediction = _choose_cell(shown)
        with table:
            _pairs_table(shown, (truth, prediction))
        _images(shown, truth, prediction)
    with left:
        _matrix(shown, (truth, prediction))


def _pairs_table(shown: EvaluatedSet, cell: tuple[int, int]) -> None:
    """The pairs that are confused most often; to choose one shows its images."""
    pairs, counts = shown.pairs, shown.found.confusion_matrix
    if not pairs:
        return
    frame = pd.DataFrame(
        {
            "truth": [shown.classes[truth] for truth, _ in pairs],
            "taken for": [shown.classes[prediction] for _, prediction in pairs],
            "images": [int(counts[pair]) for pair in pairs],
            "share": [100 * counts[pair] / counts[pair[0]].sum() for pair in pairs],
        }
    )

    def selected() -> None:
        rows = st.session_state["pairs"]["selection"]["rows"]
        if rows:
            _select(shown, pairs[rows[0]])

    rows = [pairs.index(cell)] if cell in pairs else []
    st.session_state["pairs"] = {"selection": {"rows": rows}}
    st.dataframe(
        frame,
        hide_index=True,
        height=36 * (len(frame) + 1) + 2,
        row_height=36,
        key="pairs",
        on_select=selected,
        selection_mode="single-row",
        column_config={
            "images": st.column_config.NumberColumn(width=70),
            "share": st.column_config.NumberColumn(
                help="Of the images of this class.", format="%.1f%%", width=70
            ),
        },
        alt="The most confused pairs of classes",
    )


def _choose_cell(shown: EvaluatedSet) -> tuple[int, int]:
    """Truth and prediction by name, the most confused pair at first."""
    first = shown.pairs[0] if shown.pairs else (0, 0)
    chosen = []
    for place, label, default in zip(st.columns(2), LABELS, first, strict=True):
        index = place.selectbox(
            label,
            range(len(shown.classes)),
            index=default,
            format_func=shown.classes.__getitem__,
            key=_key(shown, label),
            persist_state="session",
        )
        chosen.append(index)
    return chosen[0], chosen[1]


def _images(shown: EvaluatedSet, truth: int, prediction: int) -> None:
    index = shown.found.cell(truth, prediction)
    names = shown.classes[truth], shown.classes[prediction]
    how = f"{names[0]} recognised" if truth == prediction else f"{names[0]} taken for {names[1]}"
    if not len(index):
        st.caption(f"No image: {how}.")
        return
    st.caption(f"{len(index):,} image{'s' * (len(index) > 1)}: {how}. The surest answer first.")
    key = f"{shown.key} {truth} {prediction}"
    gallery(key, shown.pictures, index, shown.caption)


def _matrix(shown: EvaluatedSet, cell: tuple[int, int]) -> None:
    """The confusion matrix, as counts or shares of each row; a click on a cell chooses it."""
    st.subheader("Confusion matrix")
    row = st.container(horizontal=True)
    unit = row.segmented_control(
        "Cells show",
        ["counts", "shares of the row"],
        default="counts",
        required=True,
        label_visibility="collapsed",
        key="cells",
        persist_state="session",
    )
    order = row.segmented_control(
        "Order",
        ["by label", "by likeness"],
        default="by label",
        required=True,
        label_visibility="collapsed",
        key="order",
        persist_state="session",
        help="By likeness, classes that are confused stand side by side.",
    )
    figure = figures.confusion(
        shown.found.confusion_matrix,
        shown.classes,
        shares=unit != "counts",
        order=shown.found.clustered if order == "by likeness" else None,
        selected=cell,
        dark=st.context.theme.type == "dark",
    )

    def clicked() -> None:
        points = st.session_state["confusion"]["selection"]["points"]
        # A second click on a cell takes its selection back, but means the cell all the same.
        pair = tuple(points[0]["customdata"][:2]) if points else st.session_state.get("clicked")
        if pair:
            st.session_state["clicked"] = pair
            _select(shown, pair)

    st.plotly_chart(
        figure,
        config=CONFIG,
        key="confusion",
        on_select=clicked,
        selection_mode="points",
        alt="Confusion matrix, truth in rows and predictions in columns",
    )


def _select(shown: EvaluatedSet, cell: tuple[int, int]) -> None:
    """Show the images of this cell from the next run on."""
    for label, index in zip(LABELS, cell, strict=True):
        st.session_state[_key(shown, label)] = index


def _key(shown: EvaluatedSet, label: str) -> str:
    """Of the widget; each dataset has its own cell."""
    return f"{label} among {shown.classes[0]}"
