"""A run, seen from outside: a folder that its process writes and everyone can read.

The folder holds all there is to know about a run, so nothing is lost with a closed page or a
restarted server. Beside `TRAINING_FILES` there are

    config.json  the configuration
    name.txt     the name a person gave it
    log.txt      what the process printed
    .lock        held by the run's process as long as it lives; see `lenet.runs.lock`
"""

import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from lenet.catalog import DATASETS
from lenet.config import MAX_LR, Config, build_config, differences
from lenet.errors import ConfigError, RunError
from lenet.files import (
    explained,
    free_folder,
    is_own,
    modified,
    open_own,
    read_json,
    read_small,
    remembered,
    write_atomic,
    write_json,
)
from lenet.formats import migrated, numbered
from lenet.paths import absolute
from lenet.runs import lock
from lenet.runs.naming import clean_name
from lenet.runs.status import LIVE, Status, own_status, read_status

log = logging.getLogger(__name__)

STAMP = "%Y%m%d-%H%M%S"
MAX_TAIL = 4000
"""Bytes of the log that a page shows at most."""
MAX_CHANGES = 30
"""Characters for the settings in a first name."""

TRAINING_FILES = (
    "status.json",  # state, machine, message
    "control.json",  # what a person asks of the process
    "data_dir.txt",  # the folder of the images, where `--data_dir` named one
    "metrics.jsonl",  # an event a line: steps, probes, epochs, new learning rates
    "events.out.tfevents.*",  # the same for TensorBoard, where it is installed
    "model_epoch*.pt",  # a checkpoint for each finished epoch
    "init.pt",  # the weights that it began with, where `--init_from` named some
    "stopped.pt",  # the state within the epoch at which the run was stopped, until that ends
    "moments.bin",  # what each layer made of ten test images at moments of the training
    "glance.*",  # the network's answers to them, of an earlier lab
)
"""What a training leaves in its folder, as patterns; another training replaces them."""

SPARES = 2
"""The last epochs whose checkpoints a training can go on from."""

_ID = re.compile(r"(\d{8}-\d{6})-(.+)-[0-9a-f]{4}")
_EPOCH = re.compile(r"model_epoch(\d+)\.pt")

Wish = Literal["run", "pause", "stop"]


@dataclass(frozen=True)
class Control:
    """What a person asks of a process; `lr_request` is new for each learning rate asked for."""

    wish: Wish = "run"
    lr: Annotated[float, Field(gt=0, le=MAX_LR)] | None = None
    lr_request: str = ""


_CONTROL = TypeAdapter(Control)


@dataclass(frozen=True)
class Run:
    """A run folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def name(self) -> str:
        """The name a person gave it, else one of its preset, settings and start."""
        if self.given_name:
            return self.given_name
        config = self.folder / "config.json"
        try:
            return remembered(_first_name, config)
        except OSError:
            return _first_name(config)

    @property
    def given_name(self) -> str:
        """The name that a person gave it, or nothing."""
        try:
            return remembered(_read_name, self.folder / "name.txt")
        except (OSError, ValueError):
            return ""

    def rename(self, name: str) -> None:
        """Give the run a name; an empty one gives the first name back.
        RunError if the run has been deleted, StorageError if it cannot be written.
        """
        self._must_exist()
        if clean := clean_name(name):
            write_atomic(self.folder / "name.txt", clean.encode())
        else:
            (self.folder / "name.txt").unlink(missing_ok=True)

    def data_dir(self) -> Path | None:
        """The folder of the run's images; None for the default one."""
        try:
            return absolute(os.fsdecode(read_small(self.folder / "data_dir.txt")))
        except (OSError, ValueError):
            return None

    def remember_data_dir(self, folder: Path | None) -> None:
        if folder:
            write_atomic(self.folder / "data_dir.txt", os.fsencode(folder))
        else:
            (self.folder / "data_dir.txt").unlink(missing_ok=True)

    @property
    def metrics_file(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def log_file(self) -> Path:
        return self.folder / "log.txt"

    @property
    def first_weights(self) -> Path:
        return self.folder / "init.pt"

    @property
    def stopped_checkpoint(self) -> Path:
        return self.folder / "stopped.pt"

    def epoch_checkpoint(self, epoch: int) -> Path:
        return self.folder / f"model_epoch{epoch}.pt"

    def checkpoints(self) -> dict[int, Path]:
        """The checkpoints by the number of the finished epoch, in order."""
        found = {
            int(match[1]): path
            for path in self.folder.glob("model_epoch*.pt")
            if (match := _EPOCH.fullmatch(path.name)) and is_own(path)
        }
        return dict(sorted(found.items()))

    def saved(self) -> list[Path]:
        """The files to resume from, newest first: the last stop and the last epochs.

        Where one is damaged the next will do.
        """
        found, stopped = [*self.checkpoints().values()][-SPARES:][::-1], self.stopped_checkpoint
        if is_own(stopped):
            at = stopped.stat().st_mtime_ns
            found.insert(bool(found) and found[0].stat().st_mtime_ns > at, stopped)
        return found

    def config(self) -> Config:
        """Read `config.json`; RunError if it is missing or damaged, NewerFileError if a newer lab
        has written it.
        """
        try:
            return remembered(_read_config, self.folder / "config.json")
        except (OSError, ValueError, TypeError, ConfigError):
            raise RunError(
                f"run {self.id} has no readable config.json; its checkpoints, if there are any, "
                "can still be evaluated, but start another run to train"
            ) from None

    def status(self) -> Status:
        """The run's status; one that is said to train without a process has crashed.
        RunError if the folder is no run's or the status is damaged.
        """
        status = self._last_word()
        if status.state in LIVE and self._holder(status) == "gone":
            status = self._last_word()  # the process may have ended just now
            return self._crashed(status) if status.state in LIVE else status
        return status

    @property
    def used(self) -> bool:
        """Whether a training has been in the folder."""
        return (self.folder / "status.json").exists()

    @property
    def trained(self) -> bool:
        """Whether there is anything of a training that could be lost."""
        return bool(self.saved()) or self.metrics_file.exists()

    def training_files(self) -> list[Path]:
        """What of `TRAINING_FILES` there is."""
        return [path for pattern in TRAINING_FILES for path in self.folder.glob(pattern)]

    @property
    def live(self) -> bool:
        """Whether a process trains or waits; not where there is no readable status."""
        try:
            return self.status().state in LIVE
        except RunError:
            return False

    def log_tail(self, lines: int = 5) -> str:
        """The last lines that the process printed, at most `MAX_TAIL` bytes."""
        try:
            with open_own(self.log_file) as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_TAIL))
                text = file.read(MAX_TAIL).decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def last_words(self, lines: int = 5) -> str:
        """`log_tail` without what a run prints that goes well, as its epochs: why it has ended."""
        usual = ("epoch ", *(f"{name}: " for name in DATASETS))
        found = self.log_tail(lines).splitlines()
        return "\n".join(line for line in found if not line.startswith(usual))

    def ask(self, control: Control) -> None:
        """Ask the process to pause, go on, stop, or use another learning rate.
        RunError if the run has been deleted, StorageError if it cannot be written.
        """
        self._must_exist()
        if control.lr and not control.lr_request:
            control = replace(control, lr_request=secrets.token_hex(4))
        write_json(self.folder / "control.json", asdict(control))

    def asked(self) -> Control:
        """What was last asked of the process; nothing by default."""
        try:
            return _CONTROL.validate_json(read_small(self.folder / "control.json"))
        except (OSError, ValueError):
            return Control()

    def forget_asked(self) -> None:
        """Drop what was asked of an earlier process; called by who holds the folder."""
        with suppress(OSError):  # there is none, or something else of that name
            (self.folder / "control.json").unlink()

    def write_config(self, config: Config) -> None:
        write_json(self.folder / "config.json", numbered(config.model_dump()))

    def write_status(self, status: Status) -> None:
        write_json(self.folder / "status.json", numbered(asdict(status)))

    @contextmanager
    def hold(self, refusal: str = "", *, make: bool = False) -> Iterator[Callable[[], bool]]:
        """Hold the folder, as every writer of a run's files does; see `lenet.runs.lock.hold`.

        Args:
            refusal: the message if another process holds it.
            make: make the folder if it is not there.
        """
        if not refusal:
            refusal = f"a run is training into {self.folder} already; choose another --output_dir"
        if make:
            with explained(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
        self._must_exist()
        if self._is_elsewhere():
            raise RunError(refusal)
        with lock.hold(self.folder, refusal) as is_lost:
            yield is_lost

    def wait_for_another_machine(self) -> None:
        """If another machine seems to train the run, wait for its heartbeat or its silence."""
        seen = lock.heartbeat(self.folder)
        if self._is_elsewhere():
            log.warning(
                "note: %s seems to be training on another machine, %s; waiting up to %.0f s for "
                "a sign of it",
                *(self.name, self._last_word().host or "unknown", lock.SILENCE),
            )
        while self._is_elsewhere() and lock.heartbeat(self.folder) == seen:
            time.sleep(lock.PATIENCE)

    def begin_again(self) -> Status:
        """Show the run as starting, with the time that it has worked."""
        before = self._last_word()
        if before.state in LIVE:
            before = self._crashed(before)
        status = replace(
            own_status(),
            earlier=before.seconds if self.saved() else 0.0,
            total_steps=before.total_steps,  # the page's progress bar stays where it is
        )
        self.write_status(status)
        return status

    def prepare(self, config: Config) -> None:
        """Make the folder ready for a new training; an earlier one is kept under another name.
        StorageError if it cannot be written.
        """
        with explained(self.folder):
            if self.trained:
                self.folder.rename(free_folder(self.folder))
            else:
                for path in self.training_files():
                    path.unlink()
            self.folder.mkdir(parents=True, exist_ok=True)
        self.write_config(config)

    def delete(self) -> None:
        """Delete the folder with everything in it; RunError if the run is still training."""
        with self.hold(f"{self.name} is still training; stop it first"):
            shutil.rmtree(self.folder, ignore_errors=True)  # on Windows the held lock stays
        if self.folder.exists():
            with explained(self.folder):
                shutil.rmtree(self.folder)

    def _must_exist(self) -> None:
        if not self.folder.is_dir():
            raise RunError(f"{self.id} is gone, somebody has deleted it; choose another run")

    def _last_word(self) -> Status:
        """What `status.json` says; a run that has only a configuration is starting."""
        try:
            return remembered(_read_status, self.folder / "status.json")
        except FileNotFoundError:
            if not (began := modified(self.folder / "config.json")):
                raise RunError(f"{self.folder} is no run's folder; choose a run") from None
            return Status("starting", began)
        except (OSError, ValueError):
            raise RunError(
                f"run {self.id} has an unreadable status.json; its checkpoints, if there are any, "
                "can still be evaluated, but start another run to train"
            ) from None

    def _holder(self, status: Status) -> Literal["here", "elsewhere", "gone"]:
        """Where the process that wrote a status is, as far as this machine can tell."""
        if held := lock.is_held(self.folder):
            return "here"
        unseen = held is None or not status.here
        return "elsewhere" if unseen and not lock.is_silent(self.folder) else "gone"

    def _is_elsewhere(self) -> bool:
        """Whether a process is at work of which this machine sees only the heartbeat."""
        with suppress(RunError):
            status = self._last_word()
            return status.state in LIVE and self._holder(status) == "elsewhere"
        return False

    def _crashed(self, status: Status) -> Status:
        ended = modified(self.metrics_file) or status.began
        return status.changed(at=ended, state="crashed", message=self.last_words() or None)


def _read_name(path: Path) -> str:
    return clean_name(read_small(path).decode())


def _read_config(path: Path) -> Config:
    return build_config(migrated("config", read_json(path), str(path)))


def _read_status(path: Path) -> Status:
    return read_status(read_small(path))


def _first_name(path: Path) -> str:
    """The name that a run has from its folder's name and its `config.json`."""
    run = Run(path.parent)
    match = _ID.fullmatch(run.id)
    if not match:
        return run.id
    try:
        began = f"{datetime.strptime(match[1], STAMP):%d %b, %H:%M:%S}"
    except ValueError:  # the 99th of the 99th month
        return run.id
    settings = match[2]
    with suppress(RunError):
        if changes := shorten(differences(run.config()), MAX_CHANGES, placeholder=" …"):
            settings += f", {changes}"
    return f"{settings} · {began}"
