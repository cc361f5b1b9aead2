"""What the pages need, loaded before anyone asks for it."""

import functools
import importlib
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from lenet.ui.media import keep_files_for_a_while

PAUSE = 4.0
"""Seconds from the first page on: its browser, and the process that is made ready for the first
run, have the processor until then."""
FIRST_PAGE = (
    "lenet.config",
    "lenet.ui.app",
    "lenet.ui.train.run_table",
    "lenet.ui.train.augmentation_preview",
)
"""Its own imports begin with the first one, too: two threads that enter pydantic, whose parts
import each other, at different places could meet a half of it."""
OTHER_PAGES = ("lenet.evaluation.classify", "lenet.evaluation.metrics", "sklearn.metrics")
"""torch before all; who opens their page earlier waits as long as without this, not longer."""


@asynccontextmanager
async def lifespan(_server: object) -> AsyncGenerator[None, None]:
    """Load what the first page needs while the server listens already and the browser starts."""
    keep_files_for_a_while()
    _load(FIRST_PAGE)
    yield


@functools.cache
def load_other_pages() -> None:
    """Load what the other pages need while a visitor looks at the first one; once."""
    _load(OTHER_PAGES, PAUSE)


def _load(modules: Sequence[str], pause: float = 0) -> None:
    """Import them in a thread of their own."""

    def work() -> None:
        time.sleep(pause)
        for name in modules:
            importlib.import_module(name)

    threading.Thread(target=work, name="loads ahead", daemon=True).start()
