"""Streamlit's widgets with the options that all pages share; `more` goes to Streamlit's widget."""

import mimetypes
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.errors import ConfigError

T = TypeVar("T", bound=str)


def is_phone() -> bool:
    """Whether the browser says that it is a phone's."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def halves() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Places for a picture and for its answer: side by side, on a phone the answer above."""
    if is_phone():
        answer = st.container()
        return st.container(), answer
    left, right = st.columns(2, gap="large")
    return left, right


class PageEnds(Exception):  # noqa: N818  # it is no error
    """Raised by a page that has said why it shows no more; the address is written all the same.

    Streamlit's `stop` also stops what would write it.
    """


def while_here(callback: Callable[[], None]) -> Callable[[], None]:
    """The callback of a widget, without effect once its page was left or arrived at anew.

    A widget that is gone may report its value once more, which Streamlit takes for a change.
    """
    arrival = st.session_state["arrivals"]

    def call() -> None:
        if st.session_state["arrivals"] == arrival:
            callback()

    return call


def segments(label: str, options: Sequence[T], key: str, *, place: Any = st, **more: Any) -> T:
    """A segmented control with always one option chosen, the first one in the beginning."""
    usual = {"default": options[0], "required": True, "persist_state": "session"}
    chosen: T = place.segmented_control(label, options, key=key, **(usual | more))
    return chosen


def download(
    label: str, data: bytes | Callable[[], str | bytes], file: str, *, place: Any = st, **more: Any
) -> None:
    """A button that downloads data as a file; a function makes them when it is clicked."""
    usual = {"mime": mimetypes.guess_type(file)[0], "on_click": "ignore"}
    usual["icon"] = ":material/download:"
    place.download_button(label, data, file, **(usual | more))


def downloads(place: Any, *files: tuple[str, Callable[[], str | bytes], str]) -> None:
    """A popover of downloads, each a label, a function that makes the data, and a file's name."""
    with place.popover("Download", icon=":material/download:"):
        for label, data, file in files:
            download(label, data, file, icon=None, type="tertiary", key=file)


def number(label: str, value: float, key: str, *, place: Any = st, **more: Any) -> float:
    """A field for any number, to be checked by whoever uses it; a whole number comes as an int.

    With limits, or for whole numbers only, the browser would keep back or cut what is typed, and
    the page would go on with another number than the one in the field.
    """
    usual = {"step": 1.0, "format": "%g"}
    typed: float = shown(place.number_input(label, value=float(value), key=key, **(usual | more)))
    return typed


def shown(value: Any) -> Any:
    """A value as its field shows it: a whole number as an int."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def whole(label: str, value: float, low: int, high: int) -> int:
    """What a `number` field of this label holds.

    Raises:
        ConfigError: it is no whole number from `low` to `high`.
    """
    if not low <= value <= high or value % 1:
        raise ConfigError(
            f"{label} must be a whole number from {low} to {high}, not {value}; change it"
        )
    return int(value)
