"""Train: choose hyperparameters, start a run, watch its loss fall."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from lenet.config import PRESET_NOTES, Config, build_config, network_settings, told
from lenet.data.reading import locate
from lenet.errors import ConfigError, LabError
from lenet.runs import launcher
from lenet.runs.run import Run
from lenet.ui import dataset, hand, take_along
from lenet.ui.app import sentence, show
from lenet.ui.diagram import diagram, network
from lenet.ui.escape import plain
from lenet.ui.present import presenting
from lenet.ui.train import (
    augmentation_preview,
    config_form,
    first_visit,
    layer_table,
    lr_finder,
    run_stage,
    run_table,
)
from lenet.ui.train.run_view import turn_to, watch, watched

DOUBLE_CLICK = 1.5
"""Seconds in which a second press of Start for the same configuration is ignored."""


def page() -> None:
    known = {run.id: run for run in launcher.list_runs()}
    if presenting() and (run := watched(known)):
        run_stage.show(run)
        return
    if not known:
        first_visit.welcome(config_form.current()["dataset"])
    settings, stage = st.columns([3, 10], gap="medium")
    with settings:
        if known and not st.session_state.get("started"):  # somebody else's runs
            first_visit.welcome(config_form.current()["dataset"])
        values = configure(watched(known))
    with stage:
        if known:
            chosen = watch(known)
            with st.expander(
                "This run: name, command, downloads, offer to all, delete", key="this run"
            ):
                run_table.manage(chosen)
            st.subheader("Runs")
            run_table.show(known)
            other_network(values, chosen)
        else:
            beside = st.grid(2, min_column_width=380)
            with beside.cell():
                first_visit.example_curves()
            with beside.cell():
                diagram("form network", network(values))
    if not any(run.live for run in known.values()):
        launcher.warm_up()


def other_network(values: Mapping[str, Any], run: Run) -> None:
    """The network of the form, where that of the run is drawn otherwise."""
    drawn = network(values)
    with suppress(LabError):
        if drawn and drawn != network(run.config().model_dump()):
            st.subheader("The network of your settings")
            diagram("form network", drawn)


def configure(run: Run | None) -> dict[str, Any]:
    """Start, and the hyperparameters; `run` is the one that is watched."""
    values = config_form.current()
    with st.container(key="start"):  # before the fields, so that it is there first
        pressed = start_button(values, is_first=run is None or not run.live)
        if begin := st.session_state.get("begin in hand", False):
            st.caption(f"Begins with {plain(st.session_state['in hand'].name)}.")
    for name in ("preset", "dataset"):
        values[name] = config_form.widget(name, values)
        if name == "preset":
            st.caption(PRESET_NOTES[values["preset"]])
    fields = st.grid(2, min_column_width=110, gap="small", vertical_alignment="bottom")
    for name in config_form.MAIN:
        with fields.cell():
            values[name] = config_form.widget(name, values)
    lr_finder.offer(fields.cell(), values)
    changed = config_form.hidden_changes(values)
    st.session_state.setdefault("more settings", bool(changed))
    more = st.expander("More settings", type="compact", key="more settings", on_change="rerun")
    if more.open:  # drawn at each run, they would take most of the page's time
        with more:
            more_settings(values)
    elif changed:
        st.caption(plain(f"Changed there: {told(changed)}."))
    if pressed:
        start(pressed, begin_in_hand=begin)
    return values


def more_settings(values: dict[str, Any]) -> None:
    """The other hyperparameters, in groups, and what the form describes."""
    for group, names in config_form.groups().items():
        with st.expander(group.capitalize()):
            for name in names:
                values[name] = config_form.widget(name, values)
                if name == "augment":
                    augmentation_preview.show(values)
    st.toggle(
        "Begin with the checkpoint in hand",
        key="begin in hand",
        help="With its weights, its network and its normalisation, whatever the form says of "
        "these. A learning rate of a tenth or less leaves what they know.",
        persist_state="session",
    )
    with st.expander("The layers as a table"):
        layer_table.show(values)
    take_along.code(values)


def start_button(values: Mapping[str, Any], *, is_first: bool) -> Config | None:
    """The Start button, disabled with the reason where there is nothing to start; once it is
    pressed, what to start. It stands out (`is_first`) but while the watched run trains.
    """
    config = None
    try:
        config = build_config(values)
    except ConfigError as error:
        st.error(sentence(error), icon=":material/error:")
    if config and not locate(config.dataset):
        dataset.offer(config.dataset)
        return None
    pressed = st.button(
        "Start",
        key="press start",
        type="primary" if is_first else "secondary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=config is None,
    )
    return config if pressed else None


def start(config: Config, *, begin_in_hand: bool) -> None:
    """Start a run, once for a double click, and turn to it."""
    # Changed in place: a second press may end this run of the page where the session is written to.
    started = st.session_state.setdefault("started", {})
    if config != started.get("config") or time.monotonic() - started["at"] >= DOUBLE_CLICK:
        run = launcher.start(*beginning(config)) if begin_in_hand else launcher.start(config)
        started.update(config=config, run=run, at=time.monotonic())
    turn_to(started["run"])
    hand.await_run(started["run"])
    st.rerun()


def beginning(config: Config) -> tuple[Config, bytes]:
    """The training of a form as it begins with the checkpoint in hand, and that as a file."""
    from lenet.network.checkpoint import file_of
    from lenet.ui import checkpoints

    found = replace(checkpoints.in_hand().checkpoint, training=None)
    values = config.model_dump() | network_settings(found.config)
    return build_config(values), file_of(found)


show(page)
