"""Letting hostile input in, and seeing what it does: errors, time, files touched, code run."""

import functools
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, ParamSpec

from lenet.errors import LabError
from lenet.paths import ROOT
from soak.damage import NAMES
from soak.table import Row, Tally
from tests.small import assert_one_sentence

P = ParamSpec("P")

WORK = 8.0
"""Seconds of processor time that one input may take; the slowest usual one takes one or two."""
LIMIT = 90.0
"""Seconds after which an input is given up that works or waits; the machine may be busy."""

PATHS = {
    **dict.fromkeys(("open", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"), (0,)),
    **dict.fromkeys(("os.chmod", "shutil.rmtree"), (0,)),
    **dict.fromkeys(("os.rename", "os.link"), (0, 1)),
    "os.symlink": (1,),
}
"""Events of Python's audit that touch files, and which of their arguments are paths."""
CODE = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")
"""Events by which code in an input would start a program."""
PYTHON = [Path(place).resolve() for place in (sys.prefix, sys.base_prefix, *sys.path) if place]
SYSTEM = "/proc /sys /dev /usr/lib /usr/share /lib /etc/localtime /etc/mime.types /etc/apache2"
READABLE = (ROOT, *PYTHON, *map(Path, SYSTEM.split()), Path("/etc/httpd"))
"""Where Python, its packages and the system keep what every program reads."""
WRITABLE = (Path("/dev/null"), Path("/dev/shm"))
UPLOADED = [name for name in NAMES if "\x00" not in name]
"""Names that Streamlit itself does not refuse; it wants the endings of the right kind, too."""

Event = tuple[str, tuple[Any, ...]]


class TooSlowError(BaseException):
    """The limit has passed; no `except Exception` of the product may swallow it."""


@dataclass
class Guard(Tally):
    """Counts what goes wrong while inputs are tried; `home` holds the lab's own folders."""

    home: Path = field(kw_only=True)
    slowest: float = 0.0

    def trial(self, what: str, act: Callable[P, object], *args: P.args, **more: P.kwargs) -> None:
        """Do it once; an error for people is right, every other is a fault."""
        self.times += 1
        began = time.process_time()
        with _recorded() as events, self.checked(what):
            try:
                with _limited():
                    act(*args, **more)
            except TooSlowError:
                raise AssertionError(f"not done within {LIMIT:.0f} s") from None
            except LabError as error:
                self.said["refused in a sentence"] += 1
                assert_one_sentence(str(error))
        work = time.process_time() - began
        self.slowest = max(self.slowest, work)
        if work > WORK:
            self.faults.append(f"{what}: it took {work:.0f} s of processor time")
        self.faults += [f"{what}: {trespass}" for trespass in self._trespasses(events)]

    def uploads(
        self,
        inputs: Iterable[tuple[str, bytes]],
        on_page: int,
        ending: str,
        upload: Callable[[str, bytes], object],
        directly: Callable[[bytes], object],
    ) -> Iterator[str]:
        """Try files, the first ones by way of a page; what each was, once it has been tried.

        Args:
            on_page: how many of them a visitor uploads.
            ending: of their names.
        """
        names = cycle(UPLOADED)
        for place, (what, data) in enumerate(inputs):
            if place < on_page:
                name = next(names) + ending
                self.trial(f"page: {what} as {name[:40]!r}", upload, name, data)
            else:
                self.trial(what, directly, data)
            yield what

    def row(self, done: str) -> Row:
        refused = f"{self.said.total():,} refused in a sentence"
        return replace(
            super().row(done), measured=f"{refused}, slowest {self.slowest:.1f} s of work"
        )

    def _trespasses(self, events: list[Event]) -> Iterator[str]:
        """What the events did outside the folders that the lab may touch."""
        own = self.home / "lab"
        for name, arguments in events:
            if name in CODE:
                yield f"it ran {arguments[:2]!r}"
                continue
            writes = name != "open" or _writes(arguments)
            for path in _paths(name, arguments):
                if not _inside(path, (own, *(WRITABLE if writes else READABLE))):
                    yield f"{name} {'wrote' if writes else 'read'} {path}"


def _paths(name: str, arguments: tuple[Any, ...]) -> Iterator[Path]:
    """The paths of an event, links in them followed where the system would have followed them."""
    flags = arguments[2] if len(arguments) > 2 else None
    follows = name == "open" and not (isinstance(flags, int) and flags & os.O_NOFOLLOW)
    for path in (arguments[place] for place in PATHS[name] if place < len(arguments)):
        if isinstance(path, (str, bytes)) and path:
            # A name that cannot be, or leads in a circle, is opened nowhere.
            with suppress(OSError, ValueError, RuntimeError):
                found = Path(os.fsdecode(path)).absolute()
                yield found.resolve() if follows else found.parent.resolve() / found.name


def _inside(path: Path, folders: tuple[Path, ...]) -> bool:
    compiled = path.suffix == ".pyc" or "__pycache__" in path.parts
    return compiled or any(path.is_relative_to(folder) for folder in folders)


def _writes(arguments: tuple[Any, ...]) -> bool:
    """Whether the arguments of an audited `open` ask to write."""
    _, mode, flags = (*arguments, None, 0)[:3]
    if isinstance(mode, str):
        return any(sign in mode for sign in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


_recording: list[list[Event]] = []


@functools.cache  # a hook cannot be taken out again
def _listen() -> None:
    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if _recording and (name in PATHS or name in CODE):
            _recording[-1].append((name, arguments))

    sys.addaudithook(hook)


@contextmanager
def _recorded() -> Iterator[list[Event]]:
    """The events of all threads meanwhile, without what the lab and Streamlit log."""
    _listen()
    _recording.append([])
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield _recording[-1]
    finally:
        logging.disable(before)
        _recording.pop()


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
