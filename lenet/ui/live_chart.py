"""A chart that keeps zoom and hover when its figure changes, by `Plotly.react`.

`st.plotly_chart` of Streamlit 1.67 replaces it instead (streamlit/streamlit#8782, #11424).
"""

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import streamlit as st
from streamlit.components.v1 import declare_component

_HERE = Path(__file__).parent
_LIBRARY = Path(plotly.__file__).parent / "package_data"
_show = st.components.v2.component(
    "lenet_live_chart",
    html='<div class="live-chart" role="figure"></div>',
    css=(_HERE / "live_chart.css").read_text(encoding="utf-8"),
    js=(_HERE / "live_chart.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def live_chart(key: str, draw: Callable[[], go.Figure], *, version: Hashable, alt: str) -> None:
    """Show the figure, with a height, that `draw` makes; call it again when `version` changes."""
    declare_component("plotly", path=_LIBRARY)  # serves plotly.min.js
    kept: dict[str, Any] = st.session_state.setdefault(f"chart {key}", {})
    if kept.get("version") != version:
        figure = draw()
        kept.update(version=version, figure=figure.to_json(), height=figure.layout.height)
    _show(key=key, data={"figure": kept["figure"], "alt": alt, "height": kept["height"]})
