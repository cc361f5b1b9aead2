"""The drawing of a network on a page: a layer that is tapped says what it does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from lenet.config import accepts
from lenet.diagram.columns import GEOMETRY
from lenet.diagram.svg import draw

_HERE = Path(__file__).parent
_show = st.components.v2.component(
    "lenet_diagram",
    html='<div class="diagram"><div class="above"></div><p aria-live="polite"></p>'
    '<div class="below"></div></div>',
    css=(_HERE / "diagram.css").read_text(encoding="utf-8"),
    js=(_HERE / "diagram.js").read_text(encoding="utf-8"),
)


def network(key: str, values: Mapping[str, Any]) -> None:
    """The network of a `Config`'s fields, up to a layer that does not fit.

    Nothing where a field is out of its bounds.
    """
    if all(accepts(name, values[name]) for name in GEOMETRY):
        diagram(key, scrolled(draw(values)))


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
