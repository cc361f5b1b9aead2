"""A photograph, and the steps from it to what the network sees."""

import streamlit as st
from PIL import Image, ImageOps

from lenet.catalog import DatasetInfo
from lenet.drawing import centre
from lenet.network.checkpoint import Checkpoint
from lenet.ui import hand
from lenet.ui.escape import plain
from lenet.ui.picture_input import photograph, take_photograph
from lenet.ui.predict.prediction import show_prediction
from lenet.ui.widgets import segments

WIDTH = 280
POLARITIES: dict[centre.Polarity, str] = {
    "auto": "Detect",
    "dark_on_light": "Dark on light",
    "light_on_dark": "Light on dark",
}


def upload(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """Ask for a picture; show prediction and steps. Raises `ImageError` if it cannot be used."""
    found = photograph(info)
    if found is None:
        if hand.picture_in_hand().source == "photo":
            show_prediction(checkpoint, info)
        return
    photo, name, rule = found
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.image(_shown(photo), caption=plain(name), width=WIDTH, output_format="PNG")
        polarity = segments(
            "The thing is",
            list(POLARITIES),
            "polarity",
            format_func=POLARITIES.__getitem__,
            persist_state=None,
        )
        prepared = centre.from_photo(photo, rule, polarity, name=name)
        take_photograph(prepared, rule)
        hand.show_picture()
        if polarity == "auto":
            detected = POLARITIES["dark_on_light" if prepared.inverted else "light_on_dark"]
            st.caption(f"Detected: {detected.lower()}")
    with right:
        show_prediction(checkpoint, info)
    st.caption("From the photograph to what the network sees")
    with st.grid(len(prepared.steps), min_column_width=150):
        for title, array in prepared.steps:
            st.image(_square(array), caption=title, width="stretch", output_format="PNG")


def _square(array: centre.Gray) -> Image.Image:
    """A step, padded to a square with the gray of its corner: all steps are equally tall."""
    small = max(array.shape) <= WIDTH
    method = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return ImageOps.pad(Image.fromarray(array), (WIDTH, WIDTH), method, color=int(array[0, 0]))


def _shown(photo: Image.Image) -> Image.Image:
    """A photograph at twice its size on the page; a very tall one gets transparent sides."""
    width = 2 * WIDTH
    height = min(2 * width, max(1, round(width * photo.height / photo.width)))
    return ImageOps.pad(photo.convert("RGBA"), (width, height), color=(0, 0, 0, 0))
