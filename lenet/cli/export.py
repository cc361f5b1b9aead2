"""`python -m lenet --mode export`: a checkpoint as a file that does without the lab."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from lenet.errors import ConfigError
from lenet.export import Form
from lenet.files import write_atomic

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint


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


def run(
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
