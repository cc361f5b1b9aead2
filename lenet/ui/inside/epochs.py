"""The same picture through the epochs of a run."""

from pathlib import Path

import streamlit as st
from torch import Tensor

from lenet.catalog import DatasetInfo
from lenet.explain.activations import layer_outputs
from lenet.network.checkpoint import load
from lenet.network.inputs import to_input
from lenet.paths import runs_dir
from lenet.runs.run import Run
from lenet.ui.app import fragment
from lenet.ui.inside.clickable_html import pointing
from lenet.ui.inside.filters import filter_sheets
from lenet.ui.inside.layer_strip import strip


@fragment
def step_through(path: Path, image: Tensor, info: DatasetInfo) -> None:
    """A slider over the epochs of the run that `path` is in; `image` is (28, 28) uint8."""
    st.subheader("Through the epochs", anchor=False)
    files = Run(path.parent).checkpoints() if path.parent.parent == runs_dir() else {}
    if len(files) < 2:
        st.caption("Choose a run of two epochs or more as checkpoint to see it learn.")
        return
    epoch = st.select_slider(
        "Epoch",
        files,
        next(number for number, file in files.items() if file == path),
        key=f"inside epoch of {path.parent.name}",
        help="The same picture and the filters as they were then.",
    )
    checkpoint = load(files[epoch])
    model = checkpoint.model()
    layers = layer_outputs(model, to_input(image[None], checkpoint.config))
    pointing("epochs", strip(layers, checkpoint.config, info.classes) + filter_sheets(model))
