"""The picture in hand as a text of the address."""

import numpy as np
import pytest

from lenet.data.splits import load_split
from lenet.drawing import centre, examples
from lenet.ui import picture


@pytest.mark.real_data
def test_pictures_come_back_exactly_and_fit_an_address() -> None:
    images = load_split("FashionMNIST", "test").images[:300].numpy()
    made = [picture.made("FashionMNIST", "photo", pixels) for pixels in images]

    assert max(len(str(one)) for one in made) <= picture.LONGEST + 30
    back = [picture.read(str(one)) for one in made]
    assert back == made
    exact = [np.array_equal(one.pixels(), pixels) for one, pixels in zip(back, images, strict=True)]
    assert np.mean(exact) > 0.95


def test_a_drawing_is_exact_and_one_too_long_keeps_sixteen_levels() -> None:
    lines = examples.EXAMPLES["FashionMNIST"]["Sneaker"]
    drawn = centre.from_canvas(examples.picture(lines, 280, 14), "FashionMNIST", "light_on_dark")
    assert drawn
    made = picture.made("FashionMNIST", "drawing", drawn.array)
    assert np.array_equal(picture.read(str(made)).pixels(), drawn.array)

    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    coarse = picture.made("MNIST", "cutout", noise)
    assert (picture.read(str(coarse)), coarse.view) == (coarse, "Upload")
    assert len(coarse.code) < 560
    assert np.abs(coarse.pixels().astype(int) - noise).max() <= 8


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FashionMNIST.test10000",
        "Fashion.test1",
        "FashionMNIST.test١",
        "FashionMNIST.drawing.",
        "FashionMNIST.drawing.AAAA",
        "FashionMNIST.photo." + "A" * 5000,
        str(picture.Picture("MNIST", "photo", picture._packed(bytes(783)))),
        str(picture.Picture("MNIST", "photo", picture._packed(bytes(10**6)))),
    ],
)
def test_what_is_no_picture_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        picture.read(text)
