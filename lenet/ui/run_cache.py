"""What runs have recorded, read once for all visitors: a long run takes seconds to read."""

from pathlib import Path

import streamlit as st

from lenet.files import remembered
from lenet.runs.history import History, HistoryFile, read_history
from lenet.runs.run import Run

SHARED_SECONDS = 0.3
"""For so long all who watch a live run see the same of it, and share what is drawn from it."""


def metrics_of(run: Run, *, live: bool = False) -> History:
    """The run's events up to now; of a live one up to `SHARED_SECONDS` ago."""
    return _shared(run.metrics_file) if live else _followed(run.metrics_file).poll()


def best_checkpoint(run: Run) -> Path | None:
    """The saved epoch with the best validation accuracy, else the last one; None if none is."""
    files = run.checkpoints()
    return files.get(metrics_of(run).best_epoch(files) or max(files, default=0))


def outcome_of(run: Run, *, live: bool) -> tuple[int, float | None]:
    """The number of finished epochs and their best accuracy; of ended runs only these are kept."""
    if live:
        return _outcome(metrics_of(run, live=True))
    try:
        return remembered(_read_outcome, run.metrics_file)
    except OSError:
        return 0, None


@st.cache_resource(max_entries=32, show_spinner=False)
def _followed(path: Path) -> HistoryFile:
    return HistoryFile(path)


@st.cache_resource(max_entries=32, show_spinner=False, ttl=SHARED_SECONDS)
def _shared(path: Path) -> History:
    return _followed(path).poll()


def _read_outcome(path: Path) -> tuple[int, float | None]:
    return _outcome(read_history(path))


def _outcome(metrics: History) -> tuple[int, float | None]:
    return len(metrics.epochs), metrics.best_accuracy
