"""Which pixels of a photograph show the thing: GrabCut (Rother et al. 2004), by OpenCV.

OpenCV is imported only when a picture needs it.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
"""(H, W): whether a pixel shows the thing."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Point: TypeAlias = tuple[float, float]
"""x and y."""

SIDE: Final = 192
"""Longer side in pixels to which a photograph is reduced before it is cut out."""
BORDER: Final = 0.04
"""Share of the width and height, at each side, that is background where no box is given."""
ROUNDS: Final = 3
TAP: Final = 0.04
"""Radius around a point that a person gives, in shares of the longer side."""
APART: Final = 0.03
"""Parts nearer to each other than this share of the longer side are one thing."""
NOTABLE: Final = 0.1
"""Share of the largest thing's size from which another thing is mentioned."""


@dataclass(frozen=True)
class Hints:
    """What a person says about a photograph, in shares of its width and height, 0 to 1.

    Attributes:
        box: around the thing.
        belongs: points of the thing.
        other: points that are not of the thing.
        digits: boxes around a digit each; without `box`, the others are read, too.
    """

    box: Box | None = None
    belongs: tuple[Point, ...] = ()
    other: tuple[Point, ...] = ()
    digits: tuple[Box, ...] = ()

    @property
    def pointed(self) -> bool:
        return bool(self.belongs or self.other)


NO_HINTS: Final = Hints()


def cut_out(pixels: NDArray[np.uint8], hints: Hints) -> Mask:
    """What of (H, W, 3) uint8 differs in colour from its border, or from all outside the box."""
    import cv2

    cv2.setRNGSeed(0)  # the same photograph gets the same mask
    height, width = pixels.shape[:2]
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    labels[within(hints.box or (BORDER, BORDER, 1 - BORDER, 1 - BORDER), labels)] = cv2.GC_PR_FGD
    radius = round(TAP * max(width, height))
    for points, label in ((hints.belongs, cv2.GC_FGD), (hints.other, cv2.GC_BGD)):
        for x, y in points:
            cv2.circle(labels, (int(x * width), int(y * height)), radius, label, cv2.FILLED)
    unused = (0, 0, 0, 0)  # the rectangle, since the labels say it all
    models = np.zeros((1, 65)), np.zeros((1, 65))
    with suppress(cv2.error):  # too few pixels on one side: they stay as they are
        cv2.grabCut(pixels, labels, unused, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return (labels & 1).astype(bool)


def within(box: Box, pixels: NDArray[np.generic]) -> tuple[slice, slice]:
    """The rows and columns of (H, W, …) in a box, at least one of each."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = np.clip(box, 0, 1) * (width, height, width, height)
    top, left = min(int(top), height - 1), min(int(left), width - 1)
    return slice(top, max(round(bottom), top + 1)), slice(left, max(round(right), left + 1))


def other_things(mask: Mask, belongs: tuple[Point, ...] = ()) -> tuple[Mask, int]:
    """Pixels of and around all but the largest thing, and how many of those things are notable.

    A thing is whatever lies in the rectangle around its largest part, or at a point that belongs.
    """
    import cv2

    reach = round(APART * max(mask.shape)) | 1
    near = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8))
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(near)
    sizes = np.bincount(parts[mask], minlength=len(boxes))
    start, end = boxes[:, :2], boxes[:, :2] + boxes[:, 2:4]
    largest = int(sizes.argmax())
    kept = ((start < end[largest]) & (end > start[largest])).all(axis=1)
    height, width = mask.shape
    for x, y in belongs:
        kept[parts[min(int(y * height), height - 1), min(int(x * width), width - 1)]] = True
    kept[0] = True
    return ~kept[parts], int((sizes[~kept] >= NOTABLE * sizes[largest]).sum())
