"""Checkpoints that were chosen, in memory."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from lenet.config import Config, knob
from lenet.network import foreign
from lenet.network.checkpoint import Checkpoint, file_of, is_ours
from lenet.network.trials import OPTIONS
from lenet.network.weight_file import read_content, read_file
from lenet.paths import PHOTO_CHECKPOINT
from lenet.ui import hand
from lenet.ui.escape import plain
from lenet.ui.hand import Held
from lenet.ui.widgets import PageEnds, download


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
    if st.session_state.get("dataset in hand") != dataset:
        st.session_state["dataset in hand"] = dataset
        hand.show_picture()  # the bar was drawn before this was known
    return chosen


def explaining() -> Chosen:
    """The checkpoint that Inside looks into: the one in hand, unless another has answered."""
    state = st.session_state
    name = state.get("explained by")
    if not name:
        return in_hand()
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.markdown(
        f"**{name}** is looked into here, since it answered this photograph. The checkpoint in "
        "hand is another one.",
        width="content",
    )
    back = partial(state.update, {"explained by": None})
    row.button("Look into the one in hand", type="tertiary", on_click=back)
    return opened(Held(name, PHOTO_CHECKPOINT))


def opened(held: Held | None, place: str = "") -> Chosen:
    """Read a checkpoint, this lab's or weights from elsewhere; see `in_hand`.

    Args:
        place: tells its widgets from those of another one on the same page.
    """
    if held is None:
        st.info("Choose the file of a checkpoint.", icon=":material/upload_file:")
        raise PageEnds
    data = read_file(held.path) if held.data is None else held.data
    digest, name = hashlib.sha256(data).hexdigest(), held.path.name
    if _is_ours(digest, data, name):
        return Chosen(held.name, held.path, digest, _loads(digest, data, name, ()))
    label = f"{plain(name)}: weights from elsewhere, and what was found of them"
    with st.expander(label, icon=":material/move_to_inbox:"):
        known = _known(f"{digest[:12]} {place}")
        with st.spinner("Trying the weights on training images…"):
            found = _loads(digest, data, name, known)
        for note in found.metrics["imported"]:
            st.markdown(plain(note))
        file = f"{held.path.stem}-imported.pt"
        label = "As a checkpoint of this lab"
        download(label, lambda: file_of(found), file, key=f"take {digest[:12]} {place}")
    settings = hashlib.sha256(f"{digest} {found.config}".encode()).hexdigest()
    return Chosen(held.name, held.path, settings, found)


def _known(key: str) -> tuple[tuple[str, Any], ...]:
    """Widgets for what weights cannot tell; what a person has set."""
    known = []
    for at, (field, options) in enumerate(OPTIONS.items()):
        if not at % 3:
            columns = st.columns(3)
        value = columns[at % 3].selectbox(
            knob(Config.model_fields[field]).label,
            [None, *options],
            format_func=lambda option: "as found" if option is None else str(option),
            key=f"{field} of {key}",
            persist_state="session",
        )
        if value is not None:
            known.append((field, value))
    return tuple(known)


@st.cache_data(max_entries=16, show_spinner=False)
def _is_ours(digest: str, _data: bytes, name: str) -> bool:
    return is_ours(read_content(_data, name))


@st.cache_resource(max_entries=16, show_spinner=False)
def _loads(digest: str, _data: bytes, name: str, known: tuple[tuple[str, Any], ...]) -> Checkpoint:
    found, _ = foreign.loads(_data, name, dict(known))
    return found
