"""`python -m lenet --mode export`: a checkpoint as a file that does without the lab."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from lenet.errors import ConfigError
from lenet.export import Form
from lenet.files import write_atomic


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that only exports have."""
    add = parser.add_argument_group("export").add_argument
    add("--format", choices=get_args(Form), help="what --checkpoint becomes")
    add("--output", type=Path, metavar="FILE", help="the file to write")


def run(args: argparse.Namespace, test_images: Callable[[str], Any]) -> dict[str, Any]:
    """Write the file that the flags describe. LabError if a flag cannot be used.

    Args:
        test_images: loads those of a dataset.
    """
    if not args.format or not args.output:
        raise ConfigError("--mode export needs --format and --output, the file to write")
    if args.output.exists() and args.overwrite == "0":
        raise ConfigError(f"{args.output} is there already; add --overwrite 1 or name another file")
    from lenet.export.forms import exported
    from lenet.network import checkpoint as checkpoints
    from lenet.training.unsure import ready

    loaded, test = checkpoints.load(args.checkpoint), None
    if args.format == "html":
        test = test_images(loaded.config.dataset)
        loaded = ready(loaded, args.data_dir)
    data = exported(args.format, loaded, args.checkpoint, test)
    write_atomic(args.output, data)
    return {"format": args.format, "output": str(args.output), "bytes": len(data)}
