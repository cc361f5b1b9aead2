"""What to study: one of the ready-made studies, or fields of the configuration of one's choice."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.config import (
    PRESET_NOTES,
    PRESETS,
    Config,
    build_config,
    choices,
    field_value,
    knob,
    said,
)
from lenet.errors import ConfigError
from lenet.runs import launcher
from lenet.studies import estimate, sweep
from lenet.studies.plan import Study, make_study
from lenet.studies.presets import OWN, StudyPreset
from lenet.ui.widgets import number, segments, whole

SEEDS = "Seeds for each variant"
MAX_SEEDS = 20


def ready_made(chosen: StudyPreset) -> Study:
    """Epochs, batch size and seeds of a ready-made study; `ConfigError` if one is unusable."""
    epochs, batch_size, seeds = st.columns(3)
    length, size = _number(epochs, "epochs", chosen), _number(batch_size, "batch_size", chosen)
    count = _seeds(seeds, len(chosen.seeds), chosen.name)
    return chosen.study(
        field_value("epochs", length), field_value("batch_size", size), _range(count)
    )


def own() -> Study:
    """A grid or random sample over chosen fields; `ConfigError` if it cannot be made."""
    preset, epochs, batch_size, seeds = st.columns([2, 1, 1, 1])
    name = preset.selectbox("Preset", list(PRESETS), key="own_preset", persist_state="session")
    usual = build_config({"preset": name})
    size = {
        "epochs": _number(epochs, "epochs", usual),
        "batch_size": _number(batch_size, "batch_size", usual),
    }
    count = _seeds(seeds, 1, OWN)
    st.caption(PRESET_NOTES[name])
    varied = st.multiselect(
        "Fields to vary",
        [field for field in sweep.SWEEPABLE if field not in ("preset", *size)],
        default=["softmax", "lr"],
        format_func=lambda field: knob(Config.model_fields[field]).label,
        key="varied",
        persist_state="session",
    )
    axes: dict[str, list[str]] = {}
    with st.grid(3, min_column_width=220):
        for field in varied:
            axes[field] = _values(field, usual)
    st.caption("Numbers: values with commas between, or a range, as 0.001..0.1/5 for five values.")
    how, count_place = st.columns([2, 1], vertical_alignment="bottom")
    every = segments("Cells", ("every combination", "drawn at random"), "how", place=how)
    if not axes or not all(axes.values()):
        raise ConfigError("choose at least one field to vary, and at least one value for each")
    base = {"preset": name} | {field: field_value(field, value) for field, value in size.items()}
    if every == "every combination":
        cells, left_out = sweep.grid(base, axes)
    else:
        more: dict[str, Any] = {"place": count_place, "persist_state": "session"}
        wanted = number("Number of variants", 8, "number of cells", **more)
        cells, left_out = sweep.sample(base, axes, whole("Number of variants", wanted, 1, 1000))
    if left_out:
        st.caption(f"{left_out} combinations cannot be built and are left out.")
    return make_study(OWN, sweep.title(axes), cells, _range(count))


def cost(study: Study) -> str:
    """The number of runs, and the time that they will take here."""
    cells, seeds = len(study.cells), len(study.seeds)
    slots = launcher.slots()
    seconds = estimate.seconds_for(study, slots, _pace())
    at_once = "one after the other" if slots == 1 else f"{slots} at a time"
    runs = f"{cells} variants × {seeds} seed{'s' * (seeds > 1)} = **{cells * seeds} runs**"
    return f"{runs}, about **{_about(seconds)}** on this machine, {at_once}."


def named_seeds(study: Study) -> str:
    """The seeds by number: `seed 0`, `seeds 0, 1`."""
    return f"seed{'s' * (len(study.seeds) > 1)} {', '.join(map(str, study.seeds))}"


@st.cache_data(ttl=60, show_spinner=False)
def _pace() -> float:
    return estimate.pace()


def _about(seconds: float) -> str:
    if seconds < 90:
        return f"{10 * max(1, round(seconds / 10))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _number(place: DeltaGenerator, field: str, usual: StudyPreset | Config) -> float:
    info = Config.model_fields[field]
    scope = usual.name if isinstance(usual, StudyPreset) else f"own {usual.preset}"
    return number(
        knob(info).label,
        getattr(usual, field),
        f"{field} of {scope}",
        place=place,
        persist_state="session",
        help=info.description,
    )


def _seeds(place: DeltaGenerator, default: int, scope: str) -> float:
    return number(
        SEEDS,
        default,
        f"seeds of {scope}",
        place=place,
        persist_state="session",
        help="So many runs that differ only in their initial weights and order of images.",
    )


def _range(count: float) -> range:
    return range(whole(SEEDS, count, 1, MAX_SEEDS))


def _values(field: str, usual: Config) -> list[str]:
    """The widget for one field's values, as texts of the command line."""
    info = Config.model_fields[field]
    common: dict[str, Any] = {
        "label": knob(info).label,
        "key": f"values of {field}, {usual.preset}",
        "persist_state": "session",
        "help": info.description,
    }
    switch = info.annotation is bool
    if options := ("0", "1") if switch else choices(info):
        names = {"0": "off", "1": "on"}
        return st.pills(
            options=options,
            default=options if switch else [getattr(usual, field)],
            selection_mode="multi",
            format_func=lambda option: names.get(option) or said(option),
            **common,
        )
    text = st.text_input(
        value=f"{getattr(usual, field):g}",
        placeholder="0.01, 0.1 or 0.001..0.1/5",
        **common,
    )
    return [part.strip() for part in text.split(",") if part.strip()]
