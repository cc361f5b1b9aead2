"""Train: choose hyperparameters, start a run, watch its loss fall."""

import time
from typing import Any

import streamlit as st

from lenet.config import PRESET_NOTES, Config, build_config
from lenet.data.download import locate
from lenet.errors import ConfigError
from lenet.runs import launcher
from lenet.ui import dataset
from lenet.ui.app import show
from lenet.ui.escape import plain
from lenet.ui.train import augmentation_preview, config_form, layer_table, run_table
from lenet.ui.train.run_view import empty_chart, turn_to, watch

DOUBLE_CLICK = 1.5  # seconds in which a second press of Start belongs to the first


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
        st.subheader("Network")
        layer_table.layer_table(values)
    if not any(run.live for run in known.values()):
        launcher.warm_up()


def configure() -> dict[str, Any]:
    """The hyperparameters, and Start."""
    config_form.clean_address()
    values = config_form.current()
    for name in ("preset", "dataset"):
        values[name] = config_form.widget(name, values)
        if name == "preset":
            st.caption(PRESET_NOTES[values["preset"]])
    for name, column in zip(config_form.MAIN, st.columns(len(config_form.MAIN)), strict=True):
        with column:
            values[name] = config_form.widget(name, values)
    button = st.container()
    for group in config_form.groups():
        with st.expander(group.capitalize()):
            for name in config_form.names(group):
                values[name] = config_form.widget(name, values)
                if name == "augment":
                    augmentation_preview.augmented(values)
    with button:
        start(*built(values))
    return values


def built(values: dict[str, Any]) -> tuple[Config | None, str]:
    """The configuration of the widgets' values, or why there is none."""
    try:
        return build_config(values), ""
    except ConfigError as error:
        return None, str(error)


def start(config: Config | None, reason: str) -> None:
    """The Start button; disabled with the reason where there is nothing to start."""
    if config and not locate(config.dataset):
        dataset.offer(config.dataset)
        return
    if reason:
        st.error(plain(f"{reason[:1].upper()}{reason[1:]}."), icon=":material/error:")
    pressed = st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=config is None,
    )
    if pressed and config and not _just_started(config):
        turn_to(launcher.start(config))
        st.rerun()


def _just_started(config: Config) -> bool:
    """Whether the same was started a moment ago: the second half of a double click."""
    before = st.session_state.get("started")
    st.session_state["started"] = (config, time.monotonic())
    return bool(before and before[0] == config and time.monotonic() - before[1] < DOUBLE_CLICK)


show(page)
