"""A chart that keeps zoom and hover when its figure changes, by `Plotly.react`.

`st.plotly_chart` of Streamlit 1.67 replaces it instead (streamlit/streamlit#8782, #11424).
"""

from collections.abc import Callable, Hashable
from pathlib import Path

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

from lenet.ui.preload import PANDAS

_HERE = Path(__file__).parent
_LIBRARY = Path(plotly.__file__).parent / "package_data"
CSS = (_HERE / "live_chart.css").read_text(encoding="utf-8")
PLOTLY = (_HERE / "plotly.js").read_text(encoding="utf-8")
"""Defines `library()` for a component, once `serve_plotly` was called."""
_show = st.components.v2.component(
    "lenet_live_chart",
    html='<div class="live-chart" role="figure"></div>',
    css=CSS,
    js=PLOTLY + (_HERE / "live_chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def live_chart(key: str, draw: Callable[[], go.Figure], *, version: Hashable, alt: str) -> None:
    """Show the figure, with a height, that `draw` makes; one for all who ask for its `version`."""
    serve_plotly()
    figure, height = _drawn(key, version, draw)
    _show(key=key, data={"figure": figure, "alt": alt, "height": height})


def serve_plotly() -> None:
    declare_component("plotly", path=_LIBRARY)


@st.cache_resource(max_entries=32, show_spinner=False)
def _drawn(key: str, version: Hashable, _draw: Callable[[], go.Figure]) -> tuple[str, int]:
    """The figure as JSON and its height, drawn once for all visitors."""
    with PANDAS:
        figure = _draw()
        return figure.to_json(), figure.layout.height
