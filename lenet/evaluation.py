"""What a checkpoint is worth on a whole split, every number from its predictions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from lenet.checkpoint import Checkpoint
from lenet.data import Split
from lenet.prediction import predict

CLASSES = range(10)


@dataclass(frozen=True)
class ClassReport:
    """How one class fares: shares between 0 and 1, and the number of its images."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Evaluation:
    """A checkpoint's answers to a split.

    `probabilities` is (N, 10) float32, `targets` (N,) int64; `seconds` is the time that
    the network took. All figures are scikit-learn's.
    """

    probabilities: NDArray[np.float32]
    targets: NDArray[np.int64]
    parameters: int
    seconds: float

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """(N,) int64: the most probable class of each image."""
        found: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return found

    @cached_property
    def accuracy(self) -> float:
        return float(metrics.accuracy_score(self.targets, self.predictions))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy (Wilson 1927), from SciPy."""
        from scipy.stats import binomtest

        right = int((self.predictions == self.targets).sum())
        found = binomtest(right, len(self.targets)).proportion_ci(method="wilson")
        return float(found.low), float(found.high)

    @cached_property
    def macro_f1(self) -> float:
        return float(np.mean([report.f1 for report in self.classes]))

    @cached_property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """(10, 10) int64: images of the row's class that were taken for the column's."""
        counts: NDArray[np.int64] = metrics.confusion_matrix(
            self.targets, self.predictions, labels=CLASSES
        )
        return counts

    @cached_property
    def classes(self) -> list[ClassReport]:
        columns = metrics.precision_recall_fscore_support(
            self.targets, self.predictions, labels=CLASSES, zero_division=0
        )
        return [
            ClassReport(float(p), float(r), float(f), int(n))
            for p, r, f, n in zip(*columns, strict=True)
        ]


def evaluate(
    checkpoint: Checkpoint, split: Split, progress: Callable[[float], None] | None = None
) -> Evaluation:
    """Let a checkpoint classify every image of a split; see `predict` for `progress`."""
    began = time.perf_counter()
    probabilities = predict(checkpoint, split.images, progress)
    seconds = time.perf_counter() - began
    return Evaluation(probabilities.numpy(), split.labels.numpy(), parameters(checkpoint), seconds)


def parameters(checkpoint: Checkpoint) -> int:
    """Trainable weights of the network."""
    return sum(layer.parameters for layer in checkpoint.config.layers())
