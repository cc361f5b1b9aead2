"""A drawing or a photograph from a visitor, as Predict and Inside ask for it."""

from typing import Any

import streamlit as st
from PIL import Image
from streamlit_drawable_canvas import st_canvas

from lenet.catalog import DatasetInfo
from lenet.drawing import centre, image_files
from lenet.drawing.centre import Gray, Prepared
from lenet.errors import ImageError

SIDE = 280  # pixels of the canvas
BRUSH = 14


def canvas(
    key: str, brush: int = BRUSH, color: str = "#ffffff", drawing: dict[str, Any] | None = None
) -> Gray | None:
    """Show a black canvas, at first with a drawing of Fabric.js on it.

    Returns (H, W, 3 or 4) uint8, None before the first stroke; `ImageError` if it is no drawing.
    """
    try:
        file = st_canvas(
            stroke_width=brush,
            stroke_color=color,
            background_color="#000000",
            initial_drawing=drawing,
            width=SIDE,
            height=SIDE,
            return_image_data=True,
            key=key,
        ).image_bytes
    except (AttributeError, KeyError, TypeError, ValueError):  # st_canvas does not check it
        raise ImageError("the drawing did not arrive; reload the page and draw it again") from None
    return None if file is None else centre.read_canvas(file)


def prepared(pixels: Gray | None, info: DatasetInfo, place: Any = st) -> Prepared | None:
    """A drawing made ready for the network; for an empty canvas None, and a hint on the page."""
    drawn = None if pixels is None else centre.from_canvas(pixels, info, "light_on_dark")
    if drawn is None:
        thing = "a digit" if info.name == "MNIST" else "a piece of clothing, large"
        place.info(f"Draw {thing}.", icon=":material/draw:")
    return drawn


def photograph(key: str, place: Any = st) -> tuple[Image.Image, str] | None:
    """Ask for a picture file; it and the file's name, None before; `ImageError` if unusable."""
    label = "A photograph of one thing on a plain background"
    file = place.file_uploader(label, key=key)
    return (image_files.read_image(file.getvalue(), file.name), file.name) if file else None
