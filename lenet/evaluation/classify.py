"""Pictures to classify and show: random test images, photographs, drawings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lenet.catalog import DATASETS
from lenet.data.splits import Split
from lenet.drawing import centre, image_files
from lenet.errors import ImageError
from lenet.evaluation.predict import predict
from lenet.files import explained
from lenet.network.checkpoint import Checkpoint

Answer: TypeAlias = dict[str, Any]
"""One answer of the network, in the shape of the command line's JSON."""

ENLARGE = 8  # screen pixels for each image pixel on a sheet


def pick(split: Split, count: int, seed: int | None, among: Tensor | None = None) -> Tensor:
    """(count,) indices of different random images; all, if there are no more than that.

    Args:
        seed: None picks others each time.
        among: (N,) indices to pick from; None picks from all.
    """
    generator = torch.Generator()
    generator.manual_seed(seed) if seed is not None else generator.seed()
    if among is None:
        among = torch.arange(len(split.labels))
    return among[torch.randperm(len(among), generator=generator)[:count]]


def answer(checkpoint: Checkpoint, images: Tensor) -> list[Answer]:
    """For each of (N, 28, 28) uint8 images: `label`, `name` and ten `probabilities`."""
    classes = DATASETS[checkpoint.config.dataset].classes
    rows = predict(checkpoint, images)
    return [
        {"label": label, "name": classes[label], "probabilities": probabilities}
        for label, probabilities in zip(rows.argmax(1).tolist(), rows.tolist(), strict=True)
    ]


def classify_samples(
    checkpoint: Checkpoint, split: Split, dataset: str, index: Tensor
) -> list[Answer]:
    """`answer` for images of a split, each with its `index` and its `target`."""
    classes = DATASETS[dataset].classes
    targets = split.labels[index].tolist()
    answers = answer(checkpoint, split.images[index])
    return [
        {"index": at, "target": target, "target_name": classes[target], **found}
        for at, target, found in zip(index.tolist(), targets, answers, strict=True)
    ]


def classify_files(checkpoint: Checkpoint, files: Sequence[Path], *, drawn: bool) -> list[Answer]:
    """`answer` for photographs, or for drawings from the canvas, each with its `path`.

    Raises:
        ImageError: one of them cannot be read, or there is nothing in it.
    """
    dataset = checkpoint.config.dataset
    arrays = []
    for file in files:
        image = image_files.read_image_file(file)
        prepared = (
            centre.from_canvas(image, dataset)
            if drawn
            else centre.from_photo(image, dataset, name=str(file))
        )
        if prepared is None:
            raise ImageError(f"{file.name} holds no drawing; draw something and save it again")
        arrays.append(torch.from_numpy(prepared.array))
    answers = answer(checkpoint, torch.stack(arrays))
    return [{"path": str(file), **found} for file, found in zip(files, answers, strict=True)]


def sheet(*rows: Tensor, factor: int = ENLARGE) -> Image.Image:
    """Rows of (N, 28, 28) uint8, enlarged without smoothing, in true grayscale (mode L)."""
    framed = [np.pad(row.numpy(), ((0, 0), (1, 1), (1, 1))) for row in rows]
    small = np.vstack([row.swapaxes(0, 1).reshape(row.shape[1], -1) for row in framed])
    return image_files.enlarge(small, factor)


def save_sheet(images: Tensor, folder: Path) -> Path:
    """Write `sheet(images)` into the folder as `samples.png`."""
    path = folder / "samples.png"
    with explained(path):
        folder.mkdir(parents=True, exist_ok=True)
        sheet(images).save(path)
    return path
