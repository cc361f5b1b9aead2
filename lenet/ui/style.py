"""What all pages share of their looks: colours, charts, badges."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

COLORS = (
    *("#1f8a70", "#c9662b", "#5b6fb5", "#a34d7c", "#8a7a1f", "#2f94ba", "#8f63d2", "#c2474f"),
    "#7a7a7a",
)
VALIDATION = "#c9662b"
GRAY = "#8a8a8a"
WIDTH = 2.5
CONFIG = {"displayModeBar": False}  # of `st.plotly_chart`: no toolbar over the chart
_AXIS = {
    "zeroline": False,
    "automargin": True,
    "gridcolor": "rgba(128, 128, 128, 0.25)",
    "spikecolor": GRAY,
    "spikethickness": 1,
    "spikedash": "dot",
}
_LAYOUT = {
    "template": {},  # Plotly's own takes longer to check than the rest of a figure
    "paper_bgcolor": "rgba(0, 0, 0, 0)",
    "plot_bgcolor": "rgba(0, 0, 0, 0)",
    "autosize": True,
    "margin": {"l": 10, "r": 16, "t": 30, "b": 10},
    "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
}
BADGES = {
    "starting": ("Starting", "blue", ":material/hourglass_top:"),
    "queued": ("Queued", "blue", ":material/hourglass_top:"),
    "running": ("Training", "green", ":material/play_arrow:"),
    "paused": ("Paused", "orange", ":material/pause:"),
    "finished": ("Finished", "gray", ":material/check:"),
    "stopped": ("Stopped", "orange", ":material/stop:"),
    "failed": ("Failed", "red", ":material/error:"),
    "crashed": ("Crashed", "red", ":material/error:"),
}

ALL = "All classes"  # the choice of no class in particular


def reference(
    x: tuple[float, float], y: tuple[float, float], text: str = "", **more: Any
) -> dict[str, Any]:
    """A dashed line as a figure's shape, with its ends in `x` and `y`, and `text` right of it."""
    label = {"textangle": 0, "textposition": "end", "xanchor": "left", "yanchor": "top"}
    line = {"color": GRAY, "width": 1.5, "dash": "dash"}
    ends = {"x0": x[0], "x1": x[1], "y0": y[0], "y1": y[1]}
    usual = {"type": "line", "layer": "below", "line": line, "label": label | {"text": text}}
    return usual | ends | more


def figure(traces: Sequence[dict[str, Any]], height: int, **layout: Any) -> go.Figure:
    """A Plotly figure in the style of all charts, `height` in pixels; `layout` adds to it."""
    for name, options in layout.items():
        if name.startswith(("xaxis", "yaxis")):
            layout[name] = _AXIS | options
    layout["legend"] = _LAYOUT["legend"] | layout.get("legend", {})
    return go.Figure(traces, _LAYOUT | {"height": height} | layout)
