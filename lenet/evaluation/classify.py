"""Pictures to classify and show: random test images, photographs, drawings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lenet.catalog import DATASETS, DatasetName
from lenet.data.splits import Split
from lenet.drawing import centre, image_files
from lenet.drawing.centre import Prepared
from lenet.drawing.foreground import Box, Hints
from lenet.errors import ImageError
from lenet.evaluation import reading
from lenet.evaluation.predict import predict
from lenet.evaluation.reading import Answer, Read
from lenet.files import explained
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.paths import DEFAULT_CHECKPOINT, PHOTO_CHECKPOINT
from lenet.training.unsure import unsure

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
    """For each of (N, 28, 28) uint8 images: `label`, `name`, ten `probabilities`, `unsure`."""
    classes = DATASETS[checkpoint.config.dataset].classes
    rows = predict(checkpoint, images)
    doubts = unsure(checkpoint, images).tolist()
    return [
        {"label": label, "name": classes[label], "probabilities": shares, "unsure": doubt}
        for label, shares, doubt in zip(rows.argmax(1).tolist(), rows.tolist(), doubts, strict=True)
    ]


def second_for(path: Path) -> Checkpoint | None:
    """What answers for cut-out photographs in place of the checkpoint at `path`, if anything."""
    return checkpoints.load(PHOTO_CHECKPOINT) if path == DEFAULT_CHECKPOINT else None


def answer_pictures(
    checkpoint: Checkpoint, pictures: Sequence[Prepared], second: Checkpoint | None = None
) -> list[Answer]:
    """`answer` for pictures; `second` answers for what was cut out of a photograph.

    Its answers have its name as `checkpoint`.
    """
    arrays = torch.stack([torch.from_numpy(picture.array) for picture in pictures])
    found = answer(checkpoint, arrays)
    theirs = [at for at, picture in enumerate(pictures) if picture.cut_out]
    if second and theirs:
        for at, better in zip(theirs, answer(second, arrays[theirs]), strict=True):
            found[at] = {**better, "checkpoint": PHOTO_CHECKPOINT.stem}
    return found


def read(checkpoint: Checkpoint, picture: Prepared) -> list[list[Read]]:
    """The digits of a picture by lines, from the top and the left."""
    ways = [digit for line in picture.lines for digit in line]
    if not ways:
        return []
    arrays = [picture.placed(digit) for digit in ways]
    answers = answer(checkpoint, torch.stack([torch.from_numpy(array) for array in arrays]))
    return reading.surest(picture.lines, map(Read, ways, arrays, answers))


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


def classify_files(
    checkpoint: Checkpoint,
    files: Sequence[Path],
    *,
    drawn: bool,
    box: Box | None = None,
    second: Checkpoint | None = None,
) -> tuple[list[Answer], list[dict[str, str]]]:
    """`answer` for photographs, or for drawings from the canvas, each with its `path`.

    Args:
        box: where the thing is in each photograph, in pixels of its file.
        second: answers for what was cut out of a photograph.

    Returns:
        The answers, with a `note` where there is something to say about the picture; and of each
        file that cannot be used `path` and `message`. Of digits the answer is the largest one's,
        and `digits` are all, each with its `box` in pixels of the file.

    Raises:
        ImageError: the only file cannot be used.
    """
    dataset = checkpoint.config.dataset
    found: list[tuple[Path, Prepared, float]] = []
    errors: list[dict[str, str]] = []
    for file in files:
        try:
            found.append((file, *_prepared(file, dataset, drawn=drawn, box=box)))
        except ImageError as error:
            if len(files) == 1:
                raise
            errors.append({"path": str(file), "message": str(error)})
    if not found:
        return [], errors
    if dataset == "MNIST":
        return [_digits(checkpoint, *one) for one in found], errors
    answers = answer_pictures(checkpoint, [one for _, one, _ in found], second)
    return [
        {"path": str(file), **said, **({"note": one.note} if one.note else {})}
        for (file, one, _), said in zip(found, answers, strict=True)
    ], errors


def _digits(checkpoint: Checkpoint, file: Path, picture: Prepared, reduction: float) -> Answer:
    lines = read(checkpoint, picture)
    all_read = [one for line in lines for one in line]
    found: Answer = {"path": str(file), **reading.largest(lines).answer}
    found["digits"] = [
        {"box": [round(reduction * at) for at in one.box], **one.answer} for one in all_read
    ]
    if any(one.may_touch for one in all_read):
        found["note"] = "digits may touch; with a gap between them they can be read"
    return found


def _prepared(
    file: Path, dataset: DatasetName, *, drawn: bool, box: Box | None
) -> tuple[Prepared, float]:
    """The picture, and how many times longer its file's is."""
    image = image_files.read_image_file(file)
    reduction = float(image.info["reduction"])
    if not drawn:
        hints = Hints(box and image_files.in_shares(box, image, str(file)))
        return centre.from_photo(image, dataset, name=str(file), hints=hints), reduction
    if prepared := centre.from_canvas(image, dataset):
        return prepared, reduction
    raise ImageError(f"{file.name} holds no drawing; draw something and save it again")


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
