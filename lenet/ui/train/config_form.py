"""Widgets for the configuration's fields, each made from the field itself.

Each is bound to the page's address, which carries the preset and what differs from it; choices
have the command line's names, since Streamlit puts the shown names into the address.
"""

from collections.abc import Mapping
from functools import partial
from itertools import takewhile
from typing import Any, get_args

import streamlit as st

from lenet.config import Config, Group, accepts, applies, build_config, choices, knob
from lenet.ui import query_params
from lenet.ui.widgets import number

MAIN = ("epochs", "lr", "batch_size")  # what most people want to change; stands outside the groups
_CHOSEN = ("preset", "dataset")
"""What the other fields' defaults depend on, and the second one's on the first."""


def groups() -> dict[Group, list[str]]:
    """The fields of each group that do not stand outside it."""
    found: dict[Group, list[str]] = {group: [] for group in get_args(Group)}
    for name, info in Config.model_fields.items():
        if name not in (*_CHOSEN, *MAIN):
            found[knob(info).group].append(name)
    return found


def current() -> dict[str, Any]:
    """What the widgets say now, before the page has drawn them; defaults where they are new."""
    state = st.session_state
    chosen = {name: state[name] for name in _CHOSEN if name in state}
    return {
        name: state.get(name, default)
        for name, default in build_config(chosen).model_dump().items()
    }


def clean_address() -> None:
    """Keep what is a configuration's in the address, and say what was not, once."""
    query_params.clean("Train", {name: partial(accepts, name) for name in Config.model_fields})
    # A switch is 0 or 1 on the command line; Streamlit's addresses know false and true only.
    for name, value in st.query_params.to_dict().items():
        info = Config.model_fields.get(name)  # None for what the browser's Back has brought back
        if info and info.annotation is bool and value in ("0", "1"):
            del st.query_params[name]
            st.session_state[name] = value == "1"


def widget(name: str, values: Mapping[str, Any]) -> Any:
    """Draw the widget of one field, off where it has no effect under `values`; its own value."""
    info = Config.model_fields[name]
    # The address does not mention a value that the chosen preset has anyway.
    chosen = {key: values[key] for key in takewhile(name.__ne__, _CHOSEN)}
    default = getattr(build_config(chosen), name)
    common: dict[str, Any] = {
        "label": knob(info).label,
        "key": name,
        "help": info.description,
        "disabled": not applies(info, values),
        "bind": "query-params",
        "on_change": _follow_preset if name in _CHOSEN else "rerun",
    }
    options = choices(info)
    if name == "dataset":
        return st.segmented_control(options=options, default=default, required=True, **common)
    if options:
        return st.selectbox(options=options, index=options.index(default), **common)
    if info.annotation is bool:
        return st.toggle(value=default, **common)
    if info.annotation is str:
        return st.text_input(value=default, **common)
    step = 1.0 if info.annotation is int else _step(info.default)
    return number(value=default, step=step, **common)


def _follow_preset() -> None:
    chosen = {name: st.session_state[name] for name in _CHOSEN}
    for name, value in build_config(chosen):
        if name not in chosen:
            st.session_state[name] = value


def _step(default: float) -> float:
    return float(f"{(default or 0.1) / 10:.0e}") if default < 0.1 else 0.05
