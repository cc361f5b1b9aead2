"""A study as it stands, read from its folder while it goes on, and the buttons that steer it."""

from dataclasses import dataclass

import streamlit as st

from lenet.errors import RunError
from lenet.runs.run import Run
from lenet.runs.status import LIVE
from lenet.studies import results
from lenet.studies.folder import StudyFolder, start
from lenet.studies.plan import PlannedRun
from lenet.studies.results import Findings, Finished
from lenet.ui.escape import plain
from lenet.ui.run_cache import metrics_of
from lenet.ui.style import BADGES

LIVE_CELLS = 12
"""Cells whose unfinished runs are drawn, too."""


@dataclass(frozen=True)
class RunNow:
    """A run of a study as it stands: its state as people read it, and what it has recorded."""

    planned: PlannedRun
    state: str
    epochs: int = 0
    curve: tuple[float, ...] = ()


@dataclass(frozen=True)
class StudyNow:
    """A study as it stands."""

    findings: Findings
    runs: list[RunNow]

    @property
    def done(self) -> int:
        return len(self.findings.runs)


def look(folder: StudyFolder) -> StudyNow:
    """Read a study's folder; what is finished is read once in a session."""
    finished, runs = [], []
    for planned in folder.study.runs():
        now, result = _look_at(folder, planned)
        runs.append(now)
        if result:
            finished.append(result)
    return StudyNow(Findings(study=folder.study, runs=tuple(finished)), runs)


def _look_at(folder: StudyFolder, planned: PlannedRun) -> tuple[RunNow, Finished | None]:
    kept: dict[str, tuple[RunNow, Finished, int]] = st.session_state.setdefault("finished runs", {})
    run = folder.run(planned)
    modified = _modified(run)
    if (found := kept.get(str(run.folder))) and found[2] == modified:
        return found[:2]
    result = folder.result(planned)
    if result is None and not run.used:
        return RunNow(planned, "Waiting"), None
    try:
        status = run.status()
    except RunError:
        return RunNow(planned, "Waiting"), None
    metrics = metrics_of(run)
    curve = results.curve(metrics, status.total_steps) if status.total_steps else ()
    if result is None:
        state = "Testing" if status.state == "finished" else BADGES[status.state][0]
        return RunNow(planned, state, len(metrics.epochs), curve), None
    now = RunNow(planned, "Finished", len(metrics.epochs), curve)
    finished = Finished(label=planned.label, seed=planned.config.seed, result=result, curve=curve)
    kept[str(run.folder)] = (now, finished, modified)
    return now, finished


def _modified(run: Run) -> int:
    """When a run was finished, in nanoseconds; 0 before that."""
    try:
        return (run.folder / "result.json").stat().st_mtime_ns
    except OSError:
        return 0


def steer(folder: StudyFolder, now: StudyNow) -> None:
    """The study's state, how far it is, and the buttons that make sense in it."""
    status = folder.status()
    row = st.container(horizontal=True, vertical_alignment="center")
    state = status.state if status else "stopped"
    label, color, icon = BADGES[state]
    row.badge("Going on" if state in LIVE else label, color=color, icon=icon)  # type: ignore[arg-type]
    row.text(f"{now.done} of {len(now.runs)} runs finished")
    row.space("stretch")
    if state in LIVE:
        asked = folder.stop_asked
        if row.button("Stopping…" if asked else "Stop", icon=":material/stop:", disabled=asked):
            folder.ask_to_stop()
            st.rerun(scope="fragment")
    elif now.done < len(now.runs) and row.button(
        "Resume", icon=":material/play_arrow:", type="primary"
    ):
        start(folder)
        st.rerun()
    if state not in LIVE:
        with row.popover("Delete", icon=":material/delete:"):
            st.text("This deletes the study's runs with all their checkpoints.")
            if st.button("Delete for good", type="primary", key=f"delete {folder.id}"):
                folder.delete()
                st.rerun()
    if status and status.message:
        show = st.warning if state in LIVE else st.error
        show(plain(status.message), icon=":material/error:")
    st.progress(_share(now))


def _share(now: StudyNow) -> float:
    """The share of all epochs that are done."""
    planned = sum(run.planned.config.epochs for run in now.runs)
    return min(1.0, sum(run.epochs for run in now.runs) / planned)
