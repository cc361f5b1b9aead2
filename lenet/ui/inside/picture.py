"""The picture to look at: a test image, a drawing or an upload."""

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from lenet.catalog import DatasetInfo
from lenet.data.splits import load_split
from lenet.drawing import centre
from lenet.drawing.centre import Gray
from lenet.evaluation.classify import pick
from lenet.ui import dataset, images
from lenet.ui.picture_input import canvas, photograph, prepared
from lenet.ui.style import ALL
from lenet.ui.widgets import number, segments, whole

SOURCES = ("Test image", "Draw", "Upload")
WIDTH = 168  # screen pixels of the picture
TOOLBAR = 24  # screen pixels above the canvas that its own toolbar covers


Picture = tuple[Gray, DeltaGenerator, int | None]


def choose_picture(info: DatasetInfo) -> Picture | None:
    """Widgets to choose a picture; None until there is one, `ImageError` if it is unusable.

    Returns it, (28, 28) uint8, light on black; the place beside it for the prediction; and its
    class, where it is known.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom")
    source = segments(
        "Picture",
        SOURCES,
        "inside_source",
        place=row,
        bind="query-params",
        label_visibility="collapsed",
    )
    if source == "Test image":
        return _test_image(row, info)
    left, right = st.columns([1, 2], gap="large")
    if source == "Draw":
        with left:
            st.space(TOOLBAR)
            pixels = canvas("inside canvas")
        drawn = prepared(pixels, info, right)
        return (drawn.array, right, None) if drawn else None
    if found := photograph("inside_photo", left):
        photo, name = found
        array = centre.from_photo(photo, info, name=name).array
        images.show(array, WIDTH, place=left, caption="What the network sees")
        return array, right, None
    return None


def _test_image(row: DeltaGenerator, info: DatasetInfo) -> Picture:
    dataset.require(info.name)
    split = load_split(info.name, "test")
    last = len(split.labels) - 1
    key = "inside_image"
    typed = number("Test image", 0, key, place=row, bind="query-params", width=140)
    name = row.selectbox(
        "Class", [ALL, *info.classes], key="inside_class", persist_state="session", width=170
    )
    among = torch.arange(last + 1)
    if name != ALL:
        among = among[split.labels == info.classes.index(name)]

    def another() -> None:
        st.session_state[key] = int(pick(split, 1, None, among))

    row.button(
        "Another",
        icon=":material/shuffle:",
        on_click=another,
        disabled=not len(among),
        help="Another test image of this class.",
    )
    index = whole("Test image", typed, 0, last)
    picture, target = split.images[index].numpy(), int(split.labels[index])
    left, right = st.columns([1, 3], gap="large")
    images.show(picture, WIDTH, place=left, caption=f"Truth: {info.classes[target]}")
    return picture, right, target
