"""Choosing a checkpoint on a page, and keeping it in memory."""

from pathlib import Path

import streamlit as st

from lenet.checkpoint import Checkpoint, load
from lenet.errors import CheckpointError
from lenet.paths import CHECKPOINTS
from lenet.runs import Metrics, Run, list_runs


def choose() -> tuple[Path, Checkpoint]:
    """Widgets to choose a shipped checkpoint or a run's epoch; the file and what it holds.

    Raises:
        CheckpointError: there is none, or the chosen one cannot be used.
    """
    shipped = {f"shipped: {path.stem}": [path] for path in sorted(CHECKPOINTS.glob("*.pt"))}
    trained = {_run_name(run): found for run in list_runs() if (found := run.checkpoints())}
    sources = shipped | trained
    if not sources:
        raise CheckpointError("there is no checkpoint yet; train one on the Train page")
    left, right = st.columns([3, 1])
    name = left.selectbox("Checkpoint", list(sources), key="checkpoint", persist_state="session")
    files = sources[name]
    epoch = right.selectbox(
        "Epoch",
        range(1, len(files) + 1),
        index=_best_epoch(files) - 1,
        key=f"epoch of {name}",
        disabled=len(files) == 1,
        help="The epoch with the best validation accuracy is chosen first.",
        format_func=lambda number: (
            files[number - 1].stem.removeprefix("model_epoch") if name in trained else "final"
        ),
    )
    path = files[epoch - 1]
    return path, _load(path, path.stat().st_mtime_ns)


@st.cache_resource(max_entries=16, show_spinner=False)
def _load(path: Path, modified: int) -> Checkpoint:
    return load(path)


def _run_name(run: Run) -> str:
    return f"run: {run.id}"


def _best_epoch(files: list[Path]) -> int:
    """Place, from 1, of the checkpoint with the best validation accuracy; the last without any."""
    epochs = Metrics(Run(files[0].parent)).poll().epochs
    scored = [
        (event["val_accuracy"], place)
        for place, event in enumerate(epochs, 1)
        if event["val_accuracy"] is not None and place <= len(files)
    ]
    return max(scored)[1] if scored else len(files)
