"""The picture to look at: a test image, a drawing or an upload, through the app's one pipeline."""

from dataclasses import dataclass

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from lenet.catalog import DatasetInfo
from lenet.data.splits import Split, load_split
from lenet.drawing import centre, image_files
from lenet.drawing.centre import Gray
from lenet.evaluation.classify import pick
from lenet.ui import dataset, images
from lenet.ui.app import explained
from lenet.ui.canvas import canvas
from lenet.ui.style import ALL, PICTURE_TYPES

SOURCES = ("Test image", "Draw", "Upload")
WIDTH = 168
"""Screen pixels of the picture."""
TOOLBAR = 24
"""Screen pixels above the canvas that its own toolbar covers."""
FIRST = 0
"""Test image shown when a visitor comes."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as the network gets it.

    Attributes:
        array: (28, 28) uint8, light on black.
        beside: the place on the page beside it, for the answer.
        target: its class, where it is known.
    """

    array: Gray
    beside: DeltaGenerator
    target: int | None = None


def choose_picture(info: DatasetInfo) -> Picture | None:
    """Widgets to choose a picture; None as long as there is none that can be used."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    source = row.segmented_control(
        "Picture",
        SOURCES,
        default=SOURCES[0],
        required=True,
        key="inside_source",
        bind="query-params",
        label_visibility="collapsed",
        width="content",
    )
    if source == "Test image":
        return _test_image(row, info)
    return _drawn(info) if source == "Draw" else _uploaded(info)


def _test_image(row: DeltaGenerator, info: DatasetInfo) -> Picture:
    dataset.require(info.name)
    split = load_split(info.name, "test")
    last = len(split.labels) - 1
    if st.session_state.get("inside_image", FIRST) > last:  # it was of a larger test set
        st.session_state["inside_image"] = FIRST
    index = row.number_input(
        "Test image", 0, last, FIRST, key="inside_image", bind="query-params", width=140
    )
    name = row.selectbox(
        "Class", [ALL, *info.classes], key="inside_class", persist_state="session", width=170
    )
    among = torch.arange(last + 1)
    if name != ALL:
        among = (split.labels == info.classes.index(name)).nonzero().flatten()
    row.button(
        "Another",
        icon=":material/shuffle:",
        on_click=_another,
        args=(split, among),
        disabled=not len(among),
        help="Another test image of this class.",
    )
    picture, target = split.images[int(index)].numpy(), int(split.labels[int(index)])
    left, right = st.columns([1, 3], gap="large")
    images.show(picture, WIDTH, place=left, caption=f"Truth: {info.classes[target]}")
    return Picture(picture, right, target)


def _another(split: Split, among: Tensor) -> None:
    st.session_state["inside_image"] = int(pick(split, 1, None, among))


def _drawn(info: DatasetInfo) -> Picture | None:
    left, right = st.columns([1, 2], gap="large")
    with left:
        st.space(TOOLBAR)
        pixels = canvas("inside canvas")
    drawn = None if pixels is None else centre.from_canvas(pixels, info, "light_on_dark")
    if drawn is None:
        thing = "a digit" if info.name == "MNIST" else "a piece of clothing, large"
        right.info(f"Draw {thing}.", icon=":material/draw:")
        return None
    return Picture(drawn.array, right)


def _uploaded(info: DatasetInfo) -> Picture | None:
    left, right = st.columns([1, 2], gap="large")
    file = left.file_uploader(
        "A photograph of one thing on a plain background",
        type=list(PICTURE_TYPES),
        key="inside_photo",
    )
    if file is None:
        return None
    with explained():
        photo = image_files.read_image(file.getvalue(), file.name)
        prepared = centre.from_photo(photo, info, name=file.name)
        images.show(prepared.array, WIDTH, place=left, caption="What the network sees")
        return Picture(prepared.array, right)
    return None
