"""Photographs made to train on: what they look like, and that a seed repeats them."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lenet.data.splits import Split
from lenet.drawing import portions
from lenet.drawing.photographs import photographs, row


def pullover() -> Tensor:
    """(28, 28) uint8, as a shop shows it: high, the sleeves close beside the body."""
    image = torch.zeros(28, 28, dtype=torch.uint8)
    image[1:27, 9:19] = 150
    image[2:26, 4:8] = image[2:26, 20:24] = 180
    image[2:7, 4:24] = 160
    return image


@pytest.fixture(scope="module")
def source() -> Split:
    """Of each class 5 images: pullovers, and for shoes the same lying on its side."""
    labels = torch.arange(10).repeat(5)
    lying = pullover().t()
    shoes = (5, 7, 9)
    return Split(torch.stack([lying if c in shoes else pullover() for c in labels]), labels)


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "PORTION", 150)


def test_they_fill_the_picture_and_are_never_twice_the_same(source: Split) -> None:
    images, labels = (part.numpy() for part in photographs(source, 300))
    assert images.shape == (300, 28, 28)
    assert images.dtype == np.uint8
    assert set(labels.tolist()) == set(range(10))
    assert (images.max(axis=(1, 2)) == 255).all()
    assert 0.3 < (images > 20).mean() < 0.75  # clothes, not lines
    sides = [
        max(np.ptp(np.flatnonzero((image > 5).any(axis))) for axis in (0, 1)) for image in images
    ]
    assert np.mean(np.array(sides) >= 24) > 0.8  # some are cropped too widely, as happens
    assert len(np.unique(images, axis=0)) == 300


def test_sleeves_are_spread(source: Split) -> None:
    images, labels = photographs(source, 450)
    pullovers = images[labels == 2] > 20
    wide = pullovers.any(1).sum(1) / pullovers.any(2).sum(1)
    assert (wide > 1.2).float().mean() > 0.15  # all are 20/26 as the shop shows them


def test_shoes_become_pairs(source: Split) -> None:
    images, labels = photographs(source, 450)
    shoes = images[torch.isin(labels, torch.tensor([5, 7, 9]))] > 20
    assert (shoes.any(1).sum(1) < 2 * shoes.any(2).sum(1)).float().mean() > 0.7  # one is 26/20


def test_a_seed_repeats_them_and_torchs_generator_is_not_moved(source: Split) -> None:
    state = torch.get_rng_state()
    _, make = row(source)
    one, other, another = (make(seed) for seed in (3, 3, 4))
    assert np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1])
    assert not np.array_equal(one[0], another[0])
    assert torch.equal(torch.get_rng_state(), state)


def test_other_images_give_other_photographs(source: Split) -> None:
    darker = Split(source.images // 2, source.labels)
    assert not torch.equal(photographs(source, 50).images, photographs(darker, 50).images)


def test_a_class_without_images_is_made_from_outlines(source: Split) -> None:
    few = Split(source.images[source.labels < 2], source.labels[source.labels < 2])
    assert set(photographs(few, 150).labels.tolist()) == set(range(10))


def test_none_are_an_empty_set(source: Split) -> None:
    images, labels = photographs(source, 0)
    assert images.shape == (0, 28, 28)
    assert labels.shape == (0,)
