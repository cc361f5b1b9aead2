"""What breaks a network: its accuracy on test images that are changed more and more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from lenet.catalog import SIDE
from lenet.data.splits import Split
from lenet.evaluation.metrics import evaluate
from lenet.evaluation.report import as_csv
from lenet.network.checkpoint import Checkpoint

COUNT = 2000
"""Of so many test images, the first ones, unless all are asked for."""
SEED = 0
BILINEAR = InterpolationMode.BILINEAR


@dataclass(frozen=True)
class Change:
    """A way to change stored pixels, (N, 1, 28, 28) uint8, by each of five `strengths`."""

    unit: str
    strengths: tuple[float, ...]
    apply: Callable[[Tensor, float], Tensor]


def _moved(images: Tensor, angle: float = 0, across: float = 0, scale: float = 1) -> Tensor:
    """Every other image is moved or turned the other way."""
    changed = torch.empty_like(images)
    for first, sign in enumerate((1, -1)):
        place = {"angle": sign * angle, "translate": [sign * across, 0], "scale": scale}
        moved = F.affine(images[first::2], shear=[0, 0], interpolation=BILINEAR, **place)
        changed[first::2] = moved
    return changed


def _noise(images: Tensor, deviation: float) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(SEED))
    return (images + deviation * noise).round().clamp(0, 255).to(torch.uint8)


def _blur(images: Tensor, deviation: float) -> Tensor:
    blurred: Tensor = F.gaussian_blur(
        images, [2 * int(3 * deviation + 0.5) + 1] * 2, [deviation] * 2
    )
    return blurred


def _occlude(images: Tensor, side: float) -> Tensor:
    """A gray square somewhere in each image."""
    generator = torch.Generator().manual_seed(SEED)
    corners = torch.randint(SIDE - int(side) + 1, (2, len(images), 1), generator=generator)
    places = torch.arange(SIDE)
    rows, columns = (corners <= places) & (places < corners + side)  # each (N, 28)
    return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], 128)


CHANGES = {
    "shift": Change("pixels", (1, 2, 3, 4, 6), lambda x, by: _moved(x, across=by)),
    "rotation": Change("degrees", (5, 10, 20, 30, 45), lambda x, by: _moved(x, angle=by)),
    "scale": Change(
        "share of the size", (0.9, 0.8, 0.7, 0.6, 0.5), lambda x, by: _moved(x, scale=by)
    ),
    "noise": Change("standard deviation, of 255", (10, 20, 40, 60, 80), _noise),
    "blur": Change("standard deviation in pixels", (0.5, 1, 1.5, 2, 3), _blur),
    "brightness": Change("share of the light", (0.8, 0.6, 0.4, 0.2, 0.1), F.adjust_brightness),
    "contrast": Change("share of it that is left", (0.8, 0.6, 0.4, 0.2, 0.1), F.adjust_contrast),
    "occlusion": Change("side of a square in pixels", (4, 6, 8, 11, 14), _occlude),
}


@dataclass(frozen=True)
class Point:
    """The accuracy on `images` images changed so much, with its 95 % interval (Wilson 1927).

    `change` is one of `CHANGES`, or "none" with strength 0; `example` is the first image, (28, 28)
    uint8, as the network saw it.
    """

    change: str
    strength: float
    images: int
    accuracy: float
    interval: tuple[float, float]
    example: NDArray[np.uint8]

    def figures(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {name: value for name, value in vars(self).items() if name != "example"}


def robustness(
    checkpoint: Checkpoint,
    split: Split,
    count: int = COUNT,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Point]:
    """The accuracy on the first `count` images, first unchanged, then by each of `CHANGES`.

    The network looks at each image once, whatever its `views`. `progress` is called with the share
    that is done, 0 to 1.
    """
    one = replace(checkpoint, config=checkpoint.config.model_copy(update={"views": "one"}))
    images, labels = split.images[:count].unsqueeze(1), split.labels[:count]
    changes = [("none", 0.0)] + [(name, by) for name in CHANGES for by in CHANGES[name].strengths]
    points = []
    for name, strength in changes:
        changed = (CHANGES[name].apply(images, strength) if strength else images).squeeze(1)
        found = evaluate(one, Split(changed, labels))
        example = changed[0].numpy()
        points.append(Point(name, strength, len(labels), found.accuracy, found.interval, example))
        progress(len(points) / len(changes))
    return points


def table(named: Mapping[str, Sequence[Point]]) -> str:
    """CSV with a row for each point of each checkpoint, by the checkpoints' names."""
    return as_csv(
        ("checkpoint", "change", "strength", "images", "accuracy", "low", "high"),
        (
            (name, at.change, at.strength, at.images, at.accuracy, *at.interval)
            for name, points in named.items()
            for at in points
        ),
    )
