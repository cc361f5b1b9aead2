"""Made images are made once a machine; those held out are no training's."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lenet.drawing import portions
from lenet.drawing.portions import Portion, first

made: list[int] = []


def make(number: int) -> Portion:
    made.append(number)
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (20, 28, 28), np.uint8), rng.integers(0, 10, 20)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    made.clear()
    monkeypatch.setattr(portions, "PORTION", 20)
    monkeypatch.setattr(portions, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_a_portion_is_made_once() -> None:
    once = first(30, "squares", make)
    again = first(40, "squares", make)
    assert made == [0, 1]
    assert torch.equal(again.images[:30], once.images)
    assert torch.equal(again.labels[:30], once.labels)


def test_another_kind_is_kept_elsewhere() -> None:
    first(20, "squares", make)
    first(20, "rings", make)
    assert made == [0, 0]


def test_what_is_held_out_is_in_no_training() -> None:
    trained_on = first(40, "squares", make).images.flatten(1).tolist()
    held_out = first(40, "squares", make, held_out=True).images.flatten(1).tolist()
    assert all(image not in trained_on for image in held_out)


def test_a_damaged_file_is_made_anew(folder: Path) -> None:
    once = first(20, "squares", make)
    [file] = folder.rglob("*.npz")
    for content in (b"", file.read_bytes()[:-100], b"x" * 1000):
        file.write_bytes(content)
        assert torch.equal(first(20, "squares", make).images, once.images)
        assert file.read_bytes() != content


def test_where_nothing_can_be_written_it_is_made_each_time(folder: Path) -> None:
    folder.write_text("no folder")
    assert torch.equal(first(20, "squares", make).images, first(20, "squares", make).images)
    assert made == [0, 0]
