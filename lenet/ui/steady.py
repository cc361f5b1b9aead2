"""A chart that changes while one looks at it, without a blink."""

from collections.abc import Callable, Hashable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from lenet.ui import charts

_STACKED = """<style>
.st-key-{name} {{ display: grid; grid-template-columns: minmax(0, 1fr); }}
.st-key-{name} > * {{ grid-area: 1 / 1; width: 100%; opacity: 1 !important; }}
.st-key-{name} > .st-key-{name}-{newest} {{ z-index: 1; }}
</style>"""


def steady_chart(
    name: str, draw: Callable[[], go.Figure], *, subject: str, version: Hashable, alt: str
) -> None:
    """Show the figure that `draw` makes, and make it anew when `version` changes.

    Streamlit 1.67 takes a changed Plotly chart away before its successor is there, which
    blinks for some tenths of a second (streamlit/streamlit#8782). So two charts lie one upon
    the other, both opaque: the older one is redrawn and at once put on top, and as long as
    it is blank the other one shows.

    Args:
        name: of the chart, once on a page; letters only.
        subject: what the figure is about; with another one it starts afresh.
    """
    kept: dict[str, Any] = st.session_state.setdefault(f"chart {name}", {})
    if kept.get("subject") != subject:
        kept.update(subject=subject, version=None, newest=1, figures=[])
    if kept["version"] != version:
        newest = 1 - kept["newest"]
        kept.update(version=version, newest=newest)
        kept["figures"][newest : newest + 1] = [draw()]
    with st.container(key=name):
        for place, figure in enumerate(kept["figures"]):
            st.plotly_chart(figure, key=f"{name}-{place}", config=charts.CONFIG, alt=alt)
        st.html(_STACKED.format(name=name, newest=kept["newest"]))
