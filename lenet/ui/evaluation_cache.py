"""Evaluations of checkpoints, computed once for each content and dataset."""

from operator import attrgetter

import streamlit as st

from lenet.data.splits import load_split
from lenet.evaluation.metrics import Evaluation, evaluate
from lenet.ui.checkpoints import Chosen


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={Chosen: attrgetter("digest")})
def evaluated(chosen: Chosen, dataset: str) -> Evaluation:
    """Evaluate on a dataset's test images, with a progress bar."""
    bar = st.progress(0.0)

    def progress(fraction: float) -> None:
        bar.progress(fraction, f"Classifying the test images… {fraction:.0%}")

    found = evaluate(chosen.checkpoint, load_split(dataset, "test"), progress)
    bar.empty()
    return found
