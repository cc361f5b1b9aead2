"""What a running training leaves in its folder: metrics, checkpoints, maps of ten images."""

import json
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Container
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lenet.data.splits import load_split
from lenet.errors import CheckpointError, DatasetError, StorageError
from lenet.files import (
    explained,
    not_through_links,
    open_own,
    parse_json,
    temporaries,
    write_atomic,
)
from lenet.network import checkpoint, weight_file
from lenet.network.grays import grays
from lenet.network.inputs import to_input
from lenet.runs.history import HistoryFile
from lenet.runs.moments import MomentsFile
from lenet.runs.run import SPARES, Run
from lenet.training.events import EpochEvent, Event, LrEvent, ProbeEvent, StepEvent
from lenet.training.trainer import Trainer

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.1
"""Longest time before an event is written."""
PAGE_WRITES = (".control.json", ".name.txt")
PAUSES = (0.1, 1.0)
"""Time between two evaluations of the ten images, in the beginning and later."""

_EVENT_FILE = re.compile(r"events\.out\.tfevents\.(\d{10})\b")


class Recorder:
    """Records a trainer's events in its run's folder; records of later steps are dropped."""

    def __init__(self, run: Run, trainer: Trainer, data_dir: Path | None = None) -> None:
        self._run = run
        self._trainer = trainer
        self._looked, self._pause = 0.0, PAUSES[0]
        self._ten = _ten_images(trainer, data_dir)
        self._written: set[Path] = set()
        self._history = HistoryFile(run.metrics_file)
        self._pending: deque[Event] = deque()
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._fault: Exception | None = None
        self._flusher = threading.Thread(target=self._keep_flushing, daemon=True)
        clear_remains(run)
        cut(run.metrics_file, trainer.step, trainer.epoch)
        with explained(run.metrics_file):
            self._file = open(  # noqa: SIM115  # closed in __exit__
                run.metrics_file, "a", encoding="utf-8", opener=not_through_links
            )
        self._board = _tensorboard(run, trainer.step)
        if self._ten is not None:
            self._moments = MomentsFile(run, trainer.config, trainer.step)
            self._look(trainer.step)

    def record(self, event: Event) -> None:
        """Append an event; it can be read within `FLUSH_SECONDS`, also while the run rests."""
        self._pending.append(event)  # to write many at once takes less time
        if self._fault:
            raise self._fault
        if isinstance(event, EpochEvent) or time.monotonic() - self._looked > self._pause:
            self._look(event.step)

    def save(self, path: Path, event: Event) -> None:
        """Write a checkpoint of the trainer as it is after `event`."""
        self._flush()
        trainer = self._trainer
        checkpoint.save(path, checkpoint.snapshot(trainer.config, trainer.state(), asdict(event)))
        self._written.add(path)

    def thin_out(self) -> None:
        """Make older checkpoints small, or delete them; see `thin_out`."""
        keep = self._trainer.config.keep_checkpoints
        best = self._history.poll().best_epoch(self._run.checkpoints()) if keep else None
        try:
            thin_out(self._run, keep, best, self._written)
        except StorageError as error:  # old files stay as they are, which is no reason to stop
            log.warning("note: %s", error)

    def _keep_flushing(self) -> None:
        """In a thread: write what waits; `record` raises its error."""
        try:
            while not self._over.wait(FLUSH_SECONDS):
                self._flush()
        except Exception as error:
            self._fault = error

    def _flush(self) -> None:
        with self._writing:
            events = [self._pending.popleft() for _ in range(len(self._pending))]
            if not events:
                return
            with explained(self._run.metrics_file):
                self._file.writelines(json.dumps(vars(event)) + "\n" for event in events)
                self._file.flush()
            if self._board:
                with explained(self._run.folder):
                    for event in events:
                        _to_board(self._board, event)
                    self._board.flush()

    def _look(self, step: int) -> None:
        if self._ten is None:
            return
        self._moments.add(step, _grays_of(self._trainer, self._ten))
        self._looked = time.monotonic()
        self._pause = min(1.5 * self._pause, PAUSES[1])

    def __enter__(self) -> "Recorder":
        self._flusher.start()
        return self

    def __exit__(self, _kind: object, error: object, _at: object) -> None:
        self._over.set()
        self._flusher.join()
        with explained(self._run.metrics_file), self._file:
            self._flush()
            if self._fault and not error:
                raise self._fault
        if self._board:
            with explained(self._run.folder):
                self._board.close()


def clear_remains(run: Run) -> None:
    """Delete what a killed process of the run was writing, but not what a page may be writing."""
    for path in temporaries(run.folder):
        if not path.name.startswith(PAGE_WRITES):
            path.unlink(missing_ok=True)


def thin_out(run: Run, keep: int, best: int | None, written: Container[Path]) -> None:
    """Leave the training's state in the last `SPARES` whole checkpoints, and delete old ones.

    An older file is touched only when so many newer ones are whole; whenever the process is
    killed, there is one to resume from.

    Args:
        keep: the newest checkpoints that stay, at least `SPARES`; 0 for all.
        best: an epoch whose checkpoint stays in any case.
        written: files of this process, which are whole.

    Raises:
        StorageError: a file could not be rewritten; it is as it was.
    """
    whole, lighten = 0, True
    for place, (epoch, path) in enumerate(reversed(run.checkpoints().items())):
        if whole < SPARES:
            whole += path in written or _resumable(path) is not None
        elif keep and place >= keep and epoch != best:
            path.unlink(missing_ok=True)
        elif lighten:
            if found := _resumable(path):
                write_atomic(path, checkpoint.packed(found | {"training": None}))
            lighten = bool(found) and path not in written  # or all older ones are light already


def _resumable(path: Path) -> dict[str, Any] | None:
    """What the file holds if a training can go on from it."""
    try:
        found = checkpoint.read_content(weight_file.read_file(path), path.name)
    except CheckpointError:
        return None
    return found if found.get("training") else None


def cut(file: Path, step: int, epoch: int) -> None:
    """Drop events after `step` and `epoch`, and a torn last line, from a metrics file."""
    if not file.exists():
        return
    with explained(file), open_own(file) as content:
        lines = content.read().splitlines(keepends=True)
    kept = [line for line in lines if line.endswith(b"\n") and _until(line, step, epoch)]
    if kept != lines:
        write_atomic(file, b"".join(kept))


def _until(line: bytes, step: int, epoch: int) -> bool:
    try:
        event = parse_json(line)
        if "train_loss" in event:
            return bool(event["epoch"] <= epoch)
        if "lr_set" in event:  # the trainer will tell again of one that is due now
            return bool(event["step"] < step)
        return bool(event["step"] <= step)
    except (ValueError, TypeError, KeyError):
        return False


def _ten_images(trainer: Trainer, data_dir: Path | None) -> Tensor | None:
    """The first test image of each class; None where the test set cannot be read."""
    try:
        test = load_split(trainer.config.dataset, "test", data_dir)
    except DatasetError as error:
        log.warning("no maps of test images: %s", error)
        return None
    first = torch.stack([(test.labels == label).nonzero()[0, 0] for label in range(10)])
    return test.images[first]


def _grays_of(trainer: Trainer, images: Tensor) -> bytes:
    """What the network as it is makes of them; its mode is put back."""
    model, config = trainer.model, trainer.config
    was_training = model.training
    model.eval()
    found = grays(model, to_input(images.to(trainer.device), config), config)
    model.train(was_training)
    return found


def _tensorboard(run: Run, step: int) -> Any:
    """A writer of TensorBoard's records after `step`, where it is installed. Its file's number is
    the largest, as TensorBoard reads the files in the order of their names.
    """
    if find_spec("tensorboard") is None:
        return None
    from tensorboard.compat.proto import event_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    found = (_EVENT_FILE.match(path.name) for path in run.folder.iterdir())
    number = max([int(time.time()), *(int(match[1]) + 1 for match in found if match)])
    path = run.folder / f"events.out.tfevents.{number:010d}"
    with explained(path):
        board = RecordWriter(open(path, "xb", opener=not_through_links))  # noqa: SIM115
        begin = event_pb2.SessionLog(status="START")  # drops what came before from its step on
        for fields in ({"file_version": "brain.Event:2"}, {"step": step + 1, "session_log": begin}):
            board.write(event_pb2.Event(wall_time=time.time(), **fields).SerializeToString())
    return board


def _to_board(board: Any, event: Event) -> None:
    """Write the values of an event as one record."""
    from tensorboard.compat.proto.event_pb2 import Event as Record
    from tensorboard.compat.proto.summary_pb2 import Summary

    values: dict[str, float | None]
    if isinstance(event, StepEvent):
        values = {"loss/train": event.loss, "lr": event.lr}
    elif isinstance(event, LrEvent):
        values = {"lr_set": event.lr_set}
    elif isinstance(event, ProbeEvent):
        values = {"accuracy/training": event.train_accuracy, "gradient_norm": event.gradient_norm}
    else:
        values = {"loss/validation": event.val_loss, "accuracy/validation": event.val_accuracy}
    known = [
        Summary.Value(tag=tag, simple_value=value)
        for tag, value in values.items()
        if value is not None
    ]
    if known:
        record = Record(wall_time=time.time(), step=event.step, summary=Summary(value=known))
        board.write(record.SerializeToString())
