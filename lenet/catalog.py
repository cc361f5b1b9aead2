"""What each dataset is: its classes, its files and their published digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import e, log, prod
from pathlib import Path
from typing import Final, Literal, NamedTuple

from lenet.errors import ConfigError

DatasetName = Literal["FashionMNIST", "MNIST"]
SplitName = Literal["train", "test"]

SIDE: Final = 28  # pixels: every image is 28×28
CLASSES: Final = 10  # of each dataset
SOFTMAX_FLOOR: Final = -log(e / (e + CLASSES - 1))
"""1.4612, the least cross-entropy of a softmax of a softmax over ten classes: the inner one gives
at most 1 for one class and 0 for nine."""


class IdxFile(NamedTuple):
    """One of a dataset's four files; `name` is that of the uncompressed file."""

    name: str
    split: SplitName
    kind: Literal["images", "labels"]


FILES: Final = (
    IdxFile("train-images-idx3-ubyte", "train", "images"),
    IdxFile("train-labels-idx1-ubyte", "train", "labels"),
    IdxFile("t10k-images-idx3-ubyte", "test", "images"),
    IdxFile("t10k-labels-idx1-ubyte", "test", "labels"),
)


@dataclass(frozen=True)
class DatasetInfo:
    """What is known about a dataset before its files are opened.

    `name` is torchvision's class name and the value of `--dataset`; `mean` and `std` are those
    of the training pixels scaled to 0..1. `sha256` maps each uncompressed file's name to the
    digest of its bytes: those of `.gz` files differ from one packing to the next.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    mean: float
    std: float
    sha256: Mapping[str, str]
    system_dir: Path | None = None
    debian_package: str | None = None
    train_count: int = 60_000
    test_count: int = 10_000

    def shape(self, file: IdxFile) -> tuple[int, ...]:
        """Return the dimensions `file` must have: `(N, 28, 28)` for images, `(N,)` for labels."""
        count = self.train_count if file.split == "train" else self.test_count
        return (count, SIDE, SIDE) if file.kind == "images" else (count,)

    def size(self, file: IdxFile) -> int:
        """Return the bytes of `file`: a number that says its kind, its dimensions, its values."""
        shape = self.shape(file)
        return 4 + 4 * len(shape) + prod(shape)


def _by_file(*digests: str) -> dict[str, str]:
    return {file.name: digest for file, digest in zip(FILES, digests, strict=True)}


# Fashion-MNIST's digests are of the files in Debian's package, which have the publisher's MD5 once
# name and time are put back into their gzip headers; MNIST's are the widely published ones.
DATASETS: Final[dict[str, DatasetInfo]] = {
    "FashionMNIST": DatasetInfo(
        name="FashionMNIST",
        title="Fashion-MNIST",
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker"),
            *("Bag", "Ankle boot"),
        ),
        mean=0.2860,
        std=0.3530,
        sha256=_by_file(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        system_dir=Path("/usr/share/datasets/fashion-mnist"),
        debian_package="dataset-fashion-mnist",
    ),
    "MNIST": DatasetInfo(
        name="MNIST",
        title="MNIST",
        classes=tuple("0123456789"),
        mean=0.1307,
        std=0.3081,
        sha256=_by_file(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
}


def dataset_info(name: str) -> DatasetInfo:
    """Return the facts of the dataset called `name`; `ConfigError` if there is none."""
    try:
        return DATASETS[name]
    except KeyError:
        known = " or ".join(DATASETS)
        raise ConfigError(f"there is no dataset called {name!r}: choose {known}") from None
