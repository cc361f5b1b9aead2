"""Train: choose hyperparameters, start a run, watch its loss fall."""

import time
from typing import Any

import streamlit as st

from lenet.config import PRESET_NOTES, build_config
from lenet.data.reading import locate
from lenet.errors import ConfigError
from lenet.runs import launcher
from lenet.ui import dataset, take_along
from lenet.ui.app import sentence, show
from lenet.ui.train import augmentation_preview, config_form, layer_table, lr_finder, run_table
from lenet.ui.train.run_view import empty_chart, turn_to, watch

DOUBLE_CLICK = 1.5
"""Seconds in which a second press of Start for the same configuration is ignored."""


def page() -> None:
    st.title("Train LeNet-5")
    settings, results = st.columns([4, 7], gap="large")
    with settings:
        values = configure()
    with results:
        known = {run.id: run for run in launcher.list_runs()}
        if known:
            chosen = watch(known)
            with st.expander("This run: name, command, downloads, promote, delete", key="this run"):
                run_table.manage(chosen)
            st.subheader("Runs")
            run_table.show(known)
        else:
            st.caption("No run yet. Press Start: the loss appears here within seconds.")
            empty_chart()
        st.subheader("Network of the form")
        layer_table.show(values)
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
    button = st.container()
    for group, names in config_form.groups().items():
        with st.expander(group.capitalize()):
            for name in names:
                values[name] = config_form.widget(name, values)
                if name == "augment":
                    augmentation_preview.show(values)
    with button:
        start(values)
    return values


def start(values: dict[str, Any]) -> None:
    """The Start button; disabled with the reason where there is nothing to start."""
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
    if pressed and config:
        now = time.monotonic()
        before, at = st.session_state.get("started", (None, 0.0))
        st.session_state["started"] = (config, now)
        if config != before or now - at >= DOUBLE_CLICK:
            turn_to(launcher.start(config))
            st.rerun()


show(page)
