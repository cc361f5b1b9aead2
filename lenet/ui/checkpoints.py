"""Choosing a checkpoint on a page, and keeping it in memory."""

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.checkpoint import Checkpoint, load
from lenet.errors import CheckpointError
from lenet.launch import list_runs
from lenet.metrics import Metrics
from lenet.paths import CHECKPOINTS, DEFAULT_CHECKPOINT
from lenet.runs import labels


def choose() -> tuple[Path, Checkpoint]:
    """Widgets to choose a shipped checkpoint or a run's epoch; the file and what it holds.

    Raises:
        CheckpointError: there is none, or the chosen one cannot be used.
    """
    shipped = {f"{path.stem} (shipped)": [path] for path in _default_first()}
    runs = {run.id: run for run in list_runs()}
    named = labels(runs.values())
    trained = {named[run_id]: found for run_id, run in runs.items() if (found := run.checkpoints())}
    sources = shipped | {
        f"{name} (run)" if name in shipped else name: found for name, found in trained.items()
    }
    # What a study's "Evaluate this" has sent here; its runs are too many to list them all.
    sources |= st.session_state.get("checkpoints of studies", {})
    if not sources:
        raise CheckpointError("there is no checkpoint yet; train one on the Train page")
    place = st.container(horizontal=True)
    name = place.selectbox("Checkpoint", list(sources), key="checkpoint", persist_state="session")
    files = sources[name]
    path = files[0] if len(files) == 1 else _choose_epoch(place, name, files)
    return path, _load(path, path.stat().st_mtime_ns)


def _default_first() -> list[Path]:
    """The files in `checkpoints/`, that of the command line first whatever was promoted."""
    return sorted(CHECKPOINTS.glob("*.pt"), key=lambda path: (path != DEFAULT_CHECKPOINT, path))


def _choose_epoch(place: DeltaGenerator, name: str, files: list[Path]) -> Path:
    epoch = place.selectbox(
        "Epoch",
        range(1, len(files) + 1),
        index=_best_epoch(files) - 1,
        key=f"epoch of {name}",
        width=140,
        help="The one with the best validation accuracy is chosen first.",
    )
    return files[epoch - 1]


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(path: Path, modified: int) -> Checkpoint:
    return load(path)


def _best_epoch(files: list[Path]) -> int:
    """Place, from 1, of the checkpoint with the best validation accuracy; the last without any."""
    epochs = Metrics(files[0].parent / "metrics.jsonl").poll().epochs
    scored = [
        (event["val_accuracy"], place)
        for place, event in enumerate(epochs, 1)
        if event["val_accuracy"] is not None and place <= len(files)
    ]
    return max(scored)[1] if scored else len(files)
