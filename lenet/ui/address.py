"""The address: what each page keeps in it, and from that how it is read, written and linked to.

A page is told by its address when a person arrives: with the first run of a session, by a link, by
Back. From then on the session holds the values, and the address follows them.
"""

import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lenet.catalog import DATASETS
from lenet.config import Config, build_config, field_value
from lenet.errors import ConfigError, LabError
from lenet.paths import DEFAULT_CHECKPOINT, PHOTO_CHECKPOINT, runs_dir
from lenet.runs.launcher import list_runs
from lenet.ui import picture
from lenet.ui.escape import plain
from lenet.ui.style import ALL

FRONT = ""
"""Train's path, the first page's."""
MOST, SEEDS = 20, 10_000
"""Images that Predict shows at once, and the seeds that pick them."""
NEXT = "to"
"""Tells a link that leads to the page it is on from what that page's address has been."""
SPOTS = frozenset(layer.name for layer in build_config({"preset": "post"}).layers())
ORDERS = ("by label", "by likeness")
PARTS = {
    "answers": "Answers",
    "robustness": "What breaks it",
    "map": "Map of the images",
    "labels": "Labels that may be wrong",
}
"""Of Evaluate, of which it shows one."""
COUNTS = ("some", "all")
MAPS = {"tsne": "t-SNE", "pca": "PCA"}
SETS = {"test": "test images", "train": "training images"}


def _none() -> None:
    return None


def _text(value: Any) -> str:
    """As on the command line; a switch as false or true, a list with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return ",".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)


@dataclass(frozen=True)
class Param:
    """A parameter of the address: how a text of it becomes the session's value, and back.

    Attributes:
        key: of the value in `st.session_state`.
        read: raises ValueError or LabError where it does not understand the text.
        default: gives the value that the address leaves out.
        follows: a parameter with which this one is read, or set to its default.
        fresh: set to its default at each arrival that says nothing else.
    """

    key: str
    read: Callable[[str], Any]
    default: Callable[[], Any] = _none
    write: Callable[[Any], str] = _text
    follows: str = ""
    fresh: bool = False

    def value(self) -> Any:
        found = st.session_state.get(self.key)
        return self.default() if found is None else found


def _one_of(options: Mapping[str, object] | tuple[str, ...], text: str) -> str:
    if text not in options:
        raise ValueError(text)
    return text


def _whole(low: int, high: int, text: str) -> int:
    if not text.isdecimal() or not low <= int(text[:20]) <= high:
        raise ValueError(text)
    return int(text)


def _number(low: int, high: int, text: str) -> float:
    return float(_whole(low, high, text))  # as number fields hold it


def _name(text: str) -> str:
    """Of a checkpoint; whether there is such a one is said where it is looked for."""
    if not text.isprintable() or not 0 < len(text.encode()) <= 250:
        raise ValueError(text)
    return text


def held(value: Any) -> Any:
    """A value as widgets hold it: every number as a float."""
    return float(value) if type(value) is int else value


def _field(name: str, text: str) -> Any:
    """A number that the field cannot take, too: it is shown, and said to be wrong."""
    try:
        return held(field_value(name, text))
    except ConfigError:
        number = Config.model_fields[name].annotation in (int, float)
        if number and math.isfinite(typed := float(text)):
            return typed
        raise


@lru_cache(64)
def _preset(preset: str | None, dataset: str | None) -> Config:
    chosen = {"preset": preset, "dataset": dataset}
    return build_config({name: value for name, value in chosen.items() if value})


def usual(name: str) -> Any:
    """What a field of the configuration is with the chosen preset and, of others, dataset."""
    before = takewhile(name.__ne__, ("preset", "dataset"))
    chosen = {key: st.session_state.get(key) for key in before}
    return held(getattr(_preset(chosen.get("preset"), chosen.get("dataset")), name))


def _runs(text: str) -> list[str]:
    """Ids of runs that are here."""
    known, found = {run.id for run in list_runs()}, text.split(",")
    if not known.issuperset(found):
        raise ValueError(text)
    return found


def _run(text: str) -> str:
    [found] = _runs(text)
    return found


def _in_hand() -> str | None:
    """The run of the page that the checkpoint in hand comes from."""
    held = st.session_state.get("checkpoint")
    return held if held and "/" not in held and (runs_dir() / held).is_dir() else None


def _view() -> str:
    held = st.session_state.get("picture")
    return held.view if held else picture.VIEWS[0]


def _cell(text: str) -> tuple[int, int]:
    truth, prediction = (_whole(0, 9, part) for part in text.split(","))
    return truth, prediction


def _spot(text: str) -> tuple[str, int, int, int]:
    layer, *places = text.split(",")
    index, row, column = (_whole(0, 1000, place) for place in places)
    return _one_of(tuple(SPOTS), layer), index, row, column


def _study(text: str) -> str:
    """A ready-made study's name, or the id of a folder, which is a name with a fingerprint."""
    from lenet.studies.presets import OWN, STUDY_PRESETS  # not for the first page

    names = (*STUDY_PRESETS, OWN)
    if text not in names:
        _one_of(names, text.rpartition("-")[0])
    return _name(text)


def _switch(text: str) -> bool:
    return _one_of(("false", "true"), text) == "true"


def _first_study() -> str:
    from lenet.studies.presets import STUDY_PRESETS

    return next(iter(STUDY_PRESETS))


_CLASSES = (ALL, *(name for info in DATASETS.values() for name in info.classes))
_VIEW = Param("view", partial(_one_of, picture.VIEWS), _view, follows="picture")


def _always(value: Any) -> Callable[[], Any]:
    return lambda: value


EVERYWHERE = {
    "checkpoint": Param("checkpoint", _name, _always(DEFAULT_CHECKPOINT.stem)),
    "epoch": Param("checkpoint epoch", partial(_whole, 0, 10**6), follows="checkpoint"),
    "picture": Param("picture", picture.read, write=str),
    "present": Param("present", partial(_one_of, ("1",))),
    "stand": Param("stand", partial(_one_of, ("1",))),
}
ALONE = {"present", "stand"}
"""Those with which a page stands alone, without navigation."""
PAGES: dict[str, dict[str, Param]] = {
    FRONT: {
        name: Param(name, partial(_field, name), partial(usual, name))
        for name in ("preset", "dataset", *Config.model_fields)  # what others depend on first
    }
    | {
        "run": Param("watched", _run, _in_hand, follows="checkpoint"),
        "compare": Param("compared", _runs, list),
    },
    "predict": {
        "view": _VIEW,
        "sample_count": Param("sample_count", partial(_number, 1, MOST), _always(5.0)),
        "sample_seed": Param("sample_seed", partial(_number, 0, SEEDS - 1), _always(0.0)),
        "sample_class": Param("sample_class", partial(_one_of, _CLASSES), _always(ALL)),
        "mistakes": Param("mistakes", _switch, _always(False)),
    },
    "inside": {
        "view": replace(_VIEW, fresh=True),  # of the picture in hand
        "spot": Param("inside spot", _spot),
        "by": Param("explained by", partial(_one_of, (PHOTO_CHECKPOINT.stem,)), fresh=True),
    },
    "evaluate": {
        "compare": Param("compare", _switch, _always(False)),
        "second": Param("other checkpoint", _name),
        "second_epoch": Param("other checkpoint epoch", partial(_whole, 0, 10**6)),
        "details": Param("details", partial(_one_of, ("A", "B")), _always("A")),
        "test": Param("test set", partial(_one_of, DATASETS)),
        "cell": Param("cell", _cell),
        "order": Param("order", partial(_one_of, ORDERS), _always(ORDERS[0])),
        "part": Param("part", partial(_one_of, PARTS), _always("answers")),
        "images": Param("changed images", partial(_one_of, COUNTS), _always(COUNTS[0])),
        "map": Param("map", partial(_one_of, MAPS), _always("tsne")),
        "set": Param("label set", partial(_one_of, SETS), _always("test")),
        "point": Param("map point", partial(_whole, 0, 9999)),
    },
    "experiments": {"study": Param("study", _study, _first_study)},
}
"""What each page keeps in its address, by its path."""

_frame = st.components.v2.component(
    "lenet_address", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def alone() -> bool:
    """Whether the page stands alone; also right before `arrive`, but after Back."""
    return any("1" in (st.session_state.get(name), st.query_params.get(name)) for name in ALONE)


def arrive(page: str) -> None:
    """Take over what the address says if a person has just arrived at `page`."""
    state, context = st.session_state, get_script_run_ctx()
    back = bool(context and context.is_history_navigation)
    query = st.query_params.to_dict()
    linked_here = query.pop(NEXT, None) not in (None, state.get("followed"))
    if state.get("page") == page and not back and not linked_here:
        return
    state["followed"], state["next"] = st.query_params.get(NEXT), secrets.token_urlsafe(6)
    state["page"], state["arrivals"] = page, state.get("arrivals", 0) + 1
    state.pop("canvas", None)  # another takes its place
    own = PAGES.get(page, {})
    linked = not own.keys().isdisjoint(query)
    unknown = [name for name in query if name not in EVERYWHERE | own]
    for name, param in (EVERYWHERE | own).items():
        try:
            if name in query:
                state[param.key] = param.read(query[name])
                continue
        except (ValueError, LabError):
            unknown.append(name)
        if back or param.fresh or (linked and name in own) or param.follows in query:
            state[param.key] = param.default()
    state["not understood"] = unknown


def show_frame() -> None:
    """Keep one entry of the browser's history for each page; say what was not understood."""
    _frame(key="address")
    if unknown := st.session_state.get("not understood"):
        st.warning(
            f"Ignored in the address: {plain(', '.join(unknown))}. "
            "Everything else is set as the link says.",
            icon=":material/link_off:",
        )


def write() -> None:
    """Have the address say what the session holds for the page shown."""
    wanted = {}
    for name, param in (EVERYWHERE | PAGES.get(st.session_state.get("page", ""), {})).items():
        value = param.value()
        if name == "picture" and st.session_state.get("stand"):
            continue  # browsers keep addresses on the disk
        if value != param.default() and value not in (None, []):
            wanted[name] = param.write(value)
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def link(page: str, **values: Any) -> dict[str, str]:
    """The query of a link to a page at which these parameters have these values."""
    params = EVERYWHERE | PAGES[page]
    return {name: params[name].write(value) for name, value in values.items()}


def link_here(**values: Any) -> dict[str, str]:
    """The query of a link to the page that is shown."""
    return link(st.session_state["page"], **values) | {NEXT: st.session_state["next"]}
