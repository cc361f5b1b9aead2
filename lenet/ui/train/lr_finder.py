"""The button that looks for a learning rate, and what it has found."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from lenet.config import Config, build_config
from lenet.data.reading import locate
from lenet.errors import ConfigError
from lenet.runs import launcher
from lenet.ui.address import held
from lenet.ui.app import fragment
from lenet.ui.live_chart import live_chart
from lenet.ui.style import COLORS, WIDTH, figure, reference

REFRESH = 0.4
KEY = "range test"
"""Where the session holds the search."""


@dataclass
class _Search:
    """A process at work for settings, and the file to which it writes."""

    config: Config
    process: "subprocess.Popen[bytes]"
    log: Path
    found: dict[str, Any] | None = None

    def look(self) -> None:
        """Take what the process has left once it has ended; nothing if it has failed."""
        if self.found is None and self.process.poll() is not None:
            self.found = {}
            with suppress(OSError, ValueError, IndexError):
                self.found = json.loads(self.log.read_text().splitlines()[-1])
            self.log.unlink(missing_ok=True)


def offer(place: Any, values: Mapping[str, Any]) -> None:
    """The button in its place, and here the search once it was pressed."""
    config = None
    with suppress(ConfigError):
        config = build_config(dict(values))
    pressed = place.button(
        "Find one",
        icon=":material/query_stats:",
        type="tertiary",
        disabled=config is None or not locate(config.dataset),
    )
    if pressed and config:
        _end()
        log = Path(tempfile.mkstemp(prefix="lenet-", suffix=".log")[1])
        st.session_state[KEY] = _Search(config, launcher.start_lr_range(config, log), log)
    search: _Search | None = st.session_state.get(KEY)
    if search:
        fragment(_follow, run_every=REFRESH if search.found is None else None)(search)


def _follow(search: _Search) -> None:
    waited = search.found is None
    search.look()
    if search.found is None:
        st.caption(
            "Trying a hundred steps with a higher rate each, to see where the loss falls and where "
            "it bursts. It takes a few seconds, and no run comes of it."
        )
        return
    if waited:
        st.rerun()
    if not search.found:
        st.caption("No learning rate was found for these settings.")
        return
    rate = search.found["suggestion"]
    found = search.found
    live_chart(
        "range curve",
        lambda: _chart(found),
        version=tuple(found["losses"]),
        alt="The loss over the learning rates tried",
    )
    row = st.container(horizontal=True, vertical_alignment="center")
    used = row.button(f"Use {rate:g}", type="primary", key="use rate", on_click=_use, args=(rate,))
    if row.button("Close", type="tertiary", key="close range", on_click=_end) or used:
        st.rerun()  # the field is outside of this fragment


def _chart(found: Mapping[str, Any]) -> go.Figure:
    """The smoothed loss over the rates, and the one to use."""
    line = {"x": found["lrs"], "y": found["losses"], "mode": "lines", "showlegend": False}
    line |= {"line": {"color": COLORS[0], "width": WIDTH}, "hovertemplate": "%{x:.2g}: %{y:.3f}"}
    rate = found["suggestion"]
    return figure(
        [line | {"name": ""}],
        190,
        xaxis={"type": "log", "title": "learning rate", "exponentformat": "power"},
        yaxis={"title": "loss", "nticks": 4},
        shapes=[reference((rate, rate), (0, 1), f"{rate:g}", yref="y domain")],
    )


def _use(rate: float) -> None:
    """Put it into the form; in a callback, before the page runs again."""
    st.session_state["lr"] = held(rate)
    _end()


def _end() -> None:
    search: _Search | None = st.session_state.pop(KEY, None)
    if search and search.found is None:
        search.process.kill()
        search.log.unlink(missing_ok=True)
