"""A canvas to draw on, and the prediction after each stroke."""

import random
from pathlib import Path

import streamlit as st
from PIL import Image

from lenet.catalog import DatasetInfo
from lenet.drawing import centre, examples
from lenet.network.checkpoint import Checkpoint
from lenet.ui import images
from lenet.ui.app import explained
from lenet.ui.canvas import BRUSH, SIDE, canvas
from lenet.ui.prediction import answer_to

ERASER = 2
"""Times wider than the pen: one of the same width leaves the smooth edges of a line."""
THUMBNAIL = 64

_at_once = st.components.v2.component(
    "lenet_at_once", js=(Path(__file__).parent / "at_once.js").read_text(encoding="utf-8")
)


def draw(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """The canvas with its tools on the left, the answer on the right, examples below."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _prompt(info)
        place = st.container()
    with right, explained():
        with place:
            pixels = _canvas(info)
        if pixels is None:  # the canvas reports strokes of the hand only
            pixels = examples.picture(_example(info)[1], SIDE, BRUSH)
        drawn = centre.from_canvas(pixels, info, "light_on_dark")
        if drawn is None:
            st.info(
                "Draw a digit." if info.name == "MNIST" else "Draw a piece of clothing, large.",
                icon=":material/draw:",
            )
        else:
            answer_to(checkpoint, drawn, info)
            st.download_button(
                "Keep as PNG",
                data=lambda: images.png(Image.fromarray(pixels)),
                file_name="drawing.png",
                mime="image/png",
                icon=":material/download:",
                on_click="ignore",
            )
    _examples(info)


def _canvas(info: DatasetInfo) -> centre.Gray | None:
    """The canvas with pen or eraser; undo, redo and clear are at its upper right corner."""
    row = st.container(horizontal=True, vertical_alignment="center", width=SIDE)
    tool = row.segmented_control(
        "Tool",
        ["Pen", "Eraser"],
        default="Pen",
        required=True,
        key="tool",
        persist_state="session",
        label_visibility="collapsed",
        width="content",
    )
    width = row.slider("Brush", 4, 40, BRUSH, key="brush", persist_state="session")
    with st.container(gap=None):
        _at_once(key="at once")
        return _canvas_for(info, width, erasing=tool == "Eraser")


def _canvas_for(info: DatasetInfo, width: int, *, erasing: bool) -> centre.Gray | None:
    count, strokes = _example(info)
    return canvas(
        f"canvas {info.name} {count}",
        stroke_width=width * (ERASER if erasing else 1),
        stroke_color="#000000" if erasing else "#ffffff",
        initial_drawing=examples.on_canvas(strokes, SIDE, BRUSH) if strokes else None,
    )


def _prompt(info: DatasetInfo) -> None:
    """An idea what to draw."""
    row = st.container(horizontal=True, vertical_alignment="center")
    key = f"prompt of {info.name}"
    place = row.empty()
    if row.button("Another idea", icon=":material/casino:", type="tertiary") or (
        key not in st.session_state
    ):
        rest = [name for name in info.classes if name != st.session_state.get(key)]
        st.session_state[key] = random.choice(rest)  # noqa: S311
    name = st.session_state[key]
    article = "an" if name[0] in "AEIOU" else "a"
    place.markdown(f"Try: draw {article} **{name}**")


def _examples(info: DatasetInfo) -> None:
    """Drawings that load with a click, and an empty canvas to have instead of one."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption("Or start from one of these", width="content")
    if _example(info)[1]:
        row.button(
            "Empty canvas",
            icon=":material/delete:",
            type="tertiary",
            on_click=_load,
            args=(info, ()),
        )
    with st.grid(6, min_column_width=90):
        for name, strokes in examples.EXAMPLES[info.name].items():
            with st.container():
                picture = examples.picture(strokes, THUMBNAIL, 3)
                images.show(picture, THUMBNAIL, side=THUMBNAIL, alt=f"Drawing: {name}")
                st.button(name, key=f"example {name}", on_click=_load, args=(info, strokes))


def _load(info: DatasetInfo, strokes: examples.Example) -> None:
    """Put an example on a fresh canvas: the same one may be asked for again."""
    st.session_state[f"example of {info.name}"] = (_example(info)[0] + 1, strokes)


def _example(info: DatasetInfo) -> tuple[int, examples.Example]:
    """How many examples of the dataset were loaded, and the strokes of the last one."""
    count, strokes = st.session_state.get(f"example of {info.name}", (0, ()))
    return count, strokes
