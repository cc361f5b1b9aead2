"""A run, seen from outside: a folder that its process writes and everyone can read.

The folder is all there is to know about a run, so whoever can read it can watch the
run, and nothing is lost with a closed page or a restarted server:

    config.json      the configuration
    status.json      state, machine, message
    metrics.jsonl    one event a line: steps, epochs, changes of the learning rate
    control.json     what a person asks of the running process
    name.txt         the name a person gave it
    data_dir.txt     the folder of its images, where `--data_dir` named one
    model_epochN.pt  a checkpoint for each finished epoch
    stopped.pt       the state between two epochs at which the run was stopped, until the next ends
    glance.json      what the network says to ten fixed test images, and glance.png, those
    log.txt          what the process printed
    events.out.*     the same events for TensorBoard, where it is installed
    .lock            held by the run's process as long as it lives; see `lenet.runs.lock`
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
"""Characters of a first name that tell of settings."""

TRAINING_FILES = (
    *("status.json", "data_dir.txt", "metrics.jsonl", "control.json"),
    *("stopped.pt", "model_epoch*.pt", "glance.json", "glance.png", "events.out.tfevents.*"),
)
"""What a training leaves in its folder beside `config.json`, as patterns."""

_ID = re.compile(r"(\d{8}-\d{6})-(.+)-[0-9a-f]{4}")
_EPOCH = re.compile(r"model_epoch(\d+)\.pt")


@dataclass(frozen=True)
class Control:
    """What a person asks of a running process.

    `lr_request` tells a learning rate that is asked for again from one asked for once.
    """

    wish: Literal["run", "pause", "stop"] = "run"
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
        """The name a person gave it, else its preset and when it was started."""
        try:
            given = remembered(_read_name, self.folder / "name.txt")
        except (OSError, ValueError):
            given = ""
        if given:
            return given
        config = self.folder / "config.json"
        try:
            return remembered(_first_name, config)
        except OSError:
            return _first_name(config)

    def rename(self, name: str) -> None:
        """Give the run a name; an empty one gives the first name back.

        Raises:
            RunError: it has been deleted meanwhile.
            StorageError: the name cannot be written.
        """
        self._must_exist()
        if clean := clean_name(name):
            write_atomic(self.folder / "name.txt", clean.encode())
        else:
            (self.folder / "name.txt").unlink(missing_ok=True)

    def data_dir(self) -> Path | None:
        """The folder that the run has its images from; None for the default one."""
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
    def stopped_checkpoint(self) -> Path:
        return self.folder / "stopped.pt"

    def epoch_checkpoint(self, epoch: int) -> Path:
        return self.folder / f"model_epoch{epoch}.pt"

    def checkpoints(self) -> dict[int, Path]:
        """The checkpoints of the finished epochs by the number of the epoch, in their order."""
        found = {
            int(match[1]): path
            for path in self.folder.glob("model_epoch*.pt")
            if (match := _EPOCH.fullmatch(path.name)) and is_own(path)
        }
        return dict(sorted(found.items()))

    def saved(self) -> Path | None:
        """The file to resume from: the last stop, or the last finished epoch if that is later."""
        stopped = [self.stopped_checkpoint] if is_own(self.stopped_checkpoint) else []
        candidates = [*stopped, *list(self.checkpoints().values())[-1:]]
        return max(candidates, key=lambda path: path.stat().st_mtime_ns, default=None)

    def config(self) -> Config:
        """The run's configuration.

        Raises:
            NewerFileError: a newer version of the lab has written it.
            RunError: `config.json` is missing or damaged.
        """
        try:
            return remembered(_read_config, self.folder / "config.json")
        except (OSError, ValueError, TypeError, ConfigError):
            raise RunError(
                f"run {self.id} has no readable config.json; its checkpoints, if there are any, "
                "can still be evaluated, but start another run to train"
            ) from None

    def status(self) -> Status:
        """The run's status; a process that is gone without a last word has crashed.

        Raises:
            RunError: the folder is no run's, or its status is damaged.
        """
        status = self._last_word()
        if status.state in LIVE and self._holder(status) == "gone":
            status = self._last_word()  # it may have come meanwhile
            return self._crashed(status) if status.state in LIVE else status
        return status

    @property
    def used(self) -> bool:
        """Whether a training has been in the folder."""
        return (self.folder / "status.json").exists()

    @property
    def trained(self) -> bool:
        """Whether a training in the folder has come so far that something could be lost."""
        return bool(self.saved()) or self.metrics_file.exists()

    def training_files(self) -> list[Path]:
        """What a training has left in the folder, but the configuration."""
        return [path for pattern in TRAINING_FILES for path in self.folder.glob(pattern)]

    @property
    def live(self) -> bool:
        """Whether a process is at work on the run; a folder that tells nothing is not live."""
        try:
            return self.status().state in LIVE
        except RunError:
            return False

    def log_tail(self, lines: int = 5) -> str:
        """The last lines that the process printed, up to `MAX_TAIL` bytes."""
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

        Raises:
            RunError: the run has been deleted meanwhile.
            StorageError: the wish cannot be written.
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
        """Drop what was asked of an earlier process; by who holds the folder."""
        with suppress(OSError):  # it is not there, or is no file and asks for nothing
            (self.folder / "control.json").unlink()

    def write_config(self, config: Config) -> None:
        write_json(self.folder / "config.json", numbered(config.model_dump()))

    def write_status(self, status: Status) -> None:
        write_json(self.folder / "status.json", numbered(asdict(status)))

    def make_room(self) -> None:
        """Delete what a resumed run makes again, so that a last word finds room on a full disk."""
        for path in self.folder.glob("glance.*"):
            with suppress(OSError):
                path.unlink()

    @contextmanager
    def hold(self, refusal: str = "", *, make: bool = False) -> Iterator[Callable[[], bool]]:
        """Hold the folder, as whoever writes a run's files does; see `lenet.runs.lock.hold`.

        Args:
            refusal: what to say if somebody else holds it.
            make: make the folder if it is not there.

        Raises:
            RunError: a process is training into it, or it is gone.
            StorageError: it cannot be written.
        """
        said = f"a run is training into {self.folder} already; choose another --output_dir"
        if make:
            with explained(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
        self._must_exist()
        if self._is_elsewhere():
            raise RunError(refusal or said)
        with lock.hold(self.folder, refusal or said) as is_lost:
            yield is_lost

    def wait_for_another_machine(self) -> None:
        """Watch a run that another machine says to be training until its heartbeat decides."""
        seen = lock.heartbeat(self.folder)
        if self._is_elsewhere():
            log.warning(
                "note: %s seems to be training on another machine, %s; its sign of life is "
                "awaited for %.0f s",
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

        Raises:
            StorageError: it cannot be written.
        """
        with explained(self.folder):
            if self.trained:
                self.folder.rename(free_folder(self.folder))
            elif self.used:
                for path in self.training_files():
                    path.unlink()
            self.folder.mkdir(parents=True, exist_ok=True)
        self.write_config(config)

    def delete(self) -> None:
        """Delete the folder with everything in it.

        Raises:
            RunError: its process is still at work.
        """
        with self.hold(f"{self.name} is still training; stop it first"):
            shutil.rmtree(self.folder, ignore_errors=True)  # Windows keeps a held lock's file
        if self.folder.exists():
            with explained(self.folder):
                shutil.rmtree(self.folder)

    def _must_exist(self) -> None:
        if not self.folder.is_dir():
            raise RunError(f"{self.id} is gone, somebody has deleted it; choose another run")

    def _last_word(self) -> Status:
        """What `status.json` says; that the run is starting, if it has only a configuration."""
        try:
            return remembered(_read_status, self.folder / "status.json")
        except FileNotFoundError:
            if (began := _modified(self.folder / "config.json")) is None:
                raise RunError(f"{self.folder} is no run's folder; choose a run") from None
            return Status("starting", began)
        except (OSError, ValueError):
            raise RunError(
                f"run {self.id} has an unreadable status.json; its checkpoints, if there are any, "
                "can still be evaluated, but start another run to train"
            ) from None

    def _holder(self, status: Status) -> Literal["here", "elsewhere", "gone"]:
        """Where the process is that wrote a status, as far as this machine can tell."""
        if held := lock.is_held(self.folder):
            return "here"
        unseen = held is None or not status.here
        return "elsewhere" if unseen and not lock.is_silent(self.folder) else "gone"

    def _is_elsewhere(self) -> bool:
        """Whether a process is at work that this machine knows by its heartbeat alone."""
        with suppress(RunError):
            status = self._last_word()
            return status.state in LIVE and self._holder(status) == "elsewhere"
        return False

    def _crashed(self, status: Status) -> Status:
        ended = _modified(self.metrics_file) or status.began
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


def _modified(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
