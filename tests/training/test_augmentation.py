"""Random changes to whole batches of training images."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.config import build_config
from lenet.training.augmentation import MAX_SHIFT, augment, shift, warp

KINDS = ("none", "flip", "shift", "flip_shift")


def images(count: int = 500) -> Tensor:
    """Images without any symmetry, bright up to the edges."""
    generator = torch.Generator().manual_seed(3)
    return torch.randint(1, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)


def moved(image: Tensor, dy: int, dx: int) -> Tensor:
    """One image with its content moved down and right, background entering."""
    framed = F.pad(image, (MAX_SHIFT,) * 4)
    top, left = MAX_SHIFT - dy, MAX_SHIFT - dx
    return framed[top : top + 28, left : left + 28]


def moves(before: Tensor, after: Tensor) -> list[tuple[int, int] | None]:
    """How each image was moved; None if it was not merely moved."""
    reach = range(-MAX_SHIFT, MAX_SHIFT + 1)
    return [
        next(
            ((dy, dx) for dy in reach for dx in reach if torch.equal(moved(one, dy, dx), other)),
            None,
        )
        for one, other in zip(before, after, strict=True)
    ]


def test_shift_moves_up_to_two_pixels_in_all_directions() -> None:
    torch.manual_seed(0)
    before = images()
    found = moves(before, shift(before))
    assert None not in found
    assert len(set(found)) == 25  # 500 images miss one of 25 moves with probability 3e-8


def test_warp_keeps_a_square_s_place_and_size_roughly() -> None:
    torch.manual_seed(0)
    square = torch.zeros(500, 28, 28, dtype=torch.uint8)
    square[:, 9:19, 9:19] = 200
    after = warp(square).float()
    areas = after.sum((1, 2)) / 200
    assert areas.mean().item() == pytest.approx(100, rel=0.05)
    assert 70 < areas.min() < 90
    assert 110 < areas.max() < 140
    place = torch.arange(28.0)
    for profile in (after.sum(1), after.sum(2)):
        centres = (profile * place).sum(1) / profile.sum(1)
        assert centres.mean().item() == pytest.approx(13.5, abs=0.2)
        assert 1.5 < (centres - 13.5).abs().max() < 3


@pytest.mark.parametrize("kind", KINDS)
def test_augmentation_does_what_its_name_says(kind: str) -> None:
    torch.manual_seed(0)
    before = images(100)
    after = augment(before, build_config({"augment": kind}))
    assert after.shape == before.shape
    assert after.dtype == torch.uint8
    upright, mirrored = moves(before, after), moves(before.flip(2), after)
    unchanged, turned = upright.count((0, 0)), mirrored.count((0, 0))
    were_moved = [move for move in upright if move not in (None, (0, 0))]
    were_both = [move for move in mirrored if move not in (None, (0, 0))]
    assert all(one or other for one, other in zip(upright, mirrored, strict=True))
    assert (unchanged == 100) is (kind == "none")
    assert (turned > 20) is (kind == "flip")
    assert (len(were_moved) > 20) is (kind in ("shift", "flip_shift"))
    assert (len(were_both) > 20) is (kind == "flip_shift")


@pytest.mark.parametrize("kind", [*KINDS[1:], "warp"])
def test_seed_decides_and_the_given_images_stay_as_they_are(kind: str) -> None:
    config = build_config({"augment": kind})
    before, results = images(), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(augment(before, config))
    assert torch.equal(before, images())
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
