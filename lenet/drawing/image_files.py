"""Picture files that people bring: from bytes that may be anything to 8-bit pixels."""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

# WebPImagePlugin registers WebP; without it Pillow would import all its plugins to find it.
from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401

from lenet.drawing.foreground import Box
from lenet.errors import ImageError

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "HEIF")
MAX_BYTES: Final = 10 * 1024**2
MAX_PIXELS: Final = 50_000_000
START_OF_SCAN: Final = b"\xff\xda"
"""A marker that occurs nowhere in the compressed data of a JPEG (ITU-T T.81, B.1.1.2)."""
MAX_SCANS: Final = 100
"""In a progressive JPEG: about ten are usual, a thousand take minutes."""
MIN_SIDE: Final = 8  # pixels of the shorter side
WORKING_SIDE: Final = 1024  # pixels of the longer side, to which larger pictures are reduced


def read_image(data: bytes, name: str) -> Image.Image:
    """Decode a picture: the first frame, upright, 8 bits a channel, up to 1024 pixels long.

    Args:
        data: a PNG, JPEG, WebP, BMP, GIF or HEIC file.
        name: what an error calls it.

    Returns:
        A picture of mode "L", "RGB" or "RGBA"; `info["reduction"]` is how many
        times longer and wider the file's picture is.

    Raises:
        ImageError: it is of another format, damaged, larger than 10 MB or 50 megapixels, made to
            be slow, or there is nothing to see in it.
    """
    if not data:
        raise ImageError(f"{name} is empty: choose another picture")
    if len(data) > MAX_BYTES:
        raise ImageError(
            f"{name} is larger than the {MAX_BYTES // 1024**2} MB allowed: save it smaller"
        )
    if data[4:8] == b"ftyp":
        import pillow_heif  # here, since few pictures need it

        pillow_heif.register_heif_opener()
    with _pillow_errors(data, name):
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)  # only its header
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
    if min(image.size) < MIN_SIDE:
        raise ImageError(
            f"{name} has only {image.width}×{image.height} pixels, too few to see anything: "
            "choose a larger picture"
        )
    longest = max(image.size)
    if image.format == "JPEG" and data.count(START_OF_SCAN) > MAX_SCANS:
        raise ImageError(f"{name} would take too long to decode: save it again as a plain JPEG")
    with _pillow_errors(data, name):
        image.draft(None, (WORKING_SIDE, WORKING_SIDE))  # JPEG can decode at a lower resolution
        image.load()
        image = to_8_bit(image)
        image.thumbnail((WORKING_SIDE, WORKING_SIDE))
    with quiet(), contextlib.suppress(Exception):  # damaged EXIF counts as none
        ImageOps.exif_transpose(image, in_place=True)
    image.info["reduction"] = longest / max(image.size)
    if image.convert("RGBa" if image.mode == "RGBA" else image.mode).getcolors(1):
        raise ImageError(
            f"{name} is all one colour, there is nothing to see in it: choose another picture"
        )
    return image


def read_image_file(path: Path) -> Image.Image:
    """`read_image` of a file; `ImageError` also if it is not there or cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # no more than it takes to see that it is too large
    except FileNotFoundError:
        raise ImageError(f"{path} does not exist: check the name of the picture") from None
    except IsADirectoryError:
        raise ImageError(f"{path} is a folder: give the pictures in it") from None
    except OSError as error:
        raise ImageError(
            f"{path} cannot be read ({error.strerror}): check its access rights or choose another"
        ) from error
    return read_image(data, str(path))


def in_shares(box: Box, image: Image.Image, name: str) -> Box:
    """A box in pixels of a picture's file, in shares of the width and height of `image`.

    Raises:
        ImageError: nothing of the picture is in the box.
    """
    width, height = (side * image.info["reduction"] for side in image.size)
    left, top, right, bottom = box
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        raise ImageError(
            f"the box is outside {name}, which has {width:.0f}×{height:.0f} pixels: "
            "give a box inside the picture"
        )
    return left / width, top / height, right / width, bottom / height


def enlarge(pixels: NDArray[np.uint8], factor: int) -> Image.Image:
    """(H, W) uint8 as a grayscale picture, each pixel a square of `factor` by `factor`."""
    return Image.fromarray(pixels.repeat(factor, 0).repeat(factor, 1))


def to_8_bit(image: Image.Image) -> Image.Image:
    """Convert to "L", "RGB" or "RGBA", with palettes and transparent colours resolved."""
    # "I;16" and its byte orders, or "I" with 32 bits: Pillow would cut them off at 255.
    if image.mode.startswith("I"):
        values = np.asarray(image).clip(0)
        unused = max(0, int(values.max()).bit_length() - 8)  # some hold 8, 10 or 12 bits in 16
        scaled = Image.fromarray((values >> unused).astype(np.uint8))
        scaled.info = {key: image.info[key] for key in image.info if key != "transparency"}
        return scaled
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


@contextlib.contextmanager
def _pillow_errors(data: bytes, name: str) -> Iterator[None]:
    """Turn every error of Pillow's into an `ImageError`."""
    try:
        with quiet():
            yield
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name} has more than the {MAX_PIXELS // 10**6} megapixels allowed: save it smaller"
        ) from error
    except Exception as error:  # damaged data makes decoders raise errors of any kind
        recognisers = (Image.OPEN[known][1] for known in FORMATS if known in Image.OPEN)
        if any(begins_so(data[:16]) for begins_so in recognisers if begins_so):
            raise ImageError(
                f"{name} is damaged or incomplete: save or copy it again, or choose another picture"
            ) from error
        raise ImageError(
            f"{name} is not a PNG, JPEG, WebP, BMP, GIF or HEIC picture: "
            "save it as one of these first"
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings, which are about files that are refused anyway."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")  # of no other module: threads share this
        yield
