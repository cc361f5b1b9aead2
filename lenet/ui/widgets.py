"""Streamlit's widgets with the options that all pages share; `more` goes to Streamlit's widget."""

import mimetypes
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T", bound=str)


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
