"""Where in a photograph the thing is, shown by a person with taps or a box."""

from typing import Any

from PIL import Image
from streamlit_drawable_canvas import st_canvas

from lenet.drawing.foreground import Box, Hints, Point
from lenet.errors import ImageError
from lenet.ui.style import COLORS
from lenet.ui.widgets import segments

TOOLS = {"Belongs": COLORS[0], "Does not": COLORS[1], "Box": COLORS[2]}
"""What a person can do, and the colour in which it is drawn."""
RADIUS = 7  # of a point on the screen, in pixels
LINE = 2


def ask(photo: Image.Image, size: tuple[int, int], key: str, *, box_only: bool) -> Hints:
    """The photograph, `size` pixels large, to tap on or to draw a box on; of digits, boxes only.

    Raises:
        ImageError: what was drawn did not arrive.
    """
    tools = list(TOOLS)[-1:] if box_only else list(TOOLS)
    tool = segments("Show what", tools, "correction", label_visibility="collapsed")
    try:
        drawn = st_canvas(
            background_image=photo.convert("RGB").resize(size),
            drawing_mode="rect" if tool == "Box" else "point",
            point_display_radius=RADIUS,
            stroke_width=LINE,
            stroke_color=TOOLS[tool],
            fill_color="rgba(255, 255, 255, 0)" if tool == "Box" else TOOLS[tool],
            width=size[0],
            height=size[1],
            key=key,
        ).json_data
        hints, boxes = _hints(drawn["objects"] if drawn else [], *size)
        return Hints(digits=boxes) if box_only else hints
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise ImageError("the correction did not arrive; reload the page and try again") from None


def _hints(objects: list[dict[str, Any]], width: int, height: int) -> tuple[Hints, tuple[Box, ...]]:
    """From Fabric.js's objects: a circle's left is its edge, its top the centre. And all boxes."""
    points: dict[str, list[Point]] = {color: [] for color in TOOLS.values()}
    boxes: list[Box] = []
    for one in objects:
        left, top = one["left"] / width, one["top"] / height
        if one["type"] == "Rect":
            right, bottom = left + one["width"] / width, top + one["height"] / height
            boxes.append((left, top, right, bottom))
        else:
            points[one["stroke"]].append((left + (RADIUS + LINE / 2) / width, top))
    belongs, other = (tuple(points[TOOLS[tool]]) for tool in ("Belongs", "Does not"))
    return Hints(boxes[-1] if boxes else None, belongs, other), tuple(boxes)
