"""What is made to train on, in portions that are made once for all trainings of a machine."""

import hashlib
import io
import math
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

import numpy as np
import PIL
import torch
from numpy.typing import NDArray

from lenet.catalog import SIDE
from lenet.data.splits import Split
from lenet.errors import StorageError
from lenet.files import write_atomic
from lenet.paths import cache_dir

Portion: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""(N, 28, 28) images and their (N,) classes."""

PORTION = 100
"""Images made and kept at a time."""
MAKERS = ("portions", "strokes", "garments", "accessories", "synthetic", "photographs")
"""The modules that decide what is made."""
HELD_OUT = 1_000_000
"""Number of the first portion that no training sees."""


def first(
    count: int, kind: str, make: Callable[[int], Portion], *, held_out: bool = False
) -> Split:
    """The first `count` of an endless row of images, made by `make` or kept from another time.

    Args:
        kind: names the images' folder in `paths.cache_dir()`.
        make: portion number → images and classes, the same for the same number.
        held_out: of the row that no training sees.
    """
    begin = HELD_OUT if held_out else 0
    numbers = range(begin, begin + math.ceil(count / PORTION))
    portions = [kept(kind, number, make) for number in numbers]
    images = np.concatenate([np.empty((0, SIDE, SIDE), np.uint8), *(p[0] for p in portions)])
    labels = np.concatenate([np.empty(0, np.int64), *(p[1] for p in portions)])
    return Split(torch.from_numpy(images[:count]), torch.from_numpy(labels[:count]))


def kept(kind: str, number: int, make: Callable[[int], Portion]) -> Portion:
    """A portion from its file, or made now and written there."""
    file = cache_dir() / f"{kind}-{made_by()}" / f"{number}.npz"
    with suppress(OSError, EOFError, ValueError, KeyError, BadZipFile), np.load(file) as found:
        return found["images"], found["labels"]
    images, labels = make(number)
    content = io.BytesIO()
    np.savez_compressed(content, images=images, labels=labels)
    with suppress(OSError, StorageError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, content.getvalue())
    return images, labels


@cache
def made_by() -> str:
    """Changes with all that decides what is made: `MAKERS`, NumPy, Pillow and torch."""
    versions = f"{np.__version__} {PIL.__version__} {torch.__version__}"
    code = b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in MAKERS)
    return hashlib.sha256(versions.encode() + code).hexdigest()[:12]
