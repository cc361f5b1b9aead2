"""Experiments: studies of many runs, the post's nine cases first."""

from pathlib import Path

import pandas as pd
import streamlit as st

from lenet.fetch import locate
from lenet.studies import results
from lenet.studies.command import OWN
from lenet.studies.folder import StudyFolder, home_of, readable_studies, start
from lenet.studies.plan import Study
from lenet.studies.ready import READY
from lenet.studies.results import Findings
from lenet.studies.verdict import verdict
from lenet.ui import dataset, study_results, study_setup, study_state
from lenet.ui.frame import explained, show
from lenet.ui.study_state import RunNow, StudyNow

REFRESH = 2.0
"""Seconds between two looks at a study that goes on."""


def page() -> None:
    st.title("Experiments")
    titles = {name: study.title for name, study in READY.items()} | {OWN: "Your own"}
    name = st.segmented_control(
        "Study",
        list(titles),
        default=next(iter(titles)),
        required=True,
        format_func=titles.__getitem__,
        label_visibility="collapsed",
        key="study",
        persist_state="session",
    )
    if name in READY:
        st.markdown(f"**Expect.** {READY[name].expect}")
    study = configure(name)
    folder = chosen_folder(name, study)
    if folder:
        live = folder.live
        st.fragment(follow, run_every=REFRESH if live else None)(folder, live)
    elif name in READY and (shipped := results.shipped(name)):
        tell(shipped)


def configure(name: str) -> Study | None:
    """The study of the widgets' values, with Start, or else why there is none."""
    label = "Set it up" if name == OWN else "Run it here"
    place = st.expander(label, expanded=name == OWN, icon=":material/tune:", key=f"set up {name}")
    with place, explained():
        study = study_setup.ready_made(READY[name]) if name in READY else study_setup.own()
        begin(study)
        return study
    return None


def begin(study: Study) -> None:
    """What the study will cost, and Start."""
    missing = [name for name in {cell.config().dataset for cell in study.cells} if not locate(name)]
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(study_setup.cost(study))
    row.space("stretch")
    if home_of(study).file.exists():
        row.caption("This very study is shown below.")
    elif missing:
        dataset.offer(missing[0])
    elif row.button("Start", type="primary", icon=":material/play_arrow:"):
        home = home_of(study)
        home.keep(study)
        start(home)
        st.rerun()


def chosen_folder(name: str, study: Study | None) -> StudyFolder | None:
    """The folder to show: that of the study as it is set up, else one of the earlier ones."""
    if study and home_of(study).file.exists():
        return home_of(study)
    earlier = {
        folder.id: folder for folder in readable_studies() if folder.id.rpartition("-")[0] == name
    }
    if name != OWN or not earlier:
        return next(iter(earlier.values()), None)
    chosen = st.selectbox(
        "Earlier studies",
        list(earlier),
        format_func=lambda found: f"{earlier[found].study.title} ({found[-4:]})",
        key="earlier study",
    )
    return earlier[chosen]


def follow(folder: StudyFolder, was_live: bool) -> None:
    """A study on disk, kept up to date while it goes on."""
    with explained():
        now = study_state.look(folder)
        study_state.steer(folder, now)
        body(now.findings, now.runs, folder)
        every_run(now)
        if was_live and not folder.live:
            st.rerun()


def tell(shipped: Findings) -> None:
    """Results that came with the lab."""
    made = shipped.made
    st.caption(
        f"Shipped results: {study_setup.named_seeds(shipped.study)}; "
        f"{shipped.study.cells[0].config().epochs} epochs, batch size "
        f"{shipped.study.cells[0].config().batch_size}; {made['machine']}, torch {made['torch']}, "
        f"{results.seconds(shipped.runs) / 60:.0f} min of training."
    )
    runs = [
        RunNow(planned, "Finished", planned.config.epochs, run.curve)
        for planned in shipped.study.runs()
        for run in shipped.runs
        if (run.label, run.seed) == (planned.label, planned.config.seed)
    ]
    body(shipped, runs, None)


def body(findings: Findings, runs: list[RunNow], folder: StudyFolder | None) -> None:
    """What was found: a sentence, the table, a figure, the best."""
    if found := verdict(findings):
        st.markdown(f"**Found.** {found}")
    study_results.show_cells(findings)
    study_results.show_best(findings, checkpoints(findings, folder))
    study_results.show_figures(findings, runs, folder.id if folder else "shipped")


def checkpoints(findings: Findings, folder: StudyFolder | None) -> dict[str, list[Path]]:
    """By label, the checkpoints of a cell's first finished run."""
    if folder is None:
        return {}
    found: dict[str, list[Path]] = {}
    for planned in folder.study.runs():
        if planned.label not in found and folder.result(planned):
            found[planned.label] = folder.run(planned).checkpoints()
    return found


def every_run(now: StudyNow) -> None:
    """The runs one by one."""
    with st.expander("Every run", key="every run"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "cell": run.planned.label,
                        "seed": run.planned.config.seed,
                        "state": run.state,
                        "epochs": f"{run.epochs}/{run.planned.config.epochs}",
                    }
                    for run in now.runs
                ]
            ),
            hide_index=True,
            key="every run of the study",
            alt="Every run of the study with its state",
        )


show(page)
