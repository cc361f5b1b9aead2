"""The confusion matrix on a page, and the images behind each of its cells."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from lenet.catalog import DATASETS
from lenet.data.splits import load_split
from lenet.evaluation.metrics import Pair
from lenet.ui import answer
from lenet.ui.address import ORDERS
from lenet.ui.app import fragment
from lenet.ui.checkpoints import Chosen
from lenet.ui.escape import plain
from lenet.ui.evaluate import charts
from lenet.ui.evaluate.gallery import Caption, gallery
from lenet.ui.evaluation_cache import evaluated
from lenet.ui.picture import test_image
from lenet.ui.picture_input import why
from lenet.ui.present import presenting
from lenet.ui.style import CONFIG
from lenet.ui.widgets import segments, while_here

PAIRS = 5
LETTERS = 20  # pixels of the numbers where the matrix is presented on a small projector
LABELS = ("Truth", "Prediction")


class EvaluatedSet:
    """A checkpoint's evaluation on the test images of a dataset, and the images.

    `inside` are the parameters by which Inside has this checkpoint in hand, if it is another one.
    """

    def __init__(self, chosen: Chosen, dataset: str, inside: Mapping[str, Any]) -> None:
        self.chosen, self.dataset, self.inside = chosen, dataset, inside
        self.found = evaluated(chosen, dataset)
        self.pictures = load_split(dataset, "test").images.numpy()  # (N, 28, 28) uint8
        self.classes = DATASETS[dataset].classes
        self.key = f"{chosen.digest[:12]} {dataset}"  # in keys of widgets

    def caption(self, at: int) -> Caption:
        """Prediction, its probability and the truth of one image."""
        prediction = self.classes[self.found.predictions[at]]
        truth = self.classes[self.found.targets[at]]
        sure = float(self.found.confidence[at])
        return Caption(
            answer.html_of(prediction, sure, truth=truth),
            f"Test image {at}: {truth}, taken for {prediction}, {sure:.1%}",
        )

    def why(self, at: int) -> None:
        """A link to what speaks for the answer to one image."""
        why(test_image(self.dataset, at), **self.inside)

    def mind_deleted(self) -> None:
        """Say it where the file is not there any more; a part of the page may not have noticed."""
        path = self.chosen.path
        if path.is_absolute() and not path.exists():
            st.warning(
                f"{plain(self.chosen.name)} has been deleted meanwhile. These are still its "
                "results; they go with the next choice.",
                icon=":material/delete:",
            )


@fragment
def explore(
    shown: EvaluatedSet, left_below: Callable[[], None], right_below: Callable[[], None]
) -> None:
    """The matrix, and beside it the images of one cell, chosen by a click or by name; what stands
    below them is given, so that no column waits for the other's end.
    """
    shown.mind_deleted()
    left, right = st.columns([6, 5], gap="large")
    pairs = shown.found.confused_pairs[:PAIRS]
    with right:
        st.subheader("Images of one square")
        table = st.container()
        first = (pairs[0].truth, pairs[0].prediction) if pairs else (0, 0)
        cell = _choose_cell(shown, first)
        if pairs:
            with table:
                _pairs_table(shown, pairs, cell)
        _images(shown, *cell)
        right_below()
    with left:
        _matrix(shown, cell)
        left_below()


def step(shown: EvaluatedSet, by: int) -> None:
    """Choose the next most confused pair of classes, or the one before."""
    cells = [(pair.truth, pair.prediction) for pair in shown.found.confused_pairs]
    if cells:
        now = st.session_state.get("cell") or cells[0]
        at = cells.index(now) if now in cells else min(0, -by)
        st.session_state["cell"] = cells[(at + by) % len(cells)]


def _choose_cell(shown: EvaluatedSet, first: tuple[int, int]) -> tuple[int, int]:
    """Truth and prediction by name; `first` until another is chosen, which the session keeps."""
    state = st.session_state
    cell: tuple[int, int] = state.get("cell") or first
    keys = [f"{label} among {shown.classes[0]}" for label in LABELS]

    def choose() -> None:
        state["cell"] = tuple(state[key] for key in keys)

    for place, label, key, index in zip(st.columns(2), LABELS, keys, cell, strict=True):
        if state.get(key) != index:  # set each time, it would undo a choice made meanwhile
            state[key] = index
        place.selectbox(
            label,
            range(len(shown.classes)),
            format_func=shown.classes.__getitem__,
            key=key,
            on_change=while_here(choose),
        )
    return cell


def _pairs_table(shown: EvaluatedSet, pairs: list[Pair], cell: tuple[int, int]) -> None:
    cells = [(pair.truth, pair.prediction) for pair in pairs]
    table = pd.DataFrame(
        {
            "truth": shown.classes[pair.truth],
            "taken for": shown.classes[pair.prediction],
            "images": pair.count,
            "share": 100 * pair.count / shown.found.confusion_matrix[pair.truth].sum(),
        }
        for pair in pairs
    )

    def selected() -> None:
        rows = st.session_state["pairs"]["selection"]["rows"]
        if rows and cells[rows[0]] != cell:  # the browser reports what was set below, too
            st.session_state["cell"] = cells[rows[0]]

    rows = [cells.index(cell)] if cell in cells else []
    known = st.session_state.get("pairs")
    if not known or list(known["selection"]["rows"]) != rows:
        st.session_state["pairs"] = {"selection": {"rows": rows}}
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        height=36 * (len(table) + 1) + 2,
        row_height=36,
        key="pairs",
        on_select=selected,
        selection_mode="single-row",
        column_config={
            "images": number(width=70),
            "share": number(help="Of the images of this class.", format="%.1f%%", width=70),
        },
        alt="The most confused pairs of classes",
    )


def _images(shown: EvaluatedSet, truth: int, prediction: int) -> None:
    index = shown.found.cell(truth, prediction)
    name = shown.classes[truth]
    how = "recognised" if truth == prediction else f"taken for {shown.classes[prediction]}"
    if not len(index):
        st.caption(f"No image: {name} {how}.")
        return
    count = f"{len(index):,} image{'s' * (len(index) > 1)}"
    st.caption(f"{count}: {name} {how}. The surest answer first.")
    gallery(f"{shown.key} {truth} {prediction}", shown.pictures, index, shown.caption, shown.why)


def _matrix(shown: EvaluatedSet, cell: tuple[int, int]) -> None:
    """The confusion matrix, as counts or shares of each row; a click on a cell chooses it."""
    st.subheader("What was taken for what", help="The confusion matrix.")
    if presenting():
        st.html(_STAGE)
    else:
        st.caption("Rows are truths, columns are answers. Click on a square for its images.")
    row = st.container(horizontal=True)
    common: Any = {"place": row, "label_visibility": "collapsed"}
    unit = segments("Squares show", ("counts", "shares of the row"), "cells", **common)
    order = segments(
        "Order",
        ORDERS,
        "order",
        help="By likeness, classes that are confused stand side by side.",
        **common,
    )

    def clicked() -> None:
        points = st.session_state["confusion"]["selection"]["points"]
        # A second click on a cell deselects it, but it is the cell that was clicked.
        pair = tuple(points[0]["customdata"][:2]) if points else st.session_state.get("clicked")
        if pair:
            st.session_state["clicked"] = pair
            st.session_state["cell"] = pair

    figure = charts.confusion(
        shown.found.confusion_matrix,
        shown.classes,
        shares=unit != "counts",
        order=shown.found.clustered if order == "by likeness" else None,
        selected=cell,
        dark=st.context.theme.type == "dark",
    )
    if presenting():  # where CSS makes them larger, too
        figure.update_traces(textfont_size=LETTERS, selector={"type": "heatmap"})
    st.plotly_chart(
        figure,
        height="stretch" if presenting() else "content",
        config=CONFIG,
        key="confusion",
        on_select=clicked,
        selection_mode="points",
        alt="Confusion matrix, truth in rows and predictions in columns",
    )


_STAGE = """<style>
.st-key-confusion { height: max(20rem, 100dvh - 10rem); }
.st-key-confusion text { font-size: var(--least) !important; }
</style>"""
