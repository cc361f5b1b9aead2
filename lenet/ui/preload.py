"""Imports that pages need, done in advance in threads."""

import functools
import importlib
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, nullcontext

from lenet.cores import memory_is_short
from lenet.ui.media import keep_files_for_a_while

PAUSE = 4.0  # seconds in which the first page's browser and the prepared process need the processor
FIRST_PAGE = (
    "lenet.config",
    "lenet.ui.app",
    "lenet.ui.train.run_table",
    "lenet.ui.train.augmentation_preview",
    "lenet.ui.train.first_visit",
    "lenet.ui.dataset",
    "streamlit.material_icon_names",
)
"""In the page's own order: threads that import pydantic's modules in another one can fail."""
OTHER_PAGES = (
    "pandas",  # by st.dataframe, as soon as there are runs
    "pyarrow",
    "lenet.evaluation.classify",
    "lenet.evaluation.metrics",
    "sklearn.metrics",
)
PANDAS = threading.Lock()
"""Held while pandas is imported: Plotly fails on one that another thread has half imported."""


@asynccontextmanager
async def lifespan(_server: object) -> AsyncGenerator[None, None]:
    """Import what the first page needs while the browser starts."""
    keep_files_for_a_while()
    threading.Thread(target=_load, args=(FIRST_PAGE,), daemon=True).start()
    yield


@functools.cache
def load_other_pages() -> None:
    """Import what the other pages need while a visitor looks at the first one; once."""
    if memory_is_short():
        return
    threading.Thread(target=_load, args=(OTHER_PAGES, PAUSE), daemon=True).start()


def _load(modules: Sequence[str], pause: float = 0) -> None:
    time.sleep(pause)
    for name in modules:
        with PANDAS if name == "pandas" else nullcontext():
            importlib.import_module(name)
