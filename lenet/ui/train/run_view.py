"""Watching a run: its state, progress and curves, read from its folder while it goes on."""

from datetime import timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.config import Config
from lenet.runs.history import History
from lenet.runs.naming import labels
from lenet.runs.run import Run
from lenet.runs.status import LIVE, Status
from lenet.ui.app import explained, fragment
from lenet.ui.live_chart import live_chart
from lenet.ui.run_cache import metrics_of
from lenet.ui.train import curves as charts
from lenet.ui.train import run_controls, sample_predictions

REFRESH = 0.4
"""Seconds between two looks at a live run."""


def watch(known: dict[str, Run]) -> Run:
    """Choose one of the runs, the newest first, and watch it; a live run is followed."""
    named = labels(known.values())
    head = st.container(key="watched")
    chosen, others = head.columns(2)
    run_id = _choose(chosen, named)
    compared = others.multiselect(
        "Compare with",
        [other for other in known if other != run_id],
        key="compared",
        persist_state="session",
        format_func=named.__getitem__,
        placeholder="Other runs",
    )
    if st.session_state.pop("bring into sight", False):
        head.html(_INTO_SIGHT, unsafe_allow_javascript=True)
    run = known[run_id]
    with explained():
        live = run.status().state in LIVE
        follow = fragment(_follow, run_every=REFRESH if live else None)
        follow(run, [known[other] for other in compared], named, live)
    return run


def empty_chart() -> None:
    """Where the curves will be; the browser loads what draws them before the first run starts."""
    nothing = charts.Curve("", History())
    live_chart(
        "no curves",
        lambda: charts.curves([nothing], "", 1000, smoothing=0.0, log=False),
        version="",
        alt="Axes without a curve",
    )


def turn_to(run: Run) -> None:
    """Let the page watch this run from now on, and show it at once where it is out of sight."""
    st.session_state["watched"] = run.id
    st.session_state["turned to"] = (run.id, run.name)
    st.session_state["bring into sight"] = True


def _choose(place: DeltaGenerator, named: dict[str, str]) -> str:
    """The id of the run to watch.

    A page that follows a live run reports its widgets twice a second and may do so just when
    another run is turned to; a new key keeps its outdated choice from winning. A box of the
    same key would also go on showing the name that a run had before.
    """
    ids = list(named)
    watched = st.session_state.get("watched")
    chosen: str = place.selectbox(
        "Run",
        ids,
        index=ids.index(watched) if watched in named else 0,
        key=f"run, after {st.session_state.get('turned to')}",
        format_func=named.__getitem__,
    )
    st.session_state["watched"] = chosen
    return chosen


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:")


def _follow(run: Run, compared: list[Run], named: dict[str, str], was_live: bool) -> None:
    status = run.status()
    metrics = metrics_of(run)
    run_controls.headline(run, status)
    config = run.config()
    _progress(config, status, metrics)
    _figures(config, status, metrics)
    curves = [charts.Curve(named[run.id], metrics)]
    curves += [charts.Curve(named[other.id], metrics_of(other)) for other in compared]
    drawn, seen = st.columns([5, 1.2])
    with drawn:
        _curves(run, status, curves)
    with seen:
        sample_predictions.strip(run)
    if was_live and status.state not in LIVE:
        st.rerun()


def _progress(config: Config, status: Status, metrics: History) -> None:
    step = int(metrics.last("step")) if len(metrics) else 0
    share = min(1.0, step / status.total_steps) if status.total_steps else 0.0
    text = " "
    if status.total_steps:
        epochs = config.epochs
        epoch = min(epochs, len(metrics.epochs) + 1)
        text = f"Epoch {epoch} of {epochs}, step {step:,} of {status.total_steps:,}"
        text += f", {clock(status.seconds)} so far" if status.state in LIVE else ""
    st.progress(share, text)


def _figures(config: Config, status: Status, metrics: History) -> None:
    accuracies = metrics.accuracies()
    speeds = metrics.steps["images_per_second"][-50:]
    with st.grid(5, min_column_width=110):
        st.metric("Training loss", f"{metrics.last('loss'):.3f}" if len(metrics) else "–")
        st.metric("Val. accuracy", f"{accuracies[-1]:.2%}" if accuracies else "–")
        st.metric("Learning rate", f"{round(metrics.last('lr'), 6):.2g}" if len(metrics) else "–")
        st.metric("Images/s", f"{sum(speeds) / len(speeds):,.0f}" if len(speeds) else "–")
        if status.state in LIVE and len(metrics) and status.total_steps:
            steps_left = status.total_steps - metrics.last("step")
            st.metric("Time left", clock(steps_left * _step_seconds(config, status, metrics)))
        else:
            st.metric("Time", clock(status.seconds))


def _step_seconds(config: Config, status: Status, metrics: History) -> float:
    """What a step costs: in the last epoch, its validation included, or in the last steps."""
    if metrics.epochs:
        return float(metrics.epochs[-1]["seconds"]) * config.epochs / status.total_steps
    speeds = metrics.steps["images_per_second"][-50:]
    return config.batch_size * len(speeds) / sum(speeds)


def _curves(run: Run, status: Status, curves: list[charts.Curve]) -> None:
    """The curves, and below them how they are drawn."""
    place = st.container()
    row = st.container(horizontal=True, vertical_alignment="center")
    smoothing = row.slider(
        "Smoothing", 0.0, 0.99, 0.94, 0.01, key="smoothing", persist_state="session", width=220
    )
    log = row.toggle("Logarithmic loss", key="log loss", persist_state="session")
    read = [(curve.name, *curve.metrics.counts()) for curve in curves]
    with place:
        live_chart(
            "curves",
            lambda: charts.curves(curves, run.id, status.total_steps, smoothing=smoothing, log=log),
            version=(run.id, *read, smoothing, log, status.total_steps),
            alt="Training and validation loss and accuracy over the steps of the run",
        )


# On a phone the run is below the settings, and who has pressed Start would not see it.
# In a block of its own: it runs once a Start, and a name can be declared but once on a page.
_INTO_SIGHT = """<script>
{
  const run = document.querySelector(".st-key-watched");
  if (run && run.getBoundingClientRect().top > window.innerHeight / 2) {
    run.style.scrollMarginTop = "4rem";
    run.scrollIntoView({ behavior: "smooth" });
  }
}
</script>"""
