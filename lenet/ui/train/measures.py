"""Small charts of what is measured beside loss and accuracy, for whoever wants to know more."""

from typing import Any

import plotly.graph_objects as go

from lenet.catalog import dataset_info
from lenet.config import Config
from lenet.runs.history import History
from lenet.ui.style import COLORS, GRAY, figure

ROW, RECALLS = 130, 230
"""Heights in pixels of a row of lines, and of the ten classes."""
_LOG = {"type": "log", "exponentformat": "power", "nticks": 4}
_SHARE = {"tickformat": ".0%", "range": [0, 1], "nticks": 4}
_SCALE = ((0.0, "#a34d7c"), (0.5, "#d8c9a6"), (1.0, "#1f8a70"))


def measures(config: Config, metrics: History, total_steps: int) -> go.Figure:
    """Gradient norm, updates, idle units and recalls over the steps, one below the other."""
    probes = metrics.probes
    steps = [event["step"] for event in probes]
    norm = {"gradient": [event["gradient_norm"] for event in probes]}
    rows = [
        ("gradient norm", _LOG, norm),
        ("step ÷ weight", _LOG, _by_layer(probes, "update_ratios")),
    ]
    if idle := _by_layer(probes, "idle"):
        kind = "dead" if config.activation == "relu" else "saturated"
        rows.append((f"{kind} units", _SHARE, idle))
    height = ROW * len(rows) + RECALLS
    axes: dict[str, Any] = {}
    traces: list[dict[str, Any]] = []
    for row, (title, kind_of_axis, lines) in enumerate(rows, start=1):
        place = {"xaxis": f"x{row}", "yaxis": f"y{row}"}
        top = 1 - (row - 1) * ROW / height
        domain = {"domain": [top - 0.8 * ROW / height, top], "title": title}
        axes[f"yaxis{row}"] = {"anchor": f"x{row}", **domain, **kind_of_axis}
        for (name, values), color in zip(lines.items(), (*COLORS[:5],), strict=False):
            traces.append(_line(steps, values, name, color if len(lines) > 1 else GRAY) | place)
            traces[-1]["showlegend"] = row == 2
    last = len(rows) + 1
    axes[f"yaxis{last}"] = {"anchor": f"x{last}", "domain": [0, 0.85 * RECALLS / height]}
    axes[f"yaxis{last}"] |= {"autorange": "reversed", "title": "recall"}
    traces.append(_recalls(config, probes) | {"xaxis": f"x{last}", "yaxis": f"y{last}"})
    for row in range(1, last + 1):
        across = {"anchor": f"y{row}", "range": [0, total_steps], "showgrid": False}
        axes[f"xaxis{row}"] = across | {"tickformat": "~s", "showticklabels": row == last}
    return figure(traces, height, hovermode="x", **axes)


def _by_layer(probes: Any, group: str) -> dict[str, list[float | None]]:
    layers = dict.fromkeys(name for event in probes for name in event[group])
    return {name: [event[group].get(name) for event in probes] for name in layers}


def _recalls(config: Config, probes: Any) -> dict[str, Any]:
    """Classes over steps; a probe without all of them is left out."""
    names = dataset_info(config.dataset).classes
    found = [event for event in probes if len(event["recalls"]) == len(names)]
    return {
        "type": "heatmap",
        "x": [event["step"] for event in found],
        "y": names,
        "z": list(zip(*(event["recalls"] for event in found), strict=True)),
        "zmin": 0,
        "zmax": 1,
        "colorscale": _SCALE,
        "showscale": False,
        "hovertemplate": "%{y}: %{z:.0%}<extra></extra>",
    }


def _line(x: list[int], y: list[float | None], name: str, color: str) -> dict[str, Any]:
    line = {"color": color, "width": 1.5}
    usual = {"name": name, "legendgroup": name, "mode": "lines", "line": line}
    return usual | {"x": x, "y": y, "hovertemplate": "%{y:.2g}"}
