"""Numbers as true grays: 0 is mid-grey, above it lighter, below it darker."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.ui.images import img


def largest(values: NDArray[Any]) -> float:
    """The scale of values: the largest absolute one, 1 where all are 0."""
    return float(np.abs(values).max()) or 1.0


def span(scale: float) -> str:
    """What black and white stand for."""
    return f"\N{MINUS SIGN}{scale:.2f} (black) to {scale:.2f} (white)"


def shades(values: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Values from −scale to scale as 1 to 255 uint8, 0 as 128; of the same shape."""
    return np.rint(128 + 127 * np.clip(values / scale, -1, 1)).astype(np.uint8)


def images(values: NDArray[Any], scale: float, alts: Sequence[str] = ()) -> list[str]:
    """An `<img>` for each of (N, H, W) numbers, all in one scale."""
    alts = alts or [""] * len(values)
    return [img(plane, alt) for plane, alt in zip(shades(values, scale), alts, strict=True)]
