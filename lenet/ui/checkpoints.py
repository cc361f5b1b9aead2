"""Choosing a checkpoint on a page, and keeping it in memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.errors import CheckpointError
from lenet.network.checkpoint import Checkpoint, load, loads, read_file
from lenet.paths import CHECKPOINTS, DEFAULT_CHECKPOINT
from lenet.runs.launcher import list_runs
from lenet.runs.naming import labels
from lenet.runs.run import Run
from lenet.ui.run_cache import best_checkpoint

UPLOAD = "Upload a file…"


@dataclass(frozen=True)
class Chosen:
    """A checkpoint that a visitor has chosen: its name on the page and its content's SHA-256."""

    name: str
    digest: str
    checkpoint: Checkpoint


def choose() -> tuple[Path, Checkpoint]:
    """Widgets to choose a shipped checkpoint or a run's epoch; the file and what it holds.

    Raises:
        CheckpointError: there is none, or the chosen one cannot be used.
    """
    sources = _sources()
    if not sources:
        raise CheckpointError("there is no checkpoint yet; train one on the Train page")
    place = st.container(horizontal=True)
    name = place.selectbox("Checkpoint", list(sources), key="checkpoint", persist_state="session")
    path = _file(place, "", name, sources[name])[1]
    return path, _load(path, _modified(path))


def choose_or_upload(
    place: DeltaGenerator, label: str, key: str, *, last: bool = False
) -> Chosen | None:
    """Like `choose`, with an upload among the choices; None until a file is there.

    Args:
        place: a horizontal container.
        label: of the first widget.
        key: of it; the others' are made from it.
        last: choose the last one first, so that it is another than `choose`'s.

    Raises:
        CheckpointError: the chosen one cannot be used.
    """
    sources = _sources()
    name = place.selectbox(
        label,
        [*sources, UPLOAD],
        index=max(0, len(sources) - 1) if last else 0,
        key=key,
        persist_state="session",
    )
    if name == UPLOAD:
        return _upload(key)
    shown, path = _file(place, key, name, sources[name])
    checkpoint = _load(path, _modified(path))
    return Chosen(shown, digest_of(path), checkpoint)


def digest_of(path: Path) -> str:
    """The SHA-256 of a checkpoint's file.

    Raises:
        CheckpointError: it is gone, or too large to be one.
    """
    return hashlib.sha256(read_file(path)).hexdigest()


def _modified(path: Path) -> int:
    """When a file was last written; 0 if it has just been deleted, which `load` will say."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _upload(key: str) -> Chosen | None:
    """A field for a file below the row of choices, and what the file holds."""
    file = st.file_uploader(
        "Checkpoint file",
        type="pt",
        key=f"upload of {key}",
        label_visibility="collapsed",
        help="A .pt file that this lab wrote. Nothing in it is executed.",
    )
    if file is None:
        return None
    data = file.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    return Chosen(file.name, digest, _loads(digest, data, file.name))


def _sources() -> dict[str, dict[int, Path]]:
    """The files behind each name on the page by epoch; a kept checkpoint has one, at 0."""
    found = {path.stem: {0: path} for path in _default_first()}
    runs = {run.id: run for run in list_runs()}
    named = labels(runs.values())
    # What a study's "Evaluate this" has sent here; its runs are too many to list them all.
    sent: dict[str, dict[int, Path]] = st.session_state.get("checkpoints of studies", {})
    taken = {UPLOAD, *found, *sent}
    for run_id, run in runs.items():
        if files := run.checkpoints():
            name = named[run_id]
            found[name if name not in taken else f"{name} (run {run_id})"] = files
    return found | sent


def _default_first() -> list[Path]:
    """The files in `checkpoints/`, that of the command line first whatever was promoted."""
    found = [path for path in CHECKPOINTS.glob("*.pt") if path.name.isprintable()]
    return sorted(found, key=lambda path: (path != DEFAULT_CHECKPOINT, path))


def _file(place: DeltaGenerator, key: str, name: str, files: dict[int, Path]) -> tuple[str, Path]:
    """The one file of a choice, or that of the epoch chosen beside it; and what to call it."""
    epochs, paths = list(files), list(files.values())
    if len(files) == 1:
        return name, paths[0]
    best = best_checkpoint(Run(paths[0].parent))
    epoch = place.selectbox(
        "Epoch",
        epochs,
        index=paths.index(best) if best in paths else len(paths) - 1,
        key=f"{key} epoch of {name}".strip(),
        width=140,
        help="The one with the best validation accuracy is chosen first.",
    )
    return f"{name}, epoch {epoch}", files[epoch]


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(path: Path, modified: int) -> Checkpoint:
    return load(path)


@st.cache_resource(max_entries=4, show_spinner=False)
def _loads(digest: str, _data: bytes, name: str) -> Checkpoint:
    return loads(_data, name)
