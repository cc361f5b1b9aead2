"""Experiments: studies of many runs, the post's nine cases first."""

from pathlib import Path

import pandas as pd
import streamlit as st

from lenet.cli.study import OWN
from lenet.data.reading import locate
from lenet.errors import NewerFileError, StudyError
from lenet.studies import results
from lenet.studies.folder import StudyFolder, home_of, start, study_folders
from lenet.studies.plan import Study
from lenet.studies.presets import STUDY_PRESETS
from lenet.studies.results import Findings
from lenet.studies.summary import conclusion
from lenet.ui import dataset, query_params
from lenet.ui.app import explained, fragment, sentence, show
from lenet.ui.experiments import setup, state
from lenet.ui.experiments.best import show_best
from lenet.ui.experiments.cells import show_cells
from lenet.ui.experiments.figures import show_figures
from lenet.ui.experiments.state import RunProgress
from lenet.ui.widgets import segments

REFRESH = 2.0
"""Seconds between two looks at a study that goes on."""
TITLES = {name: study.title for name, study in STUDY_PRESETS.items()} | {OWN: "Your own"}
FIRST = next(iter(TITLES))


def page() -> None:
    st.title("Experiments")
    query_params.clean("Experiments", {"study": TITLES.__contains__})
    if "study" not in st.session_state:
        st.session_state["study"] = st.query_params.get("study", FIRST)
    name = segments(
        "Study",
        list(TITLES),
        "study",
        format_func=TITLES.__getitem__,
        label_visibility="collapsed",
        wrap=False,
    )
    # By its name, as on the command line. A bound parameter would be the title, and would keep
    # "Evaluate this" from leaving the page.
    st.query_params.from_dict({} if name == FIRST else {"study": name})
    if name in STUDY_PRESETS:
        st.markdown(f"**Expect.** {STUDY_PRESETS[name].expect}")
    found = earlier(name)
    study = configure(name, first=not found)
    folder = chosen_folder(name, study, found)
    if folder:
        live = folder.live
        fragment(follow, run_every=REFRESH if live else None)(folder, live)
    elif name in STUDY_PRESETS and (shipped := results.bundled(name)):
        show_shipped(shipped)


def configure(name: str, *, first: bool) -> Study | None:
    """The study of the widgets' values, with Start; they fold once there is an earlier study."""
    label = "Run it here" if name in STUDY_PRESETS else "Set it up" if first else "Set up another"
    unfolded = name == OWN and first
    place = st.expander(label, expanded=unfolded, icon=":material/tune:", key=f"set up {name}")
    with place, explained():
        study = setup.ready_made(STUDY_PRESETS[name]) if name in STUDY_PRESETS else setup.own()
        cost_and_start(study)
        return study
    return None


def cost_and_start(study: Study) -> None:
    """What the study will cost, and Start."""
    missing = [name for name in {cell.config().dataset for cell in study.cells} if not locate(name)]
    home = home_of(study)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(setup.cost(study))
    row.space("stretch")
    if home.file.exists():
        row.caption("This very study is shown below.", width="content")
    elif missing:
        dataset.offer(missing[0])
    elif row.button("Start", type="primary", icon=":material/play_arrow:"):
        home.keep(study)
        start(home)
        st.rerun()


def chosen_folder(
    name: str, study: Study | None, found: dict[str, StudyFolder]
) -> StudyFolder | None:
    """The folder to show: that of the study as it is set up, else one of the earlier ones."""
    if study and home_of(study).file.exists():
        return home_of(study)
    if name != OWN or len(found) < 2:
        return next(iter(found.values()), None)
    chosen = st.selectbox(
        "Earlier studies",
        list(found),
        format_func=lambda key: f"{found[key].study.title} ({key[-4:]})",
        key="earlier study",
    )
    return found[chosen]


def earlier(name: str) -> dict[str, StudyFolder]:
    """The studies of that name on disk by their id, the newest first; a damaged one is left out."""
    found = {}
    for folder in study_folders():
        if folder.id.rpartition("-")[0] == name:
            try:
                _ = folder.study
                found[folder.id] = folder
            except NewerFileError as error:
                st.warning(sentence(error))
            except StudyError:
                pass
    return found


def follow(folder: StudyFolder, was_live: bool) -> None:
    """A study on disk, kept up to date while it goes on."""
    findings, runs = state.read(folder)
    state.show_controls(folder, runs)
    show_findings(findings, runs, folder)
    with st.expander("Every run", key="every run"):
        rows = [
            {
                "cell": run.planned.label,
                "seed": run.planned.config.seed,
                "state": run.state,
                "epochs": f"{run.epochs}/{run.planned.config.epochs}",
            }
            for run in runs
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            key="every run of the study",
            alt="Every run of the study with its state",
        )
    if was_live and not folder.live:
        st.rerun()


def show_shipped(shipped: Findings) -> None:
    """Results that came with the lab."""
    made = shipped.made
    config = shipped.study.cells[0].config()
    st.caption(
        f"Shipped results of {made['written']}: {setup.named_seeds(shipped.study)}; "
        f"{config.epochs} epochs, batch size {config.batch_size}; {made['machine']}, "
        f"torch {made['torch']}, Python {made['python']}; "
        f"{results.seconds(shipped.runs) / 60:.0f} min of training."
    )
    found = {(run.label, run.seed): run for run in shipped.runs}
    runs = [
        RunProgress(planned, "Finished", planned.config.epochs, run.curve, run)
        for planned in shipped.study.runs()
        if (run := found.get((planned.label, planned.config.seed)))
    ]
    show_findings(shipped, runs, None)


def show_findings(findings: Findings, runs: list[RunProgress], folder: StudyFolder | None) -> None:
    """What was found: a sentence, the table, the best cell, a figure."""
    if found := conclusion(findings):
        st.markdown(f"**Found.** {found}")
    show_cells(findings, runs)
    checkpoints: dict[str, dict[int, Path]] = {}  # of the first finished run of each cell
    for run in runs:
        if folder and run.finished and run.planned.label not in checkpoints:
            checkpoints[run.planned.label] = folder.run(run.planned).checkpoints()
    show_best(findings, checkpoints)
    show_figures(findings, runs, folder.id if folder else "shipped")


show(page)
