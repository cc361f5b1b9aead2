"""A canvas to draw on, and the prediction after each stroke."""

import random
from typing import Any

import streamlit as st
from PIL import Image

from lenet.catalog import DatasetInfo
from lenet.drawing import centre, examples
from lenet.network.checkpoint import Checkpoint
from lenet.ui import hand, images, picture_input
from lenet.ui.app import explained
from lenet.ui.predict import digits
from lenet.ui.predict.prediction import show_prediction
from lenet.ui.present import ROOM, presenting
from lenet.ui.widgets import download, halves, is_phone

THUMBNAIL = 64
ANSWER = 112  # pixels for the answer on a phone
WIDTH = 280  # screen pixels of a drawing of several digits


def draw(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    place, beside = halves()
    below, drawn = st.container() if is_phone() else beside, None
    with beside:
        _prompt(info)
    # On a phone the answer stands above the canvas, which must not move under the finger.
    with beside.container(height=ANSWER if is_phone() else "content", border=False), explained():
        said = st.container()
        with place:
            drawn = picture_input.draw(info, said, ROOM if presenting() else "")
        hand.mind_unseen(checkpoint.config, "drawings")
        if hand.picture_in_hand().source == "drawing":
            if drawn:
                _several(checkpoint, info, drawn, below)
            show_prediction(checkpoint, info, below=below)
    hand.show_picture()
    if presenting():
        return
    with below:
        if drawn:
            download("Save as PNG", drawn.file, "drawing.png")
        # Drawn again after each stroke, the examples were a third of an answer's messages.
        label = "Start from an example"
        box = st.expander(label, expanded=not drawn, type="compact", on_change="rerun")
        if box.open:
            with box:
                _examples(info)


def _several(
    checkpoint: Checkpoint, info: DatasetInfo, drawn: picture_input.Drawn, below: Any
) -> None:
    """Where several digits are drawn, what they say together, and which one is in hand."""
    found = picture_input.prepared(drawn.file, info.name)
    lines = digits.read(checkpoint, found) if found else []
    if not digits.several(lines):
        return
    digits.heading(lines)
    with below:
        canvas = Image.fromarray(centre.read_canvas(drawn.file))
        one = digits.choose(canvas, (WIDTH, WIDTH), lines, "digits drawn")
    picture_input.take_part(drawn, info, one.array)


def _prompt(info: DatasetInfo) -> None:
    state, key = st.session_state, f"prompt of {info.name}"

    def another() -> None:
        state[key] = random.choice([name for name in info.classes if name != state.get(key)])  # noqa: S311
        picture_input.clear()

    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    if key not in state:
        state[key] = random.choice(info.classes)  # noqa: S311
    row.markdown(f"Try: draw {'an' if state[key][0] in 'AEIOU' else 'a'} **{state[key]}**")
    row.button(
        "Another idea",
        icon=":material/casino:",
        type="tertiary",
        on_click=another,
        help="Clears the canvas, too.",
    )


def _examples(info: DatasetInfo) -> None:
    with st.grid(6, min_column_width=70):
        for name, lines in examples.EXAMPLES[info.name].items():
            with st.container(gap="xsmall"):
                pixels = examples.picture(lines, THUMBNAIL, 3)
                images.show(pixels, THUMBNAIL, side=THUMBNAIL, alt=f"Drawing: {name}")
                load = picture_input.load_example
                st.button(
                    name, key=f"example {name}", on_click=load, args=(lines, info), type="tertiary"
                )
