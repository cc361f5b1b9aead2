"""Checkpoints: weights with all that is needed to use and to continue them."""

import io
import logging
import pickle
import platform
import warnings
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import lenet
from lenet.config import Config, build_config
from lenet.errors import CheckpointError, ConfigError
from lenet.files import write_atomic
from lenet.formats import migrated, numbered
from lenet.network.lenet5 import LeNet5
from lenet.network.unsure import Detector, checked

log = logging.getLogger(__name__)

FORMAT = "lenet-lab-checkpoint"
MAX_BYTES = 64 * 2**20  # a checkpoint has about 1 MB
MAX_PICKLED = 2**20  # its names and numbers have about 10 kB; to read 18 MB takes 10 s


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory.

    Attributes:
        metrics: `epoch`, `step`, `train_loss`, `val_loss`, `val_accuracy`, `seconds` when saved.
        training: what `Trainer.restore` needs to go on, None in shipped weights.
        versions: see `versions()`.
        detector: tells what looks like none of the classes; `lenet.training.unsure` makes it.
    """

    config: Config
    weights: dict[str, Tensor]
    metrics: dict[str, Any]
    training: dict[str, Any] | None
    versions: dict[str, str]
    detector: Detector | None = None

    def model(self) -> LeNet5:
        """The network with these weights, on the CPU, in evaluation mode."""
        model = LeNet5(self.config)
        model.load_state_dict(self.weights)
        return model.eval()

    @cached_property
    def predictor(self) -> LeNet5:
        """The same network, `folded()`; made once, for all threads."""
        return self.model().folded()


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    return {
        "lenet": lenet.__version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }


def snapshot(config: Config, state: dict[str, Any], metrics: dict[str, Any]) -> Checkpoint:
    """A training as it stands now, from its `Trainer.state()` and the figures of its last event."""
    training = {name: part for name, part in state.items() if name != "model"}
    return Checkpoint(config, state["model"], metrics, training, versions())


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically.

    Raises:
        StorageError: it could not be written; an older file of that name is intact.
    """
    parts = {field.name: getattr(checkpoint, field.name) for field in fields(checkpoint)}
    save_content(
        path, numbered({"format": FORMAT, **parts, "config": checkpoint.config.model_dump()})
    )


def save_content(path: Path, content: dict[str, Any]) -> None:
    """Write what `read_content` reads; see `save`."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomic(path, buffer.getvalue())


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in the file is ever executed.

    Raises:
        NewerFileError: a newer version of the lab has written it.
        CheckpointError: there is none, or it is foreign, damaged or at odds with itself.
    """
    return loads(read_file(path), path.name)


def read_file(path: Path) -> bytes:
    """The bytes of a checkpoint's file; see `load`."""
    try:
        if path.is_dir():
            raise CheckpointError(f"{path} is a folder; name a file in it, such as model_epoch1.pt")
        if path.is_file():
            _check_size(path.stat().st_size, path.name)
            return path.read_bytes()
    except (OSError, ValueError) as error:  # of a name that cannot be one, too
        log.info("%s unreadable: %s", path, error)
    raise CheckpointError(
        f"there is no checkpoint at {path}; train one with --mode train, or name another file"
    )


def loads(data: bytes, name: str) -> Checkpoint:
    """Read a checkpoint's bytes, an upload's say; see `load`."""
    return _checked(read_content(data, name), name)


def read_content(data: bytes, name: str) -> dict[str, Any]:
    """What a checkpoint's bytes hold, whole but otherwise unchecked; raises as `load` does.

    Unlike that it draws no random numbers, which would change a training of this process.
    """
    _check_size(len(data), name)
    try:
        if not data.startswith(b"PK\x03\x04"):  # torch takes all but a zip for a bare pickle
            raise pickle.UnpicklingError("not a zip")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_size(sum(part.file_size for part in parts), name)
            pickled = (part.file_size for part in parts if part.filename.endswith(".pkl"))
            _check_size(sum(pickled), name, MAX_PICKLED)
            if archive.testzip():  # torch.load looks at no checksum
                raise zipfile.BadZipFile("a part of it has another checksum")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="torch")  # about files we refuse anyway
            content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        log.info("%s refused: %s", name, error)
        raise CheckpointError(
            f"{name} is damaged, or no checkpoint that can be loaded safely; "
            "choose a .pt file written by this lab"
        ) from None
    except Exception as error:  # torch raises many kinds on damaged files
        log.info("%s unreadable: %s", name, error)
        raise CheckpointError(f"{name} is damaged or no checkpoint; choose another file") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{name} holds no LeNet-5 lab checkpoint (its weights come without a configuration); "
            "choose a .pt file written by this lab"
        )
    return content


def _check_size(size: int, name: str, largest: int = MAX_BYTES) -> None:
    """Refuse what is too large to read, or to unpack: a few bytes of zip can become gigabytes."""
    if size > largest:
        raise CheckpointError(f"{name} is too large for a LeNet-5 checkpoint; choose another")


def _checked(content: dict[str, Any], name: str) -> Checkpoint:
    """The checkpoint in a file of ours; `CheckpointError` if its parts do not fit each other."""
    try:
        content = migrated("checkpoint", content, name)
        checkpoint = Checkpoint(
            config=build_config(content["config"]),
            weights=content["weights"],
            metrics=dict(content["metrics"]),
            training=content["training"],
            versions=dict(content["versions"]),
            detector=checked(content.get("detector")),
        )
        checkpoint.model()
    except ConfigError as error:
        raise CheckpointError(f"{name} has an unusable configuration: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        log.info("%s inconsistent: %s", name, error)
        raise CheckpointError(
            f"{name} is damaged: its weights do not match its configuration; choose another file"
        ) from None
    if not all(bool(torch.isfinite(part).all()) for part in checkpoint.weights.values()):
        raise CheckpointError(f"{name} holds weights that are not numbers; choose another file")
    return checkpoint
