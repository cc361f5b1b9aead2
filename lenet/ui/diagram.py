"""The drawing of a network on a page: a layer that is tapped says what it does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from lenet.config import accepts
from lenet.diagram.svg import Maps, draw
from lenet.geometry import SETTINGS
from lenet.ui import answer

_HERE = Path(__file__).parent
_show = st.components.v2.component(
    "lenet_diagram",
    html='<div class="diagram"><div class="above"></div><p aria-live="polite"></p>'
    '<div class="below"></div></div>',
    css=answer.CSS + (_HERE / "diagram.css").read_text(encoding="utf-8"),
    js=(_HERE / "diagram.js").read_text(encoding="utf-8"),
)


def network(values: Mapping[str, Any], maps: Maps | None = None) -> str:
    """HTML of the network of a `Config`'s fields, in one row or, where that is too wide, in two.

    It ends at a layer that does not fit; empty where a field is out of its bounds.
    """
    if not all(accepts(name, values[name]) for name in SETTINGS):
        return ""
    return f'<div class="rows">{draw(values, maps, steps=maps is None, halves=True)}</div>'


def scrolled(svg: str) -> str:
    """A drawing in a box of its own, in which a phone can scroll it."""
    return f'<div class="scroll">{svg}</div>'


def diagram(
    key: str,
    content: str,
    *,
    below: str = "",
    chosen: str = "",
    picked: Callable[[str], None] | None = None,
) -> None:
    """Show trusted HTML with a drawing of `draw`, and what its chosen layer does.

    Args:
        below: more HTML.
        chosen: the `data-pick` that is marked.
        picked: called before the page runs again, with the `data-pick` that was tapped.
    """

    def report() -> None:
        value = st.session_state[key].picked
        if picked and isinstance(value, str):
            picked(value)

    _show(
        key=key, data={"above": content, "below": below, "chosen": chosen}, on_picked_change=report
    )
