"""What the layers made of ten fixed images at moments of a training, and what conv0 and conv1 had
learned by then: a file of records of one size, at most about `LIMIT` bytes. No torch.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.config import Config
from lenet.errors import LabError
from lenet.files import explained, not_through_links, read_small, write_atomic
from lenet.runs.run import Run

FORMAT = 1
IMAGES = 10
LIMIT, FEWEST = 4 * 2**20, 8
"""Bytes of a file, and the moments that it may hold however large they are."""


def record(config: Config) -> np.dtype[Any]:
    """A moment: its step, each layer's maps of the ten images, and two layers' filters, as grays.

    128 is 0, and 1 or 255 the largest absolute value of an image's layer, or of all filters of
    one. The input is as stored; fc4 holds probabilities · 255.
    """
    side, kernel = config.input_size, config.kernel_size
    shapes = {layer.name: layer.output_shape for layer in config.layers()}
    kernels = [(shapes["conv0"][0], 1), (shapes["conv1"][0], shapes["conv0"][0])]
    return np.dtype(
        [("format", "u1"), ("step", "<i8"), ("input", "u1", (IMAGES, 1, side, side))]
        + [(k, "u1", (IMAGES, *shape)) for k, shape in shapes.items() if k[:2] != "bn"]
        + [(f"filters{at}", "u1", (*pair, kernel, kernel)) for at, pair in enumerate(kernels)]
    )


def moments(run: Run) -> NDArray[Any]:
    """The moments of a run up to now, (N,) of `record`; none where there is no such file."""
    try:
        return _read(_file(run))
    except (OSError, LabError):
        return np.empty(0, np.dtype([("step", "<i8")]))


class MomentsFile:
    """The file of a run's moments while it is trained; those from `step` on are dropped."""

    def __init__(self, run: Run, config: Config, step: int) -> None:
        self._path, self._record = _file(run), record(config)
        self._most = max(FEWEST, LIMIT // self._record.itemsize)
        before = moments(run)
        before = before[before["step"] < step]
        write_atomic(self._path, before.tobytes())
        self._kept, self._told, self._every = len(before), 0, 1
        self._newest: int | None = None

    def add(self, step: int, grays: bytes) -> None:
        """Write the newest moment, over the one before where that does not stay; a step has one.

        Args:
            grays: the rest of the record, in its order.
        """
        if step == self._newest:  # the last step of an epoch, and then the epoch
            return
        self._newest = step
        new = np.array((FORMAT, step), self._record.descr[:2]).tobytes() + grays
        with (
            explained(self._path),
            open(self._path, "r+b", opener=not_through_links) as file,
        ):
            file.seek(self._kept * self._record.itemsize)
            file.write(new)
        self._kept += self._told % self._every == 0
        self._told += 1
        if self._kept > self._most:
            self._thin_out()

    def _thin_out(self) -> None:
        """Leave every second moment."""
        kept = _read(self._path)[: self._kept : 2]
        write_atomic(self._path, kept.tobytes())
        self._kept, self._every = len(kept), 2 * self._every


def _file(run: Run) -> Path:
    return run.folder / "moments.bin"


def _read(path: Path) -> NDArray[Any]:
    kind = record(Run(path.parent).config())
    data = read_small(path, max(2 * LIMIT, (FEWEST + 2) * kind.itemsize))
    whole = len(data) // kind.itemsize
    records = np.frombuffer(data, kind, whole)
    found: NDArray[Any] = records[records["format"] == FORMAT]
    return found
