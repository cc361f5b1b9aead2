"""Pictures of a boot, and how much two pictures differ."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Bytes = NDArray[np.uint8]
BOOT = ((0.2, 0.1), (0.5, 0.1), (0.5, 0.6), (0.9, 0.6), (0.9, 0.9), (0.2, 0.9))


def photo(
    thing: int = 40, background: int = 255, size: tuple[int, int] = (320, 240)
) -> Image.Image:
    """A boot in front of something even, in grayscale; it looks different after each turn."""
    image = Image.new("L", size, background)
    points = [(x * size[0], y * size[1]) for x, y in BOOT]
    ImageDraw.Draw(image).polygon(points, fill=thing)
    return image


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of this kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def difference(one: Bytes | Image.Image, other: Bytes | Image.Image) -> float:
    """The mean absolute difference of two pictures in grayscale."""
    pixels = [each.convert("L") if isinstance(each, Image.Image) else each for each in (one, other)]
    return float(np.abs(np.asarray(pixels[0], np.float64) - np.asarray(pixels[1])).mean())
