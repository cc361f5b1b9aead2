"""Train: choose hyperparameters, start a run, watch its loss fall."""

import time
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.config import PRESET_NOTES, Config, build_config, network_settings
from lenet.data.reading import locate
from lenet.errors import ConfigError
from lenet.runs import launcher
from lenet.ui import dataset, hand, take_along
from lenet.ui.app import sentence, show
from lenet.ui.diagram import network
from lenet.ui.train import (
    augmentation_preview,
    config_form,
    first_visit,
    layer_table,
    lr_finder,
    run_table,
)
from lenet.ui.train.run_view import turn_to, watch

DOUBLE_CLICK = 1.5
"""Seconds in which a second press of Start for the same configuration is ignored."""

# On a phone Start stays at the lower edge of the screen until its own place comes into sight.
_WITHIN_REACH = """<style>
@media (max-width: 640px) {
  div:has(> .st-key-start) {
    position: sticky; bottom: calc(var(--bar, 0px) + 0.75rem); z-index: 10;
  }
}
</style>"""


def page() -> None:
    known = {run.id: run for run in launcher.list_runs()}
    if not known:
        first_visit.welcome(config_form.current()["dataset"])
    settings, results = st.columns([4, 7], gap="large")
    with settings:
        values = configure()
    with results:
        if known:
            chosen = watch(known)
            with st.expander("This run: name, command, downloads, promote, delete", key="this run"):
                run_table.manage(chosen)
            st.subheader("Runs")
            run_table.show(known)
            st.subheader("Network of the form")
        network("form network", values)
        with st.expander("The layers as a table"):
            layer_table.show(values)
        if not known:
            first_visit.example_curves()
        take_along.code(values)
    if not any(run.live for run in known.values()):
        launcher.warm_up()


def configure() -> dict[str, Any]:
    """The hyperparameters, and Start."""
    values = config_form.current()
    for name in ("preset", "dataset"):
        values[name] = config_form.widget(name, values)
        if name == "preset":
            st.caption(PRESET_NOTES[values["preset"]])
    for name, column in zip(config_form.MAIN, st.columns(len(config_form.MAIN)), strict=True):
        with column:
            values[name] = config_form.widget(name, values)
    lr_finder.offer(values)
    button = st.container(key="start")
    button.html(_WITHIN_REACH)
    below = st.container()
    for group, names in config_form.groups().items():
        with st.expander(group.capitalize()):
            for name in names:
                values[name] = config_form.widget(name, values)
                if name == "augment":
                    augmentation_preview.show(values)
    with button:
        start(values, below)
    return values


def start(values: dict[str, Any], below: DeltaGenerator) -> None:
    """The Start button, and below it how to begin; disabled with the reason where there is nothing
    to start.
    """
    config = None
    try:
        config = build_config(values)
    except ConfigError as error:
        st.error(sentence(error), icon=":material/error:")
    if config and not locate(config.dataset):
        dataset.offer(config.dataset)
        return
    pressed = st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=config is None,
    )
    begin = below.toggle(
        "Begin with the checkpoint in hand",
        key="begin in hand",
        help="With its weights, its network and its normalisation, whatever the form says of "
        "these. A learning rate of a tenth or less leaves what they know.",
    )
    if pressed and config:
        now = time.monotonic()
        before, at = st.session_state.get("started", (None, 0.0))
        st.session_state["started"] = (config, now)
        if config != before or now - at >= DOUBLE_CLICK:
            run = launcher.start(*beginning(config)) if begin else launcher.start(config)
            turn_to(run)
            hand.await_run(run)
            st.rerun()


def beginning(config: Config) -> tuple[Config, bytes]:
    """The training of a form as it begins with the checkpoint in hand, and that as a file."""
    from lenet.network.checkpoint import file_of
    from lenet.ui import checkpoints

    found = replace(checkpoints.in_hand().checkpoint, training=None)
    values = config.model_dump() | network_settings(found.config)
    return build_config(values), file_of(found)


show(page)
