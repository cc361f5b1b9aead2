"""Widgets for the configuration's fields, each made from the field itself.

The session holds each by the field's name, and the address what differs from the preset.
"""

from collections.abc import Mapping
from typing import Any, get_args

import streamlit as st

from lenet.config import Config, Group, applies, build_config, choices, knob, said
from lenet.ui.address import held, usual
from lenet.ui.widgets import number, shown

MAIN = ("epochs", "batch_size", "lr")  # what most people want to change; stands outside the groups
_CHOSEN = ("preset", "dataset")
"""What the other fields' defaults depend on, and the second one's on the first."""


def groups() -> dict[Group, list[str]]:
    """The fields of each group that do not stand outside it."""
    found: dict[Group, list[str]] = {group: [] for group in get_args(Group)}
    for name, info in Config.model_fields.items():
        if name not in (*_CHOSEN, *MAIN):
            found[knob(info).group].append(name)
    return found


def hidden_changes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those fields of the groups that differ from the preset."""
    names = (name for group in groups().values() for name in group)
    return {name: values[name] for name in names if values[name] != usual(name)}


def current() -> dict[str, Any]:
    """What the widgets say now, before the page has drawn them; defaults where they are new."""
    state = st.session_state
    chosen = {name: state[name] for name in _CHOSEN if name in state}
    return {
        name: shown(state.get(name, default))
        for name, default in build_config(chosen).model_dump().items()
    }


def widget(name: str, values: Mapping[str, Any]) -> Any:
    """Draw the widget of one field, off where it has no effect under `values`; its own value."""
    info = Config.model_fields[name]
    default = usual(name)
    common: dict[str, Any] = {
        "label": knob(info).label,
        "key": name,
        "help": info.description,
        "disabled": not applies(info, values),
        "persist_state": "session",
        "on_change": _follow_preset if name in _CHOSEN else "rerun",
    }
    if options := choices(info):
        common |= {"options": options, "format_func": said}
        if name == "dataset":
            return st.segmented_control(default=default, required=True, **common)
        return st.selectbox(index=options.index(default), **common)
    if info.annotation is bool:
        return st.toggle(value=default, **common)
    if info.annotation is str:
        return st.text_input(value=default, **common)
    step = 1.0 if info.annotation is int else _step(info.default)
    return number(value=default, step=step, **common)


def use(config: Config) -> None:
    """Fill the form with a configuration; in a callback, before the page runs again."""
    for name, value in config:
        st.session_state[name] = held(value)
    if hidden_changes(current()):
        st.session_state["more settings"] = True


def _follow_preset() -> None:
    use(build_config({name: st.session_state[name] for name in _CHOSEN}))


def _step(default: float) -> float:
    return float(f"{(default or 0.1) / 10:.0e}") if default < 0.1 else 0.05
