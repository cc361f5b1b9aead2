"""Tensors in memory, and the validation split."""

import dataclasses
import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from lenet.catalog import DATASETS, DatasetInfo, SplitName
from lenet.data import splits
from lenet.data.reading import Content, locate, read_idx
from lenet.errors import ConfigError, DatasetError
from tests.idx_files import install_small_dataset, make_arrays, write_files
from tests.small import refused


@pytest.fixture
def info(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DatasetInfo:
    """Put a small Fashion-MNIST ready in the data folder."""
    return install_small_dataset(monkeypatch, tmp_path)


def test_split_holds_the_images_and_labels_of_the_files(info: DatasetInfo) -> None:
    arrays = make_arrays(info)
    parts: dict[SplitName, str] = {"train": "train", "test": "t10k"}
    for part, prefix in parts.items():
        images, labels = splits.load_split("FashionMNIST", part)
        assert (images.dtype, labels.dtype) == (torch.uint8, torch.int64)
        assert np.array_equal(images, arrays[f"{prefix}-images-idx3-ubyte"])
        assert np.array_equal(labels, arrays[f"{prefix}-labels-idx1-ubyte"])


def test_packed_and_plain_files_give_what_torchvision_reads(
    info: DatasetInfo, tmp_path: Path
) -> None:
    from torchvision.datasets import FashionMNIST

    write_files(tmp_path / "plain" / "FashionMNIST" / "raw", info, packed=False)
    theirs = FashionMNIST(tmp_path / "plain", train=False, download=False)
    for folder in (tmp_path, tmp_path / "plain"):
        images, labels = splits.load_split("FashionMNIST", "test", folder)
        assert torch.equal(images, theirs.data)
        assert torch.equal(labels, theirs.targets)


def test_two_threads_at_once_load_once(info: DatasetInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def slow(path: Path, of: DatasetInfo) -> Content:
        read.append(path.name)
        time.sleep(0.05)
        return read_idx(path, of)

    monkeypatch.setattr("lenet.data.splits.read_idx", slow)
    with ThreadPoolExecutor(4) as threads:
        loads = [threads.submit(splits.load_split, "FashionMNIST", "train") for _ in range(4)]
    assert read == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert len({id(load.result()) for load in loads}) == 1


def test_changed_files_are_read_again(info: DatasetInfo, tmp_path: Path) -> None:
    before = splits.load_split("FashionMNIST", "test")
    folder = write_files(tmp_path / "FashionMNIST" / "raw", info)
    os.utime(folder / "t10k-images-idx3-ubyte.gz", (1, 1))
    after = splits.load_split("FashionMNIST", "test")
    assert after is not before
    assert torch.equal(after.images, before.images)


def test_missing_damaged_and_unknown_datasets_are_named(info: DatasetInfo, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    with refused(DatasetError, f"Fashion-MNIST is not on this machine .*{empty}"):
        splits.load_split("FashionMNIST", "train", empty)
    path = tmp_path / "FashionMNIST" / "raw" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with refused(DatasetError, f"{path} is damaged: it ends early"):
        splits.load_split("FashionMNIST", "train")
    with refused(ConfigError, "'CIFAR10': choose FashionMNIST or MNIST"):
        splits.load_split("CIFAR10", "train")


@pytest.mark.parametrize("inner", ["", "FashionMNIST", "FashionMNIST/raw"])
def test_the_data_folder_may_be_one_within_it(
    info: DatasetInfo, tmp_path: Path, inner: str
) -> None:
    source = locate("FashionMNIST", tmp_path / inner)
    assert source
    assert {path.parent for path in source.paths} == {tmp_path / "FashionMNIST" / "raw"}
    assert locate("MNIST", tmp_path / inner) is None


def test_another_dataset_s_files_are_refused_by_name(
    info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = dataclasses.replace(
        info, name="MNIST", title="MNIST", sha256=dict.fromkeys(info.sha256, "")
    )
    monkeypatch.setitem(DATASETS, "MNIST", digits)
    write_files(tmp_path / "MNIST" / "raw", info, packed=False)
    with refused(DatasetError, "holds the images of Fashion-MNIST, not those of MNIST"):
        splits.load_split("MNIST", "train")


LABELS = {
    "balanced": np.arange(6000) % 10,
    "skewed": np.random.default_rng(7).choice(10, 3001, p=np.arange(1, 11) / 55),
    "gaps": np.array([0, 2, 2, 9] * 50),
    "tiny": np.array([3, 1]),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("share", [0.0, 0.013, 1 / 12, 0.5, 0.999])
def test_val_split_is_exact_disjoint_and_stratified(name: str, share: float) -> None:
    labels = torch.from_numpy(LABELS[name])
    size = int(share * len(labels))
    train, val = splits.split_train_val(labels, size)
    assert len(val) == size
    assert torch.equal(torch.cat([train, val]).sort().values, torch.arange(len(labels)))
    assert (train.diff() > 0).all()
    assert (val.diff() > 0).all()
    held_back = torch.bincount(labels[val], minlength=10)
    fair = torch.bincount(labels, minlength=10) * size / len(labels)
    assert (held_back - fair).abs().max() <= 1


def test_small_class_gives_its_rounded_share() -> None:
    labels = torch.tensor([0] * 100 + [1] * 4)
    assert torch.bincount(labels[splits.split_train_val(labels, 20)[1]]).tolist() == [19, 1]


def test_val_split_never_depends_on_the_run() -> None:
    labels = torch.arange(60_000) % 10
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        val = splits.split_train_val(labels, 5000)[1]
        # Pinned: another split would make the figures of shipped checkpoints untrue.
        assert hashlib.sha256(val.numpy().tobytes()).hexdigest()[:16] == "d6470886e011433b"
    assert 25_000 < val.double().mean() < 35_000
    assert (val.diff() == 1).double().mean() < 0.2  # no run of neighbours


@pytest.mark.parametrize("size", [100, 101, -1])
def test_val_size_that_leaves_nothing_is_refused(size: int) -> None:
    with pytest.raises(ConfigError, match=f"val_size {size} is not possible: .* 0 to 99"):
        splits.split_train_val(torch.zeros(100, dtype=torch.int64), size)


def test_fingerprint_tells_splits_apart() -> None:
    images = torch.zeros(2, 28, 28, dtype=torch.uint8)
    labels = torch.tensor([1, 2])
    first = splits.fingerprint(splits.Split(images, labels))
    assert len(first) == 16
    assert splits.fingerprint(splits.Split(images.clone(), labels.clone())) == first
    assert splits.fingerprint(splits.Split(images, torch.tensor([2, 1]))) != first
    images[1, 27, 27] = 1
    assert splits.fingerprint(splits.Split(images, labels)) != first


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", ["FashionMNIST", "MNIST"])
def test_real_dataset_is_what_the_facts_say(name: str) -> None:
    if locate(name) is None:
        if os.environ.get("CI") == "true" and name == "FashionMNIST":
            pytest.fail("the real Fashion-MNIST is missing")
        pytest.skip(f"the real {name} is not on this machine")
    train = splits.load_split(name, "train")
    pixels = train.images.double() / 255
    assert train.images.shape == (60_000, 28, 28)
    assert pixels.mean().item() == pytest.approx(DATASETS[name].mean, abs=1e-4)
    assert pixels.std().item() == pytest.approx(DATASETS[name].std, abs=1e-4)
    assert splits.load_split(name, "test").images.shape == (10_000, 28, 28)
