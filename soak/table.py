"""What every part of the soak counts, and the table in which it is shown."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """What was done, how often, and how much of it went wrong.

    Attributes:
        what: what `lost` counts: "finished epochs".
        measured: a figure beside the count, with its unit: "p95 0.41 s".
        met: whether the goal is met; a row that lost something has not met it.
        faults: what went wrong, one by one, for who mends it; not in the table.
    """

    done: str
    times: int
    lost: int
    what: str
    measured: str = ""
    met: bool = True
    faults: Sequence[str] = ()

    @property
    def good(self) -> bool:
        return self.met and not self.lost


@dataclass
class Tally:
    """Counts what was tried, what was said of it, and what went wrong."""

    times: int = 0
    said: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def checked(self, what: str) -> Iterator[None]:
        """An error in the block is a fault of what is named."""
        try:
            yield
        except Exception as error:
            self.faults.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")

    def row(self, done: str) -> Row:
        said = ", ".join(f"{count:,} {what}" for what, count in self.said.items())
        return Row(done, self.times, len(self.faults), "faults", said, faults=self.faults)


def markdown(rows: Iterable[Row]) -> str:
    """A table for the terminal and the README."""
    lines = ["| done | times | lost | measured |", "| --- | ---: | --- | --- |"]
    lines += [f"| {r.done} | {r.times:,} | {r.lost} {r.what} | {r.measured} |" for r in rows]
    return "\n".join(lines)
