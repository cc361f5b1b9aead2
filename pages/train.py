"""Train: choose hyperparameters, start a run, watch its loss fall."""

from typing import Any

import streamlit as st

from lenet import runs
from lenet.config import PRESET_NOTES, Config, build_config
from lenet.errors import ConfigError
from lenet.fetch import locate
from lenet.ui import dataset, fields, network
from lenet.ui.frame import show
from lenet.ui.watch import watch


def page() -> None:
    st.title("Train LeNet-5")
    settings, results = st.columns([4, 7], gap="large")
    with settings:
        values = configure()
    with results:
        watch()
        st.subheader("Network")
        network.layer_table(values)


def configure() -> dict[str, Any]:
    """The hyperparameters, and Start."""
    values = fields.current()
    for name in ("preset", "dataset"):
        values[name] = fields.widget(name, values)
        if name == "preset":
            st.caption(PRESET_NOTES[values["preset"]])
    for name, column in zip(fields.MAIN, st.columns(len(fields.MAIN)), strict=True):
        with column:
            values[name] = fields.widget(name, values)
    button = st.container()
    for group in fields.groups():
        with st.expander(group.capitalize()):
            for name in fields.names(group):
                values[name] = fields.widget(name, values)
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
        st.error(f"{reason[:1].upper()}{reason[1:]}.", icon=":material/error:")
    pressed = st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=config is None,
    )
    if pressed and config:
        st.session_state["run"] = runs.start(config).id
        st.rerun()


show(page)
