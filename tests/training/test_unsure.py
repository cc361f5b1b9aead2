"""When a network says that it is unsure, and how it comes to know that."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lenet.data.splits import split_train_val
from lenet.drawing.outliers import outliers
from lenet.errors import DatasetError
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint
from lenet.training import unsure as module
from lenet.training.unsure import fit, ready, unsure
from tests.small import raising, small_config, small_split, snapshot_of, trained

OTHERS = outliers("FashionMNIST", 1000).images[500:]


@pytest.fixture(scope="module")
def bare() -> Checkpoint:
    """A network that was trained without drawings and has no detector yet."""
    return snapshot_of(trained(small_config(epochs=4, sketches=0, photographs=0)))


@pytest.fixture(scope="module")
def known(bare: Checkpoint) -> Checkpoint:
    return replace(bare, detector=fit(bare, small_split()))


def test_most_of_what_it_knows_is_answered_most_of_the_rest_is_not(known: Checkpoint) -> None:
    _, val = split_train_val(small_split().labels, known.config.val_size)
    assert unsure(known, small_split().images[val]).float().mean() <= 0.05
    assert unsure(known, OTHERS).float().mean() > 0.8


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["validation images"]),
        ({"val_size": 0}, ["training images"]),
        ({"sketches": 0.2}, ["validation images", "drawings"]),
        ({"photographs": 0.2}, ["validation images", "photographs"]),
        ({"dataset": "MNIST"}, ["validation images", "drawings"]),
    ],
    ids=["plain", "none held back", "with drawings", "with photographs", "digits"],
)
def test_what_its_threshold_is_set_on(
    values: dict[str, object], expected: list[str], bare: Checkpoint
) -> None:
    config = bare.config.model_copy(update=values)
    assert fit(replace(bare, config=config), small_split())["set_on"] == expected


def test_it_travels_in_the_checkpoint_and_is_small(
    known: Checkpoint, bare: Checkpoint, tmp_path: Path
) -> None:
    checkpoints.save(tmp_path / "bare.pt", bare)
    checkpoints.save(tmp_path / "known.pt", known)
    assert torch.equal(
        unsure(checkpoints.load(tmp_path / "known.pt"), OTHERS), unsure(known, OTHERS)
    )
    more = (tmp_path / "known.pt").stat().st_size - (tmp_path / "bare.pt").stat().st_size
    assert 0 < more <= 64 * 1024


@pytest.mark.usefixtures("small_dataset")
def test_it_is_made_at_the_first_use_and_kept(
    bare: Checkpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = ready(bare).detector
    assert first
    monkeypatch.setattr(module, "fit", raising(AssertionError("it was made again")))
    again = ready(bare).detector
    assert again
    assert torch.equal(first["hidden"], again["hidden"])


def test_without_training_images_all_is_answered_and_a_note_says_so(
    bare: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(module, "load_split", raising(DatasetError("there are none")))
    assert not unsure(bare, OTHERS).any()
    assert "there are none" in caplog.text


def test_making_it_leaves_the_global_generator_alone(bare: Checkpoint) -> None:
    before = torch.get_rng_state()
    fit(bare, small_split())
    assert torch.equal(torch.get_rng_state(), before)
