"""Evaluations of checkpoints, computed once for each content and dataset."""

from pathlib import Path

import streamlit as st

from lenet.data.splits import load_split
from lenet.evaluation.metrics import Evaluation, evaluate
from lenet.network.checkpoint import Checkpoint
from lenet.ui.checkpoints import digest_of


def evaluated(path: Path, checkpoint: Checkpoint, name: str) -> Evaluation:
    """What these weights are worth on a dataset's test images, with a progress bar the first time.

    Args:
        path: the checkpoint's file; who has evaluated its content need not do it again.
        name: of the dataset.
    """
    return evaluated_content(digest_of(path), checkpoint, name)


def evaluated_content(digest: str, checkpoint: Checkpoint, name: str) -> Evaluation:
    """Like `evaluated`, for a checkpoint of which the SHA-256 is known."""
    return _evaluate(digest, name, checkpoint)


@st.cache_resource(max_entries=32, show_spinner=False)
def _evaluate(digest: str, name: str, _checkpoint: Checkpoint) -> Evaluation:
    bar = st.progress(0.0)

    def progress(share: float) -> None:
        bar.progress(share, f"Classifying the test images… {share:.0%}")

    found = evaluate(_checkpoint, load_split(name, "test"), progress)
    bar.empty()
    return found
