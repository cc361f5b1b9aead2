"""The datasets: what each one is, where its files are, and whether such a file is whole.

Facts, a look at the disk and checks: no torch, no network, quick to import.
"""

import hashlib
import logging
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final, Literal

from lenet import paths
from lenet.errors import ConfigError, DatasetError

logger = logging.getLogger(__name__)

DatasetName = Literal["FashionMNIST", "MNIST"]
SplitName = Literal["train", "test"]

SIDE: Final = 28  # pixels: every image is 28×28


@dataclass(frozen=True)
class IdxFile:
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

    `name` is torchvision's class name and the value of `--dataset`. `mean` and
    `std` are those of the training pixels scaled to 0..1. `md5` maps the name of
    a `.gz` to the publisher's MD5 (as in torchvision's `resources`). `sha256` maps
    the name of an uncompressed file to the digest of its bytes: redistributors pack
    the very same images anew, and the MD5 of their `.gz` is then another one.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    mean: float
    std: float
    md5: Mapping[str, str]
    sha256: Mapping[str, str]
    system_dir: Path | None = None
    debian_package: str | None = None
    train_count: int = 60_000
    test_count: int = 10_000

    def shape(self, file: IdxFile) -> tuple[int, ...]:
        """Return the dimensions `file` must have: `(N, 28, 28)` for images, `(N,)` for labels."""
        count = self.train_count if file.split == "train" else self.test_count
        return (count, SIDE, SIDE) if file.kind == "images" else (count,)


def _by_file(suffix: str, *digests: str) -> dict[str, str]:
    return {file.name + suffix: digest for file, digest in zip(FILES, digests, strict=True)}


# Where the SHA-256 of Fashion-MNIST come from: Debian's package holds the publisher's
# compressed streams; with file name and time put back into their gzip headers all four
# have the publisher's MD5. Those of MNIST are the widely published ones of its IDX files.
DATASETS: Final[dict[str, DatasetInfo]] = {
    "FashionMNIST": DatasetInfo(
        name="FashionMNIST",
        title="Fashion-MNIST",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        mean=0.2860,
        std=0.3530,
        md5=_by_file(
            ".gz",
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
        sha256=_by_file(
            "",
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
        md5=_by_file(
            ".gz",
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
        sha256=_by_file(
            "",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
}


class DamagedFileError(DatasetError):
    """A file that is there but is not what it should be; `finding` names it and says why."""

    def __init__(self, path: Path, reason: str) -> None:
        self.finding = f"{path} is damaged: {reason}"
        super().__init__(f"{self.finding}; let it be fetched again (--download 1)")


def dataset_info(name: str) -> DatasetInfo:
    """Return the facts of the dataset called `name`; `ConfigError` if there is none."""
    try:
        return DATASETS[name]
    except KeyError:
        known = " or ".join(DATASETS)
        raise ConfigError(f"there is no dataset called {name!r}: choose {known}") from None


def read_idx(path: Path, info: DatasetInfo) -> bytes:
    """Read one of the four files, packed or not, and check it; its bytes unpacked.

    The file is read once. It passes if it has the magic number, dimensions and size
    that it should have and, for a `.gz`, the publisher's MD5 or the publisher's bytes
    inside. An unpacked file with other contents is used with a warning in the log:
    nobody published a digest that it would have to match.

    Raises `DamagedFileError` for a bad file, `DatasetError` for an unreadable one.
    """
    name = path.name.partition(".")[0]  # without .gz and .part
    file = next(file for file in FILES if file.name == name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    packed = ".gz" in path.suffixes
    content = _unpack(path, data, info, file) if packed else data
    _check_structure(path, content, info, file)
    published = (
        packed and hashlib.md5(data, usedforsecurity=False).hexdigest() == info.md5[f"{name}.gz"]
    )
    if not published and hashlib.sha256(content).hexdigest() != info.sha256[name]:
        if packed:
            raise DamagedFileError(path, f"it is not the file that {info.title} was published as")
        logger.warning("%s holds other contents than the published %s", path, info.title)
    return content


def _unpack(path: Path, data: bytes, info: DatasetInfo, file: IdxFile) -> bytes:
    expected = _header_size(info, file) + prod(info.shape(file))
    unpacker = zlib.decompressobj(wbits=31)  # 31: a gzip stream with its checksum
    try:
        content = unpacker.decompress(data, expected + 1)  # no more than it takes to judge
    except zlib.error as error:
        raise DamagedFileError(path, "it cannot be unpacked as gzip") from error
    if not unpacker.eof and len(content) <= expected:
        raise DamagedFileError(path, f"it ends early, after {len(data):,} bytes")
    return content


def _header_size(info: DatasetInfo, file: IdxFile) -> int:
    return 4 + 4 * len(info.shape(file))


def _check_structure(path: Path, content: bytes, info: DatasetInfo, file: IdxFile) -> None:
    """Compare magic number, dimensions, size and range of labels with what is expected.

    The IDX format: a big-endian 32-bit magic number (0x08 for bytes, then the number of
    dimensions), each dimension as a 32-bit number, then the bytes.
    """
    shape = info.shape(file)
    start = _header_size(info, file)
    if len(content) < start:
        raise DamagedFileError(path, f"it is only {len(content)} bytes long")
    magic, *found = struct.unpack_from(f">{1 + len(shape)}I", content)
    if magic != 0x800 + len(shape):
        raise DamagedFileError(path, f"its magic number is {magic:#x}, not {0x800 + len(shape):#x}")
    if tuple(found) != shape:
        said, wanted = ("×".join(map(str, sizes)) for sizes in (found, shape))
        raise DamagedFileError(path, f"it holds {said} {file.kind}, not {wanted}")
    if len(content) != start + prod(shape):
        wanted = f"{start + prod(shape):,}"
        raise DamagedFileError(path, f"it has {len(content):,} bytes of data, not {wanted}")
    if file.kind == "labels" and max(content[start:]) >= len(info.classes):
        raise DamagedFileError(path, f"it has labels above {len(info.classes) - 1}")


@dataclass(frozen=True)
class Source:
    """The four files of a dataset, and in words where they were found."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path
    description: str

    @property
    def paths(self) -> tuple[Path, Path, Path, Path]:
        """The four paths, in the order of `FILES`."""
        return self.train_images, self.train_labels, self.test_images, self.test_labels


def data_dir(explicit: str | Path | None = None) -> Path:
    """Return the data folder: `explicit`, else `LENET_DATA_DIR`, else `data/` beside `lenet/`."""
    return paths.absolute(explicit) if explicit else paths.data_dir()


def places(info: DatasetInfo, data_folder: str | Path | None = None) -> dict[Path, str]:
    """Return the folders that may hold a dataset's files, best first, and what each is.

    The first is the data folder's, laid out as torchvision does it; files are put only
    there. The second belongs to a system package.
    """
    own = data_dir(data_folder) / info.name / "raw"
    found = {own: f"the data folder {own}"}
    if info.system_dir is not None:
        found[info.system_dir] = f"the system's folder {info.system_dir}"
    return found


def files_in(folder: Path) -> dict[IdxFile, Path]:
    """Return the files of a dataset in `folder` that are not empty, packed ones preferred."""
    found = {}
    for file in FILES:
        for path in (folder / f"{file.name}.gz", folder / file.name):
            if file not in found and path.is_file() and path.stat().st_size > 0:
                found[file] = path
    return found


def source_in(folder: Path, description: str) -> Source | None:
    """Return the four files of a dataset in `folder`, unchecked; None if one is missing."""
    found = files_in(folder)
    if len(found) < len(FILES):
        return None
    train_images, train_labels, test_images, test_labels = (found[file] for file in FILES)
    return Source(train_images, train_labels, test_images, test_labels, description)


def locate(name: str, data_dir: str | Path | None = None) -> Source | None:
    """Find the files of dataset `name` on this machine, unchecked; None if there are not four.

    Cheap: it only looks whether they are there. `ConfigError` for an unknown name.
    """
    for folder, description in places(dataset_info(name), data_dir).items():
        if source := source_in(folder, description):
            return source
    return None
