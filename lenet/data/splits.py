"""A dataset's images and labels as tensors in memory, and the validation split."""

import functools
import hashlib
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lenet.catalog import DATASETS, SIDE, SplitName, dataset_info
from lenet.data.reading import locate, places, read_idx
from lenet.errors import ConfigError, DatasetError

VAL_SEED = 0  # of the validation split; not the run's seed, so that all runs hold back the same


class Split(NamedTuple):
    """`images` `(N, 28, 28) uint8`, 0 = background, and `labels` `(N,) int64`; not to be changed.

    `load_split` gives every caller the same tensors.
    """

    images: Tensor
    labels: Tensor


_loading = threading.Lock()


def load_split(name: str, split: SplitName, data_dir: str | Path | None = None) -> Split:
    """Return the training or test images of dataset `name`, read and checked once per process.

    They are read again when their files have changed, and never downloaded. Raises
    `ConfigError` for an unknown name, `DatasetError` if the files are missing or damaged.
    """
    info = dataset_info(name)
    source = locate(name, data_dir)
    if source is None:
        looked_in = " and ".join(places(info, data_dir).values())
        raise DatasetError(
            f"{info.title} is not on this machine (looked in {looked_in}); let it be downloaded "
            "(--download 1)"
        )
    images, labels = source.paths[:2] if split == "train" else source.paths[2:]
    states = [(found.st_size, found.st_mtime_ns) for found in map(Path.stat, (images, labels))]
    with _loading:  # also for another split: to load takes a fraction of a second
        return _read(name, images, labels, *states)


@functools.lru_cache(maxsize=2 * len(DATASETS))
def _read(name: str, images: Path, labels: Path, *_states: tuple[int, int]) -> Split:
    info = dataset_info(name)
    pixels = bytearray(read_idx(images, info).data)  # a copy: torch wants memory it may write
    classes = bytearray(read_idx(labels, info).data)
    return Split(
        torch.frombuffer(pixels, dtype=torch.uint8, offset=16).reshape(-1, SIDE, SIDE),
        torch.frombuffer(classes, dtype=torch.uint8, offset=8).long(),
    )


def split_train_val(labels: Tensor, val_size: int) -> tuple[Tensor, Tensor]:
    """Hold back `val_size` images for validation, of each class its share to within one image.

    The images of a class are shuffled; the one at place r of n gets the mark (r + ½) / n,
    and the `val_size` smallest marks of all classes are held back.

    Args:
        labels: `(N,)` integers from 0 on.
        val_size: how many; 0 trains on all.

    Returns:
        The indices to train on, `(N - val_size,) int64`, and to validate on,
        `(val_size,) int64`, both ascending.

    Raises:
        ConfigError: `val_size` is negative or leaves no image to train on.
    """
    total = len(labels)
    if not 0 <= val_size < total:
        raise ConfigError(
            f"val_size {val_size} is not possible: of {total:,} training images 0 to "
            f"{total - 1:,} can be held back"
        )
    shuffled = np.random.RandomState(VAL_SEED).permutation(total)  # stable: NEP 19
    by_class = labels.cpu().numpy()[shuffled]
    order = np.argsort(by_class, kind="stable")
    counts = np.bincount(by_class)
    ranks = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    marks = (ranks + 0.5) / np.repeat(counts, counts)
    held_back = np.zeros(total, dtype=bool)
    held_back[shuffled[order[np.argsort(marks, kind="stable")[:val_size]]]] = True
    return torch.from_numpy(np.flatnonzero(~held_back)), torch.from_numpy(np.flatnonzero(held_back))


def fingerprint(split: Split) -> str:
    """16 hex digits that name these images with these labels, for model cards."""
    digest = hashlib.sha256(split.images.cpu().numpy().tobytes())
    digest.update(split.labels.cpu().to(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
