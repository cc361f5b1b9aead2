"""A photograph, and the steps from it to what the network sees."""

import streamlit as st
from PIL import Image, ImageOps

from lenet.catalog import DatasetInfo
from lenet.drawing import centre, image_files
from lenet.network.checkpoint import Checkpoint
from lenet.ui.app import explained
from lenet.ui.escape import plain
from lenet.ui.prediction import answer_to
from lenet.ui.style import PICTURE_TYPES

WIDTH = 280
TALLEST = 2
"""Times its width that a picture may be tall on the page."""
POLARITIES: dict[centre.Polarity, str] = {
    "auto": "Detect",
    "dark_on_light": "Dark on light",
    "light_on_dark": "Light on dark",
}


def upload(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """Ask for a picture, and show what the network says to it and how it got to see it."""
    file = st.file_uploader(
        "A photograph of one thing on a plain background", type=list(PICTURE_TYPES), key="photo"
    )
    if file is None:
        return
    with explained():
        photo = image_files.read_image(file.getvalue(), file.name)
        left, right = st.columns([2, 3], gap="large")
        with left:
            st.image(_shown(photo), caption=plain(file.name), width=WIDTH, output_format="PNG")
            polarity = st.segmented_control(
                "The thing is",
                list(POLARITIES),
                default="auto",
                required=True,
                format_func=POLARITIES.__getitem__,
                key="polarity",
            )
            prepared = centre.from_photo(photo, info, polarity, name=file.name)
            if polarity == "auto":
                found = POLARITIES["dark_on_light" if prepared.inverted else "light_on_dark"]
                st.caption(f"Detected: {found.lower()}")
        with right:
            answer_to(checkpoint, prepared, info)
        _steps(prepared)


def _steps(prepared: centre.Prepared) -> None:
    st.caption("From the photograph to what the network sees")
    with st.grid(len(prepared.steps), min_column_width=150):
        for title, array in prepared.steps:
            st.image(_square(array), caption=title, width="stretch", output_format="PNG")


def _square(array: centre.Gray) -> Image.Image:
    """A step in a square of its corner's gray, so that a tall one is no taller than the others."""
    small = max(array.shape) <= WIDTH
    method = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return ImageOps.pad(Image.fromarray(array), (WIDTH, WIDTH), method, color=int(array[0, 0]))


def _shown(photo: Image.Image) -> Image.Image:
    """A photograph at twice its size on the page, of a very tall one the sides left clear."""
    width = 2 * WIDTH
    height = min(TALLEST * width, max(1, round(width * photo.height / photo.width)))
    return ImageOps.pad(photo.convert("RGBA"), (width, height), color=(0, 0, 0, 0))
