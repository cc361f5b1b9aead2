"""Take it with you: a checkpoint as files that do without the lab, and the form's settings as one.

No torch before somebody asks for a file: the first page has it, too.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from lenet.config import build_config
from lenet.data.reading import locate
from lenet.errors import ConfigError
from lenet.export import Form
from lenet.export.code import to_code
from lenet.ui.widgets import download

if TYPE_CHECKING:
    from lenet.network.checkpoint import Checkpoint

FILES: dict[Form, tuple[str, str, str]] = {
    "html": ("Page to draw on, HTML", ".html", "One file that any browser opens, without network."),
    "onnx": ("Model, ONNX", ".onnx", "From pixels to probabilities, for other programs."),
    "code": ("Training, Python", ".py", "The network and its training in one file, by PyTorch."),
}


def popover(place: Any, name: str, path: Path, checkpoint: Callable[[], "Checkpoint"]) -> None:
    """The files to take along, each made when it is asked for.

    Args:
        name: of the files.
        path: of the checkpoint's file, an upload's without a folder.
    """
    with place.popover("Take it with you", icon=":material/ios_share:"):
        for form, (label, ending, why) in FILES.items():
            missing = form == "onnx" and find_spec("onnx") is None
            download(
                label,
                partial(_file, form, path, checkpoint),
                f"{name}{ending}",
                icon=None,
                type="tertiary",
                key=f"{form} of {name}",
                help="Needs the package onnx: pip install onnx." if missing else why,
                disabled=missing,
            )


def _file(form: Form, path: Path, checkpoint: Callable[[], "Checkpoint"]) -> bytes:
    from lenet.data.splits import load_split
    from lenet.export.forms import exported
    from lenet.training.unsure import ready

    found, known = checkpoint(), path if path.is_absolute() else None
    if form != "html":
        return exported(form, found, known)
    dataset = found.config.dataset
    test = load_split(dataset, "test") if locate(dataset) else None
    return exported(form, ready(found), known, test)


def code(values: Mapping[str, Any]) -> None:
    """The script that trains as the form's settings say; nothing where they do not fit together."""
    with suppress(ConfigError):
        text = to_code(build_config(values))
        with st.expander("All of it as one Python file", icon=":material/code:"):
            st.code(text, language="python", height=420)
