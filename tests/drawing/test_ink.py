"""What is written on paper, told from lines, shadows and tables."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from lenet.drawing import centre, ink
from lenet.drawing.foreground import Hints, Mask
from tests.drawing.pictures import Bytes

FIVE = ((430, 200), (330, 200), (325, 330), (420, 320), (450, 390), (400, 470), (310, 460))
"""Where a 5 is on a page of 800 by 600."""


def page(paper: int = 225, pen: int = 70, width: int = 14) -> tuple[Bytes, Mask]:
    """A 5 on paper with some grain, and where its ink is."""
    sheet = np.full((600, 800), float(paper))
    stroke = np.zeros(sheet.shape, np.uint8)
    cv2.polylines(stroke, [np.array(FIVE, np.int32)], False, 1, width, cv2.LINE_8)
    sheet[stroke > 0] = pen
    sheet += np.random.default_rng(0).normal(0, 3, sheet.shape)
    return sheet.clip(0, 255).astype(np.uint8), stroke > 0


def agreement(found: Mask, truth: Mask) -> float:
    """Intersection over union."""
    return float((found & truth).sum() / (found | truth).sum())


def ruled(sheet: Bytes, *, squared: bool) -> Bytes:
    sheet = sheet.copy()
    for at in range(20, 800, 40):
        sheet[at : at + 2] = sheet[at : at + 2] * 0.8
        if squared:
            sheet[:, at : at + 2] = sheet[:, at : at + 2] * 0.8
    return sheet


def shadowed(sheet: Bytes) -> Bytes:
    """One side of a slanted line lies in the dark."""
    y, x = np.mgrid[: sheet.shape[0], : sheet.shape[1]]
    return np.where(x + y / 3 > 430, sheet * 0.5, sheet).astype(np.uint8)


def on_a_table(sheet: Bytes) -> Bytes:
    """Seen from farther away, brown wood around it."""
    large = np.full((800, 1000), 60, np.uint8)
    large[60:660, 80:880] = sheet
    return large


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: sheet,
        lambda sheet: ruled(sheet, squared=False),
        lambda sheet: ruled(sheet, squared=True),
        shadowed,
        lambda sheet: shadowed(ruled(sheet, squared=True)),
    ],
    ids=["plain", "ruled", "squared", "shadow", "squared, shadow"],
)
@pytest.mark.parametrize("pen", [70, 150], ids=["pen", "pencil"])
def test_ink_is_told_from_the_paper(change: Callable[[Bytes], Bytes], pen: int) -> None:
    sheet, truth = page(pen=pen)
    gray = change(sheet)
    assert not ink.is_light(gray)
    assert agreement(ink.written(gray, light=False)[1], truth) > 0.75


def test_a_table_around_the_paper_is_no_ink() -> None:
    sheet, truth = page()
    gray = on_a_table(sheet)
    assert not ink.is_light(gray)
    found = ink.written(gray, light=False)[1]
    assert agreement(found[60:660, 80:880], truth) > 0.75
    assert found.sum() == found[60:660, 80:880].sum()


def test_chalk_is_light_on_dark() -> None:
    gray, truth = page(paper=45, pen=190)
    assert ink.is_light(gray)
    assert agreement(ink.written(gray, light=True)[1], truth) > 0.75


def test_the_stem_of_a_large_1_is_no_ruled_line() -> None:
    gray = np.full((600, 800), 225, np.uint8)
    cv2.line(gray, (400, 80), (395, 520), 60, 16)
    found = ink.written(gray, light=False)[1]
    assert agreement(found, gray < 140) > 0.75


def test_hair_thin_strokes_alone_are_thickened(monkeypatch: pytest.MonkeyPatch) -> None:
    def ink_of(width: int) -> int:
        sheet, _ = page(width=width)
        array = centre.from_photo(Image.fromarray(sheet), "MNIST").array
        return int(array.sum(dtype=np.int64))

    thin, thick = ink_of(3), ink_of(30)
    monkeypatch.setattr(centre, "THICK", 0)
    assert thin > 1.15 * ink_of(3)
    assert thick == ink_of(30)


def test_a_digit_of_28_pixels_is_placed_anew() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[1:15, 2:5] = 255
    array = centre.from_photo(Image.fromarray(image), "MNIST").array
    rows, columns = np.nonzero(array > 100)
    assert (rows.min(), rows.max()) == (4, 23)
    assert 12 <= columns.mean() <= 15


def test_a_box_says_which_ink_is_meant() -> None:
    sheet, _ = page()
    two = np.hstack([sheet, np.full((600, 200), 225, np.uint8)])
    cv2.line(two, (900, 150), (900, 480), 70, 14)
    image = Image.fromarray(two)
    everything = centre.from_photo(image, "MNIST")
    box = centre.from_photo(image, "MNIST", hints=Hints((0.85, 0.1, 1.0, 0.95)))
    assert len(everything.lines[0]) >= 2
    assert [line[0].box[0] > 800 for line in box.lines] == [True]
