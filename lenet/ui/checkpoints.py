"""Checkpoints that were chosen, in memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lenet.network.checkpoint import Checkpoint, loads, read_file
from lenet.ui import hand
from lenet.ui.hand import Held
from lenet.ui.widgets import PageEnds


@dataclass(frozen=True)
class Chosen:
    """A checkpoint that a visitor has chosen, with its name on the page.

    `path` is of an upload only the file's name, `digest` the SHA-256 of the content.
    """

    name: str
    path: Path
    digest: str
    checkpoint: Checkpoint


def in_hand() -> Chosen:
    """The checkpoint in hand; without one the page ends there. Raises as `load` does."""
    chosen = opened(st.session_state["in hand"])
    dataset = chosen.checkpoint.config.dataset
    if st.session_state.get("dataset") != dataset:
        st.session_state["dataset"] = dataset
        hand.show_picture()  # the bar was drawn before this was known
    return chosen


def opened(held: Held | None) -> Chosen:
    """Read a checkpoint; see `in_hand`."""
    if held is None:
        st.info("Choose the file of a checkpoint.", icon=":material/upload_file:")
        raise PageEnds
    data = read_file(held.path) if held.data is None else held.data
    digest = hashlib.sha256(data).hexdigest()
    return Chosen(held.name, held.path, digest, _loads(digest, data, held.path.name))


@st.cache_resource(max_entries=16, show_spinner=False)
def _loads(digest: str, _data: bytes, name: str) -> Checkpoint:
    return loads(_data, name)
