"""Starting runs, and letting no more of them train at once than the machine has slots.

There is no scheduler: a run that waits is a process that tries to lock a slot's file.
"""

import json
import logging
import os
import secrets
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from filelock import AcquireReturnProxy, FileLock, Timeout

from lenet.config import Config, to_flags
from lenet.cores import memory_is_short, usable_cores
from lenet.errors import RunError
from lenet.files import explained, not_through_links, write_atomic
from lenet.paths import ROOT, runs_dir, studies_dir
from lenet.runs import lock
from lenet.runs.run import STAMP, Run
from lenet.runs.status import RESUMABLE

log = logging.getLogger(__name__)

PROGRAM = "lenet"
"""The module that a training process runs."""
HANDED_OVER = "--handed_over"
"""Flag of a process that the page has started: what was asked since then counts."""
NICE = 10
"""Priority of what the page starts, so that a training does not make the page wait."""
POLL = 0.4
"""Seconds between two looks of a waiting run at the slots."""

_prewarmed: "list[subprocess.Popen[bytes]]" = []
_prewarmed_lock = threading.Lock()


def step_back() -> None:
    """Give this process a low priority; alone on the machine, it is as quick as ever."""
    if hasattr(os, "setpriority"):  # not on Windows
        with suppress(OSError):  # its priority may be lower already
            os.setpriority(os.PRIO_PROCESS, 0, NICE)


def slots() -> int:
    """Runs that may train at once: `LENET_SLOTS`, else one for every two cores."""
    wanted = os.environ.get("LENET_SLOTS", "1" if memory_is_short() else "")
    return max(1, int(wanted) if wanted.isdecimal() else usable_cores() // 2)


def command_line(config: Config, begin: Path | None = None) -> str:
    """The training as one line for a shell; `begin` has the weights that it begins with."""
    flags = ["--mode", "train", *to_flags(config), "--output_dir", "output"]
    flags += ["--init_from", str(begin)] if begin else []
    return shlex.join(["python", "-m", "lenet", *flags])


def start(config: Config, begin: bytes | None = None) -> Run:
    """Start a training in a process of its own; StorageError if its folder cannot be written.

    Args:
        begin: a checkpoint's file, with the weights to begin with.
    """
    stamp = datetime.now().strftime(STAMP)
    run = Run(runs_dir().resolve() / f"{stamp}-{config.preset}-{secrets.token_hex(2)}")
    with run.hold(make=True):
        run.prepare(config)
        if begin:
            write_atomic(run.first_weights, begin)
        _hand_over(run)
    return run


def warm_up() -> None:
    """Have one process ready for the next `start` or `resume`; it ends with this process.

    Where memory is short there is none.
    """
    if memory_is_short():
        return
    with _prewarmed_lock:
        if _prewarmed and _prewarmed[0].poll() is None:
            return
        _prewarmed[:] = [_process(["lenet.cli.prewarmed"], subprocess.PIPE, subprocess.DEVNULL)]


def resume(run: Run) -> None:
    """Go on with a run from its newest checkpoint; RunError if it is training or finished."""
    before = run.status()
    if before.state not in RESUMABLE:
        raise RunError(f"{run.name} cannot be resumed; it is {before.state}")
    with run.hold(f"{run.name} has been resumed already; it is training"):
        run.forget_asked()
        run.begin_again()
        _hand_over(run)


def list_runs() -> list[Run]:
    """All runs of the page, the newest first."""
    folders = [path.parent for path in runs_dir().glob("*/config.json")]
    return [Run(folder) for folder in sorted(folders, reverse=True) if is_ours(folder)]


def is_ours(folder: Path) -> bool:
    """Whether its name can be shown, and it is no link, which could lead anywhere."""
    return folder.name.isprintable() and not folder.is_symlink()


def queue() -> list[Run]:
    """The runs that wait for a slot, those of studies too, the longest waiting first."""
    of_studies = [path.parent for path in studies_dir().glob("*/*/config.json")]
    waiting = []
    for run in [*list_runs(), *map(Run, filter(is_ours, of_studies))]:
        with suppress(RunError):
            if (status := run.status()).state == "queued":
                waiting.append((status.began, str(run.folder), run))
    return [run for _, _, run in sorted(waiting, key=lambda entry: entry[:2])]


@contextmanager
def slot(run: Run, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """Wait for one of the machine's slots and hold it; gives False when cancelled.
    RunError if the run is deleted meanwhile.
    """
    while not cancelled():
        if not run.folder.exists():
            raise RunError(f"{run.folder} was deleted while the run waited; start it again")
        # All statuses are read only when it is worth it: most of the time no slot is free.
        if _seems_free() and _is_next(run) and (held := _free_slot()):
            with held:
                yield True
            return
        time.sleep(POLL)
    yield False


def _is_next(run: Run) -> bool:
    """Whether no run of the queue waits longer; a run in another folder is not in the queue."""
    waiting = [other.folder.resolve() for other in queue()]
    ours = run.folder.resolve()
    return ours not in waiting or waiting[0] == ours


def _seems_free() -> bool:
    """Whether there may be a slot that nobody holds."""
    for path in _slot_files():
        try:
            if not lock.is_locked(path):
                return True
        except OSError:  # nobody has used it yet, or its disk knows no locks
            return True
    return False


def _slot_files() -> list[Path]:
    return [runs_dir() / ".slots" / f"{number}.lock" for number in range(slots())]


def _free_slot() -> "AcquireReturnProxy[FileLock] | None":
    """A slot that nobody holds; the kernel frees it with this process."""
    files = _slot_files()
    with explained(files[0].parent):
        files[0].parent.mkdir(parents=True, exist_ok=True)
        for path in files:
            with suppress(Timeout):  # an OSError, too
                return FileLock(path, blocking=False).acquire()
    return None


def _hand_over(run: Run) -> None:
    """Have another process train from now on; called by who holds the folder."""
    arguments = ["--mode", "train", "--resume", str(run.folder), "--queue", "1", HANDED_OVER]
    ready = _use_prewarmed(run.log_file, arguments)
    lock.expect(run.folder, ready or spawn(run.log_file, arguments))


def start_lr_range(config: Config, log: Path) -> "subprocess.Popen[bytes]":
    """Look for a learning rate in a process that writes to `log`, its result as the last line."""
    arguments = ["--mode", "lr_range", "--json", "--download", "0", *to_flags(config)]
    return _use_prewarmed(log, arguments) or spawn(log, arguments)


def _use_prewarmed(log: Path, arguments: list[str]) -> "subprocess.Popen[bytes] | None":
    """Let the process that is ready do it; None if there is none."""
    with _prewarmed_lock:
        ready = _prewarmed.pop() if _prewarmed else None
    if ready is None or ready.poll() is not None or ready.stdin is None:
        return None
    order = {"arguments": arguments, "log": str(log)}
    try:
        with ready.stdin as pipe:
            pipe.write(json.dumps(order).encode() + b"\n")
    except OSError:  # it has just been killed
        return None
    return ready


def spawn(log: Path, arguments: list[str]) -> "subprocess.Popen[bytes]":
    """Start the command line in a process of its own that prints to `log`.
    StorageError if that cannot be written.
    """
    with explained(log), open(log, "ab", opener=not_through_links) as output:
        return _process([PROGRAM, *arguments], subprocess.DEVNULL, output)


def _process(module: list[str], stdin: int, output: "int | IO[bytes]") -> "subprocess.Popen[bytes]":
    """Start a Python module with its arguments; a Ctrl-C here does not reach the process."""
    return subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        stdin=stdin,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
