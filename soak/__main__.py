"""`python -m soak [--short] [--json] [PART …]`: break things on purpose, print what was lost."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date

from lenet.cores import usable_cores
from soak.table import Row, markdown


def _kills(short: bool) -> list[Row]:
    from soak import kills
    from soak.lab import small_lab

    with small_lab() as lab:
        return kills.rows(lab, 10, 2) if short else kills.rows(lab, 200, 40)


def _server(short: bool) -> list[Row]:
    from soak import server

    return server.rows(2 if short else 5)


def _disk(short: bool) -> list[Row]:
    from soak import disk
    from soak.lab import small_lab

    with small_lab() as lab:
        return disk.rows(lab, 2 if short else 40)


def _damaged(short: bool) -> list[Row]:
    from soak import damaged
    from soak.lab import small_lab

    with small_lab() as lab:
        return damaged.rows(lab, 150 if short else 2100)


def _visitors(short: bool) -> list[Row]:
    from soak import visitors

    return visitors.rows(short)


PARTS: dict[str, Callable[[bool], list[Row]]] = {
    "kills": _kills,
    "server": _server,
    "disk": _disk,
    "damaged": _damaged,
    "visitors": _visitors,
}
"""The parts by name; each takes whether it is to be short."""


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
    rows = []
    for name in args.parts or PARTS:
        began = time.monotonic()
        rows += _rows(name, short=args.short)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    _show(rows, as_json=args.json)
    return 0 if all(row.good for row in rows) else 1


def _rows(name: str, *, short: bool) -> list[Row]:
    """The rows of a part; one that breaks itself is a row that is not good."""
    try:
        return PARTS[name](short)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
        return [Row(name, 0, 1, "part that broke off", faults=[fault])]


def _show(rows: list[Row], *, as_json: bool) -> None:
    from importlib.metadata import version

    made = {
        "date": date.today().isoformat(),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "torch": version("torch"),
    }
    for row in rows:
        for fault in row.faults:
            print(f"{row.done}: {fault}", file=sys.stderr)
    if as_json:
        print(json.dumps({**made, "rows": [{**asdict(row), "good": row.good} for row in rows]}))
        return
    print(markdown(rows))
    print("\n{date}, {cores} cores, Python {python}, torch {torch}".format(**made))


if __name__ == "__main__":
    sys.exit(main())
