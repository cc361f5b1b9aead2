"""Which digits are read, and in which order, by the shipped weights."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from lenet.drawing import centre
from lenet.drawing.foreground import Hints
from lenet.evaluation import classify, reading
from lenet.evaluation.reading import Read
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.paths import CHECKPOINTS
from tests.drawing.numbers import canvas, on_paper
from tests.drawing.pictures import Bytes


@pytest.fixture(scope="module")
def network() -> Checkpoint:
    return checkpoints.load(CHECKPOINTS / "mnist.pt")


def labels(lines: Sequence[Sequence[Read]]) -> list[list[int]]:
    return [[one.answer["label"] for one in line] for line in lines]


def drawn(network: Checkpoint, pixels: Bytes) -> list[list[Read]]:
    picture = centre.from_canvas(pixels, "MNIST", "light_on_dark")
    assert picture
    return classify.read(network, picture)


def test_who_writes_42_gets_42(network: Checkpoint) -> None:
    [[four, two]] = drawn(network, canvas((4, 40, 80, 110), (2, 150, 80, 110)))
    assert labels([[four, two]]) == [[4, 2]]
    assert four.box[2] < two.box[0]
    assert four.array.shape == (28, 28)


def test_digits_are_read_from_the_left_and_lines_from_the_top(network: Checkpoint) -> None:
    pixels = canvas((7, 150, 20, 90), (2, 40, 30, 90), (4, 160, 160, 90), (1, 60, 150, 95))
    assert labels(drawn(network, pixels)) == [[2, 7], [1, 4]]


def test_a_digit_keeps_its_parts(network: Checkpoint) -> None:
    """The bar of the 5 touches nothing."""
    pixels = canvas((5, 90, 60, 170))
    pixels[75:85] = 0
    assert cv2.connectedComponents((pixels > 0).astype(np.uint8))[0] > 2, "it is in one piece"
    assert labels(drawn(network, pixels)) == [[5]]


def test_digits_that_touch_are_cut(network: Checkpoint) -> None:
    pixels = canvas((2, 40, 80, 120), (7, 108, 82, 120))
    cv2.line(pixels, (110, 196), (145, 196), 255, 9)
    assert cv2.connectedComponents((pixels > 0).astype(np.uint8))[0] == 2, "they do not touch"
    assert labels(drawn(network, pixels)) == [[2, 7]]


def test_the_largest_answers_for_the_picture(network: Checkpoint) -> None:
    lines = drawn(network, canvas((7, 20, 100, 60), (2, 130, 60, 140)))
    assert labels(lines) == [[7, 2]]
    assert reading.largest(lines).answer["label"] == 2


def test_a_box_reads_what_is_in_it(network: Checkpoint) -> None:
    page = on_paper((4, 40, 80, 110), (2, 150, 80, 110))
    assert labels(classify.read(network, centre.from_photo(page, "MNIST"))) == [[4, 2]]
    hints = Hints((0.5, 0.2, 0.95, 0.8))
    assert labels(classify.read(network, centre.from_photo(page, "MNIST", hints=hints))) == [[2]]
