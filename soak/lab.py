"""A lab to break: folders of its own, a small dataset, a finished run, a visitor of its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from lenet.paths import ROOT
from lenet.runs import launcher
from lenet.runs.run import Run
from lenet.runs.worker import Execution
from soak.guard import LIMIT
from tests.idx_files import install_small_dataset
from tests.small import small_config, small_split

SECRET = "what is written outside is nobody's business"  # a word to look for


class Lab:
    """The folders of a lab below `home`: it may touch `home/lab` and nothing beside it.

    No page has any business with the file `outside`; links lead to the folder `linked`.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runs, self.data = home / "lab" / "runs", home / "lab" / "data"
        self.outside, self.linked = home / "outside.txt", home / "linked"
        self.runs.mkdir(parents=True)
        self.linked.mkdir()
        self.outside.write_text(SECRET)

    @cached_property
    def finished(self) -> Run:
        """A finished run of two epochs, to make copies of."""
        run = Run(self.home / "finished")
        execution(run).start(small_config())
        return run


def execution(run: Run) -> Execution:
    """Trains in this process, on the small dataset."""
    return Execution(run, small_split, lambda event, steps: None)


scratch = partial(TemporaryDirectory, prefix="soak", ignore_cleanup_errors=True)
"""A folder that is removed afterwards; what is left of it hides no earlier error."""


@contextmanager
def small_lab() -> Iterator[Lab]:
    """A lab with a small dataset; no process is started for its pages."""
    with scratch() as folder, pytest.MonkeyPatch.context() as patch:
        lab = Lab(Path(folder).resolve())
        patch.setenv("LENET_RUNS_DIR", str(lab.runs))
        patch.setattr(launcher, "warm_up", lambda: None)
        for name in ("FashionMNIST", "MNIST"):
            install_small_dataset(patch, lab.data, name)
        st.cache_resource.clear()
        try:
            yield lab
        finally:
            st.cache_resource.clear()


def visit(page: str = "streamlit_app.py", **query: str) -> AppTest:
    """The app, opened at the front door and led to a page with this query in its address.

    Train's further settings are unfolded.
    """
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=LIMIT)
    app.session_state["more settings"] = True
    if page != "streamlit_app.py":
        app.run()
        app.switch_page(page)
    app.query_params.update(query)
    return sound(app.run())


def sound(app: AppTest) -> AppTest:
    """The app, if it shows a page and no exception, and nothing of what is outside."""
    assert not app.exception, [error.message for error in app.exception]
    assert app.title, "the page is empty"
    shown = " ".join(str(getattr(element, "value", "")) for element in app.main)
    assert SECRET not in shown, "the page shows what is outside"
    return app
