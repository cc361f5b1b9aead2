"""The picture to look at: a test image, a drawing or an upload, through the app's one pipeline."""

import secrets
from dataclasses import dataclass

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from lenet import drawing, pictures
from lenet.data import load_split
from lenet.datasets import DatasetInfo
from lenet.drawing import Gray
from lenet.ui import dataset, images
from lenet.ui.frame import explained
from lenet.ui.photo import TYPES
from lenet.ui.sampling import ALL
from lenet.ui.sketchpad import BRUSH, SIDE

SOURCES = ("Test image", "Draw", "Upload")
WIDTH = 196
FIRST = 0
"""Test image shown when a visitor comes."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture as the network gets it.

    Attributes:
        array: (28, 28) uint8, light on black.
        target: its class, where it is known.
    """

    array: Gray
    target: int | None = None


def subject(info: DatasetInfo) -> Subject | None:
    """Widgets to choose a picture; None as long as there is none that can be used."""
    source = st.segmented_control(
        "Picture",
        SOURCES,
        default=SOURCES[0],
        required=True,
        key="inside_source",
        bind="query-params",
        label_visibility="collapsed",
    )
    if source == "Test image":
        return _test_image(info)
    return _drawn(info) if source == "Draw" else _uploaded(info)


def _test_image(info: DatasetInfo) -> Subject:
    dataset.require(info.name)
    split = load_split(info.name, "test")
    count = len(split.labels)
    if st.session_state.get("inside_image", 0) >= count:  # of a larger dataset, in a link
        st.session_state["inside_image"] = FIRST
    row = st.container(horizontal=True, vertical_alignment="bottom")
    index = row.number_input(
        "Test image",
        0,
        count - 1,
        FIRST,
        key="inside_image",
        bind="query-params",
        width=140,
    )
    name = row.selectbox(
        "Class", [ALL, *info.classes], key="inside_class", persist_state="session", width=170
    )
    among = range(count) if name == ALL else _of_class(split.labels.tolist(), info, name)
    row.button(
        "Another",
        icon=":material/shuffle:",
        on_click=_another,
        args=(among,),
        disabled=not among,
        help="Another test image of this class.",
    )
    picture = split.images[int(index)].numpy()
    target = int(split.labels[int(index)])
    _show(picture, f"Truth: {info.classes[target]}")
    return Subject(picture, target)


def _of_class(labels: list[int], info: DatasetInfo, name: str) -> list[int]:
    wanted = info.classes.index(name)
    return [index for index, label in enumerate(labels) if label == wanted]


def _another(among: range | list[int]) -> None:
    st.session_state["inside_image"] = secrets.choice(among)


def _drawn(info: DatasetInfo) -> Subject | None:
    canvas = st_canvas(
        stroke_width=BRUSH,
        stroke_color="#ffffff",
        background_color="#000000",
        width=SIDE,
        height=SIDE,
        return_image_data=True,
        key="inside canvas",
    )
    pixels = canvas.image_data
    drawn = None if pixels is None else drawing.from_canvas(pixels, info, "light_on_dark")
    if drawn is None:
        thing = "a digit" if info.name == "MNIST" else "a piece of clothing, large"
        st.info(f"Draw {thing}.", icon=":material/draw:")
        return None
    return Subject(drawn.array)


def _uploaded(info: DatasetInfo) -> Subject | None:
    file = st.file_uploader(
        "A photograph of one thing on a plain background", type=list(TYPES), key="inside_photo"
    )
    if file is None:
        return None
    with explained():
        photo = pictures.read_image(file.getvalue(), file.name)
        prepared = drawing.from_photo(photo, info, name=file.name)
        _show(prepared.array, "What the network sees")
        return Subject(prepared.array)
    return None


def _show(picture: Gray, caption: str) -> None:
    st.image(images.enlarged(picture), caption=caption, width=WIDTH, output_format="PNG")
