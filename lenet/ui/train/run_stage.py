"""A run as it is presented: curves and figures, ten pictures, the network; step by step."""

from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from lenet.config import Config
from lenet.runs.run import Run
from lenet.runs.status import LIVE
from lenet.ui import present
from lenet.ui.app import explained, fragment
from lenet.ui.live_chart import live_chart
from lenet.ui.run_cache import metrics_of
from lenet.ui.style import COLORS
from lenet.ui.train import moments
from lenet.ui.train.curves import curves
from lenet.ui.train.run_view import clock, interval

HEIGHT = 128  # of the curves where a letter is 16 pixels


def show(run: Run) -> None:
    """A live run is followed, and Space pauses it; of another Space plays the moments."""
    with explained():
        live = run.status().state in LIVE

        def pause() -> None:
            asked = run.asked()
            run.ask(replace(asked, wish="run" if asked.wish == "pause" else "pause"))

        present.steer(
            None if live else lambda by: moments.step(run, by),
            pause if live else lambda: moments.play(run),
        )
        every = interval() if live else None
        fragment(_follow, run_every=every)(run, run.config(), live)


def _follow(run: Run, config: Config, live: bool) -> None:
    status, metrics = run.status(), metrics_of(run, live=live)
    words = [f"{metrics.accuracies()[-1]:.1%} right"] if metrics.accuracies() else []
    words += [f"loss {metrics.last('loss'):.2f}"] if len(metrics) else []
    st.subheader(" · ".join([*words, clock(status.seconds)]), anchor=False)
    shown = {"": (metrics, COLORS[0])}
    live_chart(
        "curves on stage",
        lambda: _beside(curves(shown, run.id, status.total_steps, smoothing=0.94, log=False)),
        version=(run.id, metrics.counts(), status.total_steps),
        alt="Training and validation loss and accuracy over the steps of the run",
    )
    moments.show(run, config, live=live)
    if live and status.state not in LIVE:
        st.rerun()


def _beside(figure: go.Figure) -> go.Figure:
    """Loss and accuracy beside each other, without the learning rate."""
    figure.data = [trace for trace in figure.data if trace.yaxis != "y3"]
    figure.update_shapes(label_font_size=None)
    figure.update_annotations(font_size=None)
    figure.update_layout(height=HEIGHT, xaxis3_visible=False, yaxis3_visible=False)
    for axis, ends in (("", [0, 0.43]), ("2", [0.57, 1])):
        across = {"domain": ends, "matches": None, "showticklabels": True, "title": ""}
        figure.update_layout({f"xaxis{axis}": across})
        figure.update_layout({f"yaxis{axis}": {"domain": [0, 1], "title": ""}})
    place = {"x": 0.57, "y": 1.03, "xref": "paper", "yref": "paper", "yanchor": "bottom"}
    return figure.add_annotation(text="accuracy", showarrow=False, **place)
