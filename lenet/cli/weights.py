"""Checkpoints that the command line opens, and `--mode import`: weights from elsewhere as one."""

import logging
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.config import Config
from lenet.errors import DatasetError

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint

log = logging.getLogger(__name__)


def opened(
    file: Path,
    given: Mapping[str, Any],
    used: Container[str],
    data_dir: Path | None,
    fetch: Callable[[str], object],
) -> "Checkpoint":
    """Read a checkpoint; notes say what was found in weights from elsewhere.

    Args:
        given: fields of the configuration, which say what a person knows of such weights.
        used: those that are of use for a checkpoint of the lab, too.
        fetch: makes a dataset available, to try such weights on.
    """
    from lenet.network import foreign, weight_file

    data = weight_file.read_file(file)
    try:
        loaded, is_foreign = foreign.loads(data, file.name, given, data_dir)
    except DatasetError:
        fetch(given.get("dataset", Config.model_fields["dataset"].default))
        loaded, is_foreign = foreign.loads(data, file.name, given, data_dir)
    for note in loaded.metrics["imported"] if is_foreign else ():
        log.warning("note: %s", note)
    for name in () if is_foreign else given:
        if name not in used:
            log.warning("note: --%s has no effect here; the checkpoint has its own", name)
    return loaded


def save(loaded: "Checkpoint", output: Path) -> dict[str, Any]:
    """Write it as a checkpoint of the lab."""
    from lenet.network import checkpoint

    checkpoint.save(output, loaded)
    return {
        "output": str(output),
        "config": loaded.config.model_dump(),
        "found": loaded.metrics.get("imported", []),
    }
