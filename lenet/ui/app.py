"""What surrounds every page: configuration, navigation, and messages for errors."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec

import streamlit as st

from lenet.config import Config, knob
from lenet.errors import LabError
from lenet.paths import ROOT
from lenet.ui import address, hand, preload, present
from lenet.ui.escape import plain
from lenet.ui.widgets import PageEnds, is_phone

P = ParamSpec("P")

# A phone's pages, five beside each other, each name below its icon; and the page's title where
# Streamlit keeps a row for its menu, at the left of it.
_BAR = """<style>
div.st-key-hand { margin-top: -4.3rem; width: calc(100% - 2.25rem); border: 0; position: relative;
  z-index: 999991; }
div.st-key-hand h1 { font-size: 1.25rem; }
.st-key-pages { margin: -0.6rem -0.75rem -3.2rem; flex-wrap: nowrap;
  justify-content: space-around; }
.st-key-pages a { flex-direction: column; gap: 0; padding: 0.25rem 0.4rem; }
.st-key-pages a p { font-size: 0.75rem; }
</style>"""

_FIELD = re.compile(r"\w+(?= must be )")

_navigated: ContextVar[bool] = ContextVar("navigated", default=False)


def navigate() -> None:
    """Set up the app and run the page that the address names."""
    st.set_page_config(
        page_title="LeNet-5 lab", page_icon=ROOT / "lenet/ui/icon.png", layout="wide"
    )
    train = st.Page(
        ROOT / "pages/train.py", title="Train", icon=":material/show_chart:", url_path="front"
    )
    alone = address.alone()
    pages = [
        train,
        st.Page(ROOT / "pages/evaluate.py", title="Evaluate", icon=":material/grid_on:"),
        st.Page(ROOT / "pages/predict.py", title="Predict", icon=":material/draw:"),
        st.Page(ROOT / "pages/inside.py", title="Inside", icon=":material/account_tree:"),
        st.Page(ROOT / "pages/experiments.py", title="Experiments", icon=":material/science:"),
    ]
    # Streamlit serves the first page only at /; this sends /train there.
    moved = st.Page(
        lambda: st.switch_page(train, query_params=st.query_params.to_dict()),
        title="Train",
        url_path="train",
        visibility="hidden",
    )
    page = st.navigation([*pages, moved], position="hidden" if alone or is_phone() else "top")
    if is_phone() and not alone:
        bar = st.bottom.container(horizontal=True, gap=None, key="pages")
        bar.html(_BAR)
        for one in pages:
            bar.page_link(one)
    token = _navigated.set(True)
    try:
        address.arrive(page.url_path)
        if address.alone() != alone:
            st.rerun()
        if alone:
            st.html(present.LARGE)
        with explained():
            hand.bar("Train LeNet-5" if page is train else page.title)
        address.show_frame()
        if st.session_state.get("stand"):
            from lenet.ui import stand  # not for the first page

            with explained():
                stand.show()
        else:
            with st.container(key="stage") if alone else nullcontext():
                page.run()
    finally:
        _navigated.reset(token)
        address.write()
    if present.presenting():
        present.bar(pages)
    preload.load_other_pages()


def show(page: Callable[[], None]) -> None:
    """Run a page, and show its expected errors as sentences."""
    if not _navigated.get():  # a fresh server may run a page's file without the main script
        navigate()
        return
    with explained():
        page()


@contextmanager
def explained() -> Iterator[None]:
    """Show an error that is meant for a person as one sentence."""
    try:
        with suppress(PageEnds):
            yield
    except LabError as error:
        st.error(sentence(error), icon=":material/error:")


def fragment(part: Callable[P, None], run_every: float | None = None) -> Callable[P, None]:
    """Let a part of a page run again alone, with its errors shown in it; `run_every` in seconds."""

    @wraps(part)
    def run(*args: P.args, **options: P.kwargs) -> None:
        with explained():
            part(*args, **options)
        if not _navigated.get():  # it runs alone
            address.write()

    return st.fragment(run, run_every=run_every)


def sentence(error: LabError) -> str:
    """An error as a sentence in Markdown that calls a field by its label.

    What the message quotes is shown as it is.
    """
    fields = Config.model_fields
    message = _FIELD.sub(
        lambda found: knob(fields[found[0]]).label if found[0] in fields else found[0], str(error)
    )
    if message.partition(" ")[0].isalpha():  # a file's name stays as it is
        message = message[:1].upper() + message[1:]
    return f"{plain(message)}."
