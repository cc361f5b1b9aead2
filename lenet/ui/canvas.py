"""A canvas to draw on, and what the browser says is drawn on it."""

from typing import Any

from streamlit_drawable_canvas import st_canvas

from lenet.drawing import centre
from lenet.drawing.centre import Gray
from lenet.errors import ImageError

SIDE = 280
"""Pixels of the canvas."""
BRUSH = 14


def canvas(key: str, **options: Any) -> Gray | None:
    """Show the canvas; its pixels, None before the first stroke.

    Args:
        key: of the canvas, once on a page.
        options: further ones of `st_canvas`; without them a white pen on black.

    Returns:
        (H, W, 4) or (H, W, 3) uint8.

    Raises:
        ImageError: what came from the browser is no drawing.
    """
    usual = {"stroke_width": BRUSH, "stroke_color": "#ffffff", "background_color": "#000000"}
    try:
        shown = st_canvas(
            **{**usual, **options}, width=SIDE, height=SIDE, return_image_data=True, key=key
        )
        file = shown.image_bytes
    except (AttributeError, KeyError, TypeError, ValueError):  # it takes any answer for its own
        raise ImageError("the drawing did not arrive; reload the page and draw it again") from None
    return None if file is None else centre.read_canvas(file)
