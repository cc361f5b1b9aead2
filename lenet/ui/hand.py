"""What a visitor has in hand on every page, a checkpoint and a picture, and the bar that shows it.

No torch: the first page has the bar, too.
"""

import html
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from lenet.catalog import DATASETS, DatasetInfo
from lenet.config import Config
from lenet.errors import LabError
from lenet.paths import CHECKPOINTS, DEFAULT_CHECKPOINT, runs_dir, studies_dir
from lenet.runs.launcher import is_ours, list_runs
from lenet.runs.naming import labels
from lenet.runs.run import Run
from lenet.ui import picture, present
from lenet.ui.escape import plain
from lenet.ui.images import data_uri
from lenet.ui.picture import Picture
from lenet.ui.run_cache import best_checkpoint
from lenet.ui.widgets import is_phone

UPLOAD, UPLOAD_LABEL = "upload", "Upload a file…"
SECOND = "other checkpoint"


@dataclass(frozen=True)
class Held:
    """A checkpoint's file: its name on the page, and of an upload the bytes."""

    name: str
    path: Path
    data: bytes | None = None


@dataclass(frozen=True)
class Source:
    """Checkpoints to choose from: their label, and the files by epoch; of `checkpoints/` at 0."""

    label: str
    files: dict[int, Path]


def bar(title: str) -> None:
    """The page's title, the checkpoint and the picture in hand; widgets choose the first."""
    state = st.session_state
    _take_awaited()
    with st.container(key="hand", gap="xsmall"):
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        row.title(title, anchor=False, width="content")
        state["in hand"] = choose(row, "Checkpoint", "checkpoint")
        state["picture's place"] = row.empty()
        if not is_phone():  # which nobody presents on, and where it would take a row
            row.space("stretch")
            present.offer(row)
        show_picture()


def show_picture() -> None:
    """Show in the bar what picture is in hand now; parts that run alone call it, too."""
    held, image = picture_in_hand(), ""
    with suppress(LabError):
        image = f'<img src="{data_uri(held.pixels())}" alt="">'
    words = "" if is_phone() else f"<span>{html.escape(held.label)}</span>"
    st.session_state["picture's place"].html(f'<div class="in-hand">{_STYLE}{image}{words}</div>')


def picture_in_hand() -> Picture:
    """What was chosen, else the first test image of the network's dataset."""
    state = st.session_state
    return state.get("picture") or picture.test_image(
        state.get("dataset in hand", "FashionMNIST"), 0
    )


def take(held: Picture | None) -> None:
    """Put a picture in hand; None the one of the beginning."""
    st.session_state["picture"] = held


def mind(info: DatasetInfo) -> None:
    """Say it where the picture in hand was not made for the network's dataset."""
    made_for = DATASETS[picture_in_hand().dataset]
    if made_for.name != info.name:
        st.warning(
            f"The picture in hand was made for {made_for.title}, and this network knows "
            f"{info.title} only: its answer means nothing.",
            icon=":material/warning:",
        )


def await_run(run: Run) -> None:
    """Have a run's best epoch, or its last, in hand once it has finished.

    For who starts or resumes it: another visitor's hand stays as it is.
    """
    st.session_state["awaited run"] = run.id


def _take_awaited() -> None:
    state = st.session_state
    if not state.get("awaited run"):
        return
    run = Run(runs_dir() / state["awaited run"])
    with suppress(LabError):  # it may have been deleted
        if run.status().state == "finished" and run.checkpoints():
            state["checkpoint"], state["checkpoint epoch"] = run.id, None
            state["awaited run"] = None


def mind_unseen(config: Config, kind: Literal["drawings", "photographs"]) -> None:
    """Say it where the network in hand never saw pictures of this kind, with one that did."""
    seen = config.sketches if kind == "drawings" else config.photographs
    if seen or config.dataset == "MNIST":  # digits are drawn themselves
        return

    def take_default() -> None:
        state = st.session_state
        state["checkpoint"], state["checkpoint epoch"] = DEFAULT_CHECKPOINT.stem, None

    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.caption(
        f"This network was trained without {kind}; it may take them for anything.", width="content"
    )
    label, icon = f"Use {DEFAULT_CHECKPOINT.stem}, which knows them", ":material/swap_horiz:"
    if row.button(label, type="tertiary", icon=icon, on_click=take_default):
        st.rerun()  # all of the page, where a part of it runs alone


def choose(place: Any, label: str, key: str) -> Held | None:
    """Widgets for a checkpoint that is here, or a file; None until there is one.

    The session has the id at `key`, and the epoch.
    """
    state, found = st.session_state, _sources()
    first = DEFAULT_CHECKPOINT.stem
    if key == SECOND:
        others = [name for name in found if name != state.get("checkpoint")]
        first = (others or [UPLOAD])[-1]
    wanted = state.get(key) or first
    if "/" in wanted:
        found |= _of_study(wanted)
    if wanted not in (*found, UPLOAD):
        if wanted != first:
            st.warning(
                f"The checkpoint {plain(wanted)} is not here, or not any more; choose another.",
                icon=":material/link_off:",
            )
        wanted = next(iter(found), UPLOAD)
    if state.get(key) != wanted:
        state[key], state[f"{key} epoch"] = wanted, None
    chosen = place.selectbox(
        label,
        [*found, UPLOAD],
        key=key,
        format_func=lambda name: found[name].label if name in found else UPLOAD_LABEL,
        on_change=_chosen,
        args=(key,),
        persist_state="session",
        label_visibility="collapsed" if key != SECOND else "visible",
        width=130 if is_phone() else 240,
    )
    if chosen != UPLOAD:
        return _epoch(place, key, found[chosen])
    file = st.file_uploader(
        "Checkpoint file",
        key=f"upload of {key}",
        label_visibility="collapsed",
        help="A file of this lab, or any LeNet-5's weights as PyTorch or safetensors keep them: "
        "what they do not tell is found by trying. Nothing in it is executed.",
    )
    return Held(file.name, Path(file.name), file.getvalue()) if file else None


def _chosen(key: str) -> None:
    """Another epoch, and on Train another run, belong to another checkpoint."""
    state = st.session_state
    state[f"{key} epoch"] = None
    if key == SECOND:
        return
    state["awaited run"] = state["explained by"] = None
    if any(run.id == state[key] for run in list_runs()):
        state["watched"], state["turns"] = state[key], state.get("turns", 0) + 1


def _epoch(place: Any, key: str, source: Source) -> Held:
    """The only file of a source, or that of the epoch chosen in a further widget."""
    state, files = st.session_state, source.files
    wanted, box = state.get(f"{key} epoch"), f"box of the {key} epoch"
    if wanted not in (None, *files):
        st.warning(f"Epoch {wanted} of {plain(source.label)} is not here; this is another.")
    if len(files) == 1:
        state[f"{key} epoch"] = None
        [path] = files.values()
        return Held(source.label, path)
    if wanted not in files:
        best = best_checkpoint(Run(next(iter(files.values())).parent))
        wanted = next((epoch for epoch, path in files.items() if path == best), max(files))
    state[f"{key} epoch"] = wanted
    if state.get(box) != wanted:
        state[box] = wanted
    place.selectbox(
        "Epoch",
        list(files),
        key=box,
        format_func="epoch {}".format,
        on_change=lambda: state.update({f"{key} epoch": state[box]}),
        label_visibility="collapsed" if key != SECOND else "visible",
        width=120,
    )
    return Held(f"{source.label}, epoch {wanted}", files[wanted])


def _sources() -> dict[str, Source]:
    """What can be chosen by id: the stem of a file in `checkpoints/`, or a run's id."""
    kept = [path for path in CHECKPOINTS.glob("*.pt") if path.name.isprintable()]
    kept.sort(key=lambda path: (path != DEFAULT_CHECKPOINT, path))  # as on the command line
    found = {path.stem: Source(path.stem, {0: path}) for path in kept}
    runs = {run.id: run for run in list_runs()}
    for run_id, label in labels(runs.values()).items():
        if run_id not in found and (files := runs[run_id].checkpoints()):
            taken = label in found or label == UPLOAD_LABEL
            found[run_id] = Source(f"{label} (run {run_id})" if taken else label, files)
    return found


def _of_study(name: str) -> dict[str, Source]:
    """A run of a study by "study/run"; the studies' runs are too many to list them all."""
    from lenet.studies.folder import StudyFolder  # not for the first page

    folder, parts = studies_dir() / name, Path(name).parts
    if len(parts) != 2 or not {"/", ".."}.isdisjoint(parts) or not is_ours(folder):
        return {}
    files, study = Run(folder).checkpoints(), StudyFolder(folder.parent)
    try:
        cell = next(run.label for run in study.study.runs() if run.key == folder.name)
    except (LabError, StopIteration):
        return {}
    return {name: Source(f"{study.study.title}: {cell}", files)} if files else {}


_STYLE = """<style>
.in-hand { display: flex; align-items: center; gap: 0.6rem; min-height: 40px;
  font-size: 0.875rem; white-space: nowrap; }
.in-hand img { width: 40px; height: 40px; image-rendering: pixelated; border-radius: 4px; }
.st-key-hand { border-bottom: 1px solid rgba(128, 128, 128, 0.25); padding-bottom: 0.6rem; }
.st-key-hand h1 { padding: 0; font-size: clamp(1.5rem, 4vw, 1.9rem); }
button[kind="primary"] { color: light-dark(#fff, #161615); }
.st-key-address { position: absolute; height: 0; overflow: hidden; }
</style>"""
