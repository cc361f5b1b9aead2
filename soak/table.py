"""What every part of the soak counts, and the table in which it is shown."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Row:
    """What was done, how often, and what went wrong, one by one.

    Attributes:
        measured: a figure with its unit: "p95 0.41 s".
        met: whether the goal of what is measured is met.
        said: how often the lab said what, or was found doing what.
    """

    done: str
    times: int = 0
    measured: str = ""
    faults: list[str] = field(default_factory=list)
    met: bool = True
    said: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return self.met and not self.faults

    @contextmanager
    def checked(self, what: str) -> Iterator[None]:
        """An error in the block is a fault of what is named."""
        try:
            yield
        except Exception as error:
            self.faults.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")


def markdown(rows: Iterable[Row]) -> str:
    """A table for the terminal and `docs/`."""
    lines = ["| done | times | faults | measured |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        said = [f"{count:,} {what}" for what, count in row.said.most_common()]
        measured = ", ".join([*said, row.measured] if row.measured else said)
        lines.append(f"| {row.done} | {row.times:,} | {len(row.faults)} | {measured} |")
    return "\n".join(lines)
