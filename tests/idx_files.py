"""Small datasets for tests: files that pass every check, images that a network can learn."""

import dataclasses
import gzip
import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lenet.catalog import DATASETS, FILES, DatasetInfo

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
    contents = contents_of(info)
    return dataclasses.replace(
        info,
        md5={f"{n}.gz": hashlib.md5(pack(data)).hexdigest() for n, data in contents.items()},
        sha256={n: hashlib.sha256(data).hexdigest() for n, data in contents.items()},
    )


def contents_of(info: DatasetInfo) -> dict[str, bytes]:
    """Return the unpacked files of a small dataset by name, the same ones at every call."""
    return {name: idx_bytes(array) for name, array in make_arrays(info).items()}


def pack(data: bytes) -> bytes:
    """Return `data` as `.gz`, the same bytes at every call."""
    return gzip.compress(data, mtime=0)


def write_files(folder: Path, info: DatasetInfo, *, packed: bool = True) -> Path:
    """Put a small dataset's four files straight into `folder`."""
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
    """For one test: dataset `name` is a small one, and lies ready in the data folder `data_dir`."""
    info = small_info(name, train_count, test_count)
    monkeypatch.setitem(DATASETS, name, info)
    monkeypatch.setenv("LENET_DATA_DIR", str(data_dir))
    write_files(data_dir / name / "raw", info)
    return info
