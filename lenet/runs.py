"""A run: a folder, and the process that writes it.

The folder is all there is to know about a run, so whoever can read it can watch the
run, and nothing is lost with a closed page or a restarted server:

    config.json      the configuration
    status.json      state, process, message
    metrics.jsonl    one event a line, steps and epochs
    control.json     what a person asks of the running process
    model_epochN.pt  a checkpoint for each finished epoch
    stopped.pt       the state between two epochs at which the run was stopped
    log.txt          what the process printed
"""

import json
import logging
import os
import re
import secrets
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from lenet.config import Config, build_config, to_flags
from lenet.errors import ConfigError, RunError
from lenet.paths import ROOT, runs_dir
from lenet.storage import explained, write_json

log = logging.getLogger(__name__)

State = Literal["starting", "running", "finished", "stopped", "failed", "crashed"]
LIVE: tuple[State, ...] = ("starting", "running")

GRACE = 15.0
"""Seconds that a new process has to write its first status."""

STAMP = "%Y%m%d-%H%M%S"
_ID = re.compile(r"(\d{8}-\d{6})-(.+)-[0-9a-f]{4}")
_EPOCH = re.compile(r"model_epoch(\d+)\.pt")


@dataclass(frozen=True)
class Status:
    """What `status.json` says.

    `total_steps` is 0 until the data is loaded; `began` and `ended` are seconds since
    the Unix epoch; `message` says why a run failed.
    """

    state: State
    pid: int
    process_began: float
    began: float
    ended: float | None = None
    message: str | None = None
    total_steps: int = 0
    epochs: int = 0


@dataclass(frozen=True)
class Run:
    """A run folder, seen from outside."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def title(self) -> str:
        """The run's name for people: its preset and when it was started."""
        match = _ID.fullmatch(self.id)
        if not match:
            return self.id
        began = datetime.strptime(match[1], STAMP)
        return f"{match[2]} · {began:%d %b, %H:%M:%S}"

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

    def checkpoints(self) -> list[Path]:
        """The checkpoints of the finished epochs, in their order."""
        found = [
            (int(match[1]), path)
            for path in self.folder.glob("model_epoch*.pt")
            if (match := _EPOCH.fullmatch(path.name))
        ]
        return [path for _, path in sorted(found)]

    def config(self) -> Config:
        """The run's configuration.

        Raises:
            RunError: `config.json` is missing or damaged.
        """
        try:
            return build_config(json.loads((self.folder / "config.json").read_text()))
        except (OSError, ValueError, TypeError, ConfigError):
            raise RunError(
                f"run {self.id} has no readable config.json; delete its folder and start it again"
            ) from None

    def status(self) -> Status:
        """The run's status; a process that is gone without a last word has crashed.

        Raises:
            RunError: the folder is no run's, or its status is damaged.
        """
        try:
            status = Status(**json.loads((self.folder / "status.json").read_text()))
        except FileNotFoundError:
            return self._unspoken()
        except (OSError, ValueError, TypeError):
            raise RunError(f"run {self.id} has an unreadable status.json; start it again") from None
        if status.state in LIVE and not _alive(status.pid, status.process_began):
            return Status(**{**asdict(status), "state": "crashed", "message": self.log_tail()})
        return status

    def log_tail(self, lines: int = 5) -> str:
        """The last lines that the process printed."""
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def request_stop(self) -> None:
        """Ask the process to end after the current step, with a checkpoint."""
        write_json(self.folder / "control.json", {"command": "stop"})

    def stop_requested(self) -> bool:
        return (self.folder / "control.json").exists()

    def write_status(self, status: Status) -> None:
        write_json(self.folder / "status.json", asdict(status))

    def prepare(self, config: Config) -> None:
        """Make the folder ready for a new training, clearing what an earlier one left.

        Raises:
            RunError: a process is training into it.
            StorageError: it cannot be written.
        """
        if (self.folder / "status.json").exists():
            self._clear()
        with explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / "config.json", config.model_dump())

    def _clear(self) -> None:
        """Delete what an earlier training left: its files must not be taken for the new one's."""
        try:
            live = self.status().state in LIVE
        except RunError:  # a damaged status.json is no reason to refuse a new training
            live = False
        if live:
            raise RunError(
                f"a run is training into {self.folder} already; choose another --output_dir"
            )
        names = ("status.json", "metrics.jsonl", "control.json", "stopped.pt")
        with explained(self.folder):
            for path in [*(self.folder / name for name in names), *self.checkpoints()]:
                path.unlink(missing_ok=True)

    def _unspoken(self) -> Status:
        """The status of a folder whose process has not written one."""
        try:
            began = (self.folder / "config.json").stat().st_mtime
        except OSError:
            raise RunError(f"{self.folder} is no run's folder; choose a run") from None
        state: State = "starting" if time.time() - began < GRACE else "crashed"
        return Status(state, 0, 0.0, began, message=self.log_tail() or None)


class Metrics:
    """The events of a run, read as they come; `poll()` reads what is new."""

    def __init__(self, run: Run) -> None:
        self.steps: list[dict[str, Any]] = []
        self.epochs: list[dict[str, Any]] = []
        self._path = run.metrics_file
        self._offset = 0

    def poll(self) -> "Metrics":
        """Take in the lines written since the last call; a torn last line waits for its rest."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._offset:
                    self.__init__(Run(self._path.parent))  # type: ignore[misc]
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return self
        whole, _, _ = data.rpartition(b"\n")
        for line in whole.splitlines():
            self._take(line)
        self._offset += len(whole) + 1 if whole else 0
        return self

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            (self.epochs if "train_loss" in event else self.steps).append(event)
        except (ValueError, TypeError):
            log.warning("%s: a line is damaged and left out", self._path)


def training_command(config: Config, output_dir: Path) -> list[str]:
    """The command that a person would type for this training."""
    return [
        *("python", "-m", "lenet", "--mode", "train"),
        *to_flags(config),
        *("--output_dir", str(output_dir)),
    ]


def start(config: Config) -> Run:
    """Start a training in a process of its own that outlives this one.

    Raises:
        StorageError: its folder cannot be written.
    """
    stamp = datetime.now().strftime(STAMP)
    run = Run(runs_dir().resolve() / f"{stamp}-{config.preset}-{secrets.token_hex(2)}")
    run.prepare(config)
    _, *arguments = training_command(config, run.folder)
    with run.log_file.open("wb") as output:
        subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return run


def list_runs() -> list[Run]:
    """All runs of the page, the newest first."""
    folders = [path.parent for path in runs_dir().glob("*/config.json")]
    return [Run(folder) for folder in sorted(folders, reverse=True)]


def own_status() -> Status:
    """The first status of a run whose process is this one."""
    process = psutil.Process()
    return Status("running", process.pid, process.create_time(), time.time())


def _alive(pid: int, began: float) -> bool:
    """Whether the process is there and is not another one with its number."""
    try:
        process = psutil.Process(pid)
        same = abs(float(process.create_time()) - began) < 1
        return same and bool(process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, TypeError, ValueError):  # gone, or no number of a process
        return False
