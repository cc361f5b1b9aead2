"""A study as it stands, read from its folder while it goes on, and the buttons that steer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lenet.errors import RunError
from lenet.files import modified
from lenet.runs.status import LIVE
from lenet.studies import results
from lenet.studies.folder import StudyFolder, start
from lenet.studies.plan import PlannedRun
from lenet.studies.results import Findings, Finished
from lenet.ui.app import explained
from lenet.ui.escape import plain
from lenet.ui.run_cache import metrics_of
from lenet.ui.style import BADGES


@dataclass(frozen=True)
class RunProgress:
    """A run of a study as it stands: its state in words, its finished epochs, its loss so far."""

    planned: PlannedRun
    state: str
    epochs: int = 0
    curve: tuple[float, ...] = ()
    finished: Finished | None = None


def read(folder: StudyFolder) -> tuple[Findings, list[RunProgress]]:
    """Read a study's folder: what was found so far, and every run."""
    runs = [_read_run(folder, planned) for planned in folder.study.runs()]
    finished = tuple(run.finished for run in runs if run.finished)
    return Findings(study=folder.study, runs=finished), runs


def _read_run(folder: StudyFolder, planned: PlannedRun) -> RunProgress:
    """One run; a finished one is read once in a session."""
    kept: dict[tuple[Path, float], RunProgress] = st.session_state.setdefault("finished runs", {})
    run = folder.run(planned)
    key = (run.folder, modified(run.folder / "result.json"))
    if key in kept:
        return kept[key]
    result = folder.result(planned)
    try:
        if result is None and not run.used:
            return RunProgress(planned, "Waiting")
        status = run.status()
    except RunError:
        return RunProgress(planned, "Waiting")
    metrics = metrics_of(run)
    epochs = len(metrics.epochs)
    curve = results.curve(metrics, status.total_steps) if status.total_steps else ()
    if result is None:
        state = "Testing" if status.state == "finished" else BADGES[status.state][0]
        return RunProgress(planned, state, epochs, curve)
    found = Finished(label=planned.label, seed=planned.config.seed, result=result, curve=curve)
    kept[key] = RunProgress(planned, "Finished", epochs, curve, found)
    return kept[key]


def show_controls(folder: StudyFolder, runs: Sequence[RunProgress]) -> None:
    """The study's state, how far it is, and the buttons that make sense in it."""
    status = folder.status()
    state = status.state if status else "stopped"
    done = sum(run.finished is not None for run in runs)
    label, color, icon = BADGES[state]
    row = st.container(horizontal=True, vertical_alignment="center")
    row.badge("In progress" if state in LIVE else label, color=color, icon=icon)  # type: ignore[arg-type]
    row.text(f"{done} of {len(runs)} runs finished")
    row.space("stretch")
    if state in LIVE:
        asked = folder.stop_asked
        label, press = "Stopping…" if asked else "Stop", explained()(folder.ask_to_stop)
        row.button(label, icon=":material/stop:", disabled=asked, on_click=press)
    else:
        resume = ":material/play_arrow:"
        if done < len(runs) and row.button("Resume", icon=resume, type="primary"):
            start(folder)
            st.rerun()
        with row.popover("Delete", icon=":material/delete:"):
            st.text("This deletes the study's runs with all their checkpoints.")
            if st.button("Delete for good", type="primary", key=f"delete {folder.id}"):
                folder.delete()
                st.session_state["study"] = folder.study.name
                st.rerun()
    if status and status.message:
        show = st.warning if state in LIVE else st.error
        show(plain(status.message), icon=":material/error:")
    planned = sum(run.planned.config.epochs for run in runs)
    st.progress(min(1.0, sum(run.epochs for run in runs) / planned))
