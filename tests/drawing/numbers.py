"""Digits on a canvas, and on paper."""

import cv2
import numpy as np
from PIL import Image

from tests.drawing.pictures import Bytes

STROKES = {
    1: ([(20, 0), (20, 100)],),
    2: ([(4, 24), (20, 4), (42, 4), (52, 24), (40, 50), (2, 96), (60, 96)],),
    4: ([(22, 0), (2, 58), (62, 54)], [(48, 24), (44, 100)]),
    5: ([(10, 6), (6, 46), (34, 40), (54, 60), (44, 92), (2, 90)], [(12, 0), (56, 0)]),
    7: ([(0, 4), (58, 2), (30, 98)],),
}
"""In percent of their height, from the left and the top."""


def canvas(*digits: tuple[int, float, float, float], side: int = 280) -> Bytes:
    """Digits, each with its left, its top and its height, white on black."""
    image = np.zeros((side, side), np.uint8)
    for digit, left, top, height in digits:
        for stroke in STROKES[digit]:
            points = np.array(stroke) * (height / 100) + (left, top)
            cv2.polylines(image, [points.astype(np.int32)], False, 255, 9, cv2.LINE_AA)
    return image


def on_paper(*digits: tuple[int, float, float, float], side: int = 280) -> Image.Image:
    """The same in grey on light paper."""
    return Image.fromarray((225 - 0.6 * canvas(*digits, side=side)).astype(np.uint8))
