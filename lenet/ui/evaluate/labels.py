"""Labels that may be wrong: images to look through, and whose mistake each one is."""

import html
from typing import Any, TypeAlias

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lenet.data.splits import fingerprint, load_split
from lenet.evaluation import labels
from lenet.evaluation.report import as_csv
from lenet.paths import cache_dir
from lenet.ui.address import SETS
from lenet.ui.app import fragment
from lenet.ui.background import is_made
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet
from lenet.ui.images import img
from lenet.ui.widgets import download, segments

FIRST = 12
WHOSE = ("network's", "data's")
Row: TypeAlias = tuple[int, str, str, float, float]
"""An image's index, its label, the network's class, and the probabilities of both."""
Marks: TypeAlias = dict[int, str | None]
"""Whose mistake a person said that an image is, by its index."""


@fragment
def wrong_labels(shown: EvaluatedSet) -> None:
    place = st.container(horizontal=True, vertical_alignment="bottom")
    part: Any = segments("Look through", list(SETS), "label set", place=place, format_func=SETS.get)
    shares = shown.found.probabilities if part == "test" else _cross_validated(shown.dataset)
    if shares is None:
        return
    images, truth = (found.numpy() for found in load_split(shown.dataset, part))
    index, other = labels.candidates(shares, truth)
    st.caption(
        f"A network that never saw these {len(index):,} of {len(truth):,} images takes them for "
        "another class than their label says, as surely as that class's own images on average; "
        "the surest first (confident learning, Northcutt et al. 2021). Whose mistake is each one, "
        "the network's or the data's?"
    )
    key = f"{shown.dataset} {part}"
    rows: list[Row] = [
        (at, shown.classes[truth[at]], shown.classes[new], shares[at, truth[at]], shares[at, new])
        for at, new in zip(index.tolist(), other.tolist(), strict=True)
    ]

    marks: Marks = st.session_state.setdefault(f"mistakes of {key}", {})

    def table() -> str:
        head = ("index", "label", "suggested", "label_share", "suggested_share", "mistake")
        return as_csv(head, ((*row, marks.get(row[0])) for row in rows))

    file = f"labels-{shown.dataset}-{part}.csv"
    download("All of them with your marks, CSV", table, file, place=place)
    count = int(st.session_state.get(f"doubted {key}", FIRST))
    with st.grid(6, min_column_width=170):
        for row in rows[:count]:
            _offer(images[row[0]], row, marks, f"mistake of {key} {row[0]}")
    if count < len(rows):
        st.button(
            f"Show {min(FIRST, len(rows) - count)} more of {len(rows) - count:,}",
            on_click=lambda: st.session_state.update({f"doubted {key}": count + FIRST}),
            type="tertiary",
            icon=":material/expand_more:",
        )


def _offer(pixels: NDArray[np.uint8], row: Row, marks: Marks, key: str) -> None:
    """One image, and the question whose mistake it is."""
    at, label, new, low, high = row
    picture = img(pixels, f"Image {at}: labelled {label}, looks like {new}")
    lines = (f"label: {label} {low:.0%}", f"network: {new} {high:.0%}")
    with st.container():
        said = "<br>".join(map(html.escape, lines))
        st.html(f'{_STYLE}<div class="doubted">{picture}{said}</div>')
        st.segmented_control(
            "Whose mistake?",
            WHOSE,
            key=key,
            default=marks.get(at),
            on_change=lambda: marks.update({at: st.session_state[key]}),
            label_visibility="collapsed",
        )


def _cross_validated(dataset: str) -> NDArray[np.float32] | None:
    """The answers for the training images; None until they are there."""
    name = f"{dataset}-{fingerprint(load_split(dataset, 'train'))}.npy"
    output = cache_dir() / "labels" / name
    state = st.session_state
    if not output.is_file() and not state.get("labels asked for"):
        st.markdown(
            f"A network knows the images that it was trained on. So {labels.FOLDS} quick ones are "
            "trained, each without the third of the images that it is then asked about: about a "
            "minute on two cores, once."
        )
        state["labels asked for"] = st.button("Look for them", type="primary")
        if not state["labels asked for"]:
            return None
    if not is_made(output, labels.__name__, 100, lambda: np.array(dataset)):
        return None
    return np.asarray(np.load(output), np.float32)


_STYLE = """<style>
.doubted { font-size: 0.8rem; line-height: 1.4; }
.doubted img { width: 100%; image-rendering: pixelated; border-radius: 4px; display: block; }
</style>"""
