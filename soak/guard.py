"""Letting hostile input in, and seeing what it does: errors, time, files touched, code run."""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from lenet.errors import LabError
from lenet.paths import ROOT
from soak.table import Row
from tests.small import assert_one_sentence

WORK = 8.0
"""Seconds of processor time that one input may take; the slowest usual one takes one or two."""
LIMIT = 90.0
"""Seconds after which an input is given up that works or waits; the machine may be busy."""

PATHS = {
    "open": (0,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.link": (0, 1),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "shutil.rmtree": (0,),
}
"""Events of Python's audit that touch files, and which of their arguments are paths."""
CODE = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")
"""Events by which code in an input would start a program."""

Event = tuple[str, tuple[Any, ...]]


class TooSlowError(BaseException):
    """The limit has passed; no `except Exception` of the product may swallow it."""


@dataclass
class Guard:
    """Counts what goes wrong while inputs are tried.

    Attributes:
        home: the folder that the inputs and the lab's own folders are in.
    """

    home: Path
    times: int = 0
    refused: int = 0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def trial(self, what: str, act: Callable[[], object]) -> None:
        """Do it once; an error for people is right, every other is a fault.

        Args:
            what: names the input in the report of a fault.
        """
        self.times += 1
        began = time.process_time()
        with _recorded() as events:
            try:
                with _limited():
                    act()
            except LabError as error:
                self.refused += 1
                self._check_sentence(what, str(error))
            except TooSlowError:
                self.faults.append(f"{what}: not done within {LIMIT:.0f} s")
            except AssertionError as error:
                self.faults.append(f"{what}: {error}")
            except Exception as error:  # what a visitor would have met as a traceback
                self.faults.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")
        work = time.process_time() - began
        self.slowest = max(self.slowest, work)
        if work > WORK:
            self.faults.append(f"{what}: it took {work:.0f} s of processor time")
        self.faults += [f"{what}: {trespass}" for trespass in self._trespasses(events)]

    def uploads(
        self,
        inputs: Iterable[tuple[str, bytes]],
        names: Sequence[str],
        on_page: Callable[[str, bytes], object],
        directly: Callable[[bytes], object],
    ) -> Iterator[str]:
        """Try files, the first of them by way of a page; what each was, once it has been tried.

        Args:
            names: of the files that a page is given, each with its ending.
        """
        for place, (what, data) in enumerate(inputs):
            if place < len(names):
                self.trial(
                    f"page: {what} as {names[place][:40]!r}", partial(on_page, names[place], data)
                )
            else:
                self.trial(what, partial(directly, data))
            yield what

    def row(self, done: str) -> Row:
        """What came of it."""
        measured = f"{self.refused:,} refused in a sentence, slowest {self.slowest:.1f} s of work"
        return Row(done, self.times, len(self.faults), "faults", measured, faults=self.faults)

    def _check_sentence(self, what: str, message: str) -> None:
        try:
            assert_one_sentence(message)
        except AssertionError:
            self.faults.append(f"{what}: not a sentence for people: {message[:300]!r}")

    def _trespasses(self, events: list[Event]) -> Iterator[str]:
        """What the events did outside the folders that the lab may touch."""
        writable = (self.home / "lab",)
        readable = (*writable, *READABLE)
        for name, arguments in events:
            if name in CODE:
                yield f"it ran {arguments[:2]!r}"
                continue
            writes = name != "open" or _writes(arguments)
            for path in _paths(name, arguments):
                if writes and not _inside(path, (*writable, *WRITABLE)):
                    yield f"{name} wrote {path}"
                elif not writes and not _inside(path, readable):
                    yield f"{name} read {path}"


def _own_folders() -> Iterator[Path]:
    """Where Python, its packages and the system keep what every program reads."""
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path]
    yield from (Path(place).resolve() for place in places if place and len(place) > 1)
    yield from map(Path, ("/proc", "/sys", "/dev", "/usr/lib", "/usr/share", "/lib"))
    yield from map(Path, ("/etc/localtime", "/etc/mime.types", "/etc/apache2", "/etc/httpd"))


READABLE = (ROOT, *_own_folders())
WRITABLE = (Path("/dev/null"), Path("/dev/shm"))


def _paths(name: str, arguments: tuple[Any, ...]) -> Iterator[Path]:
    """The paths of an event, links in them followed where the system would have followed them."""
    follows = name == "open" and not _no_links(arguments)
    for place in PATHS[name]:
        path = arguments[place] if place < len(arguments) else None
        if isinstance(path, (str, bytes)) and path:
            # A name that cannot be, or leads in a circle, is opened nowhere.
            with suppress(OSError, ValueError, RuntimeError):
                found = Path(os.fsdecode(path)).absolute()
                yield found.resolve() if follows else found.parent.resolve() / found.name


def _inside(path: Path, folders: tuple[Path, ...]) -> bool:
    if path.suffix == ".pyc" or "__pycache__" in path.parts:
        return True
    return any(path == folder or folder in path.parents for folder in folders)


def _no_links(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else None
    return isinstance(flags, int) and bool(flags & os.O_NOFOLLOW)


def _writes(arguments: tuple[Any, ...]) -> bool:
    """Whether the arguments of an audited `open` ask to write."""
    _, mode, flags = (*arguments, None, 0)[:3]
    if isinstance(mode, str):
        return any(sign in mode for sign in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


_recording: list[list[Event]] = []
_hooked = itertools.count()


def _hook(name: str, arguments: tuple[Any, ...]) -> None:
    if _recording and (name in PATHS or name in CODE):
        _recording[-1].append((name, arguments))


@contextmanager
def _recorded() -> Iterator[list[Event]]:
    """The events of all threads meanwhile."""
    if next(_hooked) == 0:  # a hook cannot be taken out again
        sys.addaudithook(_hook)
    _recording.append([])
    try:
        yield _recording[-1]
    finally:
        _recording.pop()


@contextmanager
def _limited() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
