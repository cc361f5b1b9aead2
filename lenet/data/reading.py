"""Where a dataset's files are, and whether such a file is whole. No torch, no network."""

import hashlib
import logging
import struct
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path

from lenet import paths
from lenet.catalog import FILES, DatasetInfo, IdxFile, dataset_info
from lenet.errors import DatasetError

logger = logging.getLogger(__name__)


class DamagedFileError(DatasetError):
    """A file that is there but is not what it should be; `finding` names it and says why."""

    def __init__(self, path: Path, reason: str) -> None:
        self.finding = f"{path} is damaged: {reason}"
        super().__init__(f"{self.finding}; let it be fetched again (--download 1)")


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
