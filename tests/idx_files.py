"""Small datasets for tests: files that pass every check, images that a network can learn."""

import dataclasses
import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lenet.catalog import DATASETS, FILES, DatasetInfo
from lenet.runs import launcher

OWN_FOLDER = "name a folder for small datasets alone in LENET_DATA_DIR or --data_dir"

Bytes = npt.NDArray[np.uint8]


def make_arrays(info: DatasetInfo, seed: int = 0) -> dict[str, Bytes]:
    """Images and labels of each file by name; a class is a bright patch in a place of its own."""
    random = np.random.default_rng(seed)
    arrays: dict[str, Bytes] = {}
    for file in FILES:
        if file.kind == "labels":
            continue
        (count, *_) = info.shape(file)
        labels = (random.permutation(count) % len(info.classes)).astype(np.uint8)
        images = random.integers(0, 60, info.shape(file), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            row, column = 2 + 13 * (label % 2), 1 + 5 * (label // 2)
            image[row : row + 10, column : column + 5] += 150
        arrays[file.name] = images
        arrays[file.name.replace("images-idx3", "labels-idx1")] = labels
    return arrays


def idx_bytes(array: Bytes) -> bytes:
    """Return an array as the bytes of an IDX file."""
    header = np.array([0x800 + array.ndim, *array.shape], dtype=">u4")
    return header.tobytes() + array.tobytes()


def small_info(
    name: str = "FashionMNIST", train_count: int = 200, test_count: int = 60
) -> DatasetInfo:
    """Return dataset `name` as if it had been published with these few images, only online."""
    info = dataclasses.replace(
        DATASETS[name],
        train_count=train_count,
        test_count=test_count,
        system_dir=None,
        debian_package=None,
    )
    digests = {n: hashlib.sha256(data).hexdigest() for n, data in contents_of(info).items()}
    return dataclasses.replace(info, sha256=digests)


def contents_of(info: DatasetInfo) -> dict[str, bytes]:
    """Return the unpacked files of a small dataset by name, the same ones at every call."""
    return {name: idx_bytes(array) for name, array in make_arrays(info).items()}


def pack(data: bytes) -> bytes:
    """Return `data` as `.gz`, the same bytes at every call."""
    return gzip.compress(data, mtime=0)


def refuse_real_data(folder: Path) -> None:
    """Exit rather than touch files that no test has made: small ones have no megabyte."""
    if any(path.stat().st_size > 2**20 for path in folder.glob("*-ubyte*")):
        sys.exit(f"{OWN_FOLDER}, not {folder}")


def write_files(folder: Path, info: DatasetInfo, *, packed: bool = True) -> Path:
    """Put a small dataset's four files straight into `folder`."""
    refuse_real_data(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents_of(info).items():
        if packed:
            (folder / f"{name}.gz").write_bytes(pack(data))
        else:
            (folder / name).write_bytes(data)
    return folder


def install_small_dataset(
    monkeypatch: pytest.MonkeyPatch,
    data_dir: Path,
    name: str = "FashionMNIST",
    train_count: int = 200,
    test_count: int = 60,
) -> DatasetInfo:
    """For one test and the trainings it starts: dataset `name` is small, and lies in `data_dir`."""
    info = small_info(name, train_count, test_count)
    monkeypatch.setitem(DATASETS, name, info)
    monkeypatch.setenv("LENET_DATA_DIR", str(data_dir))
    monkeypatch.setattr(launcher, "PROGRAM", "tests.small_lab")
    write_files(data_dir / name / "raw", info)
    return info
