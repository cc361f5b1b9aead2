"""What the other pages need, loaded while a visitor looks at the first one."""

import functools
import importlib
import threading
import time

PAUSE = 4.0
"""Seconds from the first page on: its browser, and the process that is made ready for the first
run, have the processor until then."""
MODULES = ("lenet.samples", "lenet.evaluation", "sklearn.metrics")
"""torch before all; who opens their page earlier waits as long as without this, not longer."""


@functools.cache
def load() -> None:
    """Import them, once in this process, in a thread of their own."""
    threading.Thread(target=_import, name="loads ahead", daemon=True).start()


def _import() -> None:
    time.sleep(PAUSE)
    for name in MODULES:
        importlib.import_module(name)
