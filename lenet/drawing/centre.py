"""From a canvas or a photo to the 28×28 picture that the network gets.

Light on black, cropped to its content, scaled and placed as in the dataset:

- Fashion-MNIST (Xiao et al. 2017, section 2): edges within 5 % of the background are trimmed,
  the longest side becomes 28, the shorter is filled up evenly.
- MNIST (LeCun, https://yann.lecun.com/exdb/mnist/): the longest side becomes 20, the centre of
  mass goes to the centre of the 28×28.
"""

import io
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lenet.catalog import SIDE, DatasetInfo, DatasetName, dataset_info
from lenet.drawing import digits, foreground
from lenet.drawing.digits import Digit, Line
from lenet.drawing.foreground import NO_HINTS, Box, Hints, Mask
from lenet.drawing.image_files import quiet, to_8_bit
from lenet.errors import ImageError

Gray: TypeAlias = NDArray[np.uint8]
Polarity = Literal["auto", "dark_on_light", "light_on_dark"]

NOTHING: Final = 13  # differences from the background up to 5 % of 255 count as background
EVEN: Final = 0.8  # share of the border near its level, from which the background is even
FLOOR: Final = 40  # lowest level of a thing that was cut out: white cloth must not become black
MAX_CANVAS: Final = 2000  # pixels of a side, however fine the screen is
MNIST_BOX: Final = 20
THICK: Final = 1.5
"""Pixels of the 28×28 that a digit's strokes are wide at least, where they come from paper."""
SMALL: Final = 64  # pixels of the shorter side, below which all in a picture is one digit
MNIST_CENTRE: Final = 14  # of mass, row and column: the mean of MNIST's training images is 14.00


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture made ready for the network.

    Attributes:
        array: (28, 28) uint8, 0 for background: the very array that the network gets.
        steps: the way there, titles with (H, W) uint8 arrays; the last one is `array`.
        inverted: whether dark and light were swapped.
        cut_out: whether the thing was cut out by colour, since the background is not even.
        note: what else there is to say about it.
        lines: of a picture of digits, all that its ink may be.
        thin: whether its strokes may be too thin for the network, as those of a pencil are.
    """

    array: Gray
    steps: tuple[tuple[str, Gray], ...]
    inverted: bool
    cut_out: bool = False
    note: str | None = None
    lines: tuple[Line, ...] = ()
    thin: bool = False

    def of(self, digit: Digit) -> "Prepared":
        """The same of another one of its digits."""
        array = self.placed(digit)
        last = ("Cropped", digit.levels), ("28×28", array)
        return replace(self, array=array, steps=(*self.steps[:-2], *last))

    def placed(self, digit: Digit) -> Gray:
        """One of its digits as on MNIST's images: (28, 28) uint8."""
        return _place(_thickened(digit.levels) if self.thin else digit.levels, "MNIST")


def from_photo(
    image: Image.Image,
    dataset: DatasetInfo | DatasetName,
    polarity: Polarity = "auto",
    name: str = "the picture",
    hints: Hints = NO_HINTS,
) -> Prepared:
    """Prepare a picture; a thing of 28×28 pixels keeps its size and place, a digit is placed anew.

    Args:
        image: of any mode and size, as `lenet.drawing.image_files.read_image` gives it.
        dataset: whose rule scales and places it.
        polarity: whether the thing shown is darker or lighter than its background.
        name: what an error calls the picture.
        hints: where in the picture the thing is.

    Raises:
        ImageError: nothing stands out from the background.
    """
    info = dataset_info(dataset) if isinstance(dataset, str) else dataset
    if info.name == "MNIST":
        return _digits(image, polarity, name, hints)
    placed = image.size == (SIDE, SIDE)
    gray, levels, inverted, even = _light_on_black(image, polarity)
    found = _standing_out(levels)
    cut_out = False
    if not placed and (not even or hints.pointed or _told_by_colour(image)):
        negated = polarity != "light_on_dark"
        reduced = _cut_out(image, hints, negated=negated)
        if cut_out := bool(reduced[-1].any()):
            gray, levels, found = reduced
            inverted = negated
    ground, note = _not_meant(found, hints, whole=placed)
    found &= ~ground
    if not found.any():
        raise ImageError(
            f"nothing in {name} stands out from its background: choose another picture"
        )
    if ground.any():
        levels = _stretch(np.where(ground, 0, levels))
    content = levels[_extent(found)]
    array = levels if placed else _place(content, info)
    steps = [("Grayscale", gray), ("What was found", found.astype(np.uint8) * 255)]
    steps += [("Light on black", levels), ("Cropped", content), ("28×28", array)]
    return Prepared(array, tuple(steps), inverted, cut_out, note)


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
    _, levels, inverted, _ = _light_on_black(image, polarity)
    found = _standing_out(levels)
    if not found.any():
        return None
    drawing = levels[_extent(found)]
    array = _place(drawing, dataset)
    steps = (("Drawing", levels), ("Cropped", drawing), ("28×28", array))
    info = dataset_info(dataset) if isinstance(dataset, str) else dataset
    lines = digits.lines(levels, found) if info.name == "MNIST" else []
    return Prepared(array, steps, inverted, lines=tuple(lines))


def _thickened(levels: Gray) -> Gray:
    """Ink, (H, W) uint8 light on black, whose strokes will be `THICK` pixels wide at least."""
    import cv2

    from lenet.drawing import ink

    missing = round(THICK * max(levels.shape) / MNIST_BOX - ink.width(levels > 127))
    if missing <= 0:
        return levels
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
    return np.asarray(cv2.dilate(np.pad(levels, missing), pen), np.uint8)


def _digits(image: Image.Image, polarity: Polarity, name: str, hints: Hints) -> Prepared:
    """A picture of digits: its ink, and which of it is which digit."""
    from lenet.drawing import ink  # with OpenCV, which few pictures need

    gray, levels, inverted, even = _light_on_black(image, polarity)
    found = _standing_out(levels)
    if min(gray.shape) >= SMALL:
        near = even and ink.is_close_up(levels)
        view = ink.from_afar(gray) if near else gray
        if polarity == "auto":
            inverted = not ink.is_light(view)
        missing, found = ink.written(view, light=not inverted)
        if near:
            missing = ink.from_near(missing, gray.shape)
            found = ink.from_near(found.astype(np.uint8), gray.shape) > 0
        if found.any():
            strong = float(np.percentile(missing[found], 90))
            levels = (missing * (255 / strong)).clip(0, 255).astype(np.uint8)
        else:  # it fills the picture
            found = _standing_out(levels)
    boxes = hints.digits
    if hints.box or min(gray.shape) < SMALL:
        boxes = (hints.box or (0, 0, 1, 1),)
        only = np.zeros_like(found)
        only[foreground.within(boxes[0], found)] = True
        found &= only
    levels = np.where(found, levels, 0).astype(np.uint8)
    lines = digits.lines(levels, found, [_in_pixels(box, found) for box in boxes])
    if not lines:
        raise ImageError(
            f"nothing in {name} stands out from its background: choose another picture"
        )
    largest = max((each for line in lines for each in line), key=lambda each: each.size)
    array = _place(_thickened(largest.levels), "MNIST")
    steps = [("Grayscale", gray), ("Ink", found.astype(np.uint8) * 255)]
    steps += [("Light on black", levels), ("Cropped", largest.levels), ("28×28", array)]
    return Prepared(array, tuple(steps), inverted, lines=tuple(lines), thin=True)


def _in_pixels(box: Box, pixels: Mask) -> digits.Rows:
    rows, columns = foreground.within(box, pixels)
    return columns.start, rows.start, columns.stop, rows.stop


def _light_on_black(image: Image.Image, polarity: Polarity) -> tuple[Gray, Gray, bool, bool]:
    """The picture in grayscale; the same without its background, light on black; whether dark and
    light were swapped; whether the background is even.
    """
    gray, known = _grayscale(image, polarity)
    level, stray, even = (known, 0.0, True) if known is not None else _background(gray, polarity)
    difference = gray.astype(np.float32) - level
    stray = min(stray, float(np.abs(difference).max()) / 2)

    def standing_out(sign: int) -> NDArray[np.float32]:
        return (sign * difference - stray).clip(min=0)

    inverted = polarity == "dark_on_light"
    if polarity == "auto":  # squared: a little strong ink outweighs much faint shading
        darker, lighter = (np.square(standing_out(sign)).sum() for sign in (-1, 1))
        inverted = bool(darker > lighter)
    content = standing_out(-1 if inverted else 1)
    levels = _stretch(content) if content.max() > NOTHING else content.astype(np.uint8)
    return gray, levels, inverted, even


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


def _stretch(content: NDArray[np.float32] | Gray) -> Gray:
    """Scale values so that the highest is 255, as in nearly every image of both datasets."""
    return (content * (255 / float(content.max()))).round().astype(np.uint8)


def _background(gray: Gray, polarity: Polarity) -> tuple[NDArray[np.float32] | float, float, bool]:
    """The background's level, or (H, W) levels, from the border; how far it strays from it; and
    whether it is even.
    """
    where = np.ones(gray.shape, bool)
    where[1:-1, 1:-1] = False
    middle = (float(gray.min()) + float(gray.max())) / 2
    allowed = {"auto": where, "dark_on_light": gray > middle, "light_on_dark": gray <= middle}
    where &= allowed[polarity]
    if not where.any():  # nothing like it at the border, but a person says it is the background
        return float(gray.min() if polarity == "light_on_dark" else gray.max()), 0.0, True
    border = gray[where].astype(np.float32)
    level, stray = _shared_level(border)
    if stray == 0:
        return level, 0.0, True
    # A plane through the border evens out light that falls from one side.
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in gray.shape)
    rows, columns = np.nonzero(where)
    terms = np.stack([np.ones_like(border), y[rows], x[columns]], axis=1)
    near = np.abs(border - level) <= stray + NOTHING
    plane = np.linalg.lstsq(terms[near], border[near], rcond=None)[0]
    rest = border - terms @ plane
    shift, stray = _shared_level(rest)
    even = bool(np.mean(np.abs(rest - shift) <= NOTHING) >= EVEN)
    return plane[0] + plane[1] * y[:, np.newaxis] + plane[2] * x + shift, stray, even


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


def _standing_out(levels: Gray) -> Mask:
    """Which pixels hold something.

    A pixel counts if the mean of its 5×5 stands out too, which that of a speck of noise does not.
    """
    means = np.asarray(Image.fromarray(levels).filter(ImageFilter.BoxBlur(2)))
    return np.asarray(np.minimum(levels, means) > NOTHING)


def _not_meant(found: Mask, hints: Hints, *, whole: bool) -> tuple[Mask, str | None]:
    """Pixels that are not of the thing: outside the box, and unless `whole` of other things; and
    a note if there are such things.
    """
    ground = np.zeros_like(found)
    if hints.box:
        ground[:] = True
        ground[foreground.within(hints.box, found)] = False
    if whole:
        return ground, None
    others, count = foreground.other_things(found & ~ground, hints.belongs)
    note = f"{count + 1} things found, the largest is taken" if count else None
    return ground | others, note


def _extent(found: Mask) -> tuple[slice, slice]:
    """The rows and columns from the first to the last pixel that holds something."""
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _told_by_colour(image: Image.Image) -> bool:
    """Whether colours differ more than gray levels do."""
    small = image.convert("RGB").resize((64, 64), Image.Resampling.BOX).convert("YCbCr")
    gray, *colours = np.ptp(np.asarray(small), axis=(0, 1)).tolist()
    return bool(max(colours) > max(gray, NOTHING))


def _cut_out(image: Image.Image, hints: Hints, *, negated: bool) -> tuple[Gray, Gray, Mask]:
    """The photograph, reduced, in grayscale; its thing alone, light on black; where that is.

    `negated` as all of Fashion-MNIST was, whatever the background's level is.
    """
    small = image.convert("RGB")
    small.thumbnail((foreground.SIDE, foreground.SIDE), Image.Resampling.BOX)
    gray, found = np.asarray(small.convert("L")), foreground.cut_out(np.asarray(small), hints)
    content = (255 - gray if negated else gray)[found].astype(np.float32)
    levels = np.zeros_like(gray)
    if content.size:
        brightest = max(1.0, float(np.percentile(content, 99)))
        levels[found] = (content * (255 / brightest)).clip(FLOOR, 255)
    return gray, levels, found


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
