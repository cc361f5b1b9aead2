"""Checkpoints that the command line opens, and what it makes of them: exports and imports."""

import argparse
import logging
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from lenet.config import Config
from lenet.errors import ConfigError, DatasetError
from lenet.export import Form
from lenet.files import write_atomic

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint

log = logging.getLogger(__name__)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of exports; an import has `--output`, too."""
    add = parser.add_argument_group("export").add_argument
    add("--format", choices=get_args(Form), help="what --checkpoint becomes")
    add("--output", type=Path, metavar="FILE", help="the file to write")


def check(args: argparse.Namespace) -> None:
    """ConfigError if the flags do not say what to write where."""
    if not args.format or not args.output:
        raise ConfigError("--mode export needs --format and --output, the file to write")
    check_output(args)


def check_output(args: argparse.Namespace) -> None:
    """ConfigError if --output is not given, or would replace a file."""
    if not args.output:
        raise ConfigError(f"--mode {args.mode} needs --output, the file to write")
    if args.output.exists() and args.overwrite == "0":
        raise ConfigError(f"{args.output} is there already; add --overwrite 1 or name another file")


def export(
    args: argparse.Namespace, loaded: "Checkpoint", test_images: Callable[[str], Any]
) -> dict[str, Any]:
    """Write what `loaded` becomes. LabError if that cannot be made or written.

    Args:
        test_images: loads those of a dataset.
    """
    from lenet.export.forms import exported
    from lenet.training.unsure import ready

    test = None
    if args.format == "html":
        test = test_images(loaded.config.dataset)
        loaded = ready(loaded, args.data_dir)
    data = exported(args.format, loaded, args.checkpoint, test)
    write_atomic(args.output, data)
    return {"format": args.format, "output": str(args.output), "bytes": len(data)}


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
    from lenet.network import checkpoint

    checkpoint.save(output, loaded)
    return {
        "output": str(output),
        "config": loaded.config.model_dump(),
        "found": loaded.metrics.get("imported", []),
    }
