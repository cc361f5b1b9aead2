"""What drawings are made of: strokes, and the few shapes that all garments share."""

from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Stroke: TypeAlias = NDArray[np.float64]
"""`(P, 2)` points, x to the right and y down, in a unit of the drawing's own."""
Drawing: TypeAlias = list[Stroke]


def line(*points: tuple[float, float]) -> Stroke:
    return np.array(points, np.float64)


def mirrored(half: Stroke) -> Stroke:
    """The half's reflection at x = 0, run backwards so that it continues the half."""
    return half[::-1] * (-1.0, 1.0)


def arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> Stroke:
    """Part of an ellipse, angles in degrees, clockwise on the page from the right."""
    angles = np.radians(np.linspace(start, end, 17))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + centre


def often(rng: Generator, share: float) -> bool:
    """True with probability `share`."""
    return bool(rng.random() < share)
