"""Widgets for the configuration's fields, each made from the field itself.

A widget's key is the field's name and is bound to the address, so the page's URL carries
the preset and what differs from it, and opening it restores every widget. Choices are
shown as the command line names them, since Streamlit puts the shown names into the URL.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from lenet.config import Config, Group, accepts, applies, bounds, build_config, choices, knob
from lenet.ui import query_params

MAIN = ("epochs", "lr", "batch_size")
"""What most people want to change; stands outside the groups."""


def names(group: Group) -> list[str]:
    """The fields of a group that do not stand outside it."""
    return [
        name
        for name, info in Config.model_fields.items()
        if knob(info).group == group and name not in ("preset", "dataset", *MAIN)
    ]


def current() -> dict[str, Any]:
    """What the widgets say now, before the page has drawn them; defaults where they are new."""
    chosen = {
        name: st.session_state[name] for name in ("preset", "dataset") if name in st.session_state
    }
    defaults = build_config(chosen).model_dump()
    return {name: st.session_state.get(name, default) for name, default in defaults.items()}


def clean_address() -> None:
    """Keep what is a configuration's in the address, and say what was not, once."""
    query_params.clean("Train", {name: partial(accepts, name) for name in Config.model_fields})
    # A switch is 0 or 1 on the command line; Streamlit's addresses know false and true only.
    for name, value in st.query_params.to_dict().items():
        # The browser's Back may bring back what was cleaned.
        info = Config.model_fields.get(name)
        if info and info.annotation is bool and value in ("0", "1"):
            del st.query_params[name]
            st.session_state[name] = value == "1"


def widget(name: str, values: Mapping[str, Any]) -> Any:
    """Draw the widget of one field; its value.

    Args:
        values: the other fields' values, which decide whether this one has an effect.
    """
    info = Config.model_fields[name]
    return _draw(
        name,
        info,
        {
            "label": knob(info).label,
            "key": name,
            "help": info.description,
            "disabled": not applies(info, values),
            "bind": "query-params",
            "on_change": _follow_preset if name in ("preset", "dataset") else "rerun",
        },
        _default(name, values),
    )


def _draw(name: str, info: FieldInfo, common: dict[str, Any], default: Any) -> Any:
    options = choices(info)
    if name == "dataset":
        return st.segmented_control(
            options=options,
            default=default,
            required=True,
            **common,
        )
    if options:
        return st.selectbox(options=options, index=options.index(default), **common)
    if info.annotation is bool:
        return st.toggle(value=default, **common)
    if info.annotation is str:
        return st.text_input(value=default, **common)
    limits = bounds(info)
    number: type = int if info.annotation is int else float
    return st.number_input(
        min_value=number(limits.get("ge", 0)),
        max_value=number(limits["le"] if "le" in limits else limits["lt"]),
        value=default,
        step=1 if number is int else _step(info.default),
        format=None if number is int else "%g",
        **common,
    )


def _default(name: str, values: Mapping[str, Any]) -> Any:
    """The value under the chosen preset, which the address need not mention."""
    if name == "preset":
        return Config.model_fields[name].default
    chosen = {"preset": values["preset"]} | (
        {} if name == "dataset" else {"dataset": values["dataset"]}
    )
    return getattr(build_config(chosen), name)


def _follow_preset() -> None:
    """Put every other widget to what the newly chosen preset says."""
    chosen = {name: st.session_state[name] for name in ("preset", "dataset")}
    for name, value in build_config(chosen):
        if name not in chosen:
            st.session_state[name] = value


def _step(default: float) -> float:
    """A tenth of a usual value, so that the buttons move by something sensible."""
    return float(f"{(default or 0.1) / 10:.0e}") if default < 0.1 else 0.05


def groups() -> tuple[Group, ...]:
    return get_args(Group)
