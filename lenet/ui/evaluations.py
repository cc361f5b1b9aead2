"""Evaluations of checkpoints, computed once for each content and dataset."""

import hashlib
from pathlib import Path

import streamlit as st

from lenet.checkpoint import Checkpoint
from lenet.data import load_split
from lenet.evaluation import Evaluation, evaluate


def evaluated(path: Path, checkpoint: Checkpoint, name: str) -> Evaluation:
    """What these weights are worth on a dataset's test images, with a progress bar the first time.

    Args:
        path: the checkpoint's file; who has evaluated its content need not do it again.
        name: of the dataset.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return evaluated_content(digest, checkpoint, name)


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
