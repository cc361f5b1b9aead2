"""Start and end of a command's process, without needless garbage collection."""

import gc
import io
import sys
from collections.abc import Callable
from typing import NoReturn

OBJECTS = 100_000
"""Collect garbage after this many new objects; Python's default is some hundred or thousand."""


def run(main: Callable[[], int]) -> NoReturn:
    """End the process with the status that `main` returns.

    Torch makes half a million objects that stay. To look for garbage among them would cost 0.2 s
    while it is imported and 0.4 s at the end.
    """
    gc.set_threshold(OBJECTS)
    if isinstance(sys.stdout, io.TextIOWrapper):  # as for sys.stderr: any terminal can show it
        sys.stdout.reconfigure(errors="backslashreplace")
    status = main()
    gc.freeze()
    sys.exit(status)
