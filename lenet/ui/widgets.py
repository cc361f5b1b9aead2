"""Widgets that several pages have, with what is the same in all of them."""

import mimetypes
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T", bound=str)


def segments(label: str, options: Sequence[T], key: str, *, place: Any = st, **more: Any) -> T:
    """A segmented control with always one of the options chosen, the first one in the beginning.

    Args:
        place: the container to put it in.
        more: further options of `st.segmented_control`, which overrule the usual ones.
    """
    usual = {"default": options[0], "required": True, "persist_state": "session"}
    chosen: T = place.segmented_control(label, options, key=key, **(usual | more))
    return chosen


def download(
    label: str, data: bytes | Callable[[], str | bytes], file: str, *, place: Any = st, **more: Any
) -> None:
    """A button that downloads `data`, made on the click if it is a function, under a file's name.

    Args:
        place: the container to put it in.
        more: further options of `st.download_button`.
    """
    usual = {"mime": mimetypes.guess_type(file)[0], "on_click": "ignore"}
    usual["icon"] = ":material/download:"
    place.download_button(label, data, file, **(usual | more))
