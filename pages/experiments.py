"""Experiments: studies of many runs, the post's nine cases first."""

from pathlib import Path

import pandas as pd
import streamlit as st

from lenet.cli.study import OWN
from lenet.data.download import locate
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
from lenet.ui.experiments.state import RunNow, StudyNow
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
    elif name in STUDY_PRESETS and (shipped := results.shipped(name)):
        tell(shipped)


def configure(name: str, *, first: bool) -> Study | None:
    """The study of the widgets' values, with Start, or else why there is none.

    They fold as soon as there is a study of one's own to look at.
    """
    label = "Run it here" if name in STUDY_PRESETS else "Set it up" if first else "Set up another"
    unfolded = name == OWN and first
    place = st.expander(label, expanded=unfolded, icon=":material/tune:", key=f"set up {name}")
    with place, explained():
        study = setup.ready_made(STUDY_PRESETS[name]) if name in STUDY_PRESETS else setup.own()
        begin(study)
        return study
    return None


def begin(study: Study) -> None:
    """What the study will cost, and Start."""
    missing = [name for name in {cell.config().dataset for cell in study.cells} if not locate(name)]
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(setup.cost(study))
    row.space("stretch")
    if home_of(study).file.exists():
        row.caption("This very study is shown below.", width="content")
    elif missing:
        dataset.offer(missing[0])
    elif row.button("Start", type="primary", icon=":material/play_arrow:"):
        home = home_of(study)
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
                continue
    return found


def follow(folder: StudyFolder, was_live: bool) -> None:
    """A study on disk, kept up to date while it goes on."""
    now = state.look(folder)
    state.steer(folder, now)
    body(now.findings, now.runs, folder)
    every_run(now)
    if was_live and not folder.live:
        st.rerun()


def tell(shipped: Findings) -> None:
    """Results that came with the lab."""
    made = shipped.made
    config = shipped.study.cells[0].config()
    st.caption(
        f"Shipped results of {made['written']}: {setup.named_seeds(shipped.study)}; "
        f"{config.epochs} epochs, batch size {config.batch_size}; {made['machine']}, "
        f"torch {made['torch']}, Python {made['python']}; "
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
    if found := conclusion(findings):
        st.markdown(f"**Found.** {found}")
    show_cells(findings, runs)
    show_best(findings, checkpoints(findings, folder))
    show_figures(findings, runs, folder.id if folder else "shipped")


def checkpoints(findings: Findings, folder: StudyFolder | None) -> dict[str, dict[int, Path]]:
    """By label, the checkpoints of a cell's first finished run."""
    if folder is None:
        return {}
    found: dict[str, dict[int, Path]] = {}
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
