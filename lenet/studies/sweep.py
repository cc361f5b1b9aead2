"""Studies of one's own: fields of the configuration and values or ranges for each."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lenet.config import Config, build_config, field_value
from lenet.errors import ConfigError
from lenet.studies.plan import MAX_RUNS, Cell

FIXED = ("seed", "lr_changes")
"""Fields that a sweep cannot vary: seeds are given for the whole study."""
STEPS = 3
"""Values that a grid takes from a range which does not say how many."""
DECADES = 10
"""A range whose ends differ by this factor is gone through by factors, not by sums."""
TRIES = 50
"""Draws for each cell of a random study before it is given up."""


def sweepable() -> list[str]:
    """The fields that a sweep can vary."""
    return [name for name in Config.model_fields if name not in FIXED]


def parse(text: str) -> tuple[str, list[str]]:
    """`FIELD=V,V,…` taken apart; a value may be a range `LOW..HIGH` or `LOW..HIGH/N`.

    Raises:
        ConfigError: it has another form, or no such field can be varied.
    """
    name, equals, values = text.partition("=")
    name, found = name.strip(), [value.strip() for value in values.split(",") if value.strip()]
    if not equals or not found:
        raise ConfigError(f"--vary takes FIELD=VALUE,VALUE, not {text!r}; as in lr=0.01,0.1")
    if name not in sweepable():
        hint = "use --seeds" if name == "seed" else f"use one of {', '.join(sweepable())}"
        raise ConfigError(f"{name} cannot be varied; {hint}")
    return name, found


def grid(base: Mapping[str, Any], axes: Mapping[str, Sequence[str]]) -> tuple[list[Cell], int]:
    """Every combination of the values, upon `base`.

    Returns:
        The cells, and the number of combinations left out because they cannot be built.

    Raises:
        ConfigError: none can be built, or there are too many.
    """
    values = {name: _unique(name, _points(name, texts)) for name, texts in axes.items()}
    count = 1
    for points in values.values():
        count *= len(points)
    if count > MAX_RUNS:
        raise ConfigError(f"{count:,} combinations are too many; choose fewer values")
    made = (
        dict(zip(values, combination, strict=True))
        for combination in itertools.product(*values.values())
    )
    varied = [name for name, points in values.items() if len(points) > 1]
    return _buildable(base, made, varied)


def sample(
    base: Mapping[str, Any], axes: Mapping[str, Sequence[str]], count: int, seed: int = 0
) -> tuple[list[Cell], int]:
    """`count` combinations drawn at random, each value from its field's values and ranges.

    Raises:
        ConfigError: there are not so many different ones that can be built.
    """
    if not 1 <= count <= MAX_RUNS:
        raise ConfigError(f"the number of random cells must be from 1 to {MAX_RUNS:,}")
    varied = [name for name, texts in axes.items() if len(_points(name, texts)) > 1]
    rng = random.Random(seed)  # noqa: S311  # not for secrets
    cells: dict[str, Cell] = {}
    left_out = 0
    for _ in range(TRIES * count):
        drawn = {name: _draw(name, rng.choice(list(texts)), rng) for name, texts in axes.items()}
        found, failed = _buildable(base, iter([drawn]), varied, strict=False)
        left_out += failed
        cells.update((cell.label, cell) for cell in found)
        if len(cells) == count:
            return list(cells.values()), left_out
    raise ConfigError(
        f"only {len(cells)} different cells can be drawn, not {count}; ask for fewer, or add values"
    )


def _buildable(
    base: Mapping[str, Any],
    combinations: Iterator[dict[str, Any]],
    varied: Sequence[str],
    *,
    strict: bool = True,
) -> tuple[list[Cell], int]:
    """The cells of the combinations that can be built, named by what varies, and the others."""
    cells, left_out, fault = [], 0, None
    for values in combinations:
        cell = Cell(label=_label(values, varied), values={**base, **values})
        try:
            build_config(cell.values)
        except ConfigError as error:
            left_out, fault = left_out + 1, error
        else:
            cells.append(cell)
    if strict and not cells and fault:
        raise fault
    return cells, left_out


def _label(values: Mapping[str, Any], varied: Sequence[str]) -> str:
    named = {name: values[name] for name in varied} or values
    return ", ".join(f"{name} {_shown(value)}" for name, value in named.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
