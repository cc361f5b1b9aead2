"""Imports that pages need, done in advance in threads."""

import functools
import importlib
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from lenet.ui.media import keep_files_for_a_while

PAUSE = 4.0
"""Seconds after the first page was shown, in which its browser and the process prepared for
the first run need the processor."""
FIRST_PAGE = (
    "lenet.config",
    "lenet.ui.app",
    "lenet.ui.train.run_table",
    "lenet.ui.train.augmentation_preview",
)
"""In the order in which the page imports them: pydantic's modules import each other, and two
threads that begin at different ones could see one half imported."""
OTHER_PAGES = ("lenet.evaluation.classify", "lenet.evaluation.metrics", "sklearn.metrics")
"""Import torch first of all. A page opened earlier waits no longer than without this."""


@asynccontextmanager
async def lifespan(_server: object) -> AsyncGenerator[None, None]:
    """Import what the first page needs while the browser starts."""
    keep_files_for_a_while()
    threading.Thread(target=_load, args=(FIRST_PAGE,), daemon=True).start()
    yield


@functools.cache
def load_other_pages() -> None:
    """Import what the other pages need while a visitor looks at the first one; once."""
    threading.Thread(target=_load, args=(OTHER_PAGES, PAUSE), daemon=True).start()


def _load(modules: Sequence[str], pause: float = 0) -> None:
    time.sleep(pause)
    for name in modules:
        importlib.import_module(name)
