"""From a canvas or a photo to the 28×28 picture that the network gets.

Light on black, cropped to its content, scaled and placed as in the dataset:

- Fashion-MNIST (Xiao et al. 2017, section 2): edges within 5 % of the background are trimmed,
  the longest side becomes 28, the shorter is filled up evenly.
- MNIST (LeCun, https://yann.lecun.com/exdb/mnist/): the longest side becomes 20, the centre of
  mass goes to the centre of the 28×28.
"""

import io
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lenet.catalog import SIDE, DatasetInfo, DatasetName, dataset_info
from lenet.drawing.image_files import quiet, to_8_bit
from lenet.errors import ImageError

Gray: TypeAlias = NDArray[np.uint8]
Polarity = Literal["auto", "dark_on_light", "light_on_dark"]

NOTHING: Final = 13  # differences from the background up to 5 % of 255 count as background
MAX_CANVAS: Final = 2000  # pixels of a side, however fine the screen is
MNIST_BOX: Final = 20
MNIST_CENTRE: Final = 14  # of mass, row and column: the mean of MNIST's training images is 14.00


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture made ready for the network.

    Attributes:
        array: (28, 28) uint8, 0 for background: the very array that the network gets.
        steps: the way there, titles with (H, W) uint8 arrays; the last one is `array`.
        inverted: whether dark and light were swapped.
    """

    array: Gray
    steps: tuple[tuple[str, Gray], ...]
    inverted: bool


def from_photo(
    image: Image.Image,
    dataset: DatasetInfo | DatasetName,
    polarity: Polarity = "auto",
    name: str = "the picture",
) -> Prepared:
    """Prepare a picture; one of 28×28 pixels keeps its size and place.

    Args:
        image: of any mode and size, as `lenet.drawing.image_files.read_image` gives it.
        dataset: whose rule scales and places it.
        polarity: whether the thing shown is darker or lighter than its background.
        name: what an error calls the picture.

    Raises:
        ImageError: nothing stands out from the background.
    """
    gray, levels, inverted = _light_on_black(image, polarity)
    content = _crop(levels)
    if content is None:
        raise ImageError(
            f"nothing in {name} stands out from its background: choose another picture"
        )
    steps = [("Grayscale", gray), ("Light on black", levels)]
    if image.size == (SIDE, SIDE):
        array = levels
    else:
        array = _place(content, dataset)
        steps.append(("Cropped", content))
    return Prepared(array, (*steps, ("28×28", array)), inverted)


def read_canvas(file: bytes) -> Gray:
    """The pixels of a PNG from the page's canvas: (H, W, 4), (H, W, 3) or (H, W) uint8.

    Raises:
        ImageError: it is no PNG, damaged, or larger than any screen's canvas.
    """
    try:
        with quiet():
            image = Image.open(io.BytesIO(file), formats=("PNG",))
            if max(image.size) > MAX_CANVAS:
                raise ValueError("too large")
            return np.asarray(to_8_bit(image))
    except Exception as error:  # damaged data makes decoders raise errors of any kind
        raise ImageError("the drawing arrived damaged; draw it again") from error


def from_canvas(
    canvas: Gray | Image.Image, dataset: DatasetInfo | DatasetName, polarity: Polarity = "auto"
) -> Prepared | None:
    """Prepare a drawing; None if the canvas is empty.

    Args:
        canvas: (H, W, 4), (H, W, 3) or (H, W) uint8, or a picture; transparent is empty.
        dataset: whose rule scales and places the drawing.
        polarity: whether the ink is darker or lighter than the canvas.
    """
    image = canvas if isinstance(canvas, Image.Image) else Image.fromarray(canvas)
    _, levels, inverted = _light_on_black(image, polarity)
    drawing = _crop(levels)
    if drawing is None:
        return None
    array = _place(drawing, dataset)
    steps = (("Drawing", levels), ("Cropped", drawing), ("28×28", array))
    return Prepared(array, steps, inverted)


def _light_on_black(image: Image.Image, polarity: Polarity) -> tuple[Gray, Gray, bool]:
    """The picture in grayscale, the same without its background, light on black, and `inverted`."""
    gray, known = _grayscale(image, polarity)
    level, stray = _background(gray, polarity) if known is None else (known, 0.0)
    difference = gray.astype(np.float32) - level
    stray = min(stray, float(np.abs(difference).max()) / 2)
    lighter = (difference - stray).clip(min=0)
    darker = (-difference - stray).clip(min=0)
    inverted = polarity == "dark_on_light"
    if polarity == "auto":  # squared: a little strong ink outweighs much faint shading
        inverted = bool(np.square(darker).sum() > np.square(lighter).sum())
    content = darker if inverted else lighter
    levels = _stretch(content) if content.max() > NOTHING else content.astype(np.uint8)
    return gray, levels, inverted


def _grayscale(image: Image.Image, polarity: Polarity) -> tuple[Gray, int | None]:
    """Flatten to one channel, on white behind dark things; also the background, if transparent."""
    image = to_8_bit(image)
    gray = np.asarray(image.convert("L"))
    if image.mode != "RGBA":
        return gray, None
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() == 255:
        return gray, None
    dark = polarity == "dark_on_light"
    if polarity == "auto" and alpha.any():
        dark = bool(np.average(gray, weights=alpha) < 128)
    background = 255 if dark else 0
    behind = Image.new("RGBA", image.size, (background, background, background, 255))
    flat = np.asarray(Image.alpha_composite(behind, image).convert("L"))
    is_cut_out = np.mean(alpha < 128) > 0.05  # more than rounded corners
    return flat, background if is_cut_out else None


def _stretch(content: NDArray[np.float32]) -> Gray:
    """Scale values so that the highest is 255, as in nearly every image of both datasets."""
    return (content * (255 / float(content.max()))).round().astype(np.uint8)


def _background(gray: Gray, polarity: Polarity) -> tuple[NDArray[np.float32] | float, float]:
    """The background's level, or (H, W) levels, from the border; and how far it strays from it."""
    where = np.ones(gray.shape, bool)
    where[1:-1, 1:-1] = False
    middle = (float(gray.min()) + float(gray.max())) / 2
    allowed = {"auto": where, "dark_on_light": gray > middle, "light_on_dark": gray <= middle}
    where &= allowed[polarity]
    if not where.any():  # nothing like it at the border, but a person says it is the background
        return float(gray.min() if polarity == "light_on_dark" else gray.max()), 0.0
    border = gray[where].astype(np.float32)
    level, stray = _shared_level(border)
    if stray == 0:
        return level, 0.0
    # A plane through the border evens out light that falls from one side.
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in gray.shape)
    rows, columns = np.nonzero(where)
    terms = np.stack([np.ones_like(border), y[rows], x[columns]], axis=1)
    near = np.abs(border - level) <= stray + NOTHING
    plane = np.linalg.lstsq(terms[near], border[near], rcond=None)[0]
    rest, stray = _shared_level(border - terms @ plane)
    return plane[0] + plane[1] * y[:, np.newaxis] + plane[2] * x + rest, stray


def _shared_level(border: NDArray[np.float32]) -> tuple[float, float]:
    """The level that much of the border shares, and how far the background may stray from it.

    It is the middle of the narrowest range that holds a third of the border, so the content may
    touch the rest. Where all levels of the background are equally frequent, none is farther from
    this middle than five times half the range.
    """
    levels = np.sort(border)
    third = max(1, len(levels) // 3)
    widths = levels[third - 1 :] - levels[: len(levels) - third + 1]
    start = int(widths.argmin())
    half = float(widths[start]) / 2
    return float(levels[start]) + half, 5 * half


def _crop(levels: Gray) -> Gray | None:
    """Cut to the rows and columns that hold something; None if there is nothing.

    A pixel counts if the mean of its 5×5 stands out too, which that of a speck of noise does not.
    """
    means = np.asarray(Image.fromarray(levels).filter(ImageFilter.BoxBlur(2)))
    mask = np.minimum(levels, means) > NOTHING
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _place(content: Gray, dataset: DatasetInfo | DatasetName) -> Gray:
    """Scale, with the aspect kept, and put into the 28×28 by the rule of the dataset."""
    info = dataset_info(dataset) if isinstance(dataset, str) else dataset
    side = MNIST_BOX if info.name == "MNIST" else SIDE
    height, width = (
        max(1, round(length * (side / max(content.shape)))) for length in content.shape
    )
    image = Image.fromarray(content.astype(np.float32))
    scaled = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)).clip(0, 255)
    levels = _stretch(scaled)  # thin lines fade as they shrink
    if info.name == "MNIST":
        top, left = (_towards_centre(levels.sum(axis=axis)) for axis in (1, 0))
    else:  # of an odd rest the larger part is above and left, as in Fashion-MNIST's images
        top, left = (SIDE - height + 1) // 2, (SIDE - width + 1) // 2
    array = np.zeros((SIDE, SIDE), np.uint8)
    array[top : top + height, left : left + width] = levels
    return array


def _towards_centre(mass: NDArray[np.integer]) -> int:
    """Where rows or columns of that mass begin to have their centre where MNIST has it."""
    centre = np.average(np.arange(len(mass)), weights=mass)
    return int(np.clip(round(MNIST_CENTRE - centre), 0, SIDE - len(mass)))
