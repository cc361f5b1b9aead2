"""Studies of one's own: fields of the configuration and values or ranges for each."""

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

from lenet.config import Config, build_config, field_value, spoken, told
from lenet.errors import ConfigError
from lenet.studies.plan import MAX_RUNS, Cell

SWEEPABLE = [name for name in Config.model_fields if name not in ("seed", "lr_changes")]
"""The fields that a sweep can vary; seeds are given for the whole study."""
STEPS = 3
"""Values that a grid takes from a range which does not say how many."""
DECADES = 10
"""A range whose ends differ by this factor is gone through by factors, not by sums."""
TRIES = 50
"""Draws for each cell of a random study before it is given up."""


def title(fields: Iterable[str]) -> str:
    return " × ".join(map(spoken, fields))


def parse(text: str) -> tuple[str, list[str]]:
    """Name and values of `FIELD=V,V,…`, where a value may be a range `LOW..HIGH` or `LOW..HIGH/N`.
    ConfigError if it has another form or the field cannot be varied.
    """
    name, equals, values = text.partition("=")
    name, found = name.strip(), [value.strip() for value in values.split(",") if value.strip()]
    if not equals or not found:
        raise ConfigError(f"--vary takes FIELD=VALUE,VALUE, not {text!r}; as in lr=0.01,0.1")
    if name not in SWEEPABLE:
        hint = "use --seeds" if name == "seed" else f"use one of {', '.join(SWEEPABLE)}"
        raise ConfigError(f"{name} cannot be varied; {hint}")
    return name, found


def grid(base: Mapping[str, Any], axes: Mapping[str, Sequence[str]]) -> tuple[list[Cell], int]:
    """Every combination of the values, upon `base`, and how many cannot be built and are left out.
    ConfigError if none can be built or there are too many.
    """
    values = {name: _unique(name, _points(name, texts)) for name, texts in axes.items()}
    if (count := prod(map(len, values.values()))) > MAX_RUNS:
        raise ConfigError(f"{count:,} combinations are too many; choose fewer values")
    varied = [name for name, points in values.items() if len(points) > 1]
    cells, faults = [], []
    for combination in itertools.product(*values.values()):
        try:
            cells.append(_cell(base, dict(zip(values, combination, strict=True)), varied))
        except ConfigError as error:
            faults.append(error)
    if not cells:
        raise faults[0]
    return cells, len(faults)


def sample(
    base: Mapping[str, Any], axes: Mapping[str, Sequence[str]], count: int, seed: int = 0
) -> tuple[list[Cell], int]:
    """`count` combinations drawn at random from the values and ranges, and how many were left out.
    ConfigError if there are not so many different ones that can be built.
    """
    if not 1 <= count <= MAX_RUNS:
        raise ConfigError(f"the number of random cells must be from 1 to {MAX_RUNS:,}")
    varied = [name for name, texts in axes.items() if len(_points(name, texts)) > 1]
    rng = random.Random(seed)  # noqa: S311  # not for secrets
    cells: dict[str, Cell] = {}
    left_out = 0
    for _ in range(TRIES * count):
        drawn = {name: _draw(name, rng.choice(list(texts)), rng) for name, texts in axes.items()}
        try:
            cell = _cell(base, drawn, varied)
        except ConfigError:
            left_out += 1
            continue
        cells[cell.label] = cell
        if len(cells) == count:
            return list(cells.values()), left_out
    raise ConfigError(
        f"only {len(cells)} different cells can be drawn, not {count}; ask for fewer, or add values"
    )


def _cell(base: Mapping[str, Any], values: Mapping[str, Any], varied: Sequence[str]) -> Cell:
    """A cell, named by what varies; ConfigError if its configuration cannot be built."""
    named = {name: values[name] for name in varied} or values
    cell = Cell(label=told(named), values={**base, **values})
    build_config(cell.values)
    return cell


def _unique(name: str, points: list[Any]) -> list[Any]:
    if len(set(points)) < len(points):
        raise ConfigError(f"{name} must be given each value once; leave one out")
    return points


def _points(name: str, texts: Sequence[str]) -> list[Any]:
    """The values of a grid's axis, ranges taken apart."""
    points: list[Any] = []
    for text in texts:
        if ".." not in text:
            points.append(field_value(name, text))
            continue
        low, high, steps = _range(name, text)
        if not 2 <= steps <= MAX_RUNS:
            raise ConfigError(f"a range needs 2 or more steps, not too many; {text!r} has {steps}")
        passed = (_between(name, low, high, step / (steps - 1)) for step in range(steps))
        points += dict.fromkeys(passed)  # whole numbers may come twice
    return points


def _draw(name: str, text: str, rng: random.Random) -> Any:
    if ".." not in text:
        return field_value(name, text)
    low, high, _ = _range(name, text)
    return _between(name, low, high, rng.random())


def _range(name: str, text: str) -> tuple[float, float, int]:
    info = Config.model_fields[name]
    ends, _, steps = text.partition("/")
    low_text, _, high_text = ends.partition("..")
    if info.annotation not in (int, float):
        raise ConfigError(f"{name} has no ranges; list its values")
    low, high = field_value(name, low_text), field_value(name, high_text)
    if not low < high or (steps and not steps.isdecimal()):
        raise ConfigError(f"a range goes from low to high, not {text!r}; as in 0.01..0.1/3")
    return low, high, int(steps or STEPS)


def _between(name: str, low: float, high: float, share: float) -> Any:
    """The value at a share of the way, by factors where the ends are decades apart."""
    if low > 0 and high / low >= DECADES:
        value = low * (high / low) ** share
    else:
        value = low + (high - low) * share
    whole = Config.model_fields[name].annotation is int
    return round(value) if whole else float(f"{value:.4g}")
