"""Watching a run: its state, progress and curves, read from its folder while it goes on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet import launch
from lenet.metrics import Metrics
from lenet.runs import LIVE, RESUMABLE, Run, Status, labels
from lenet.ui import charts, glance
from lenet.ui.frame import explained
from lenet.ui.steady import steady_chart

REFRESH = 0.4
"""Seconds between two looks at a live run."""

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


def watch(known: dict[str, Run]) -> Run:
    """Choose one of the runs, the newest first, and watch it; a live run is followed."""
    named = labels(known.values())
    chosen, others = st.columns(2)
    run_id = _choose(chosen, named)
    compared = others.multiselect(
        "Compare with",
        [other for other in known if other != run_id],
        key="compared",
        persist_state="session",
        format_func=named.__getitem__,
        placeholder="Other runs",
    )
    run = known[run_id]
    with explained():
        live = run.status().state in LIVE
        follow = st.fragment(_follow, run_every=REFRESH if live else None)
        follow(run, [known[other] for other in compared], named, live)
    return run


def empty_chart() -> None:
    """Where the curves will be; the browser loads what draws them before the first run starts."""
    nothing = charts.Curve("", Metrics(Path()))
    figure = charts.curves([nothing], "", 1000, smoothing=0.0, log=False)
    st.plotly_chart(figure, key="no curves", config=charts.CONFIG, alt="Axes without a curve")


def turn_to(run: Run) -> None:
    """Let the page watch this run from now on."""
    st.session_state["watched"] = st.session_state["turned to"] = run.id


def _choose(place: DeltaGenerator, named: dict[str, str]) -> str:
    """The id of the run to watch.

    A page that follows a live run reports its widgets twice a second and may do so just when
    another run is turned to; a new key keeps its outdated choice from winning.
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


def metrics_of(run: Run) -> Metrics:
    """The run's events, read once and kept up to date for this session."""
    kept: dict[str, Metrics] = st.session_state.setdefault("metrics", {})
    if run.id not in kept:
        kept[run.id] = Metrics(run.metrics_file)
    return kept[run.id].poll()


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:")


def _follow(run: Run, compared: list[Run], named: dict[str, str], was_live: bool) -> None:
    with explained():
        status = run.status()
        metrics = metrics_of(run)
        _headline(run, status)
        _progress(run, status, metrics)
        _figures(status, metrics)
        curves = [charts.Curve(named[run.id], metrics)]
        curves += [charts.Curve(named[other.id], metrics_of(other)) for other in compared]
        _curves(run, status, curves)
        glance.strip(run)
        if was_live and status.state not in LIVE:
            st.rerun()


def _headline(run: Run, status: Status) -> None:
    """The state, and the buttons that make sense in it."""
    label, color, icon = BADGES[status.state]
    if status.state == "queued":
        places = [waiting.id for waiting in launch.queue()]
        label += f", place {places.index(run.id) + 1} of {len(places)}" if run.id in places else ""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.badge(label, color=color, icon=icon)  # type: ignore[arg-type]
    row.space("stretch")
    if status.state in RESUMABLE:
        _resume_button(row, run)
    elif status.state in LIVE:
        _control_buttons(row, run, status)
    if status.state == "crashed":
        st.error(
            "The process ended without a last word. Resume goes on from what it has saved.",
            icon=":material/error:",
        )
        if status.message:
            st.code(status.message, language=None, wrap_lines=True)
    elif status.message:
        st.error(status.message, icon=":material/error:")


def _resume_button(row: DeltaGenerator, run: Run) -> None:
    if row.button("Resume", icon=":material/play_arrow:", key=f"resume {run.id}", type="primary"):
        launch.resume(run)
        st.rerun()


def _control_buttons(row: DeltaGenerator, run: Run, status: Status) -> None:
    asked = run.asked(since=status.process_began)
    live = status.state in LIVE and asked.wish != "stop"
    steerable = live and status.state in ("running", "paused")
    paused = asked.wish == "pause"
    if row.button(
        "Continue" if paused else "Pause",
        icon=":material/play_arrow:" if paused else ":material/pause:",
        key=f"pause {run.id}",
        disabled=not steerable,
    ):
        run.ask(replace(asked, wish="run" if paused else "pause"))
        st.rerun(scope="fragment")
    label = "Cancel" if status.state == "queued" else "Stop"
    if asked.wish == "stop" and status.state in LIVE:
        label = "Stopping…"
    if row.button(label, icon=":material/stop:", key=f"stop {run.id}", disabled=not live):
        run.ask(replace(asked, wish="stop"))
        st.rerun(scope="fragment")
    with row.popover("Learning rate", icon=":material/tune:", disabled=not steerable):
        lr = st.number_input(
            "New learning rate",
            min_value=0.0,
            max_value=10.0,
            value=asked.lr or run.config().lr,
            format="%g",
            step=0.001,
            key=f"lr of {run.id}",
            help="Holds from the next step on; the schedule goes on from there.",
        )
        if st.button("Apply", key=f"apply {run.id}", disabled=not lr):
            run.ask(replace(asked, lr=lr))


def _progress(run: Run, status: Status, metrics: Metrics) -> None:
    step = int(metrics.last("step")) if len(metrics) else 0
    share = min(1.0, step / status.total_steps) if status.total_steps else 0.0
    text = " "
    if status.total_steps:
        epochs = run.config().epochs
        epoch = min(epochs, len(metrics.epochs) + 1)
        text = f"Epoch {epoch} of {epochs}, step {step:,} of {status.total_steps:,}"
        text += f", {clock(status.seconds)} so far" if status.state in LIVE else ""
    st.progress(share, text)


def _figures(status: Status, metrics: Metrics) -> None:
    accuracies = metrics.accuracies()
    speeds = metrics.steps["images_per_second"][-50:]
    with st.grid(5, min_column_width=110):
        st.metric("Training loss", f"{metrics.last('loss'):.3f}" if len(metrics) else "–")
        st.metric("Val. accuracy", f"{accuracies[-1]:.2%}" if accuracies else "–")
        st.metric("Learning rate", f"{metrics.last('lr'):.2g}" if len(metrics) else "–")
        st.metric("Images/s", f"{sum(speeds) / len(speeds):,.0f}" if speeds else "–")
        step = metrics.last("step") if len(metrics) else 0
        if status.state in LIVE and step and status.total_steps:
            left = status.seconds / step * (status.total_steps - step)
            st.metric("Time left", clock(left))
        else:
            st.metric("Time", clock(status.seconds))


def _curves(run: Run, status: Status, curves: list[charts.Curve]) -> None:
    """The curves, and below them how they are drawn."""
    place = st.container()
    row = st.container(horizontal=True, vertical_alignment="center")
    smoothing = row.slider(
        "Smoothing", 0.0, 0.99, 0.94, 0.01, key="smoothing", persist_state="session", width=220
    )
    log = row.toggle("Logarithmic loss", key="log loss", persist_state="session")
    shown = [(curve.name, len(curve.metrics), len(curve.metrics.epochs)) for curve in curves]
    with place:
        steady_chart(
            "curves",
            lambda: charts.curves(curves, run.id, status.total_steps, smoothing=smoothing, log=log),
            subject=run.id,
            version=(*shown, smoothing, log, len(curves[0].metrics.lr_changes), status.total_steps),
            alt="Training and validation loss and accuracy over the steps of the run",
        )
