"""The parameters of the address that a page was opened with."""

from collections.abc import Callable, Mapping

import streamlit as st

from lenet.ui.escape import plain

Test = Callable[[str], bool]


def clean(page: str, usable: Mapping[str, Test]) -> None:
    """Remove what is not `usable` from the address of `page`, and say so, once in a session.

    The page runs again then: widgets of this run would see the address as it was.
    """
    if f"address of {page}" not in st.session_state:
        st.session_state[f"address of {page}"] = True
        query = st.query_params.to_dict()
        bad = [name for name in query if name not in usable or not usable[name](query[name])]
        for name in bad:
            del st.query_params[name]
        if bad:
            st.session_state["ignored"] = bad
            st.rerun()
    if ignored := st.session_state.pop("ignored", None):
        st.warning(
            f"Ignored in the address: {plain(', '.join(ignored))}. "
            "Everything else is set as the link says.",
            icon=":material/link_off:",
        )


def whole(low: int, high: int) -> Test:
    """Whether a text is a whole number from `low` to `high`."""
    return lambda text: text.isdecimal() and low <= int(text[:20]) <= high
