"""Two checkpoints on the same images: is one better, and on which images."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lenet.evaluation.metrics import Evaluation


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of the same N images."""

    first: Evaluation
    second: Evaluation

    @property
    def difference(self) -> float:
        """By how much the second's accuracy is above the first's."""
        return self.second.accuracy - self.first.accuracy

    @cached_property
    def only_first(self) -> NDArray[np.int64]:
        """Indices of the images that only the first gets right, the second's surest one first."""
        return self.second.surest(self.first.right & ~self.second.right)

    @cached_property
    def only_second(self) -> NDArray[np.int64]:
        """Indices of the images that only the second gets right, the first's surest one first."""
        return self.first.surest(self.second.right & ~self.first.right)

    @cached_property
    def p_value(self) -> float:
        """Of McNemar's exact test (McNemar 1947), two-sided.

        How probable a split of the images that only one gets right is that is at least as uneven,
        if both networks are equally good.
        """
        from scipy.stats import binomtest

        once = len(self.only_first), len(self.only_second)
        return float(binomtest(once[0], sum(once)).pvalue) if sum(once) else 1.0
