"""Changed images, each change also computed another way, and what a network makes of them."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from lenet.evaluation.robustness import CHANGES, robustness, table
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from tests.command import Lab
from tests.small import small_split


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """(20, 28, 28) uint8: smooth spots, which resampling changes little."""
    spots = np.random.default_rng(3).random((20, 28, 28))
    smooth = ndimage.gaussian_filter(spots, 3, axes=(1, 2))
    smooth -= smooth.min()
    return np.asarray(255 * smooth / smooth.max(), np.uint8)


def changed(images: np.ndarray, change: str, strength: float) -> np.ndarray:
    given = torch.from_numpy(images).unsqueeze(1)
    found = CHANGES[change].apply(given, strength)
    assert found.dtype == torch.uint8
    assert torch.equal(given[:, 0], torch.from_numpy(images))  # others use them, too
    return found[:, 0].numpy()


@pytest.mark.parametrize("pixels", CHANGES["shift"].strengths)
def test_a_shift_moves_to_the_right_and_every_other_image_to_the_left(
    images: np.ndarray, pixels: int
) -> None:
    expected = np.zeros_like(images)
    expected[::2, :, pixels:] = images[::2, :, :-pixels]
    expected[1::2, :, :-pixels] = images[1::2, :, pixels:]

    assert np.array_equal(changed(images, "shift", pixels), expected)


@pytest.mark.parametrize("change", ["rotation", "scale"])
def test_turned_and_smaller_images_are_as_scipy_makes_them(images: np.ndarray, change: str) -> None:
    for strength in CHANGES[change].strengths:
        for at, found in enumerate(changed(images, change, strength)):
            if change == "rotation":
                angle = math.radians(-strength if at % 2 else strength)
                matrix = np.array(
                    [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
                )
            else:
                matrix = np.eye(2) / strength
            centre = np.array([13.5, 13.5])
            expected = ndimage.affine_transform(
                images[at].astype(float), matrix, centre - matrix @ centre, order=1
            )
            inside = ndimage.affine_transform(
                np.ones((28, 28)), matrix, centre - matrix @ centre, order=0
            )
            inside = ndimage.binary_erosion(inside, iterations=2)  # at the rim they round otherwise
            assert inside.sum() > 50
            assert np.abs(found - expected)[inside].max() <= 1.5


def test_noise_has_the_deviation_that_it_says_and_is_the_same_each_time() -> None:
    gray = np.full((100, 28, 28), 128, np.uint8)

    found = changed(gray, "noise", 20).astype(float) - 128

    assert found.mean() == pytest.approx(0, abs=0.3)
    assert found.std() == pytest.approx(20, rel=0.02)
    assert np.array_equal(changed(gray, "noise", 20) - 128.0, found)


@pytest.mark.parametrize("deviation", CHANGES["blur"].strengths)
def test_a_blur_is_a_gaussian_one(images: np.ndarray, deviation: float) -> None:
    expected = ndimage.gaussian_filter(
        images.astype(float), deviation, axes=(1, 2), mode="mirror", truncate=3
    )

    assert np.abs(changed(images, "blur", deviation) - expected).max() <= 1.5


def test_less_light_and_less_contrast_pull_to_black_and_to_the_mean(images: np.ndarray) -> None:
    mean = images.mean((1, 2), keepdims=True)
    for factor in CHANGES["brightness"].strengths:
        dark = changed(images, "brightness", factor)
        assert np.abs(dark - factor * images.astype(float)).max() <= 1
        pale = changed(images, "contrast", factor)
        assert np.abs(pale - (mean + factor * (images - mean))).max() <= 2


@pytest.mark.parametrize("side", CHANGES["occlusion"].strengths)
def test_a_gray_square_covers_a_part_of_each_image(side: int) -> None:
    black = np.zeros((50, 28, 28), np.uint8)

    found = changed(black, "occlusion", side)

    corners = set()
    for picture in found:
        rows, columns = picture.nonzero()
        assert len(rows) == side**2
        assert set(picture[rows, columns]) == {128}
        assert np.ptp(rows) == np.ptp(columns) == side - 1
        corners.add((rows.min(), columns.min()))
    assert len(corners) > 20


def test_the_accuracy_is_that_of_one_look_at_the_first_images(
    trained_checkpoint: Checkpoint,
) -> None:
    views = trained_checkpoint.config.model_copy(update={"views": "mirror_shift"})
    split, shares = small_split("test"), list[float]()

    points = robustness(replace(trained_checkpoint, config=views), split, 40, shares.append)

    assert len(points) == len(shares) == 1 + 5 * len(CHANGES)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    for at in points:
        images = split.images[:40].unsqueeze(1)
        if at.strength:
            images = CHANGES[at.change].apply(images, at.strength)
        with torch.no_grad():
            logits = trained_checkpoint.model()(to_input(images[:, 0], trained_checkpoint.config))
        right = sum(
            int(row.argmax()) == int(label)
            for row, label in zip(logits, split.labels, strict=False)
        )
        p, n, z = right / 40, 40, 1.959964
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        assert at.images == 40
        assert at.accuracy == pytest.approx(p)
        assert at.interval == pytest.approx((middle - half, middle + half), abs=1e-6)
        assert np.array_equal(at.example, images[0, 0])
    rows = list(csv.DictReader(table({"mine": points}).splitlines()))
    assert [row["change"] for row in rows] == [at.change for at in points]
    assert float(rows[7]["accuracy"]) == pytest.approx(points[7].accuracy)


@pytest.mark.usefixtures("small_dataset")
def test_the_command_line_tells_it_when_asked(lab: Lab, trained_file: Path) -> None:
    flags = ("--mode", "eval", "--checkpoint", trained_file)

    found = lab(*flags, "--robustness", 1, "--json").json
    assert found["robustness"][0]["accuracy"] == found["accuracy"]
    assert found["robustness"][0]["change"] == "none"
    assert len(found["robustness"]) == 41
    assert "occlusion" in lab(*flags, "--robustness", 1).out
    assert "robustness" not in lab(*flags, "--json").json
