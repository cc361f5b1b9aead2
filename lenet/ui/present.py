"""Present: what a page is about, alone and large, steered by keys, a clicker or a finger."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

_HERE = Path(__file__).parent
_bar = st.components.v2.component(
    "lenet_present",
    html='<div class="bar" role="toolbar" aria-label="Present"></div>',
    css=(_HERE / "present.css").read_text(encoding="utf-8"),
    js=(_HERE / "present.js").read_text(encoding="utf-8"),
)
ROOM = "max(15rem, 100dvh - 10rem)"
"""What a canvas may take of the screen, as a CSS length."""
LARGE = """<style>
html { font-size: max(18px, min(1.8vw, 3.2vh)); --least: 0.87rem; }
.st-key-hand, .st-key-pairs, .st-key-cells, .st-key-order { display: none; }
.st-key-stage { margin: -5.8rem -3rem 0; width: calc(100% + 6rem); max-width: none;
  position: relative; z-index: 999991; max-height: calc(100dvh - 4.5rem); overflow: auto; }
.st-key-stage > * { flex-shrink: 0; }
.st-key-presenting { margin: -1rem -3rem -3rem; width: calc(100% + 6rem);
  max-width: none; opacity: 0.7; }
</style>"""
"""Streamlit measures in rem: all grows with the screen, to 20 px at least at 1280×720."""


def presenting() -> bool:
    """Whether the page is presented."""
    return bool(st.session_state.get("present"))


def offer(place: Any) -> None:
    """The button that begins to present."""
    place.button(
        "Present",
        icon=":material/slideshow:",
        type="tertiary",
        key="present this page",
        on_click=lambda: st.session_state.update(present="1"),
        help="The chart or the picture alone, large. Right or Page Down goes on, Space pauses, "
        "F fills the screen, Escape leaves.",
    )


def steer(step: Callable[[int], None] | None, pause: Callable[[], None] | None = None) -> None:
    """Let keys lead to the next (1) or the previous (-1) thing of this page, and pause it."""
    st.session_state["steered"] = step, pause


def bar(pages: Sequence[StreamlitPage]) -> None:
    """Below a page links to the others, and the buttons that do what the keys do."""
    state = st.session_state
    step, pause = state.pop("steered", (None, None))

    def pressed() -> None:
        match state["presenter"].pressed:
            case "Leave":
                state["present"] = None
                st.query_params.pop("present", None)
            case "Pause" if pause:
                pause()
            case "Next" | "Previous" as way if step:
                step(1 if way == "Next" else -1)

    can = ["Previous", "Next"] * bool(step) + ["Pause"] * bool(pause)
    with st.bottom, st.container(key="presenting", horizontal=True, vertical_alignment="center"):
        for page in pages:
            st.page_link(page)
        st.space("stretch")
        _bar(key="presenter", data=can, on_pressed_change=pressed, width="content")
