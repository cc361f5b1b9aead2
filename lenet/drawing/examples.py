"""Drawings of ours, to try the canvas with a click: strokes, as a hand would make them."""

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.drawing.strokes import FINE, inked

Line: TypeAlias = tuple[tuple[float, float], ...]
"""Places (x, y) of the pen, from the left and from the top, 0 to 1 of the canvas."""

Example: TypeAlias = tuple[Line, ...]


def _strokes(*strokes: str) -> Example:
    """Read strokes of points "x,y x,y …", as SVG writes them, in percent of the canvas."""
    pairs = [[point.split(",") for point in stroke.split()] for stroke in strokes]
    return tuple(tuple((float(x) / 100, float(y) / 100) for x, y in stroke) for stroke in pairs)


EXAMPLES: dict[str, dict[str, Example]] = {
    "FashionMNIST": {
        "T-shirt": _strokes(
            "36,16 30,18 14,28 7,42 19,49 27,40 28,86 72,86 73,40 81,49 93,42 86,28 70,18 64,16 "
            "57,22 50,23.5 43,22 36,16"
        ),
        "Trousers": _strokes("34,8 66,8 69,30 74,93 57,93 51,42 49,42 43,93 26,93 31,30 34,8"),
        "Dress": _strokes(
            "40,6 41,17 37,24 41,42 26,93 50,96 74,93 59,42 63,24 59,17 60,6",
            "40,6 46,15 54,15 60,6",
        ),
        "Sneaker": _strokes(
            "6,38 20,36 27,43 38,42 46,36 60,49 76,55 90,58 95,66 93,72 6,72 5,54 6,38",
            "7,64 93,64",
        ),
        "Bag": _strokes(
            "14,40 86,40 91,86 9,86 14,40", "32,40 34,24 42,15 50,13 58,15 66,24 68,40"
        ),
        "Boot": _strokes(
            "12,12 44,12 46,36 52,47 70,55 88,60 93,70 93,80 40,80 34,85 12,85 13,55 12,12",
            "12,77 92,74",
        ),
    },
    "MNIST": {
        "2": _strokes("30,32 36,20 50,15 64,21 67,34 58,50 40,68 28,83 74,82"),
        "4": _strokes("38,14 26,56 74,54", "62,26 58,88"),
        "5": _strokes("68,16 38,17", "38,17 34,45 50,40 66,48 69,66 60,81 44,85 30,78"),
        "7": _strokes("26,18 72,17 60,42 46,88"),
    },
}

_CLOTHES = EXAMPLES["FashionMNIST"]
OF_CLASSES: dict[str, tuple[Example, ...]] = {
    "FashionMNIST": (
        _CLOTHES["T-shirt"],
        _CLOTHES["Trousers"],
        _strokes(
            "36,14 28,16 14,27 5,74 18,78 28,46 27,90 73,90 72,46 82,78 95,74 86,27 72,16 64,14 "
            "57,19 50,21 43,19 36,14",
            "27,82 73,82",
        ),
        _CLOTHES["Dress"],
        _strokes(
            "39,8 28,12 16,24 8,74 20,78 28,46 24,94 76,94 72,46 80,78 92,74 84,24 72,12 61,8",
            "39,8 50,36 61,8 39,8",
            "50,36 50,94",
        ),
        _strokes(
            "5,62 28,66 58,76 95,78 95,85 55,85 26,76 5,73 5,62",
            "14,63 26,40 46,72",
            "60,76 74,55 88,77",
        ),
        _strokes(
            "38,12 28,15 14,27 6,72 18,76 28,46 27,90 73,90 72,46 82,76 94,72 86,27 72,15 62,12",
            "38,12 43,22 50,14 57,22 62,12",
            "50,14 50,90",
        ),
        _CLOTHES["Sneaker"],
        _CLOTHES["Bag"],
        _CLOTHES["Boot"],
    )
}
"""One of each class, in their order, to be looked at."""


def on_canvas(strokes: Example, side: int, width: int) -> dict[str, object]:
    """The strokes as the canvas takes a drawing (`initial_drawing`), white and `width` thick."""
    pen = {"type": "Path", "fill": None, "stroke": "#ffffff", "strokeWidth": width}
    pen |= {"strokeLineCap": "round", "strokeLineJoin": "round"}
    paths = [
        [["M" if at == 0 else "L", x * side, y * side] for at, (x, y) in enumerate(stroke)]
        for stroke in strokes
    ]
    return {"objects": [{**pen, "path": path} for path in paths]}


@cache
def picture(strokes: Example, side: int, width: int) -> NDArray[np.uint8]:
    """(side, side) uint8: the strokes white on black, as a screen would show them; read only."""
    placed = (np.array(stroke) * (side * FINE) for stroke in strokes)
    return np.asarray(inked(placed, side, width, round_corners=True))
