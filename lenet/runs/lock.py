"""The lock of a folder, held by the one process that works on it.

The kernel frees it when the process ends. On a disk without locks, and on another machine, only
the heartbeat shows that the process lives: it touches the lock's file every few seconds.
"""

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lenet.errors import RunError
from lenet.files import explained, open_own

if sys.platform != "win32":
    import fcntl

NAME = ".lock"
BEAT_SECONDS = 10.0
"""Time between two touches of the lock's file by its holder."""
SILENCE = 60.0
"""Seconds without a touch after which a holder on another machine counts as gone."""
PATIENCE = 0.5
"""Seconds to wait for the lock, which the process that started this one may still hold."""

_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}
"""The errors of a disk without locks."""
_held: set[Path] = set()
"""The folders that this process holds."""
_children: "dict[Path, subprocess.Popen[bytes]]" = {}
"""By folder, a process that this one has started and that will take the lock."""
_beats: dict[Path, tuple[int, float]] = {}
"""By folder, the last heartbeat, and when this process saw it first."""


@contextmanager
def hold(folder: Path, refusal: str) -> Iterator[Callable[[], bool]]:
    """Hold an existing folder; gives a function that says whether it was deleted or replaced.

    Raises:
        RunError: another process holds it, or was started to; the message is `refusal`.
        StorageError: the folder is gone or cannot be written.
    """
    key, path = folder.resolve(), folder / NAME
    lock = FileLock(
        path, PATIENCE, thread_local=False, fallback_to_soft=False, preserve_lock_file=True
    )
    with explained(path):
        folder.stat()  # FileLock would make it
        try:
            lock.acquire()
        except Timeout:
            raise RunError(refusal) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            path.touch()
    over = threading.Event()
    try:
        if _child_lives(key):
            raise RunError(refusal)
        _held.add(key)
        with explained(path):
            os.utime(path)
            ours = path.stat()
        threading.Thread(target=_beat, args=(path, over), daemon=True).start()
        yield lambda: _replaced(path, ours)
    finally:
        over.set()
        _held.discard(key)
        lock.release()


def expect(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Count a process that was just started as the folder's holder until it holds it or ends.
    Called by who holds the folder. The heartbeat is 0 until the process sets it.
    """
    with explained(folder / NAME):
        os.utime(folder / NAME, ns=(0, 0))
    _children[folder.resolve()] = process


def is_held(folder: Path) -> bool | None:
    """Whether a process of this machine holds the folder; None where its disk has no locks.
    On a network's disk with locks, processes of other machines count too.
    """
    key = folder.resolve()
    try:
        # Not tried where this process holds it: closing the file would free it on some disks.
        return key in _held or _child_lives(key) or is_locked(folder / NAME)
    except OSError as error:
        return None if error.errno in _NO_LOCKS else False


def is_silent(folder: Path) -> bool:
    """Whether this process has seen no heartbeat for `SILENCE` seconds."""
    beat, now = heartbeat(folder), time.monotonic()
    before, since = _beats.get(folder, (None, now))
    if beat != before:
        _beats[folder] = (beat, now)
        return False
    return now - since >= SILENCE


def heartbeat(folder: Path) -> int:
    """When the lock's file was last touched, in nanoseconds; 0 if there is none.
    It is opened, as a network's disk may otherwise give an old time.
    """
    with suppress(OSError), open_own(folder / NAME) as file:
        return os.fstat(file.fileno()).st_mtime_ns
    return 0


def is_locked(path: Path) -> bool:
    """Whether another process has locked a file; OSError where that cannot be known."""
    with open_own(path) as file:
        if sys.platform == "win32":
            try:
                FileLock(path, blocking=False).acquire().lock.release()
            except Timeout:
                return True
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # many may ask at a time
        except BlockingIOError:
            return True
        return False


def _child_lives(key: Path) -> bool:
    child = _children.get(key)
    if child and (child.poll() is not None or (key / NAME).stat().st_mtime_ns):
        _children.pop(key, None)
    return key in _children


def _beat(path: Path, over: threading.Event) -> None:
    while not over.wait(BEAT_SECONDS):
        try:
            os.utime(path)
        except FileNotFoundError:
            return
        except OSError:  # a network's disk may be away
            continue


def _replaced(path: Path, ours: os.stat_result) -> bool:
    try:
        return not os.path.samestat(path.stat(), ours)
    except OSError as error:
        return isinstance(error, FileNotFoundError)
