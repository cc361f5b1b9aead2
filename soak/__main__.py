"""`python -m soak [--short] [--json] [PART …]`: break things on purpose, print what was lost."""

import argparse
import json
import sys
import time
import traceback
from dataclasses import asdict
from importlib import import_module

from benchmarks.machine import machine
from lenet.runs.signals import exit_status, stop_signals
from soak.table import Row, markdown

PARTS = ("kills", "server", "disk", "damaged", "visitors", "stand")
"""Modules of this package with a function `rows`, which is told whether to be short."""


def main(arguments: list[str] | None = None) -> int:
    """The exit status is 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute instead of half an hour")
    parser.add_argument("--json", action="store_true", help="the rows as JSON")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    args = parser.parse_args(arguments)
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose {', '.join(PARTS)}")
    import torch

    torch.set_num_threads(1)  # more would only wait for each other
    rows: list[Row] = []
    with stop_signals(lambda number: sys.exit(exit_status(number))):  # ends what the parts started
        for name in args.parts or PARTS:
            began = time.monotonic()
            rows += _rows(name, short=args.short)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    for row in rows:
        for fault in row.faults:
            print(f"{row.done}: {fault}", file=sys.stderr)
    if args.json:
        shown = [{**asdict(row), "good": row.good} for row in rows]
        print(json.dumps({"machine": machine(), "rows": shown}))
    else:
        print(f"{markdown(rows)}\n\n{machine()}")
    return 0 if all(row.good for row in rows) else 1


def _rows(name: str, *, short: bool) -> list[Row]:
    """The rows of a part; one that breaks off itself is a row that is not good."""
    try:
        return list(import_module(f"soak.{name}").rows(short))
    except Exception:  # the whole story: what broke first may only have led to this
        return [Row(name, 1, "it broke off", [traceback.format_exc()])]


if __name__ == "__main__":
    sys.exit(main())
