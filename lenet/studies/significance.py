"""Which differences between a study's cells are more than the chance of their seeds.

Runs of the same seed are compared in pairs, by a paired t-test (Student 1908). Holm's correction
(Holm 1979) keeps the probability of a false finding at 5 % for all pairs of a study together.
"""

import itertools
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lenet.studies.plan import Study
from lenet.studies.presets import STUDY_PRESETS, Compared, is_preset
from lenet.studies.results import CONFIDENCE, Findings, best

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 3
"""Seeds from which on a test can find something that is not huge."""
ROUNDING = 1e-9
"""Differences that differ by less are the same."""


@dataclass(frozen=True)
class Difference:
    """By how much the mean accuracy of the cell `label` is above that of `other`, as a share.

    Attributes:
        half: half the width of the mean's 95 % interval.
        p_value: corrected for the number of pairs that the study compares.
    """

    label: str
    other: str
    mean: float
    half: float
    p_value: float

    @property
    def is_significant(self) -> bool:
        return self.p_value < 1 - CONFIDENCE

    def reversed(self) -> "Difference":
        """The same, seen from the other cell."""
        return Difference(self.other, self.label, -self.mean, self.half, self.p_value)


def differences(findings: Findings) -> list[Difference]:
    """The test accuracies of pairs of cells, by the seeds that all cells have finished; nothing
    with fewer than two of them.

    A ready-made study says which pairs; in others each cell is compared with the best.
    """
    import numpy as np

    found = {(run.label, run.seed): run.result.test_accuracy for run in findings.runs}
    labels, seeds = [cell.label for cell in findings.study.cells], findings.seeds()
    if len(seeds) < 2 or len(labels) < 2:
        return []
    from scipy.stats import ttest_rel

    values = np.array([[found[label, seed] for seed in seeds] for label in labels])
    pairs = _pairs(findings)
    first, second = ([labels.index(label) for label in side] for side in zip(*pairs, strict=True))
    gaps = values[first] - values[second]
    means = gaps.mean(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of pairs without any spread
        test = ttest_rel(values[first], values[second], axis=1)
        low, high = test.confidence_interval(CONFIDENCE)
    alike = np.ptp(gaps, axis=1) < ROUNDING
    p_values = holm(np.where(alike, abs(means) < ROUNDING, test.pvalue))
    halves = np.where(alike, 0, (high - low) / 2)
    columns = means.tolist(), halves.tolist(), p_values.tolist()
    return [Difference(*pair, *row) for pair, *row in zip(pairs, *columns, strict=True)]


def holm(p_values: "NDArray[Any]") -> "NDArray[Any]":
    """Holm's step-down correction, (N,) → (N,): the smallest of N counts N times, the next N − 1
    times and so on; none becomes smaller than one before it, or larger than 1.
    """
    import numpy as np

    order = p_values.argsort()
    corrected = np.empty(len(order))
    corrected[order] = np.maximum.accumulate(np.arange(len(order), 0, -1) * p_values[order])
    return corrected.clip(max=1)


def compared(study: Study) -> Compared:
    return STUDY_PRESETS[study.name].compared if is_preset(study) else "best"


def _pairs(findings: Findings) -> list[tuple[str, str]]:
    labels = [cell.label for cell in findings.study.cells]
    how = compared(findings.study)
    if how == "steps":
        return [(label, before) for before, label in itertools.pairwise(labels)]
    if how == "all":
        return list(itertools.combinations(labels, 2))
    top = best(findings)
    return [(top.label, label) for label in labels if label != top.label] if top else []
