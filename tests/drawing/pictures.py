"""Pictures of a boot and of shirts, and how much two pictures differ."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from lenet.drawing.examples import EXAMPLES
from lenet.drawing.foreground import Mask

Bytes = NDArray[np.uint8]
BOOT = ((0.2, 0.1), (0.5, 0.1), (0.5, 0.6), (0.9, 0.6), (0.9, 0.9), (0.2, 0.9))
SHIRT = EXAMPLES["FashionMNIST"]["T-shirt"][0]
GROUND, CLOTH, OTHER = (150, 110, 70), (60, 110, 190), (60, 150, 80)
"""Wood, jeans and something green: their gray levels are much alike."""


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


def film(image: Image.Image) -> bytes:
    """A film of one frame in gray, as Chromium takes it for a camera (YUV4MPEG2)."""
    width, height = image.size
    colourless = bytes([128]) * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip C420jpeg\nFRAME\n".encode()
    return head + image.convert("L").tobytes() + colourless


def difference(one: Bytes | Image.Image, other: Bytes | Image.Image) -> float:
    """The mean absolute difference of two pictures in grayscale."""
    pixels = [each.convert("L") if isinstance(each, Image.Image) else each for each in (one, other)]
    return float(np.abs(np.asarray(pixels[0], np.float64) - np.asarray(pixels[1])).mean())


def scene(*things: tuple[int, int, int, tuple[int, int, int]]) -> tuple[Image.Image, list[Mask]]:
    """Shirts (left, top, size, colour) on boards, 400 pixels wide and high, and where they are."""
    rng = np.random.default_rng(0)
    boards = rng.normal(0, 25, (20, 1, 1)).repeat(20, axis=0)
    colours = Image.new("RGB", (400, 400), GROUND)
    masks = []
    for left, top, size, colour in things:
        place = [(left + size * x, top + size * y) for x, y in SHIRT]
        ImageDraw.Draw(colours).polygon(place, fill=colour)
        mask = Image.new("1", colours.size)
        ImageDraw.Draw(mask).polygon(place, fill=1)
        masks.append(np.asarray(mask))
    ground = ~np.any([np.zeros((400, 400), bool), *masks], axis=0)
    pixels = np.asarray(colours) + boards * ground[..., np.newaxis]
    pixels = pixels + rng.normal(0, 6, pixels.shape)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(1)), masks
