"""Training into a run folder: the one engine behind the command line and the page."""

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType, TracebackType

from lenet import checkpoint
from lenet.config import Config
from lenet.data import Split
from lenet.errors import LabError, StorageError
from lenet.events import EpochEvent, Event
from lenet.runs import Run, Status, own_status
from lenet.storage import explained
from lenet.training import Trainer

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
"""Longest time that an event waits before watchers can read it."""


class MetricsWriter:
    """Appends events to a run's `metrics.jsonl`."""

    def __init__(self, run: Run) -> None:
        self._path = run.metrics_file
        with explained(self._path):
            self._file = self._path.open("a", encoding="utf-8")
        self._flushed = 0.0

    def write(self, event: Event) -> None:
        with explained(self._path):
            self._file.write(json.dumps(asdict(event)) + "\n")
            if isinstance(event, EpochEvent) or time.monotonic() - self._flushed > FLUSH_SECONDS:
                self._file.flush()
                self._flushed = time.monotonic()

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with explained(self._path):
            self._file.close()


def train_into(
    run: Run, config: Config, load: Callable[[], Split], watch: Callable[[Event, int], None]
) -> tuple[Status, EpochEvent | None]:
    """Train as `config` says, recording everything in the run's folder.

    Args:
        load: gives the training images; called once the folder shows the run as running.
        watch: called with each event and the number of all steps.

    Returns:
        The last status and the last finished epoch.

    Raises:
        LabError: the training failed; the status says why, finished epochs are kept.
    """
    run.prepare(config)
    status = own_status()
    run.write_status(status)
    last: EpochEvent | None = None
    try:
        trainer = Trainer(config, load())  # not yet asking for a stop: Ctrl-C ends a download
        with MetricsWriter(run) as metrics, _asked_to_stop(run) as asked:
            status = replace(status, total_steps=trainer.total_steps, epochs=config.epochs)
            run.write_status(status)
            for event in trainer.run():
                metrics.write(event)
                if isinstance(event, EpochEvent):
                    last = event
                    _save(run.epoch_checkpoint(event.epoch), trainer, event)
                watch(event, trainer.total_steps)
                if asked() and trainer.epoch < config.epochs:
                    _save(run.stopped_checkpoint, trainer, event)
                    status = replace(status, state="stopped")
                    break
            else:
                status = replace(status, state="finished")
    except (LabError, KeyboardInterrupt) as error:
        message = str(error) or "interrupted before the first step"
        with suppress(StorageError):  # the disk may be full: the error itself matters more
            run.write_status(replace(status, state="failed", ended=time.time(), message=message))
        raise
    status = replace(status, ended=time.time())
    run.write_status(status)
    return status, last


def _save(path: Path, trainer: Trainer, event: Event) -> None:
    checkpoint.save(path, checkpoint.snapshot(trainer.config, trainer.state(), asdict(event)))


@contextmanager
def _asked_to_stop(run: Run) -> Iterator[Callable[[], bool]]:
    """A function that tells whether the folder's control file, Ctrl-C or SIGTERM asks to stop."""
    signalled = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal signalled
        signalled = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: signalled or run.stop_requested()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
