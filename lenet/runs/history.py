"""The events of a run, read as they come."""

import logging
import os
import threading
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from lenet.files import open_own, parse_json

log = logging.getLogger(__name__)

STEP_COLUMNS = ("step", "loss", "lr", "images_per_second")
VALIDATION_KEYS = ("val_loss", "val_accuracy")
LARGEST = 1e15
"""Larger than any figure of a training; neither NaN nor infinity is below it."""
CHUNK = 2**20
"""Bytes that are parsed at a time, into objects of about twelve times the size; longer than any
line."""
EPOCH_KEYS = ("epoch", "step", "train_loss", "seconds")
LR_KEYS = ("step", "lr_set")
KINDS = {
    "loss": (STEP_COLUMNS, ()),
    "train_accuracy": (
        ("step", "train_accuracy"),
        ("train_eval_loss", "gradient_norm", *VALIDATION_KEYS),
    ),
    "train_loss": (EPOCH_KEYS, VALIDATION_KEYS),
    "lr_set": (LR_KEYS, ()),
}
"""By the name that tells an event's kind: its figures, and those that may be missing or None."""
PROBE_GROUPS = {"recalls": list, "update_ratios": dict, "idle": dict}
"""Figures of a probe for each class or layer, which may be missing as others may be None."""


@dataclass(frozen=True)
class History:
    """What a run has recorded up to a moment; it does not change when the run goes on.

    Attributes:
        steps: by `STEP_COLUMNS`, the values of all steps; from a file, float64 arrays (N,).
        epochs: the events of the epochs.
        lr_changes: the events of learning rates that somebody has set.
        probes: what was measured between steps; empty for runs of an earlier lab.
    """

    steps: Mapping[str, Sequence[float]] = field(
        default_factory=lambda: dict.fromkeys(STEP_COLUMNS, ())
    )
    epochs: Sequence[dict[str, Any]] = ()
    lr_changes: Sequence[dict[str, Any]] = ()
    probes: Sequence[dict[str, Any]] = ()

    def __len__(self) -> int:
        """The number of recorded steps."""
        return len(self.steps["step"])

    def counts(self) -> tuple[int, int, int, int]:
        """How many steps, epochs, changes of the learning rate and probes were read."""
        return len(self), len(self.epochs), len(self.lr_changes), len(self.probes)

    @property
    def best_accuracy(self) -> float | None:
        """The best validation accuracy of an epoch; None without validation images."""
        return max(self.accuracies(), default=None)

    @property
    def newest_accuracy(self) -> float | None:
        """Validation accuracy of the newest epoch or, if that is newer, of the newest probe."""
        newest = sorted((*self.probes[-1:], *self.epochs[-1:]), key=lambda event: event["step"])
        return newest[-1].get("val_accuracy") if newest else None

    def best_epoch(self, among: Container[int]) -> int | None:
        """The first of these epochs with their best validation accuracy; None without any."""
        scored = [
            (event["val_accuracy"], -event["epoch"])
            for event in self.epochs
            if event["val_accuracy"] is not None and event["epoch"] in among
        ]
        return -max(scored)[1] if scored else None

    def accuracies(self) -> list[float]:
        """Validation accuracy of each epoch that has one."""
        return [
            event["val_accuracy"] for event in self.epochs if event.get("val_accuracy") is not None
        ]

    def last(self, column: str) -> float:
        """The newest value of a column of the steps."""
        return float(self.steps[column][-1])


class HistoryFile:
    """The file of a run's events, followed while it grows; many threads may `poll()` it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._start_over()

    def poll(self) -> History:
        """All whole lines so far; an empty history without a file."""
        with self._lock:
            try:
                with open_own(self._path) as file:
                    self._follow(file)
            except OSError:
                self._start_over()
            return self._read

    def _start_over(self) -> None:
        import numpy as np  # not at the top: most of the command line does without it

        self._read = History()
        self._steps = np.empty((len(STEP_COLUMNS), 0))  # with room for steps to come, see `_add`
        self._offset = 0
        self._file_number = 0

    def _follow(self, file: BinaryIO) -> None:
        """Read on; from the start if it is another file, as after a resume, or has shrunk."""
        found = os.fstat(file.fileno())
        if found.st_ino != self._file_number or found.st_size < self._offset:
            self._start_over()
            self._file_number = found.st_ino
        if found.st_size == self._offset:
            return
        file.seek(self._offset)
        count = len(self._read)
        read = self._read
        epochs, lr_changes, probes = [*read.epochs], [*read.lr_changes], [*read.probes]
        for lines in _whole_lines(file):
            events = self._parsed(lines)
            steps = [event for event in events if "loss" in event]
            self._add(steps, count)
            count += len(steps)
            epochs += [event for event in events if "train_loss" in event]
            lr_changes += [event for event in events if "lr_set" in event]
            probes += [event for event in events if "train_accuracy" in event]
        columns = dict(zip(STEP_COLUMNS, self._steps[:, :count], strict=True))
        self._read = History(columns, epochs, lr_changes, probes)
        self._offset = file.tell()

    def _add(self, steps: list[dict[str, Any]], count: int) -> None:
        """Put steps after the first `count`; it grows by a quarter, to be copied rarely."""
        import numpy as np

        end = count + len(steps)
        if end > self._steps.shape[1]:
            self._steps = np.pad(self._steps[:, :count], ((0, 0), (0, len(steps) + end // 4)))
        for name, column in zip(STEP_COLUMNS, self._steps, strict=True):
            column[count:end] = [event[name] for event in steps]

    def _parsed(self, lines: bytes) -> list[dict[str, Any]]:
        """The events of whole lines; parsed line by line only if one is damaged."""
        try:
            events = parse_json(b"[" + b",".join(lines.splitlines()) + b"]")
            return list(filter(_is_event, events))
        except ValueError:
            log.warning("%s: damaged lines are left out", self._path)
            return list(filter(_is_event, map(_loads, lines.splitlines())))


def read_history(path: Path) -> History:
    """What a file of events holds by now."""
    return HistoryFile(path).poll()


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """The rest of the file's whole lines, up to `CHUNK` bytes at a time."""
    while data := file.read(CHUNK):
        whole = data[: data.rfind(b"\n") + 1]
        file.seek(len(whole) - len(data), os.SEEK_CUR)
        if not whole:
            return
        yield whole


def _loads(line: bytes) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        return None


def _is_event(value: Any) -> bool:
    """Whether a line is a complete event that can be drawn; what may be missing of it gets None,
    or an empty group.
    """
    if not isinstance(value, dict):
        return False
    kind = next(filter(value.__contains__, KINDS), "lr_set")
    figures, optional = KINDS[kind]
    is_whole = all(map(_is_number, map(value.get, figures)))
    if not is_whole or kind == "loss":  # of these there are many
        return is_whole
    rest = [value.setdefault(name, None) for name in optional]
    if kind == "train_accuracy":
        groups = [value.setdefault(name, group()) for name, group in PROBE_GROUPS.items()]
        if not all(map(isinstance, groups, PROBE_GROUPS.values())):
            return False
        for group in groups:
            rest += group.values() if isinstance(group, dict) else group
    known = [figure for figure in rest if figure is not None]
    numbered = kind != "train_loss" or isinstance(value["epoch"], int)
    return numbered and all(map(_is_number, known))


def _is_number(value: Any) -> bool:
    """Whether it is a number that can be drawn."""
    return type(value) in (int, float) and abs(value) < LARGEST
