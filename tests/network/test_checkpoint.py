"""Checkpoints: what comes back, and the many files that are none."""

import dataclasses
import os
import pickle
import random
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from lenet.config import build_config
from lenet.errors import CheckpointError, StorageError
from lenet.network import checkpoint
from lenet.network.checkpoint import FORMAT, Checkpoint
from lenet.network.weight_file import MAX_BYTES
from lenet.paths import DEFAULT_CHECKPOINT
from lenet.training.trainer import Trainer
from tests.small import (
    raising,
    refused,
    same_weights,
    small_config,
    small_split,
    snapshot_of,
    trained,
)


def saved(path: Path, change: Callable[[dict[str, Any]], object], source: Path) -> Path:
    """A copy of the checkpoint `source` whose content `change` has altered."""
    content = torch.load(source, weights_only=True)
    change(content)
    torch.save(content, path)
    return path


def refusal(path: Path) -> str:
    """The sentence with which a file is refused."""
    with refused(CheckpointError) as caught:
        checkpoint.load(path)
    assert path.name in str(caught.value)
    return str(caught.value)


class TestRoundTrip:
    @pytest.mark.parametrize("preset", ["lab", "classic", "post", "post-32"])
    def test_everything_comes_back(self, preset: str, tmp_path: Path) -> None:
        trainer = trained(small_config(preset=preset, epochs=1, dropout=0.2))
        metrics = {"epoch": 1, "step": 8, "train_loss": 0.25, "val_accuracy": None}
        checkpoint.save(tmp_path / "a.pt", snapshot_of(trainer, **metrics))
        found = checkpoint.load(tmp_path / "a.pt")
        assert found.config == trainer.config
        assert same_weights(found.model(), trainer.model)
        assert found.metrics == metrics
        assert found.versions["torch"] == torch.__version__
        assert set(found.versions) >= {"lenet", "torch", "python"}
        assert found.training is not None
        assert found.training["step"] == trainer.step

    def test_without_what_is_needed_to_go_on(
        self, trained_checkpoint: Checkpoint, trained_file: Path, tmp_path: Path
    ) -> None:
        bare = tmp_path / "bare.pt"
        checkpoint.save(bare, dataclasses.replace(trained_checkpoint, training=None))
        found = checkpoint.load(bare)
        assert found.training is None
        assert same_weights(found.model(), trained_checkpoint.model())
        assert bare.stat().st_size < trained_file.stat().st_size / 2

    def test_saved_weights_do_not_change_with_the_training(self, tmp_path: Path) -> None:
        trainer = Trainer(small_config(), small_split())
        events = trainer.run()
        next(events)
        checkpoint.save(tmp_path / "a.pt", snapshot_of(trainer))
        before = checkpoint.load(tmp_path / "a.pt").model()
        next(events)
        assert same_weights(checkpoint.load(tmp_path / "a.pt").model(), before)
        assert not same_weights(trainer.model, before)


class TestFilesThatAreNone:
    @pytest.mark.parametrize(
        "content",
        [
            *(b"", b"\n", b"Dear network, please classify.\n", b"PK\x03\x04", b"\x80\x02."),
            *(random.Random(0).randbytes(5000), pickle.dumps({"format": FORMAT})),
        ],
        ids=["empty", "newline", "text", "zip start", "pickle end", "random", "plain pickle"],
    )
    def test_foreign_bytes(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "a.pt").write_bytes(content)
        refusal(tmp_path / "a.pt")
        with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
            archive.writestr("letter.txt", content)
        refusal(tmp_path / "zip.pt")

    @pytest.mark.parametrize(
        "content",
        [
            *(torch.zeros(3), {"weights": torch.zeros(3)}, [], "text", None),
            *({"format": "another"}, {"format": FORMAT}),
            {"format": FORMAT, "config": 3, "weights": {}, "metrics": {}, "versions": {}},
            {"format": FORMAT, "config": {}, "weights": [], "metrics": {}, "versions": {}},
        ],
        ids=str,
    )
    def test_other_things_saved_by_torch(self, content: object, tmp_path: Path) -> None:
        torch.save(content, tmp_path / "a.pt")
        refusal(tmp_path / "a.pt")

    def test_weights_alone(self, trained_checkpoint: Checkpoint, tmp_path: Path) -> None:
        torch.save(trained_checkpoint.model().state_dict(), tmp_path / "a.pt")
        assert "without a configuration" in refusal(tmp_path / "a.pt")

    def test_missing_file(self, tmp_path: Path) -> None:
        for name in (tmp_path / "a.pt", "nul\x00byte.pt", "x" * 5000):
            with pytest.raises(CheckpointError, match="there is no checkpoint at"):
                checkpoint.load(Path(name))
        assert f"{tmp_path} is a folder; name a file in it" in refusal(tmp_path)

    def test_what_is_too_large_is_neither_read_nor_parsed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.pt"
        path.touch()
        os.truncate(path, MAX_BYTES + 1)  # takes no room on the disk
        for module, name in ((Path, "read_bytes"), (torch, "load")):
            monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("read it"))
        assert "too large" in refusal(path)
        with refused(CheckpointError, r"^a\.pt is too large"):
            checkpoint.loads(bytes(MAX_BYTES + 1), "a.pt")

    @pytest.mark.parametrize("parts", [1, 3], ids=["one large part", "several parts"])
    def test_small_zip_that_unpacks_to_very_much_is_not_unpacked(
        self, parts: int, tmp_path: Path, trained_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.pt"
        path.write_bytes(trained_file.read_bytes())
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            for part in range(parts):
                archive.writestr(f"archive/more{part}", bytes(MAX_BYTES // parts))
        assert path.stat().st_size < 2 * trained_file.stat().st_size
        for module, name in ((torch, "load"), (zipfile.ZipFile, "open")):
            monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("unpacked it"))
        assert "too large" in refusal(path)


@pytest.mark.filterwarnings("error::UserWarning:torch")
class TestCode:
    """A pickle can run any code as it is loaded; none of it must."""

    class Attack:
        def __init__(self, marker: Path) -> None:
            self.marker = marker

        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(self.marker),)

    @pytest.mark.parametrize("inside", [False, True], ids=["alone", "within a checkpoint"])
    @pytest.mark.parametrize("writer", ["pickle", "torch", "torch legacy"])
    def test_is_not_run(
        self, writer: str, inside: bool, tmp_path: Path, trained_file: Path
    ) -> None:
        marker = tmp_path / "it ran"
        content: Any = self.Attack(marker)
        if inside:
            content = {**torch.load(trained_file, weights_only=True), "metrics": content}
        path = tmp_path / "a.pt"
        careless: Callable[[], object] = partial(torch.load, path, weights_only=False)
        if writer == "pickle":
            path.write_bytes(pickle.dumps(content))
            careless = partial(pickle.loads, path.read_bytes())
        else:
            torch.save(content, path, _use_new_zipfile_serialization=writer == "torch")
        assert "safely" in refusal(path)
        assert not marker.exists()
        careless()
        assert marker.exists(), "this was no attack"


class TestDamage:
    @pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.99, 0.9999])
    def test_truncated_or_zeroed_file(
        self, share: float, trained_file: Path, tmp_path: Path
    ) -> None:
        data = trained_file.read_bytes()
        at = int(share * len(data))
        for damaged in (data[:at], data[:at] + bytes(4096) + data[at + 4096 :]):
            (tmp_path / "a.pt").write_bytes(damaged)
            refusal(tmp_path / "a.pt")

    @pytest.mark.parametrize("name", ["conv0.weight", "bn1.running_var", "fc3.weight", "fc4.bias"])
    def test_changed_bit_in_a_weight(self, name: str, trained_file: Path) -> None:
        """The network would still work, only differently."""
        data = bytearray(trained_file.read_bytes())
        weight = checkpoint.load(trained_file).weights[name].numpy().tobytes()
        data[data.index(weight) + len(weight) // 2] ^= 0b100
        with refused(CheckpointError, r"^a\.pt is damaged"):
            checkpoint.loads(bytes(data), "a.pt")


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "other geometry": (lambda c: c["config"].update(kernel_size=3, pool2=True), "do not match"),
    "other switch": (lambda c: c["config"].update(batch_norm=False), "do not match"),
    "missing weight": (lambda c: c["weights"].pop("fc3.bias"), "do not match"),
    "additional weight": (lambda c: c["weights"].update(x=torch.zeros(2)), "do not match"),
    "weight that is none": (lambda c: c["weights"].update({"fc3.bias": "x"}), "do not match"),
    "no configuration": (lambda c: c.pop("config"), "damaged"),
    "no metrics": (lambda c: c.pop("metrics"), "damaged"),
    "no versions": (lambda c: c.update(versions=None), "damaged"),
    "unknown field": (lambda c: c["config"].update(depth=9), "depth is not a hyperparameter"),
    "bad field": (lambda c: c["config"].update(dropout=2), "dropout must be"),
    "impossible geometry": (lambda c: c["config"].update(padding=0), "conv2 needs 5×5"),
    "huge network": (lambda c: c["config"].update(input_size=10**6), "input_size must be"),
    "no detector": (lambda c: c.update(detector={"hidden": torch.zeros(3)}), "damaged"),
    "nan": (lambda c: c["weights"]["fc4.bias"].fill_(float("nan")), "not numbers"),
    "inf": (lambda c: c["weights"]["conv0.weight"][0, 0, 0].fill_(float("inf")), "not numbers"),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_file_at_odds_with_itself(
    change: Callable[[dict[str, Any]], object], reason: str, trained_file: Path, tmp_path: Path
) -> None:
    assert reason in refusal(saved(tmp_path / "a.pt", change, trained_file))


def test_unchanged_copy_is_accepted(trained_file: Path, tmp_path: Path) -> None:
    """The refusals above are for what was changed, not for how the copy was made."""
    path = saved(tmp_path / "a.pt", lambda _: None, trained_file)
    assert same_weights(checkpoint.load(path).model(), checkpoint.load(trained_file).model())


def test_failed_save_keeps_the_old_checkpoint(
    trained_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(trained_file.read_bytes())
    monkeypatch.setattr("os.fsync", raising(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="the disk is full"):
        checkpoint.save(path, snapshot_of(Trainer(small_config(), small_split())))
    assert path.read_bytes() == trained_file.read_bytes()
    assert [found.name for found in tmp_path.iterdir()] == ["a.pt"]


def test_the_shipped_one_has_the_lab_s_network_and_a_card_that_names_the_command() -> None:
    found = checkpoint.load(DEFAULT_CHECKPOINT)
    assert found.config.dataset == "FashionMNIST"
    assert sum(layer.parameters for layer in found.config.layers()) == 61_990
    assert found.config.layers() == build_config().layers()
    assert "python -m lenet" in DEFAULT_CHECKPOINT.with_suffix(".md").read_text()
