"""The rows that every benchmark gives, and how they are shown."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """A figure with its unit, and where there are any the rival's, the worst one and a goal."""

    what: str
    value: float
    unit: str
    rival: float | None = None
    worst: float | None = None
    goal: str = ""
    met: bool = True

    @property
    def ratio(self) -> float | None:
        """How many times as much the rival takes."""
        return None if self.rival is None else self.rival / self.value

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def shown(what: str, value: float, unit: str) -> Row:
    """A figure without a goal of its own."""
    return Row(what, value, unit)


def limit(what: str, value: float, unit: str, most: float) -> Row:
    """A figure that is to be no more than `most`."""
    return Row(what, value, unit, goal=f"≤ {most:g} {unit}", met=value <= most)


def waits(what: str, taken: Sequence[float], unit: str, most: float | None = None) -> Row:
    """The median of several and their worst; the median is to be no more than `most`."""
    median, goal = statistics.median(taken), "" if most is None else f"≤ {most:g} {unit}"
    return Row(what, median, unit, None, max(taken), goal, most is None or median <= most)


def beside(what: str, ours: float, rival: float, unit: str, least: float) -> Row:
    """A figure of which the rival's is to be at least so many times as large."""
    return Row(what, ours, unit, rival, goal=f"≥ {least:g} times", met=rival / ours >= least)


def markdown(rows: Iterable[Row]) -> str:
    """A table for the terminal and the README."""
    lines = ["| what | measured | rival | times | goal | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        measured = _figure(row.value, row.unit)
        if row.worst is not None:
            measured += f", worst {_figure(row.worst, row.unit)}"
        rival = "" if row.rival is None else _figure(row.rival, row.unit)
        times = "" if row.ratio is None else f"{row.ratio:.1f}"
        met = ("yes" if row.met else "**no**") if row.goal else ""
        lines.append(f"| {row.what} | {measured} | {rival} | {times} | {row.goal} | {met} |")
    return "\n".join(lines)


def _figure(value: float, unit: str) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
