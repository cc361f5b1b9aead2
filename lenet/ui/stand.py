"""Stand: a prompt, a canvas and an answer, for people who pass by; only the address leads away."""

import io
import random
from pathlib import Path

import numpy as np
import streamlit as st
import torch
from PIL import Image

from lenet.catalog import DATASETS, DatasetInfo
from lenet.evaluation import classify
from lenet.network.checkpoint import Checkpoint
from lenet.ui import answer, checkpoints, images, picture_input
from lenet.ui.app import fragment
from lenet.ui.picture_input import Drawn

ROOM = "max(15rem, 100dvh - 11rem)"
"""What the canvas may take of the screen, as a CSS length."""
TOP, LAST, THUMBNAIL = 3, 8, 112
"""Classes of an answer, drawings in the strip, and pixels of one."""
SURE = 0.5
"""Probability from which what was asked for is recognised."""
WORDS = {"T-shirt/top": "a T-shirt", "Trouser": "trousers"}
"""Of classes whose name is no word to draw after."""

_guard = st.components.v2.component(
    "lenet_stand", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def show() -> None:
    """The stand with the checkpoint in hand."""
    checkpoint = checkpoints.in_hand().checkpoint
    fragment(_stand)(checkpoint, DATASETS[checkpoint.config.dataset])


def _stand(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    state = st.session_state
    if state.get("asked for") not in info.classes:
        state["asked for"] = random.choice(info.classes)  # noqa: S311

    def another() -> None:
        others = [name for name in info.classes if name != state["asked for"]]
        state["asked for"] = random.choice(others)  # noqa: S311
        picture_input.clear()

    st.html(_STYLE)
    head = st.container(horizontal=True, vertical_alignment="center")
    verb = "Write" if info.name == "MNIST" else "Draw"
    head.title(f"{verb} {_thing(state['asked for'])}", anchor=False, width="content")
    head.button("Another idea", icon=":material/casino:", on_click=another)
    left, right = st.columns([3, 2], gap="large")
    hint = st.container(key="hint")  # not shown: the title says what to draw
    with left:
        drawn = picture_input.draw(info, hint, ROOM)
    with right:
        with st.container(key="said"):
            said = _answer(checkpoint, info, drawn) if drawn else ""
            if not drawn:
                st.markdown("What the network takes it for will stand here.")
        _strip(drawn, said)
    _guard(key="guard", data=bool(drawn), on_idle_change=picture_input.clear)


def _answer(checkpoint: Checkpoint, info: DatasetInfo, drawn: Drawn) -> str:
    """Say whether it is what was asked for, and what else; returns what it was taken for."""
    [found] = classify.answer(checkpoint, torch.from_numpy(drawn.picture.pixels())[None])
    ranked = sorted(zip(found["probabilities"], info.classes, strict=True), reverse=True)
    (share, name), unsure = ranked[0], found["unsure"]
    if name == st.session_state["asked for"] and share >= SURE and not unsure:
        st.title(":primary[Got it!]", anchor=False)
    answer.show(name, share, unsure=unsure, large=True)
    images.bars(*zip(*ranked[:TOP], strict=True))
    return f"{_thing(name)}?" if unsure else _thing(name)


def _thing(name: str) -> str:
    """A class's name with its article."""
    article = "an" if name[0] in "AEIOU8" else "a"
    return WORDS.get(name, f"{article} {name.lower()}")


def _strip(drawn: Drawn | None, said: str) -> None:
    """The last drawings of this tab, the newest first; one is added once the canvas is blank."""
    state, figure = st.session_state, ""
    seen: list[str] = state.setdefault("stand's strip", [])
    if drawn:
        pixels = Image.open(io.BytesIO(drawn.file)).convert("L").resize((THUMBNAIL, THUMBNAIL))
        image = images.img(np.asarray(pixels), said)
        figure = f"<figure>{image}<figcaption>{said}</figcaption></figure>"
    elif before := state.get("on the stand"):
        seen[:] = [before, *seen][:LAST]
    state["on the stand"] = figure
    st.html(f'<div class="lenet-strip">{"".join(seen)}</div>')


_STYLE = """<style>
.st-key-hint, .st-key-tools > :not(.st-key-undo-and-clear, :has(.st-key-undo-and-clear)) {
  display: none; }
.st-key-said { min-height: 12rem; }
.lenet-strip { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.5rem; }
.lenet-strip figure { margin: 0; text-align: center; font-size: 0.875rem; line-height: 1.2; }
.lenet-strip img { width: 100%; border-radius: 4px; display: block; }
</style>"""
