"""The events of a run, read as they come."""

import logging
import os
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from lenet.files import open_own, parse_json

log = logging.getLogger(__name__)

STEP_COLUMNS = ("step", "loss", "lr", "images_per_second")
VALIDATION_KEYS = ("val_loss", "val_accuracy")
LARGEST = 1e15
"""No figure of a training comes near it; what is NaN or infinite is not below it."""
CHUNK = 2**20
"""Bytes that are taken in at a time, as Python's objects some twelve times as large; no line is
so long."""
EPOCH_KEYS = ("epoch", "step", "train_loss", "seconds")
LR_KEYS = ("step", "lr_set")


@dataclass(frozen=True)
class Metrics:
    """What a run has recorded up to a moment; nothing of it changes any more.

    `steps` has columns of doubles in one piece each, which NumPy takes as they are. `epochs`
    holds the epochs' events as they stand in the file, `lr_changes` the changes of the learning
    rate asked for on the way.
    """

    steps: Mapping[str, Sequence[float]] = field(
        default_factory=lambda: {name: array("d") for name in STEP_COLUMNS}
    )
    epochs: Sequence[dict[str, Any]] = ()
    lr_changes: Sequence[dict[str, Any]] = ()

    def __len__(self) -> int:
        """The number of recorded steps."""
        return len(self.steps["step"])

    def counts(self) -> tuple[int, int, int]:
        """How many steps, epochs and changes of the learning rate were read."""
        return len(self), len(self.epochs), len(self.lr_changes)

    @property
    def best_accuracy(self) -> float | None:
        """The best validation accuracy of an epoch; None without validation images."""
        return max(self.accuracies(), default=None)

    def accuracies(self) -> list[float]:
        """Validation accuracy of each epoch that has one."""
        return [
            event["val_accuracy"] for event in self.epochs if event.get("val_accuracy") is not None
        ]

    def last(self, column: str) -> float:
        """The newest value of a column of the steps."""
        return self.steps[column][-1]


class _Column:
    """Numbers, with room for more: a long run's need not be copied when a few are added."""

    def __init__(self) -> None:
        self._room = memoryview(array("d"))
        self._filled = 0

    def extend(self, values: list[float]) -> None:
        start, self._filled = self._filled, self._filled + len(values)
        if self._filled > len(self._room):
            before = self._room[:start]
            size = self._filled + self._filled // 4
            self._room = memoryview(array("d", bytes(size * before.itemsize)))
            self._room[:start] = before
        self._room[start : self._filled] = memoryview(array("d", values))

    def view(self) -> Sequence[float]:
        """Those there are by now, which stay as they are when others join them."""
        return cast("Sequence[float]", self._room[: self._filled].toreadonly())


class MetricsFile:
    """The file of a run's events, followed while it grows; many threads may `poll()` it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._start_over()

    def poll(self) -> Metrics:
        """All there is by now; a torn last line waits for its rest. Nothing if it is not there."""
        with self._lock:
            try:
                with open_own(self._path) as file:
                    self._follow(file)
            except OSError:
                self._start_over()
            return self._read

    def _start_over(self) -> None:
        self._read = Metrics()
        self._columns = {name: _Column() for name in STEP_COLUMNS}
        self._offset = 0
        self._file_number = 0

    def _follow(self, file: BinaryIO) -> None:
        """Read on; from the start when the file is another one, as after a resume, or shrank."""
        found = os.fstat(file.fileno())
        if found.st_ino != self._file_number or found.st_size < self._offset:
            self._start_over()
            self._file_number = found.st_ino
        if found.st_size == self._offset:
            return
        file.seek(self._offset)
        epochs, lr_changes = [*self._read.epochs], [*self._read.lr_changes]
        for lines in _whole_lines(file):
            events = self._parsed(lines)
            steps = [event for event in events if "loss" in event]
            for name, column in self._columns.items():
                column.extend([event[name] for event in steps])
            epochs += [event for event in events if "train_loss" in event]
            lr_changes += [event for event in events if "lr_set" in event]
        steps_by_now = {name: column.view() for name, column in self._columns.items()}
        self._read = Metrics(steps_by_now, epochs, lr_changes)
        self._offset = file.tell()

    def _parsed(self, lines: bytes) -> list[dict[str, Any]]:
        """The events of whole lines; all at once, and line by line only where one is damaged."""
        try:
            events = parse_json(b"[" + b",".join(lines.splitlines()) + b"]")
            return list(filter(_is_event, events))
        except ValueError:
            log.warning("%s: damaged lines are left out", self._path)
            return list(filter(_is_event, map(_loads, lines.splitlines())))


def read_metrics(path: Path) -> Metrics:
    """What a file of events holds by now."""
    return MetricsFile(path).poll()


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines from where the file stands, up to `CHUNK` bytes at a time.

    The file is left after the last of them.
    """
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
    """Whether a line holds what a step, an epoch or a change of the learning rate must have.

    An epoch has validation figures too, which are None where no images were held back.
    """
    if not isinstance(value, dict):
        return False
    if "loss" in value:
        return all(map(_is_number, map(value.get, STEP_COLUMNS)))
    if "train_loss" not in value:
        return all(map(_is_number, map(value.get, LR_KEYS)))
    validated = [value.setdefault(name, None) for name in VALIDATION_KEYS]
    return (
        isinstance(value.get("epoch"), int)
        and all(map(_is_number, map(value.get, EPOCH_KEYS)))
        and all(value is None or _is_number(value) for value in validated)
    )


def _is_number(value: Any) -> bool:
    """Whether it is a number that can be drawn."""
    return type(value) in (int, float) and abs(value) < LARGEST
