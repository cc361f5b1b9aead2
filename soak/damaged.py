"""All damaged and hostile inputs, in their proportions."""

import random
from collections.abc import Callable, Iterator

from soak import checkpoints, folders, payloads
from soak.guard import Trial, tried
from soak.lab import Lab, small_lab
from soak.table import Row

KINDS: dict[str, tuple[Callable[[Lab, random.Random, int], Iterator[Trial]], int]] = {
    "damaged pictures uploaded, five formats": (payloads.pictures, 25),
    "damaged checkpoints, with code and zip bombs in them": (checkpoints.checkpoints, 25),
    "damaged dataset files (IDX), packed and plain": (folders.datasets, 16),
    "damaged run folders: files, links, pipes, names": (folders.runs, 10),
    "damaged study folders": (folders.studies, 6),
    "names of runs and checkpoints that lead elsewhere": (folders.names, 3),
    "addresses with wicked parameters, every page": (payloads.addresses, 8),
    "canvas drawings and clicks made up": (payloads.drawings, 7),
}
"""What makes the inputs of a kind, and its share: those that need a whole page are fewer."""


def rows(short: bool) -> list[Row]:
    with small_lab() as lab:
        return [row(lab, kind, 1.5 if short else 21) for kind in KINDS]


def row(lab: Lab, kind: str, share: float) -> Row:
    """Try the inputs of a kind, `share` times as many as its own share says."""
    trials, own = KINDS[kind]
    return tried(kind, lab.home / "lab", trials(lab, random.Random(kind), int(own * share)))
