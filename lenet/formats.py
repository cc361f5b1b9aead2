"""The format of the files that outlive a process, and how those of an earlier lab are opened.

Each carries the number of the format it was written in; without one it is of format 1. Whoever
drops or renames a field adds an entry to `MIGRATIONS`, and all older files still open. Without a
number are `metrics.jsonl`, of which a reader takes the values that it knows, and what a new
process makes anew.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from lenet.errors import NewerFileError

Kind = Literal["config", "status", "result", "checkpoint", "study", "cell", "findings", "finished"]
Migration = Callable[[dict[str, Any]], dict[str, Any]]


def dropped(*names: str) -> Migration:
    """The fields are no more; what they said has no successor."""
    return lambda values: {name: values[name] for name in values if name not in names}


_ADAMW_LAB: Mapping[str, Mapping[str, Any]] = {
    "lab": {
        "optimizer": "adamw",
        "lr": 0.012,
        "momentum": 0.9,
        "batch_size": 64,
        "sketches": 0.0,
    },
    "draw": {"optimizer": "adamw", "batch_size": 64},
}
"""What the presets set by saying nothing, before Muon became the default."""


def _before_muon(values: dict[str, Any]) -> dict[str, Any]:
    """Drawings are no augmentation any more, and what were defaults then is spelled out."""
    if values.get("augment") == "sketch":
        values |= {"augment": "flip_shift", "sketches": 0.17}
    if values.get("threads") == 1:
        values["threads"] = 0  # gives the same weights
    return {**_ADAMW_LAB.get(values.get("preset", "lab"), {}), **values}


def _before_photographs(values: dict[str, Any]) -> dict[str, Any]:
    is_lab = values.get("preset", "lab") == "lab"
    earlier = {"photographs": 0.0, "sketches": 0.12, "label_smoothing": 0.05} if is_lab else {}
    return {**earlier, **values}


MIGRATIONS: tuple[Mapping[Kind, Migration], ...] = (
    {"status": dropped("pid", "process_began")},  # a folder is locked instead
    {"config": _before_muon},
    {"config": _before_photographs},
)
"""From format 1 to 2, from 2 to 3 and so on: what becomes of the fields of each kind of file.

A configuration is changed wherever it stands, also within a checkpoint or a study.
"""

_NUMBER = "format_number"
_PARTS: Mapping[str, Mapping[str, Kind]] = {
    "checkpoint": {"config": "config"},
    "study": {"cells": "cell"},
    "cell": {"values": "config"},
    "findings": {"study": "study", "runs": "finished"},
    "finished": {"result": "result"},
}
"""Kinds that hold others, or lists of them."""


def numbered(values: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a file, with the number of today's format."""
    return {_NUMBER: len(MIGRATIONS) + 1, **values}


def migrated(kind: Kind, content: Any, name: str) -> dict[str, Any]:
    """The content of a file, called `name` in messages, in today's format without the number.

    Raises `NewerFileError` if a newer lab has written it, `ValueError` if it is damaged.
    """
    try:
        number = content.get(_NUMBER, 1)
        if number < 1:
            raise ValueError(f"{name} has no format {number}")
        if number > len(MIGRATIONS) + 1:
            raise NewerFileError(
                f"{name} was written by a newer version of the lab; update the lab to open it"
            )
        values = dropped(_NUMBER)(content)
        for step in MIGRATIONS[number - 1 :]:
            values = _changed(kind, values, step)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{name} is no {kind}") from error
    return values


def _changed(kind: Kind, value: Any, step: Mapping[Kind, Migration]) -> Any:
    if isinstance(value, list):
        return [_changed(kind, part, step) for part in value]
    parts = {
        name: _changed(of, value[name], step)
        for name, of in _PARTS.get(kind, {}).items()
        if name in value
    }
    return step.get(kind, dict)({**value, **parts})
