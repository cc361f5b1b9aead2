"""A run's state, and the buttons that steer it."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.config import MAX_LR, accepts
from lenet.runs import launcher
from lenet.runs.run import Run, Wish
from lenet.runs.status import LIVE, RESUMABLE, Status
from lenet.ui import hand
from lenet.ui.app import explained
from lenet.ui.escape import plain
from lenet.ui.style import BADGES
from lenet.ui.widgets import number


def badge(place: DeltaGenerator, run: Run, status: Status) -> None:
    """The run's state, and its place in the queue."""
    label, color, icon = BADGES[status.state]
    if status.state == "queued":
        queue = [waiting.id for waiting in launcher.queue()]
        label += f", place {queue.index(run.id) + 1} of {len(queue)}" if run.id in queue else ""
    place.badge(label, color=color, icon=icon)  # type: ignore[arg-type]


def buttons(place: DeltaGenerator, run: Run, status: Status) -> None:
    """What steers the run in its state."""
    row = place.container(horizontal=True, gap="xsmall", width="content")
    if status.state in RESUMABLE:
        resume = ":material/play_arrow:"
        if row.button("Resume", icon=resume, key=f"resume {run.id}", type="primary"):
            launcher.resume(run)
            hand.await_run(run)
            st.rerun()
    elif status.state in LIVE:
        _control_buttons(row, run, status)


def explain(run: Run, status: Status) -> None:
    """Why the run has ended before its end."""
    if status.state == "crashed":
        so = "goes on from what it has saved" if run.saved() else "begins again: no epoch was saved"
        st.error(
            f"The training's process was ended from outside, or fell over. Resume {so}.",
            icon=":material/error:",
        )
        if status.message:
            st.code(status.message, language=None, wrap_lines=True)
    elif status.message:
        st.error(plain(status.message), icon=":material/error:")


def _control_buttons(row: DeltaGenerator, run: Run, status: Status) -> None:
    asked = run.asked()
    stopping, paused = asked.wish == "stop", asked.wish == "pause"
    steerable = not stopping and status.state in ("running", "paused")
    row.button(
        "Continue" if paused else "Pause",
        icon=":material/play_arrow:" if paused else ":material/pause:",
        key=f"pause {run.id}",
        disabled=not steerable,
        on_click=_ask,
        args=(run, "run" if paused else "pause"),
    )
    label = "Stopping…" if stopping else "Cancel" if status.state == "queued" else "Stop"
    row.button(
        label,
        icon=":material/stop:",
        key=f"stop {run.id}",
        disabled=stopping,
        on_click=_ask,
        args=(run, "stop"),
    )
    counter = f"applied to {run.id}"
    applied = st.session_state.setdefault(counter, 0)
    with row.popover(
        "Learning rate",
        icon=":material/tune:",
        disabled=not steerable,
        # A new key makes a closed one; a page that follows a run may report it as still open.
        key=f"popover {applied} for the learning rate of {run.id}",
    ):
        field = f"lr {applied} of {run.id}"
        lr = number(
            "New learning rate",
            asked.lr or run.config().lr,
            field,
            step=0.001,
            help="Holds from the next step on; the schedule goes on from there.",
        )
        usable = accepts("lr", lr)
        if not usable:
            st.error(f"New learning rate must be above 0 and up to {MAX_LR}, not {lr:g}.")
        st.button(
            "Apply",
            key=f"apply {run.id}",
            disabled=not usable,
            on_click=_apply,
            args=(run, field, counter),
        )


@explained()
def _ask(run: Run, wish: Wish) -> None:
    """Ask what the button said when it was drawn, however often its press arrives."""
    run.ask(replace(run.asked(), wish=wish))


@explained()
def _apply(run: Run, field: str, counter: str) -> None:
    """Ask for the learning rate in the field, read here since it may come with the click."""
    lr: float = st.session_state[field]
    if not accepts("lr", lr):
        return
    run.ask(replace(run.asked(), lr=lr, lr_request=""))  # a new request, even for the same value
    st.session_state[counter] += 1
