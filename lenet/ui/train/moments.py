"""The network of a run at moments of its training: what its layers make of one of ten pictures."""

import html
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lenet.catalog import DATASETS
from lenet.config import Config
from lenet.diagram.svg import draw, sheet
from lenet.runs import moments
from lenet.runs.run import Run
from lenet.ui import answer
from lenet.ui.app import fragment
from lenet.ui.diagram import diagram, network, scrolled
from lenet.ui.images import data_uri
from lenet.ui.present import presenting

PLAYED = 0.6
"""Seconds that a moment stays while they are played."""
FILTERS = {"filters0": 6, "filters1": 3}  # screen pixels of a weight


def show(run: Run, config: Config, *, live: bool) -> None:
    """The newest moment of a live run; of an ended one any, which can be played, too."""
    playing = not live and st.session_state.get("played") == run.id
    # Within a fragment that runs by itself there is no other: where the server is slow, Streamlit
    # sends the inner one's parts before the places they belong to, and the browser's page breaks.
    part = _moment if live else fragment(_moment, run_every=PLAYED if playing else None)
    part(run, config, live, playing)


def _moment(run: Run, config: Config, live: bool, playing: bool) -> None:
    found = moments.moments(run)
    if not len(found):
        diagram("moment", network(config.model_dump()))
        return
    at = len(found) - 1
    if not live and at:
        at = _choose(run, found["step"].tolist(), playing)
    image = st.session_state.setdefault("moment picture", 0)

    def take(picked: str) -> None:
        st.session_state["moment picture"] = int(picked) if picked in "0123456789" else image

    step = int(found["step"][at])
    content, filters = _drawn(run.id, step, image, config, found[at], presenting())
    diagram("moment", content, below=filters, chosen=str(image), picked=take)


def _choose(run: Run, steps: list[int], playing: bool) -> int:
    """The number of the moment to show; while they are played, each in its turn."""
    state, key = st.session_state, f"moment of {run.id}"
    last = len(steps) - 1
    if playing:
        state[key] = min(state.get(key, last) + 1, last)
        if state[key] == last:
            state.pop("played", None)  # Hold may have been pressed just now
            st.rerun()
    if presenting():
        shown: int = min(state.get(key, last), last)
        return shown
    row = st.container(horizontal=True, vertical_alignment="bottom")
    icon = "pause" if playing else "play_arrow"
    label = "Hold" if playing else "Play"
    if row.button(label, icon=f":material/{icon}:", key="play moments", on_click=play, args=(run,)):
        st.rerun()  # another pace for this fragment
    at: int = row.select_slider(
        "Moment of the training",
        range(len(steps)),
        last,
        key=key,
        format_func=lambda at: f"step {steps[at]:,}",
        persist_state="session",
    )
    return at


def play(run: Run) -> None:
    """Play the moments, from the first one if the last is shown; hold them if they are played."""
    state, key = st.session_state, f"moment of {run.id}"
    last = len(moments.moments(run)) - 1
    if state.get("played") == run.id:
        del state["played"]
        return
    state["played"] = run.id
    state[key] = 0 if state.get(key, last) == last else state[key]


def step(run: Run, by: int) -> None:
    """Show the moment after or before the one shown; after the last the first."""
    state, key, count = st.session_state, f"moment of {run.id}", len(moments.moments(run))
    state.pop("played", None)
    if count:
        state[key] = (state.get(key, count - 1) + by) % count


@st.cache_data(max_entries=128, show_spinner=False)
def _drawn(
    run_id: str, step: int, image: int, _config: Config, _moment: NDArray[Any], brief: bool
) -> tuple[str, str]:
    """HTML of the ten pictures with their answers and the network at that moment; the filters."""
    classes = DATASETS[_config.dataset].classes
    names = [
        name for name in _moment.dtype.names or () if _moment[name].shape[:1] == (moments.IMAGES,)
    ]
    pictures = "".join(
        _picture(at, _moment["input"][at, 0], _moment["fc4"][at], classes)
        for at in range(moments.IMAGES)
    )
    values, maps = _config.model_dump(), {name: _moment[name][image] for name in names}
    drawing = network(values, maps)
    if brief:
        pictures += f"<b>Step {step:,}</b>"
        drawing = scrolled(draw(values, maps, brief=True))
    filters = "".join(_filters(_moment[name], width) for name, width in FILTERS.items())
    row = f'<div class="pictures" role="group" aria-label="The picture to follow">{pictures}</div>'
    return row + drawing, f'<div class="filters">{filters}</div>'


def _picture(
    at: int, pixels: NDArray[np.uint8], shares: NDArray[np.uint8], classes: tuple[str, ...]
) -> str:
    """A picture that can be chosen, and what the network takes it for."""
    best = int(shares.argmax())
    kind = "right" if best == at else "wrong"
    return (
        f'<button data-pick="{at}" title="{html.escape(classes[at])}">'
        f'<img src="{data_uri(pixels)}" alt="{html.escape(classes[at])}">'
        f'<div class="lenet-answer {kind}"><div><i>{answer.SIGNS[kind]}</i>'
        f"<b>{shares[best] / 255:.0%}</b><strong>{html.escape(classes[best])}</strong></div></div>"
        "</button>"
    )


def _filters(weights: NDArray[np.uint8], width: int) -> str:
    """The kernels of a layer, (O, I, K, K), a column for each map that it puts out."""
    count, before, side, _ = weights.shape
    rows = weights.swapaxes(0, 1).reshape(-1, side, side)
    of = "conv0" if before == 1 else "conv1"
    wide = ((side + 1) * count - 1) * width
    kinds = f"{count} filters" if before == 1 else f"{count} × {before} filters"
    return (
        f'<figure><img src="{sheet(rows, count)}" width="{wide}" alt="The filters of {of}">'
        f'<figcaption><b>{of}</b> <span class="quiet">{kinds} of {side}×{side}</span></figcaption>'
        "</figure>"
    )
