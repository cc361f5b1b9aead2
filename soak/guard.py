"""Letting hostile input in, and seeing what it does: errors, time, files touched, code run."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from lenet.errors import LabError
from lenet.paths import ROOT, cache_dir
from soak.damage import NAMES
from soak.table import Row
from tests.small import assert_one_sentence

WORK = 8.0
"""Seconds of processor time that one input may take; the slowest usual one takes one or two."""
LIMIT = 90.0
"""Seconds after which an input is given up that works or waits; the machine may be busy."""

PATHS = {
    **dict.fromkeys(["open", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod"], (0,)),
    **{"shutil.rmtree": (0,), "os.rename": (0, 1), "os.link": (0, 1), "os.symlink": (1,)},
}
"""Events of Python's audit that touch files, and which of their arguments are paths."""
CODE = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "pty.spawn")
"""Events by which code in an input would start a program."""
PYTHON = [Path(place).resolve() for place in (sys.prefix, sys.base_prefix, *sys.path) if place]
SYSTEM = "proc sys dev usr/lib usr/share lib etc/localtime etc/mime.types etc/apache2 etc/httpd"
READABLE = (ROOT, *PYTHON, *(Path("/", place) for place in SYSTEM.split()))
"""Where Python, its packages and the system keep what every program reads."""
WRITABLE = (Path("/dev/null"), Path("/dev/shm"))
UPLOADED = [name for name in NAMES if "\x00" not in name]
"""Names that Streamlit itself does not refuse; it wants the endings of the right kind, too."""
ON_PAGE = 12
"""One of so many files is uploaded on a page, which takes longer than reading it does."""

Event = tuple[str, tuple[Any, ...]]
Trial = tuple[str, Callable[[], object]]
"""What is tried, in words, and the trial itself."""


class TooSlowError(BaseException):
    """The limit has passed; no `except Exception` of the product may swallow it."""


def tried(done: str, own: Path, trials: Iterable[Trial]) -> Row:
    """An error for people is right, every other is a fault; only in `own` may files be written."""
    row, slowest = Row(done), 0.0
    for what, act in trials:
        row.times += 1
        began = time.process_time()
        with row.checked(what), _watched() as events:
            try:
                act()
            except TooSlowError:
                raise AssertionError(f"not done within {LIMIT:.0f} s") from None
            except LabError as error:
                row.said["refused in a sentence"] += 1
                assert_one_sentence(str(error))
        work = time.process_time() - began
        slowest = max(slowest, work)
        if work > WORK:
            row.faults.append(f"{what}: it took {work:.0f} s of processor time")
        row.faults += [f"{what}: {trespass}" for trespass in _trespasses(own, events)]
    row.measured = f"slowest {slowest:.1f} s of work"
    return row


def _trespasses(own: Path, events: list[Event]) -> Iterator[str]:
    """What the events did outside the folders that the lab may touch."""
    for name, arguments in events:
        if name in CODE:
            yield f"it ran {arguments[:2]!r}"
            continue
        flags = arguments[2] if name == "open" else os.O_WRONLY | os.O_NOFOLLOW
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
        allowed = (own, cache_dir(), *(WRITABLE if writes else READABLE))
        for place in PATHS[name]:
            # A number is an open file; a name that cannot be, or leads in a circle, opens none.
            with suppress(OSError, ValueError, RuntimeError, TypeError):
                path = Path(os.fsdecode(arguments[place])).absolute()
                # A link is followed where the system would have followed it.
                follows = not flags & os.O_NOFOLLOW
                path = path.resolve() if follows else path.parent.resolve() / path.name
                compiled = path.suffix == ".pyc" or "__pycache__" in path.parts
                if not compiled and not any(map(path.is_relative_to, allowed)):
                    yield f"{name} {'wrote' if writes else 'read'} {path}"


def uploads(
    inputs: Iterable[tuple[str, bytes]],
    number: int,
    rng: Random,
    ending: str,
    on_page: Callable[[str, bytes], object],
    directly: Callable[[bytes], object],
) -> Iterator[Trial]:
    """So many files in any order, some of them with a name by way of a page."""
    chosen, names = list(islice(inputs, number)), cycle(UPLOADED)
    rng.shuffle(chosen)
    for place, (what, data) in enumerate(chosen):
        if place % ON_PAGE:
            yield what, partial(directly, data)
        else:
            name = next(names) + ending
            yield f"page: {what} as {name[:40]!r}", partial(on_page, name, data)


_recording: list[list[Event]] = []


@cache  # a hook cannot be taken out again
def _listen() -> None:
    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if _recording and (name in PATHS or name in CODE):
            _recording[-1].append((name, arguments))

    sys.addaudithook(hook)


@contextmanager
def _watched() -> Iterator[list[Event]]:
    """The events of all threads meanwhile; nothing is logged, and the time is limited."""

    def stop(*_: object) -> None:
        raise TooSlowError

    _listen()
    _recording.append([])
    logged, alarm = logging.root.manager.disable, signal.signal(signal.SIGALRM, stop)
    logging.disable(logging.CRITICAL)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield _recording[-1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        logging.disable(logged)
        _recording.pop()
