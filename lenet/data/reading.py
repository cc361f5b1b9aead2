"""Where a dataset's files are, and whether such a file is whole. No torch, no network."""

import gzip
import hashlib
import logging
import struct
import zlib
from math import prod
from pathlib import Path
from typing import NamedTuple

from lenet import paths
from lenet.catalog import CLASSES, DATASETS, FILES, SIDE, DatasetInfo, IdxFile, dataset_info
from lenet.errors import DatasetError

logger = logging.getLogger(__name__)

SEVERAL = 200
"""Images among which there is one of each class."""


class DamagedFileError(DatasetError):
    """A file that is no whole IDX file of bytes; `finding` names it and says why."""

    def __init__(self, path: Path, reason: str) -> None:
        self.finding = f"{path} is damaged: {reason}"
        super().__init__(f"{self.finding}; let it be fetched again (--download 1)")


class Content(NamedTuple):
    """A dataset file's bytes, unpacked, and whether they are the published ones."""

    data: bytes
    published: bool


def read_idx(path: Path, info: DatasetInfo) -> Content:
    """Read one of the four files, packed or not, and check it.

    The IDX format: a big-endian 32-bit magic number (0x800 + the number of dimensions), each
    dimension as a 32-bit number, then the bytes. A whole file that is not the published one is
    used, with a warning in the log.

    Raises:
        DamagedFileError: it cannot be unpacked, is cut short, or is no IDX file of bytes.
        DatasetError: it cannot be read, or holds whole data of another dataset.
    """
    name = path.name.partition(".")[0]  # without .gz and .part
    file = next(file for file in FILES if file.name == name)
    shape = info.shape(file)
    limit = info.size(file) + 1  # no more bytes than it takes to judge
    try:
        with path.open("rb") as opened:
            packed = opened.read(2 * limit)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    data = _unpacked(path, packed, limit) if ".gz" in path.suffixes else packed[:limit]
    found = _dimensions(path, data, limit)
    if found != shape:
        said, wanted = ("×".join(map(str, sizes)) for sizes in (found, shape))
        raise _foreign(path, f"{said} values, not the {wanted} {file.kind}", info)
    if file.kind == "labels" and max(data[8:]) >= len(info.classes):
        raise _foreign(path, f"labels above {len(info.classes) - 1}, not those", info)
    digest = hashlib.sha256(data).hexdigest()
    published = digest == info.sha256[name]
    for other in DATASETS.values():
        if not published and digest == other.sha256[name]:
            raise _foreign(path, f"the {file.kind} of {other.title}, not those", info)
    if not published:
        logger.warning("%s holds other contents than the published %s", path, info.title)
    return Content(data, published)


def _foreign(path: Path, contents: str, info: DatasetInfo) -> DatasetError:
    return DatasetError(f"{path} holds {contents} of {info.title}; move it to another folder")


def _unpacked(path: Path, data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)  # 31: a gzip stream with its checksum
    try:
        content = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise DamagedFileError(path, "it cannot be unpacked as gzip") from error
    if not unpacker.eof and len(content) < limit:
        raise DamagedFileError(path, f"it ends early, after {len(data):,} bytes")
    return content


def _dimensions(path: Path, data: bytes, limit: int) -> tuple[int, ...]:
    """The dimensions of an IDX file of bytes, of which `data` is whole or the first `limit`."""
    start = 4 + 4 * data[3] if len(data) > 3 else 4
    if len(data) < start:
        raise DamagedFileError(path, f"it is only {len(data)} bytes long")
    if data[:3] != b"\0\0\x08":
        raise DamagedFileError(path, f"its magic number is 0x{data[:4].hex()}, not 0x0000080N")
    found = struct.unpack_from(f">{data[3]}I", data, 4)
    size = start + prod(found)
    if len(data) != min(size, limit):
        raise DamagedFileError(path, f"it is not {size:,} bytes long, as its beginning says")
    return found


class Source(NamedTuple):
    """The four files of a dataset, in the order of `FILES`, and in words where they were found."""

    paths: tuple[Path, ...]
    description: str


def places(info: DatasetInfo, data_folder: str | Path | None = None) -> dict[Path, str]:
    """Return the folders that may hold a dataset's files, best first, and what each is.

    Files are put only into the first, the data folder's, laid out as torchvision does it. Where
    the data folder is itself one of that layout, it will do, too.
    """
    folder = paths.absolute(data_folder) if data_folder else paths.data_dir()
    own = folder / info.name / "raw"
    found = {own: f"the data folder {own}"}
    if folder.name == info.name:
        found[folder / "raw"] = f"the folder {folder}"
    if folder.parts[-2:] == own.parts[-2:]:
        found[folder] = f"the folder {folder}"
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
    return Source(tuple(found.values()), description) if len(found) == len(FILES) else None


def locate(name: str, data_dir: str | Path | None = None) -> Source | None:
    """Find the files of dataset `name` on this machine, unchecked; None if there are not four.

    Raises `ConfigError` for an unknown name.
    """
    found = (source_in(*place) for place in places(dataset_info(name), data_dir).items())
    return next(filter(None, found), None)


def first_of_each_class(name: str) -> list[bytes]:
    """The 28·28 bytes of each class's first test image; none where the data is not there, or
    damaged. Only the beginning of the files is read.
    """
    source = locate(name)
    if source is None:
        return []
    try:
        images, labels = (_beginning(path, 16 + SEVERAL * SIDE**2) for path in source.paths[2:])
        at = [labels.index(label, 8, 8 + SEVERAL) - 8 for label in range(CLASSES)]
        found = [images[16 + place * SIDE**2 :][: SIDE**2] for place in at]
    except (OSError, EOFError, ValueError, zlib.error):
        return []
    return found if all(len(one) == SIDE**2 for one in found) else []


def _beginning(path: Path, count: int) -> bytes:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return file.read(count)
