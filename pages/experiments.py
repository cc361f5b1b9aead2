"""Experiments: studies of many runs, the post's nine cases first."""

import pandas as pd
import streamlit as st

from lenet.data.reading import locate
from lenet.errors import NewerFileError, StudyError
from lenet.paths import ROOT
from lenet.runs.run import Run
from lenet.studies import results
from lenet.studies.folder import StudyFolder, home_of, start, study_folders
from lenet.studies.plan import Study
from lenet.studies.presets import OWN, STUDY_PRESETS
from lenet.studies.results import Findings
from lenet.studies.summary import METHOD, caution, conclusion
from lenet.ui import address, dataset
from lenet.ui.app import explained, fragment, sentence, show
from lenet.ui.escape import plain
from lenet.ui.experiments import setup, state
from lenet.ui.experiments.cells import show_best, show_cells
from lenet.ui.experiments.charts import show_figures
from lenet.ui.experiments.state import RunProgress
from lenet.ui.present import presenting
from lenet.ui.widgets import segments, while_here

REFRESH = 2.0
"""Seconds between two looks at a study that goes on."""
TITLES = {name: study.title for name, study in STUDY_PRESETS.items()} | {OWN: "Your own"}


def page() -> None:
    state = st.session_state
    wanted = address.PAGES["experiments"]["study"].value()
    kind = wanted if wanted in TITLES else wanted.rpartition("-")[0]
    if state.get("kind of study") != kind:
        state["kind of study"] = kind
    name = segments(
        "Study",
        list(TITLES),
        "kind of study",
        format_func=TITLES.__getitem__,
        label_visibility="collapsed",
        wrap=False,
        on_change=while_here(lambda: state.update(study=state["kind of study"])),
    )
    found = earlier(name)
    if not presenting():
        if name in STUDY_PRESETS:
            st.markdown(STUDY_PRESETS[name].expect)
        configure(name, first=not found)
    if wanted not in (*TITLES, *found):
        st.warning(f"The study {plain(wanted)} is not here; choose another.")
    folder = found.get(wanted) or next(iter(found.values()), None)
    if name == OWN and folder:
        show_study(folder.id)  # a link to it goes on showing this one
    if len(found) > 1:
        list_of(found, folder)
    if folder:
        live = folder.live
        fragment(follow, run_every=REFRESH if live else None)(folder, live)
    elif name in STUDY_PRESETS and (shipped := results.bundled(name)):
        show_shipped(shipped)


def configure(name: str, *, first: bool) -> None:
    """The study of the widgets' values, with Start; they fold once there is an earlier study."""
    label = "Run it here" if name in STUDY_PRESETS else "Set it up" if first else "Set up another"
    unfolded = name == OWN and first
    place = st.expander(label, expanded=unfolded, icon=":material/tune:", key=f"set up {name}")
    with place, explained():
        study = setup.ready_made(STUDY_PRESETS[name]) if name in STUDY_PRESETS else setup.own()
        cost_and_start(study)


def cost_and_start(study: Study) -> None:
    """What the study will cost, and Start."""
    missing = [name for name in {cell.config().dataset for cell in study.cells} if not locate(name)]
    home = home_of(study)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(setup.cost(study))
    row.space("stretch")
    if home.file.exists():
        row.button("Show this very study", on_click=show_study, args=(home.id,), type="tertiary")
    elif missing:
        dataset.offer(missing[0])
    elif row.button("Start", type="primary", icon=":material/play_arrow:"):
        home.keep(study)
        start(home)
        show_study(home.id)
        st.rerun()


def show_study(key: str) -> None:
    """Have the page show the study with this id, and the address name it."""
    st.session_state["study"] = key


def list_of(found: dict[str, StudyFolder], shown: StudyFolder | None) -> None:
    """All studies of this kind by title and the end of the id, each with a link of its own."""
    with st.container(horizontal=True, gap="small"):
        for key, folder in found.items():
            mark = "checked" if folder == shown else "unchecked"
            st.page_link(
                ROOT / "pages/experiments.py",
                label=f"{plain(folder.study.title)} ({key[-4:]})",
                icon=f":material/radio_button_{mark}:",
                query_params=address.link_here(study=key),
            )


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
                "variant": run.planned.label,
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
    if not presenting():
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
    key = folder.id if folder else "shipped"
    if presenting():
        show_figures(findings, runs, key)
        return
    if found := conclusion(findings):
        st.markdown(f"**What came out:** {plain(found)}", help=METHOD)
    if too_few := caution(findings.study):
        st.warning(too_few, icon=":material/casino:")
    show_cells(findings, runs)
    best: dict[str, Run] = {}  # the first finished run of each cell
    for run in runs:
        if folder and run.finished:
            best.setdefault(run.planned.label, folder.run(run.planned))
    show_best(findings, best)
    show_figures(findings, runs, key)


show(page)
