"""Figures of a checkpoint, against figures worked out by hand."""

import numpy as np
import pytest

from lenet.checkpoint import Checkpoint
from lenet.evaluation import Evaluation, evaluate, parameters
from tests.small import small_split

# Of class 0 one image is taken for 1, of class 1 one for 2; class 2 is always found.
TARGETS = [0, 0, 0, 0, 1, 1, 2]
ANSWERS = [0, 0, 0, 1, 1, 2, 2]


@pytest.fixture
def found() -> Evaluation:
    probabilities = np.full((7, 10), 0.01, dtype=np.float32)
    probabilities[range(7), ANSWERS] = 0.91
    return Evaluation(probabilities, np.array(TARGETS), parameters=0, seconds=1.0)


def test_predictions_are_the_most_probable(found: Evaluation) -> None:
    assert found.predictions.tolist() == ANSWERS


def test_accuracy(found: Evaluation) -> None:
    assert found.accuracy == pytest.approx(5 / 7)
    assert isinstance(found.accuracy, float)


def test_confusion_matrix_has_the_truth_in_its_rows(found: Evaluation) -> None:
    expected = np.zeros((10, 10), dtype=int)
    expected[0, 0], expected[0, 1] = 3, 1
    expected[1, 1], expected[1, 2] = 1, 1
    expected[2, 2] = 1
    assert np.array_equal(found.confusion_matrix, expected)


def test_figures_of_each_class(found: Evaluation) -> None:
    zero, one, two, *others = found.classes
    assert (zero.precision, zero.recall, zero.support) == (1, 0.75, 4)
    assert (one.precision, one.recall, one.support) == (0.5, 0.5, 2)
    assert (two.precision, two.recall, two.support) == (0.5, 1, 1)
    assert [zero.f1, one.f1, two.f1] == pytest.approx([6 / 7, 1 / 2, 2 / 3])
    assert len(others) == 7


@pytest.mark.filterwarnings("error")
def test_class_that_never_occurs_counts_as_zero(found: Evaluation) -> None:
    assert vars(found.classes[9]) == {"precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert found.macro_f1 == pytest.approx((6 / 7 + 1 / 2 + 2 / 3) / 10)


def test_checkpoint_on_a_split(trained_checkpoint: Checkpoint) -> None:
    told: list[float] = []
    test = small_split("test")
    found = evaluate(trained_checkpoint, test, told.append)
    assert found.probabilities.shape == (60, 10)
    assert np.array_equal(found.targets, test.labels)
    assert found.accuracy > 0.9
    assert found.confusion_matrix.sum() == 60
    assert found.confusion_matrix.trace() == round(found.accuracy * 60)
    assert [report.support for report in found.classes] == [6] * 10
    assert told[-1] == 1
    assert found.seconds > 0


def test_parameters_are_those_of_the_network(trained_checkpoint: Checkpoint) -> None:
    real = sum(part.numel() for part in trained_checkpoint.model().parameters())
    assert parameters(trained_checkpoint) == real == 61_990
