"""A run's state, and the buttons that steer it."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.runs import launcher
from lenet.runs.run import Run
from lenet.runs.status import LIVE, RESUMABLE, Status
from lenet.ui.escape import plain
from lenet.ui.style import BADGES


def headline(run: Run, status: Status) -> None:
    """The state, and the buttons that make sense in it."""
    label, color, icon = BADGES[status.state]
    if status.state == "queued":
        places = [waiting.id for waiting in launcher.queue()]
        label += f", place {places.index(run.id) + 1} of {len(places)}" if run.id in places else ""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.badge(label, color=color, icon=icon)  # type: ignore[arg-type]
    row.space("stretch")
    if status.state in RESUMABLE:
        _resume_button(row, run)
    elif status.state in LIVE:
        _control_buttons(row, run, status)
    if status.state == "crashed":
        so = "goes on from what it has saved" if run.saved() else "begins again: no epoch was saved"
        st.error(f"The process ended without a last word. Resume {so}.", icon=":material/error:")
        if status.message:
            st.code(status.message, language=None, wrap_lines=True)
    elif status.message:
        st.error(plain(status.message), icon=":material/error:")


def _resume_button(row: DeltaGenerator, run: Run) -> None:
    if row.button("Resume", icon=":material/play_arrow:", key=f"resume {run.id}", type="primary"):
        launcher.resume(run)
        st.rerun()


def _control_buttons(row: DeltaGenerator, run: Run, status: Status) -> None:
    asked = run.asked()
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
    counter = f"applied to {run.id}"
    applied = st.session_state.setdefault(counter, 0)
    with row.popover(
        "Learning rate",
        icon=":material/tune:",
        disabled=not steerable,
        # A new one is closed. Closing it by its state fails now and then: the page, which
        # follows the run, may just be reporting that it is open.
        key=f"popover {applied} for the learning rate of {run.id}",
    ):
        field = f"lr {applied} of {run.id}"
        lr = st.number_input(
            "New learning rate",
            min_value=0.0,
            max_value=10.0,
            value=asked.lr or run.config().lr,
            format="%g",
            step=0.001,
            key=field,
            help="Holds from the next step on; the schedule goes on from there.",
        )
        st.button(
            "Apply",
            key=f"apply {run.id}",
            disabled=not lr,
            on_click=_apply,
            args=(run, field, counter),
        )


def _apply(run: Run, field: str, counter: str) -> None:
    """Ask for the learning rate in the field, and close the popover that it is in.

    The field is read now: typed and applied at once, its value comes with the click, and
    arguments of this callback would still be those of the script before.
    """
    asked = run.asked()
    run.ask(replace(asked, lr=st.session_state[field], lr_request=""))  # also if it is the same
    st.session_state[counter] += 1
