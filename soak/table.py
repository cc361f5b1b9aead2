"""The rows that every part of the soak reports, and how they are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was done, how often, and how much of it went wrong."""

    done: str
    times: int
    lost: int
    what: str
    """What `lost` counts: "finished epochs lost", "tracebacks"."""
    measured: str = ""
    """A figure beside the count, with its unit: "p95 0.41 s"."""
    met: bool = True
    """Whether the goal is met; a row that lost something has not met it."""
    faults: Sequence[str] = ()
    """What went wrong, one by one, for who mends it; not in the table."""

    @property
    def good(self) -> bool:
        return self.met and not self.lost


def markdown(rows: Iterable[Row]) -> str:
    """A table for the terminal and the README."""
    lines = ["| done | times | lost | measured |", "| --- | ---: | --- | --- |"]
    lines += [f"| {r.done} | {r.times:,} | {r.lost} {r.what} | {r.measured} |" for r in rows]
    return "\n".join(lines)
