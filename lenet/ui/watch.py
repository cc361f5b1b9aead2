"""Watching a run: its state, progress and curves, read from its folder."""

import time
from datetime import timedelta

import streamlit as st

from lenet.runs import LIVE, Metrics, Run, Status, list_runs
from lenet.ui import charts
from lenet.ui.frame import explained
from lenet.ui.steady import steady_chart

REFRESH = 0.5
"""Seconds between two looks at a live run."""

BADGES = {
    "starting": ("Starting", "blue", ":material/hourglass_top:"),
    "running": ("Training", "green", ":material/play_arrow:"),
    "finished": ("Finished", "gray", ":material/check:"),
    "stopped": ("Stopped", "orange", ":material/stop:"),
    "failed": ("Failed", "red", ":material/error:"),
    "crashed": ("Crashed", "red", ":material/error:"),
}


def watch() -> None:
    """Choose a run, the newest first, and watch it; live runs are followed."""
    known = {run.id: run for run in list_runs()}
    if not known:
        st.info(
            "No run yet. Press Start: the loss appears here within seconds.",
            icon=":material/show_chart:",
        )
        return
    if st.session_state.get("run") not in known:
        st.session_state["run"] = next(iter(known))
    chosen = known[
        st.selectbox(
            "Run",
            list(known),
            key="run",
            persist_state="session",
            format_func=lambda run_id: known[run_id].title,
        )
    ]
    with explained():
        live = chosen.status().state in LIVE
        st.fragment(_follow, run_every=REFRESH if live else None)(chosen, live)


def _follow(run: Run, was_live: bool) -> None:
    with explained():
        status = run.status()
        metrics = _metrics(run)
        _headline(run, status)
        _figures(run, status, metrics)
        if metrics.steps:
            steady_chart(
                "curves",
                lambda: charts.curves(metrics, run.id, status.total_steps),
                subject=run.id,
                version=(len(metrics.steps), len(metrics.epochs)),
                alt="Training and validation loss and accuracy over the steps of the run",
            )
        else:
            st.container(height=440, border=False).caption("Waiting for the first step…")
        if was_live and status.state not in LIVE:
            st.rerun()


def _headline(run: Run, status: Status) -> None:
    label, color, icon = BADGES[status.state]
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        st.badge(label, color=color, icon=icon)  # type: ignore[arg-type]
    live = status.state in LIVE
    asked = run.stop_requested()
    if right.button(
        "Stopping…" if live and asked else "Stop",
        icon=":material/stop:",
        disabled=not live or asked,
        width="stretch",
        key=f"stop {run.id}",
    ):
        run.request_stop()
        st.rerun(scope="fragment")
    if status.message:
        st.error(status.message, icon=":material/error:")


def _figures(run: Run, status: Status, metrics: Metrics) -> None:
    step = metrics.steps[-1]["step"] if metrics.steps else 0
    share = step / status.total_steps if status.total_steps else 0.0
    elapsed = (status.ended or time.time()) - status.began
    st.progress(min(share, 1.0), f"Step {step:,} of {status.total_steps:,}" if step else " ")
    accuracies = [e["val_accuracy"] for e in metrics.epochs if e["val_accuracy"] is not None]
    recent = metrics.steps[-50:]
    speed = sum(e["images_per_second"] for e in recent) / len(recent) if recent else 0.0
    with st.grid(4, min_column_width=140):
        st.metric("Training loss", f"{recent[-1]['loss']:.3f}" if recent else "–")
        st.metric("Validation accuracy", f"{accuracies[-1]:.2%}" if accuracies else "–")
        st.metric("Images per second", f"{speed:,.0f}" if recent else "–")
        if status.state in LIVE and step:
            st.metric("Time left", _clock(_remaining(status, step)))
        else:
            st.metric("Time", _clock(elapsed))


def _remaining(status: Status, step: int) -> float:
    """Seconds to the end at the pace so far."""
    return (time.time() - status.began) / step * (status.total_steps - step)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds))).removeprefix("0:")


def _metrics(run: Run) -> Metrics:
    """The run's events, read once and kept up to date for this session."""
    kept: dict[str, Metrics] = st.session_state.setdefault("metrics", {})
    return kept.setdefault(run.id, Metrics(run)).poll()
