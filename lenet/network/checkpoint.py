"""Checkpoints: weights with all that is needed to use and to continue them."""

import io
import logging
import platform
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
from lenet.network import weight_file
from lenet.network.lenet5 import LeNet5
from lenet.network.unsure import Detector, checked

log = logging.getLogger(__name__)

FORMAT = "lenet-lab-checkpoint"


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
    """Write a checkpoint; see `write_atomic`."""
    write_atomic(path, file_of(checkpoint))


def file_of(checkpoint: Checkpoint) -> bytes:
    """What `save` writes."""
    parts = {field.name: getattr(checkpoint, field.name) for field in fields(checkpoint)}
    return packed(numbered({"format": FORMAT, **parts, "config": checkpoint.config.model_dump()}))


def packed(content: dict[str, Any]) -> bytes:
    """What `read_content` reads."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in the file is ever executed.

    Raises:
        NewerFileError: a newer version of the lab has written it.
        CheckpointError: there is none, or it is foreign, damaged or at odds with itself.
    """
    return loads(weight_file.read_file(path), path.name)


def loads(data: bytes, name: str) -> Checkpoint:
    """Read a checkpoint's bytes, an upload's say; see `load`."""
    return checked_content(read_content(data, name), name)


def read_content(data: bytes, name: str) -> dict[str, Any]:
    """What a checkpoint's bytes hold, whole but otherwise unchecked; raises as `load` does.

    Unlike that it draws no random numbers, which would change a training of this process.
    """
    content = weight_file.read_content(data, name)
    if not is_ours(content):
        raise CheckpointError(
            f"{name} holds no LeNet-5 lab checkpoint (its weights come without a configuration); "
            "import it with --mode import, or choose a file written by this lab"
        )
    return content  # type: ignore[no-any-return]


def is_ours(content: Any) -> bool:
    """Whether it is what `save` has written, of whatever version."""
    return isinstance(content, dict) and content.get("format") == FORMAT


def checked_content(content: dict[str, Any], name: str) -> Checkpoint:
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
