"""What runs have recorded, read once for all visitors: a long run takes seconds to read."""

from pathlib import Path

import streamlit as st

from lenet.runs.history import History, HistoryFile, read_history
from lenet.runs.run import Run


def metrics_of(run: Run) -> History:
    """The run's events up to now."""
    return _followed(run.metrics_file).poll()


def best_checkpoint(run: Run) -> Path | None:
    """The saved epoch with the best validation accuracy, else the last one; None if none is."""
    files = run.checkpoints()
    scored = [
        (event["val_accuracy"], -event["epoch"])
        for event in metrics_of(run).epochs
        if event["val_accuracy"] is not None and event["epoch"] in files
    ]
    best = -max(scored)[1] if scored else max(files, default=0)
    return files.get(best)


def outcome_of(run: Run, *, live: bool) -> tuple[int, float | None]:
    """The number of finished epochs and their best accuracy; of ended runs only these are kept."""
    try:
        found = run.metrics_file.stat()
    except OSError:
        return 0, None
    if live:
        return _outcome(metrics_of(run))
    return _ended(run.metrics_file, found.st_size, found.st_mtime_ns)


@st.cache_resource(max_entries=32, show_spinner=False)
def _followed(path: Path) -> HistoryFile:
    return HistoryFile(path)


@st.cache_data(max_entries=4096, show_spinner=False)
def _ended(path: Path, size: int, modified: int) -> tuple[int, float | None]:
    return _outcome(read_history(path))


def _outcome(metrics: History) -> tuple[int, float | None]:
    return len(metrics.epochs), metrics.best_accuracy
