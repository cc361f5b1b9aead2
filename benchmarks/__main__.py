"""`python -m benchmarks [--json] [PART …]`: measure, beside rivals where there are any."""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.machine import machine
from benchmarks.table import Row, markdown

PARTS = {
    "training": "benchmarks.training:rows",
    "neighbour": "benchmarks.neighbour:rows",
    "drawing": "benchmarks.server:drawings",
    "sessions": "benchmarks.server:sessions",
    "steps": "benchmarks.server:long_runs",
    "classroom": "benchmarks.classroom:rows",
    "images": "benchmarks.server:epochs",
    "imports": "benchmarks.server:imports",
    "browser": "benchmarks.browser:rows",
    "inside": "benchmarks.inside:rows",
}
"""The parts by name, and the function that measures each."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose {', '.join(PARTS)}")
    parts = args.parts or list(PARTS)
    rows = measured(parts[0]) if len(parts) == 1 else [row for name in parts for row in apart(name)]
    made = machine("streamlit", "torchvision")
    if args.json:
        print(json.dumps({"machine": made, "rows": [row.as_json() for row in rows]}))
    else:
        print(f"{markdown(rows)}\n\n{made}")


def measured(name: str) -> Sequence[Row]:
    module, _, function = PARTS[name].partition(":")
    rows: Callable[[], Sequence[Row]] = getattr(importlib.import_module(module), function)
    return rows()


def apart(name: str) -> list[Row]:
    """A part in a process of its own: what one has loaded is not in another's figures."""
    began, load = time.monotonic(), os.getloadavg()[0]
    command = [sys.executable, "-m", "benchmarks", "--json", name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    print(f"{name}: {time.monotonic() - began:.0f} s, load {load:.1f} before", file=sys.stderr)
    found = json.loads(done.stdout)["rows"]
    return [Row(**{key: row[key] for key in row if key != "ratio"}) for row in found]


if __name__ == "__main__":
    main()
