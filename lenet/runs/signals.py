"""Ctrl-C and SIGTERM, taken as a wish to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` at Ctrl-C and SIGTERM instead of what they did before, which is put back."""

    def note(number: int, frame: FrameType | None) -> None:
        act()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
