"""Checkpoints that the command line opens, and what it makes of them: exports and imports."""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from lenet.cli.output import ProgressPrinter
from lenet.config import Config, field_value
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


def given(args: argparse.Namespace) -> dict[str, Any]:
    """The flags of the configuration, as they were given."""
    return {name: value for name, value in vars(args).items() if name in Config.model_fields}


def opened(args: argparse.Namespace, file: Path, *used: str) -> "tuple[Checkpoint, dict[str, Any]]":
    """A checkpoint, and the given flags of the configuration, which say what a person knows of
    weights from elsewhere. ConfigError if a value cannot be used.

    Notes say what was found in such weights; of the lab's own files, which flags have no effect:
    all but `used`.
    """
    from lenet.network import foreign, weight_file

    known = {name: field_value(name, value) for name, value in given(args).items()}
    data = weight_file.read_file(file)
    try:
        loaded, is_foreign = foreign.loads(data, file.name, known, args.data_dir)
    except DatasetError:  # such weights are tried on images
        dataset = known.get("dataset", Config.model_fields["dataset"].default)
        ProgressPrinter().fetch(dataset, args.data_dir, download=args.download == "1")
        loaded, is_foreign = foreign.loads(data, file.name, known, args.data_dir)
    for note in loaded.metrics["imported"] if is_foreign else ():
        log.warning("note: %s", note)
    for name in () if is_foreign else known:
        if name not in used:
            log.warning("note: --%s has no effect here; the checkpoint has its own", name)
    return loaded, known


def export(args: argparse.Namespace, test_images: Callable[[str], Any]) -> dict[str, Any]:
    """Write what a checkpoint becomes. LabError if that cannot be made or written.

    Args:
        test_images: loads those of a dataset.
    """
    _check(args, "format")
    loaded, _ = opened(args, args.checkpoint)
    from lenet.export.forms import exported
    from lenet.training.unsure import ready

    test = None
    if args.format == "html":
        test = test_images(loaded.config.dataset)
        loaded = ready(loaded, args.data_dir)
    data = exported(args.format, loaded, args.checkpoint, test)
    write_atomic(args.output, data)
    return {"format": args.format, "output": str(args.output), "bytes": len(data)}


def import_weights(args: argparse.Namespace) -> dict[str, Any]:
    """Write weights from elsewhere as a checkpoint of the lab."""
    _check(args)
    loaded, _ = opened(args, args.checkpoint)
    from lenet.network import checkpoint

    checkpoint.save(args.output, loaded)
    return {
        "output": str(args.output),
        "config": loaded.config.model_dump(),
        "found": loaded.metrics.get("imported", []),
    }


def _check(args: argparse.Namespace, *needed: str) -> None:
    """ConfigError if the flags do not say what to write where."""
    needed = (*needed, "output")
    if not all(getattr(args, name) for name in needed):
        flags = " and ".join(f"--{name}" for name in needed)
        raise ConfigError(f"--mode {args.mode} needs {flags}, the file to write")
    if args.output.exists() and args.overwrite == "0":
        raise ConfigError(f"{args.output} is there already; add --overwrite 1 or name another file")
