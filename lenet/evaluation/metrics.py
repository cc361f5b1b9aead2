"""What checkpoints are worth on a whole split; the figures are scikit-learn's and SciPy's."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lenet.data.splits import Split
from lenet.evaluation.predict import predict
from lenet.network.checkpoint import Checkpoint

CLASSES = range(10)
CONFIDENCE_BINS = 15
"""Of the calibration error, as in Guo et al. 2017, "On calibration of modern neural networks"."""


@dataclass(frozen=True)
class ClassReport:
    """How one class fares: shares between 0 and 1, and the number of its images."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Pair:
    """So many images of the class `truth` were taken for `prediction`."""

    truth: int
    prediction: int
    count: int


@dataclass(frozen=True)
class Reliability:
    """How often the network is right when it is so sure, in `CONFIDENCE_BINS` equal bins.

    Each (15,): the number of images, int64; their mean confidence and the share that is right,
    float64, NaN in an empty bin.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """A checkpoint's `probabilities`, (N, 10) float32, for a split with `targets`, (N,) int64.

    `parameters` are the network's trainable weights, `seconds` is the time that it took.
    """

    probabilities: NDArray[np.float32]
    targets: NDArray[np.int64]
    parameters: int
    seconds: float

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """(N,) int64: the most probable class of each image."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """(N,) float32: the probability of each prediction."""
        return np.asarray(self.probabilities.max(axis=1), np.float32)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(N,) bool: whether each prediction is the truth."""
        return np.asarray(self.predictions == self.targets, np.bool_)

    @property
    def images_per_second(self) -> float:
        return len(self.targets) / self.seconds

    @cached_property
    def accuracy(self) -> float:
        return float(self.right.mean())

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy (Wilson 1927)."""
        from scipy.stats import binomtest

        found = binomtest(int(self.right.sum()), len(self.targets)).proportion_ci(method="wilson")
        return float(found.low), float(found.high)

    @cached_property
    def macro_f1(self) -> float:
        return float(np.mean([report.f1 for report in self.classes]))

    @cached_property
    def loss(self) -> float:
        """The mean negative log-likelihood of the truth, in nats."""
        from sklearn import metrics  # slow to import

        shares = self.probabilities.astype(np.float64)
        shares /= shares.sum(axis=1, keepdims=True)  # they are to sum to 1 in float64 too
        return float(metrics.log_loss(self.targets, shares, labels=CLASSES))

    @cached_property
    def reliability(self) -> Reliability:
        from scipy.stats import binned_statistic

        values = (self.confidence.astype(np.float64), self.right.astype(np.float64))
        bins = {"bins": CONFIDENCE_BINS, "range": (0, 1)}
        means = binned_statistic(values[0], values, "mean", **bins).statistic
        counts = binned_statistic(values[0], values[0], "count", **bins).statistic
        return Reliability(counts.astype(np.int64), *means)

    @cached_property
    def calibration_error(self) -> float:
        """The mean gap of confidence and accuracy in the bins (Guo et al. 2017, eq. 3)."""
        bins = self.reliability
        gaps = np.abs(bins.accuracy - bins.confidence)
        return float(np.nansum(gaps * bins.counts) / bins.counts.sum())

    @cached_property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """(10, 10) int64: images of the row's class that were taken for the column's."""
        from sklearn import metrics

        counts = metrics.confusion_matrix(self.targets, self.predictions, labels=CLASSES)
        return np.asarray(counts, np.int64)

    @cached_property
    def classes(self) -> list[ClassReport]:
        from sklearn import metrics

        columns = metrics.precision_recall_fscore_support(
            self.targets, self.predictions, labels=CLASSES, zero_division=0
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [ClassReport(*row) for row in rows]

    @cached_property
    def confused_pairs(self) -> list[Pair]:
        """Every truth and the wrong prediction for it that occurs, the most frequent first."""
        wrong = self.confusion_matrix * ~np.eye(len(CLASSES), dtype=bool)
        cells = zip(*wrong.nonzero(), strict=True)
        pairs = [Pair(int(t), int(p), int(wrong[t, p])) for t, p in cells]
        return sorted(pairs, key=lambda pair: pair.count, reverse=True)

    def confused_with(self, truth: int) -> int | None:
        """The class that images of the class `truth` are most often taken for wrongly."""
        return next((pair.prediction for pair in self.confused_pairs if pair.truth == truth), None)

    def cell(self, truth: int, prediction: int) -> NDArray[np.int64]:
        """Indices of the images in a cell of the confusion matrix, the surest answer first."""
        return self.surest((self.targets == truth) & (self.predictions == prediction))

    @cached_property
    def mistakes(self) -> NDArray[np.int64]:
        """Indices of the images that are taken for something else, the surest answer first."""
        return self.surest(~self.right)

    def surest(self, among: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Indices of the images marked in `among`, (N,), by falling confidence."""
        index = among.nonzero()[0]
        return np.asarray(index[np.argsort(-self.confidence[index], kind="stable")], np.int64)

    @cached_property
    def clustered(self) -> list[int]:
        """The classes in an order that puts together those that are confused.

        Average linkage, its leaves ordered optimally (Bar-Joseph et al. 2001).
        """
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import squareform

        shares = self.confusion_matrix / np.maximum(1, self.confusion_matrix.sum(1, keepdims=True))
        apart = 1 - (shares + shares.T) / 2
        np.fill_diagonal(apart, 0)
        tree = linkage(squareform(apart), method="average", optimal_ordering=True)
        return [int(leaf) for leaf in leaves_list(tree)]


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


def evaluate(
    checkpoint: Checkpoint, split: Split, progress: Callable[[float], None] | None = None
) -> Evaluation:
    """Let a checkpoint classify every image of a split; see `predict` for `progress`."""
    began = time.perf_counter()
    probabilities = predict(checkpoint, split.images, progress)
    seconds = time.perf_counter() - began
    parameters = sum(layer.parameters for layer in checkpoint.config.layers())
    return Evaluation(probabilities.numpy(), split.labels.numpy(), parameters, seconds)
