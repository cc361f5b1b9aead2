"""A second core for what a training step need not wait for, where one is free.

A thread of its own takes pieces of work in their order. Whoever needs their results takes back
those that it has not begun, and does them itself: on a busy machine, where the thread gets no core,
a step then lasts hardly longer than without it. Each piece is computed by one thread, whichever
it is, so the result is the same, bit for bit.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch

Work = Callable[[], object]


def nothing() -> None:
    """No work."""


class SideWork:
    """Pieces of work that another thread may do meanwhile.

    Args:
        shared: whether to have the thread; without it, work is done when it is added.
    """

    def __init__(self, *, shared: bool) -> None:
        self._thread = ThreadPoolExecutor(1, "side work") if shared else None
        self._begun: list[tuple[Future[None], Work]] = []

    def add(self, work: Work) -> None:
        """Have it done by the next `finish`."""
        if self._thread is None:
            _do(work)
        else:
            self._begun.append((self._thread.submit(_do, work), work))

    def finish(self, but: int = 0) -> None:
        """Return when all that was added is done, but for the last few pieces."""
        wanted, self._begun = self._begun[: -but or None], self._begun[-but:] if but else []
        for future, work in reversed(wanted):
            if future.cancel():
                _do(work)
        for future, _ in wanted:
            if not future.cancelled():
                future.result()


@torch.inference_mode()
def _do(work: Work) -> None:
    work()
