"""The thing in a photograph: found by its colour, and as a person corrects it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lenet.drawing.centre import Prepared, from_photo
from lenet.drawing.foreground import Hints, Mask
from tests.drawing.pictures import CLOTH, GROUND, OTHER, SHIRT, difference, scene


def overlap(prepared: Prepared, mask: Mask) -> float:
    """Intersection over union of what was found and of what is there."""
    found = dict(prepared.steps)["What was found"]
    there = Image.fromarray(mask).resize(found.shape[::-1])
    both = np.stack([found > 0, np.asarray(there)])
    return float(both.all(axis=0).sum() / both.any(axis=0).sum())


def test_colour_tells_what_gray_does_not() -> None:
    image, [shirt] = scene((60, 60, 280, CLOTH))
    prepared = from_photo(image, "FashionMNIST")
    assert prepared.cut_out
    assert overlap(prepared, shirt) > 0.9
    assert prepared.note is None
    again = from_photo(image, "FashionMNIST")
    assert np.array_equal(again.array, prepared.array)


def test_colour_tells_it_on_an_even_background_too() -> None:
    image = Image.new("RGB", (200, 200), GROUND)
    image.paste((60, 135, 75), (60, 40, 140, 160))
    prepared = from_photo(image, "FashionMNIST")
    assert prepared.cut_out
    found = dict(prepared.steps)["What was found"]
    assert found[found.shape[0] // 2, found.shape[1] // 2] == 255
    assert (found > 0).mean() == pytest.approx(0.24, abs=0.03)


@pytest.mark.parametrize("even", [True, False])
def test_the_largest_of_two_things_is_taken_and_that_is_said(even: bool) -> None:
    image, [large, small] = scene((20, 20, 240, CLOTH), (280, 280, 110, OTHER))
    if even:
        image = Image.fromarray(np.where(large | small, 60, 230).astype(np.uint8))
    prepared = from_photo(image, "FashionMNIST")
    assert prepared.cut_out is not even
    assert overlap(prepared, large) > 0.9
    assert prepared.note == "2 things found, the largest is taken"


@pytest.mark.parametrize("even", [True, False])
def test_a_box_says_which_thing_is_meant(even: bool) -> None:
    image, [large, small] = scene((20, 20, 240, CLOTH), (280, 280, 110, OTHER))
    if even:
        image = Image.fromarray(np.where(large | small, 60, 230).astype(np.uint8))
    prepared = from_photo(image, "FashionMNIST", hints=Hints(box=(0.68, 0.68, 1, 1)))
    assert overlap(prepared, small) > 0.85
    assert prepared.note is None


def test_a_tap_takes_a_thing_in_or_out() -> None:
    image, [large, small] = scene((20, 20, 240, CLOTH), (280, 280, 110, OTHER))
    taken = from_photo(image, "FashionMNIST", hints=Hints(belongs=((0.84, 0.84),)))
    assert overlap(taken, large | small) > 0.85
    out = from_photo(image, "FashionMNIST", hints=Hints(other=((0.35, 0.35),)))
    assert overlap(out, small) > 0.8


def test_what_is_written_below_a_product_is_left_out() -> None:
    shop = Image.new("L", (400, 500), 255)
    pen = ImageDraw.Draw(shop)
    pen.polygon([(50 + 300 * x, 50 + 300 * y) for x, y in SHIRT], fill=60)
    pen.text((20, 440), "SALE  -50 %  NEW", fill=0, font_size=36)
    plain = shop.copy()
    plain.paste(255, (0, 400, 400, 500))
    one, other = (from_photo(image, "FashionMNIST") for image in (shop, plain))
    assert difference(one.array, other.array) < 1
    assert not one.cut_out


def test_a_pocket_and_a_handle_belong_to_what_is_drawn() -> None:
    drawn = Image.new("L", (400, 400), 255)
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((100, 150, 300, 350), outline=0, width=6)
    pen.rectangle((170, 220, 230, 280), outline=0, width=6)
    pen.arc((140, 80, 260, 204), 180, 360, fill=0, width=6)
    prepared = from_photo(drawn, "FashionMNIST")
    assert overlap(prepared, np.asarray(drawn) < 128) > 0.9
    assert prepared.note is None
