"""A canvas to draw on, and the prediction after each stroke."""

import random
from pathlib import Path

import streamlit as st
from PIL import Image

from lenet.catalog import DatasetInfo
from lenet.drawing import examples
from lenet.drawing.centre import Gray
from lenet.network.checkpoint import Checkpoint
from lenet.ui import images
from lenet.ui.app import explained
from lenet.ui.picture_input import BRUSH, SIDE, canvas, prepared
from lenet.ui.predict.prediction import show_prediction
from lenet.ui.widgets import download, segments

ERASER = 2  # width of the eraser in pens: one as wide as the pen leaves the smooth edges of a line
THUMBNAIL = 64

_at_once = st.components.v2.component(
    "lenet_at_once", js=(Path(__file__).parent / "at_once.js").read_text(encoding="utf-8")
)


def draw(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _prompt(info)
        place = st.container()
    with right, explained():
        with place:
            pixels = _canvas(info)
        if pixels is None:  # the canvas does not report an example before the first stroke
            pixels = examples.picture(_example(info)[1], SIDE, BRUSH)
        if drawn := prepared(pixels, info):
            show_prediction(checkpoint, drawn, info)
            download("Keep as PNG", lambda: images.png(Image.fromarray(pixels)), "drawing.png")
    _examples(info)


def _canvas(info: DatasetInfo) -> Gray | None:
    """The canvas with pen or eraser; undo, redo and clear are at its upper right corner."""
    row = st.container(horizontal=True, vertical_alignment="center", width=SIDE)
    tool = segments("Tool", ("Pen", "Eraser"), "tool", place=row, label_visibility="collapsed")
    width = row.slider("Brush", 4, 40, BRUSH, key="brush", persist_state="session")
    pen = (width * ERASER, "#000000") if tool == "Eraser" else (width, "#ffffff")
    count, strokes = _example(info)
    drawing = examples.on_canvas(strokes, SIDE, BRUSH) if strokes else None
    with st.container(gap=None):
        _at_once(key="at once")
        return canvas(f"canvas {info.name} {count}", *pen, drawing)


def _prompt(info: DatasetInfo) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    key = f"prompt of {info.name}"
    place = row.empty()
    last = st.session_state.get(key)
    if row.button("Another idea", icon=":material/casino:", type="tertiary") or not last:
        others = [name for name in info.classes if name != last]
        st.session_state[key] = last = random.choice(others)  # noqa: S311
    place.markdown(f"Try: draw {'an' if last[0] in 'AEIOU' else 'a'} **{last}**")


def _examples(info: DatasetInfo) -> None:

    def load(strokes: examples.Example) -> None:
        # A new number makes a new canvas, also if the same example is chosen again.
        st.session_state[f"example of {info.name}"] = (_example(info)[0] + 1, strokes)

    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption("Or start from one of these", width="content")
    if _example(info)[1]:
        icon = ":material/delete:"
        row.button("Empty canvas", icon=icon, type="tertiary", on_click=load, args=((),))
    with st.grid(6, min_column_width=90):
        for name, strokes in examples.EXAMPLES[info.name].items():
            with st.container():
                picture = examples.picture(strokes, THUMBNAIL, 3)
                images.show(picture, THUMBNAIL, side=THUMBNAIL, alt=f"Drawing: {name}")
                st.button(name, key=f"example {name}", on_click=load, args=(strokes,))


def _example(info: DatasetInfo) -> tuple[int, examples.Example]:
    """How many examples of the dataset were loaded, and the strokes of the last one."""
    count, strokes = st.session_state.get(f"example of {info.name}", (0, ()))
    return count, strokes
