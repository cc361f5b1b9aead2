"""Drawings of ours, to try the canvas with a click: strokes, as a hand would make them."""

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.drawing.strokes import FINE, inked

Line: TypeAlias = tuple[tuple[float, float], ...]
"""Places (x, y) of the pen, from the left and from the top, 0 to 1 of the canvas."""

_SHIRT: Line = (
    *((0.36, 0.16), (0.30, 0.18), (0.14, 0.28), (0.07, 0.42), (0.19, 0.49), (0.27, 0.40)),
    *((0.28, 0.86), (0.72, 0.86), (0.73, 0.40), (0.81, 0.49), (0.93, 0.42), (0.86, 0.28)),
    *((0.70, 0.18), (0.64, 0.16), (0.57, 0.22), (0.50, 0.235), (0.43, 0.22), (0.36, 0.16)),
)
_TROUSERS: Line = (
    *((0.34, 0.08), (0.66, 0.08), (0.69, 0.30), (0.74, 0.93), (0.57, 0.93), (0.51, 0.42)),
    *((0.49, 0.42), (0.43, 0.93), (0.26, 0.93), (0.31, 0.30), (0.34, 0.08)),
)
_DRESS: Line = (
    *((0.40, 0.06), (0.41, 0.17), (0.37, 0.24), (0.41, 0.42), (0.26, 0.93), (0.50, 0.96)),
    *((0.74, 0.93), (0.59, 0.42), (0.63, 0.24), (0.59, 0.17), (0.60, 0.06)),
)
_SNEAKER: Line = (
    *((0.06, 0.38), (0.20, 0.36), (0.27, 0.43), (0.38, 0.42), (0.46, 0.36), (0.60, 0.49)),
    *((0.76, 0.55), (0.90, 0.58), (0.95, 0.66), (0.93, 0.72), (0.06, 0.72), (0.05, 0.54)),
    (0.06, 0.38),
)
_BOOT: Line = (
    *((0.12, 0.12), (0.44, 0.12), (0.46, 0.36), (0.52, 0.47), (0.70, 0.55), (0.88, 0.60)),
    *((0.93, 0.70), (0.93, 0.80), (0.40, 0.80), (0.34, 0.85), (0.12, 0.85), (0.13, 0.55)),
    (0.12, 0.12),
)
_BAG: Line = (*((0.14, 0.40), (0.86, 0.40), (0.91, 0.86), (0.09, 0.86), (0.14, 0.40)),)
_HANDLE: Line = (
    *((0.32, 0.40), (0.34, 0.24), (0.42, 0.15), (0.50, 0.13), (0.58, 0.15), (0.66, 0.24)),
    (0.68, 0.40),
)

Example: TypeAlias = tuple[Line, ...]

EXAMPLES: dict[str, dict[str, Example]] = {
    "FashionMNIST": {
        "T-shirt": (_SHIRT,),
        "Trousers": (_TROUSERS,),
        "Dress": (_DRESS, ((0.40, 0.06), (0.46, 0.15), (0.54, 0.15), (0.60, 0.06))),
        "Sneaker": (_SNEAKER, ((0.07, 0.64), (0.93, 0.64))),
        "Bag": (_BAG, _HANDLE),
        "Boot": (_BOOT, ((0.12, 0.77), (0.92, 0.74))),
    },
    "MNIST": {
        "2": (
            (
                *((0.30, 0.32), (0.36, 0.20), (0.50, 0.15), (0.64, 0.21), (0.67, 0.34)),
                *((0.58, 0.50), (0.40, 0.68), (0.28, 0.83), (0.74, 0.82)),
            ),
        ),
        "4": (
            ((0.38, 0.14), (0.26, 0.56), (0.74, 0.54)),
            ((0.62, 0.26), (0.58, 0.88)),
        ),
        "5": (
            ((0.68, 0.16), (0.38, 0.17)),
            (
                *((0.38, 0.17), (0.34, 0.45), (0.50, 0.40), (0.66, 0.48), (0.69, 0.66)),
                *((0.60, 0.81), (0.44, 0.85), (0.30, 0.78)),
            ),
        ),
        "7": (((0.26, 0.18), (0.72, 0.17), (0.60, 0.42), (0.46, 0.88)),),
    },
}


def on_canvas(strokes: Example, side: int, width: int) -> dict[str, object]:
    """The strokes as the canvas takes a drawing (`initial_drawing`), white and `width` thick."""
    paths = [
        [["M" if at == 0 else "L", x * side, y * side] for at, (x, y) in enumerate(stroke)]
        for stroke in strokes
    ]
    style = {
        "type": "Path",
        "fill": None,
        "stroke": "#ffffff",
        "strokeWidth": width,
        "strokeLineCap": "round",
        "strokeLineJoin": "round",
    }
    return {"objects": [{**style, "path": path} for path in paths]}


@cache
def picture(strokes: Example, side: int, width: int) -> NDArray[np.uint8]:
    """(side, side) uint8: the strokes white on black, as a screen would show them; read only."""
    placed = (np.array(stroke) * (side * FINE) for stroke in strokes)
    return np.asarray(inked(placed, side, width, round_corners=True))
