"""From stored pixels to what the network takes."""

import pytest
import torch
from torch import Tensor

from lenet.catalog import DATASETS
from lenet.config import Config, build_config
from lenet.network.inputs import to_input
from tests.small import small_split


def config(**values: object) -> Config:
    geometry = {"kernel_size": 3, "padding": 2}  # works for all sizes used here
    return build_config({"normalization": "half", **geometry, **values})


def pixels(x: Tensor, config: Config) -> Tensor:
    """The 0…255 that a normalised input came from."""
    if config.normalization == "half":
        return (x + 0.5) * 255
    info = DATASETS[config.dataset]
    return (x * info.std + info.mean) * 255


@pytest.mark.parametrize("fit", ["pad", "resize"])
@pytest.mark.parametrize("size", [16, 28, 29, 32, 56])
def test_result_has_the_input_size(size: int, fit: str) -> None:
    x = to_input(small_split().images[:3], config(input_size=size, fit=fit))
    assert x.shape == (3, 1, size, size)
    assert x.dtype == torch.float32


@pytest.mark.parametrize(
    ("fit", "size", "frame"),
    [("resize", 28, 0), ("pad", 28, 0), ("pad", 29, 0), ("pad", 32, 2), ("pad", 48, 10)],
)
def test_every_pixel_is_kept_in_the_middle_of_background(fit: str, size: int, frame: int) -> None:
    images = small_split().images[:3]
    used = config(input_size=size, fit=fit, normalization="dataset")
    found = pixels(to_input(images, used), used).round().squeeze(1)
    middle = (slice(None), slice(frame, frame + 28), slice(frame, frame + 28))
    assert torch.equal(found[middle], images.float())
    found[middle] = 0
    assert found.abs().max() == 0


@pytest.mark.parametrize("size", [14, 20, 32, 56])
def test_resizing_keeps_brightness_and_orientation(size: int) -> None:
    images = torch.zeros(4, 28, 28, dtype=torch.uint8)
    images[0, :14] = images[1, 14:] = 200  # top, bottom
    images[2, :, :14] = images[3, :, 14:] = 200  # left, right
    used = config(input_size=size, fit="resize")
    found = pixels(to_input(images, used), used).squeeze(1)
    half = size // 2
    rows, columns = found.mean(2), found.mean(1)
    assert (rows[0, : half - 1] > 150).all()
    assert (rows[1, half + 1 :] > 150).all()
    assert (columns[2, : half - 1] > 150).all()
    assert (columns[3, half + 1 :] > 150).all()
    assert found.mean().item() == pytest.approx(100, abs=1)


@pytest.mark.parametrize("size", [14, 20, 56])
def test_resizing_is_bilinear_and_smooth(size: int) -> None:
    ramp = torch.linspace(0, 252, 28).round().to(torch.uint8).repeat(28, 1)[None]
    used = config(input_size=size, fit="resize")
    row = pixels(to_input(ramp, used), used)[0, 0, size // 2]
    inside = row[2:-2].diff()  # the edges are flatter: there is nothing beyond them
    assert inside.min() > 0
    assert (inside - inside.mean()).abs().max() < 2


def test_no_thin_line_is_lost_in_a_smaller_input() -> None:
    lines = (200 * torch.eye(28)).to(torch.uint8)[:, None].expand(28, 28, 28)  # one in each column
    used = config(input_size=9, fit="resize", kernel_size=1)
    light = pixels(to_input(lines, used), used).squeeze(1).sum(2).mean(1)
    inside = light[3:-3]  # at the edges there is less around a line
    assert (inside - 200 * 9 / 28).abs().max() < 5


def test_smaller_input_is_resized_whatever_fit_says() -> None:
    images = small_split().images[:3]
    padded, resized = (
        to_input(images, config(input_size=20, fit=fit)) for fit in ("pad", "resize")
    )
    assert torch.equal(padded, resized)


@pytest.mark.parametrize("normalization", ["dataset", "half"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_normalisation_is_by_the_dataset_s_figures_or_the_post_s(
    dataset: str, normalization: str
) -> None:
    images = torch.tensor([0, 255], dtype=torch.uint8)[:, None, None].expand(2, 28, 28)
    x = to_input(images, config(dataset=dataset, normalization=normalization))
    info = DATASETS[dataset]
    mean, std = (info.mean, info.std) if normalization == "dataset" else (0.5, 1)
    assert x[0].unique().tolist() == pytest.approx([-mean / std], rel=1e-5)
    assert x[1].unique().tolist() == pytest.approx([(1 - mean) / std], rel=1e-5)


def test_stored_images_stay_as_they_are() -> None:
    images = small_split().images[:3].clone()
    before = images.clone()
    to_input(images, config(input_size=32))
    to_input(images, config())
    assert torch.equal(images, before)
