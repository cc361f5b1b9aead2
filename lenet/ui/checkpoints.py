"""Choosing a checkpoint on a page, and keeping it in memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.errors import CheckpointError
from lenet.network.checkpoint import Checkpoint, loads, read_file
from lenet.paths import CHECKPOINTS, DEFAULT_CHECKPOINT
from lenet.runs.launcher import list_runs
from lenet.runs.naming import labels
from lenet.runs.run import Run
from lenet.ui.run_cache import best_checkpoint

UPLOAD = "Upload a file…"


@dataclass(frozen=True)
class Chosen:
    """A checkpoint that a visitor has chosen, with its name on the page.

    `path` is of an upload only the file's name, `digest` the SHA-256 of the content.
    """

    name: str
    path: Path
    digest: str
    checkpoint: Checkpoint


def choose() -> Chosen:
    """Widgets to choose a shipped checkpoint or an epoch of a run; `CheckpointError` if none."""
    sources = _sources()
    if not sources:
        raise CheckpointError("there is no checkpoint yet; train one on the Train page")
    place = st.container(horizontal=True)
    name = place.selectbox("Checkpoint", list(sources), key="checkpoint", persist_state="session")
    return _chosen_epoch(place, "checkpoint", name, sources[name])


def choose_or_upload(
    place: DeltaGenerator, label: str, key: str, *, last: bool = False
) -> Chosen | None:
    """Like `choose`, with an upload among the choices; None until a file is there.

    `label` and `key` are those of the first widget; `last` preselects the last checkpoint.
    """
    sources = _sources()
    name = place.selectbox(
        label,
        [*sources, UPLOAD],
        index=max(0, len(sources) - 1) if last else 0,
        key=key,
        persist_state="session",
    )
    if name != UPLOAD:
        return _chosen_epoch(place, key, name, sources[name])
    file = st.file_uploader(
        "Checkpoint file",
        key=f"upload of {key}",
        label_visibility="collapsed",
        help="A .pt file that this lab wrote. Nothing in it is executed.",
    )
    return _read(file.name, Path(file.name), file.getvalue()) if file else None


def _sources() -> dict[str, dict[int, Path]]:
    """The files of each name on the page by epoch; of `checkpoints/` only one, at 0."""
    kept = [path for path in CHECKPOINTS.glob("*.pt") if path.name.isprintable()]
    kept.sort(key=lambda path: (path != DEFAULT_CHECKPOINT, path))  # as on the command line
    found = {path.stem: {0: path} for path in kept}
    runs = {run.id: run for run in list_runs()}
    names = labels(runs.values())
    # Set by "Evaluate this" of a study, whose runs are too many to list all of them.
    sent: dict[str, dict[int, Path]] = st.session_state.get("checkpoints of studies", {})
    taken = {UPLOAD, *found, *sent}
    for run_id, run in runs.items():
        if files := run.checkpoints():
            name = names[run_id]
            found[name if name not in taken else f"{name} (run {run_id})"] = files
    return found | sent


def _chosen_epoch(place: DeltaGenerator, key: str, name: str, files: dict[int, Path]) -> Chosen:
    """The only file of a name, or that of the epoch chosen in a further widget."""
    epochs, paths = list(files), list(files.values())
    path = paths[0]
    if len(files) > 1:
        best = best_checkpoint(Run(path.parent))
        epoch = place.selectbox(
            "Epoch",
            epochs,
            index=paths.index(best) if best in paths else len(paths) - 1,
            key=f"{key} epoch of {name}",
            width=140,
            help="The one with the best validation accuracy is chosen first.",
        )
        name, path = f"{name}, epoch {epoch}", files[epoch]
    return _read(name, path, read_file(path))


def _read(name: str, path: Path, data: bytes) -> Chosen:
    digest = hashlib.sha256(data).hexdigest()
    return Chosen(name, path, digest, _loads(digest, data, path.name))


@st.cache_resource(max_entries=16, show_spinner=False)
def _loads(digest: str, _data: bytes, name: str) -> Checkpoint:
    return loads(_data, name)
