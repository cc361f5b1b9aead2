"""The address that a page was opened with."""

import math
from collections.abc import Callable, Mapping

import streamlit as st

from lenet.ui.escape import plain


def clean(page: str, accepts: Callable[[str, str], bool]) -> None:
    """Take out what is of no use on this page, and say so, once in a session.

    Widgets look at the address that a run began with and fail at a number without end, so
    the page begins anew without it.

    Args:
        page: its name.
        accepts: whether a parameter exists and can take the value.
    """
    if f"address of {page}" not in st.session_state:
        st.session_state[f"address of {page}"] = True
        query = st.query_params.to_dict()
        bad = [name for name, value in query.items() if not accepts(name, value)]
        for name in bad:
            del st.query_params[name]
        if bad:
            st.session_state["ignored"] = bad
        if any(_is_endless(query[name]) for name in bad):
            st.rerun()
    if ignored := st.session_state.pop("ignored", None):
        st.warning(
            f"Ignored in the address: {plain(', '.join(ignored))}. "
            "Everything else is set as the link says.",
            icon=":material/link_off:",
        )


def _is_endless(text: str) -> bool:
    """Whether it is infinity, no number at all ("nan"), or too many digits for one."""
    try:
        return not math.isfinite(float(text))
    except ValueError:
        return False


def one_of(usable: Mapping[str, Callable[[str], bool]]) -> Callable[[str, str], bool]:
    """What `clean` asks, for parameters that each have a test of their own."""
    return lambda name, value: name in usable and usable[name](value)


def whole(low: int, high: int) -> Callable[[str], bool]:
    """Whether a text is a whole number between two others, both included."""
    return lambda text: text.isdecimal() and low <= int(text[:20]) <= high
