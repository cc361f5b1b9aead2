"""Of all that the ink of a line may be, the digits that the network is surest of.

So digits that touch are cut where that gives surer answers, and parts are joined where that does
(LeCun et al. 1998, section V).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenet.drawing.digits import WIDE, Digit, Line, Rows

Answer: TypeAlias = dict[str, Any]
"""One answer of the network, in the shape of the command line's JSON."""

UNSURE: Final = 3.0
"""What an answer costs that the network is unsure of, as −log of a probability."""


@dataclass(frozen=True, eq=False)
class Read:
    """A digit that was read, the network's input, (28, 28) uint8, and its answer."""

    digit: Digit
    array: NDArray[np.uint8]
    answer: Answer

    @property
    def box(self) -> Rows:
        return self.digit.box

    @property
    def may_touch(self) -> bool:
        """Whether it is wide, and the network does not know it: more than one digit, perhaps."""
        height, width = self.digit.levels.shape
        return bool(self.answer["unsure"]) and width >= WIDE * height


def surest(lines: Sequence[Line], found: Iterator[Read]) -> list[list[Read]]:
    """The digits of each line; `found` are the answers to all that each line may be, in order."""
    return [_surest([next(found) for _ in line]) for line in lines]


def _surest(ways: list[Read]) -> list[Read]:
    """The way from the first to the last part of a line that costs least (Viterbi)."""
    best: dict[int, tuple[float, list[Read]]] = {0: (0.0, [])}
    for read in sorted(ways, key=lambda way: (way.digit.start, way.digit.end)):
        cost, way = best.get(read.digit.start, (math.inf, []))
        cost += _cost(read)
        if cost < best.get(read.digit.end, (math.inf, []))[0]:
            best[read.digit.end] = cost, [*way, read]
    return best[max(best)][1]


def _cost(read: Read) -> float:
    share, doubt = max(read.answer["probabilities"]), UNSURE * read.answer["unsure"]
    return float(read.digit.cost + doubt - math.log(share))


def largest(lines: Sequence[Sequence[Read]]) -> Read:
    return max((read for line in lines for read in line), key=lambda read: read.digit.size)


def number(lines: Sequence[Sequence[Read]]) -> str:
    """What the lines say, as one reads them."""
    return " ".join("".join(read.answer["name"] for read in line) for line in lines)
