"""What drawings are made of: strokes, and the few shapes that all garments share."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Stroke: TypeAlias = NDArray[np.float64]
"""`(P, 2)` points, x to the right and y down, in a unit of the drawing's own."""
Drawing: TypeAlias = list[Stroke]

FINE = 4  # strokes are drawn this many times larger and scaled down, for soft edges


def line(*points: tuple[float, float]) -> Stroke:
    return np.array(points, np.float64)


def closed(stroke: Stroke) -> Stroke:
    """The stroke, led back to its first point."""
    return np.concatenate([stroke, stroke[:1]])


def mirrored(half: Stroke) -> Stroke:
    """The half's reflection at x = 0, run backwards so that it continues the half."""
    return half[::-1] * (-1.0, 1.0)


def symmetric(half: Stroke) -> Stroke:
    """The half and its reflection in one stroke."""
    return np.concatenate([half, mirrored(half)])


def both_sides(stroke: Stroke) -> Drawing:
    """The stroke and its reflection, each by itself."""
    return [stroke, mirrored(stroke)]


def arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> Stroke:
    """Part of an ellipse, angles in degrees, clockwise on the page from the right."""
    angles = np.radians(np.linspace(start, end, 17))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + centre


def circle(centre: tuple[float, float], radius: float) -> Stroke:
    return arc(centre, (radius, radius), 0, 360)


def often(rng: Generator, share: float) -> bool:
    """True with probability `share`."""
    return bool(rng.random() < share)


def inked(
    strokes: Iterable[Stroke], side: int, width: float, *, round_corners: bool
) -> Image.Image:
    """Draw strokes with a round pen, white on black, `side` pixels wide and high.

    Args:
        strokes: in pixels times `FINE`.
        width: of the pen, in pixels.
        round_corners: at every point, not at the ends only; for strokes of few points.
    """
    image = Image.new("L", (side * FINE, side * FINE))
    pen = ImageDraw.Draw(image)
    radius = width * FINE / 2
    for stroke in strokes:
        path = [(float(x), float(y)) for x, y in stroke]
        pen.line(path, fill=255, width=round(2 * radius), joint="curve" if round_corners else None)
        for x, y in path if round_corners else (path[0], path[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return image.resize((side, side), Image.Resampling.LANCZOS)
