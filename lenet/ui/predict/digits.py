"""The digits that were read in a picture: a box around each, and which one is looked at."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

from lenet.drawing.centre import Prepared
from lenet.evaluation import classify, reading
from lenet.evaluation.reading import Read
from lenet.network.checkpoint import Checkpoint
from lenet.ui.widgets import is_phone

Lines = Sequence[Sequence[Read]]
_HERE = Path(__file__).parent
_show = st.components.v2.component(
    "lenet_digits",
    html='<div class="digits"></div>',
    css=(_HERE / "digits.css").read_text(encoding="utf-8"),
    js=(_HERE / "digits.js").read_text(encoding="utf-8"),
)


def read(checkpoint: Checkpoint, prepared: Prepared) -> Lines:
    """The digits of a picture; none if the network knows clothes."""
    return classify.read(checkpoint, prepared) if checkpoint.config.dataset == "MNIST" else []


def several(lines: Lines) -> bool:
    return sum(map(len, lines)) > 1


def heading(lines: Lines) -> None:
    """What the digits say together, and what there is to say about them."""
    everything = [one for line in lines for one in line]
    if several(lines):
        st.subheader(f"Read: {reading.number(lines)}", anchor=False)
        if not is_phone():
            st.caption("Tap a box in the picture for its digit's ten probabilities.")
    if any(one.may_touch for one in everything):
        st.caption("Digits may touch here; with a gap between them they can be read.")


def choose(picture: Image.Image, size: tuple[int, int], lines: Lines, key: str) -> Read:
    """Show a picture, scaled down to `size`, with its boxes; returns the digit tapped on.

    Before any tap that is the largest one.
    """
    everything, spot = [one for line in lines for one in line], f"chosen of {key}"
    at = st.session_state.get(spot, len(everything))
    chosen = everything[at] if at < len(everything) else reading.largest(lines)

    def look_at() -> None:
        if (picked := str(st.session_state[key].picked)).isdecimal():
            st.session_state[spot] = int(picked)

    width, height = picture.size
    boxes = []
    for one in everything:
        left, top, right, bottom = one.box
        place = left / width, top / height, (right - left) / width, (bottom - top) / height
        said = {"name": one.answer["name"], "unsure": one.answer["unsure"]}
        boxes.append({"place": place, "chosen": one is chosen, **said})
    alt = f"Picture in which {reading.number(lines)} was read"
    data = {"picture": _uri(picture, size), "alt": alt, "boxes": boxes}
    _show(key=key, data=data, on_picked_change=look_at)
    return chosen


def _uri(picture: Image.Image, size: tuple[int, int]) -> str:
    """A JPEG in an address for `<img src>`."""
    file = io.BytesIO()
    picture.convert("RGB").resize(size).save(file, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
