"""Which of a run's checkpoints stay, and which of them with what a training needs to go on."""

from collections.abc import Container
from pathlib import Path
from typing import Any

from lenet.errors import CheckpointError
from lenet.network import checkpoint, weight_file
from lenet.runs.run import SPARES, Run


def thin_out(run: Run, keep: int, best: int | None, written: Container[Path]) -> None:
    """Leave the training's state in the last `SPARES` whole checkpoints, and delete old ones.

    An older file is touched only when so many newer ones are whole; whenever the process is
    killed, there is one to resume from.

    Args:
        keep: the newest checkpoints that stay, at least `SPARES`; 0 for all.
        best: an epoch whose checkpoint stays in any case.
        written: files of this process, which are whole.

    Raises:
        StorageError: a file could not be rewritten; it is as it was.
    """
    whole, lighten = 0, True
    for place, (epoch, path) in enumerate(reversed(run.checkpoints().items())):
        if whole < SPARES:
            whole += path in written or _resumable(path) is not None
        elif keep and place >= keep and epoch != best:
            path.unlink(missing_ok=True)
        elif lighten:
            if found := _resumable(path):
                checkpoint.save_content(path, found | {"training": None})
            lighten = bool(found) and path not in written  # or all older ones are light already


def _resumable(path: Path) -> dict[str, Any] | None:
    """What the file holds if a training can go on from it."""
    try:
        found = checkpoint.read_content(weight_file.read_file(path), path.name)
    except CheckpointError:
        return None
    return found if found.get("training") else None
