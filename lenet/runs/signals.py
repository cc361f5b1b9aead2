"""Ctrl-C, SIGTERM and a closed terminal, taken as a wish to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Interrupted(KeyboardInterrupt):
    """A signal ended what had nothing to save."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted")
        self.exit_code = exit_status(number)


def exit_status(number: int) -> int:
    """What a shell expects of a process that a signal has ended."""
    return 128 + number


@contextmanager
def stop_signals(act: Callable[[int], None]) -> Iterator[None]:
    """Call `act` with a signal's number; afterwards the signals do what they did before.
    A SIGHUP that is ignored, as under `nohup`, stays ignored.
    """

    def note(number: int, frame: FrameType | None) -> None:
        act(number)

    handled = [
        number
        for number in SIGNALS
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN
    ]
    before = {number: signal.signal(number, note) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
