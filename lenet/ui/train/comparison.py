"""The runs that the chart compares: the watched one and those ticked, each in a colour it keeps."""

from collections.abc import Container, Sequence

import streamlit as st

from lenet.ui.style import COLORS, VALIDATION

MOST = 8
"""Runs that a chart can show apart."""
RUN_COLORS = tuple(color for color in COLORS if color != VALIDATION)[:MOST]


def ticked(known: Container[str]) -> list[str]:
    """The ids of the runs that are ticked and still here, in the order of their ticks."""
    return [run_id for run_id in st.session_state.get("compared") or [] if run_id in known]


def lines(known: Container[str]) -> list[str]:
    """The ids of the runs to draw, the watched one first; only `MOST` are drawn."""
    return list(dict.fromkeys([st.session_state["watched"], *ticked(known)]))


def colors(ids: Sequence[str]) -> dict[str, str]:
    """The colour of each drawn run, the same as before unless another on the chart has it."""
    held: dict[str, str] = st.session_state.setdefault("colors", {})
    for run_id in ids:
        others = [held.get(other) for other in ids if other != run_id]
        if held.get(run_id) in (None, *others):
            free = [color for color in RUN_COLORS if color not in others]
            held[run_id] = min(free, key=[*held.values()].count)
    return {run_id: held[run_id] for run_id in ids}
