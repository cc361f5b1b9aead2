"""HTML in which a layer's map, or a position on a map, can be chosen.

Plotly's heatmaps report no clicks (streamlit/streamlit#8760), and a hundred figures are slow.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_show = st.components.v2.component(
    "lenet_pointing",
    html='<div class="pointing"></div>',
    css=(_HERE / "clickable_html.css").read_text(encoding="utf-8"),
    js=(_HERE / "clickable_html.js").read_text(encoding="utf-8"),
)


def pointing(
    key: str, html: str, *, chosen: str = "", picked: Callable[[str], None] | None = None
) -> None:
    """Show trusted HTML with the classes of `clickable_html.css`; `chosen` is marked.

    `picked` is called before the page runs again, with the `data-pick` that was clicked or with
    the "row,column" of a position on the element of class "map".
    """

    def report() -> None:
        value = st.session_state[key].picked
        if picked and isinstance(value, str):
            picked(value)

    data = {"html": html, "chosen": chosen, "fixed": picked is None}
    _show(key=key, data=data, on_picked_change=report)
