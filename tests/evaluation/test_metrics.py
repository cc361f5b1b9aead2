"""Figures of a checkpoint, against figures worked out by hand."""

import csv
import io
import json
from dataclasses import astuple

import numpy as np
import pytest
import torch
from torchmetrics.functional import classification as other

from lenet.data.splits import load_split
from lenet.evaluation import report
from lenet.evaluation.metrics import Evaluation, Pair, evaluate
from lenet.network.checkpoint import Checkpoint, load
from lenet.paths import DEFAULT_CHECKPOINT
from tests.small import small_split

# Of class 0 one image is taken for 1, of class 1 one for 2; class 2 is always found.
TARGETS = [0, 0, 0, 0, 1, 1, 2]
CLASSES = "abcdefghij"
ANSWERS = [0, 0, 0, 1, 1, 2, 2]


@pytest.fixture
def found() -> Evaluation:
    probabilities = np.full((7, 10), 0.01, dtype=np.float32)
    probabilities[range(7), ANSWERS] = 0.91
    return Evaluation(probabilities, np.array(TARGETS), parameters=0, seconds=1.0)


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


@pytest.fixture(scope="module")
def random() -> Evaluation:
    """500 answers, of which about 70 % are right, sure and less sure ones."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 10, 500)
    logits = generator.normal(size=(500, 10)) * 2
    logits[range(500), targets] += 4
    shares = torch.from_numpy(logits).softmax(1).float().numpy()
    return Evaluation(shares, targets, parameters=0, seconds=0.25)


def assert_as_others_say(found: Evaluation) -> None:
    """The figures are scikit-learn's and SciPy's; torchmetrics works out its own."""
    answers = shares, targets = (
        torch.from_numpy(found.probabilities),
        torch.from_numpy(found.targets),
    )
    accuracy = other.multiclass_accuracy(*answers, 10, average="micro")
    assert found.accuracy == pytest.approx(accuracy.item())
    f1 = other.multiclass_f1_score(*answers, 10, average="macro")
    assert found.macro_f1 == pytest.approx(f1.item())
    for name in ("precision", "recall", "f1_score"):
        theirs = getattr(other, f"multiclass_{name}")(*answers, 10, average="none")
        ours = [getattr(report, name.removesuffix("_score")) for report in found.classes]
        assert ours == pytest.approx(theirs.tolist())
    matrix = other.multiclass_confusion_matrix(*answers, 10)
    assert np.array_equal(found.confusion_matrix, matrix)
    error = other.multiclass_calibration_error(*answers, 10, n_bins=15)
    # It adds in float32 whatever it is given; over 10,000 images that is off by 6e-6.
    assert found.calibration_error == pytest.approx(error.item(), abs=1e-5)
    loss = torch.nn.functional.nll_loss(shares.double().log(), targets)
    assert found.loss == pytest.approx(loss.item(), rel=1e-5)


def test_figures_are_those_of_other_libraries(random: Evaluation) -> None:
    assert_as_others_say(random)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.usefixtures("real_fashion_mnist")
def test_figures_of_the_shipped_checkpoint_are_too() -> None:
    found = evaluate(load(DEFAULT_CHECKPOINT), load_split("FashionMNIST", "test"))
    assert found.accuracy > 0.9
    assert_as_others_say(found)


@pytest.mark.filterwarnings("error")
def test_loss_of_an_answer_that_excludes_the_truth_is_finite() -> None:
    shares = np.eye(10, dtype=np.float32)[[0, 1]]
    found = Evaluation(shares, np.array([0, 2]), parameters=0, seconds=1.0)
    assert 10 < found.loss < 100


def test_interval_is_wilson_s_formula(random: Evaluation) -> None:
    p, n, z = random.accuracy, 500, 1.959963984540054
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert random.interval == pytest.approx((centre - half, centre + half))


def test_calibration_error_by_hand(found: Evaluation) -> None:
    # All seven answers are 91 % sure, five of them are right.
    assert found.calibration_error == pytest.approx(0.91 - 5 / 7, abs=1e-6)
    assert found.reliability.counts.tolist() == [0] * 13 + [7, 0]
    assert found.reliability.accuracy[13] == pytest.approx(5 / 7)


def test_full_certainty_is_in_the_last_bin() -> None:
    found = Evaluation(np.eye(10, dtype=np.float32), np.arange(10), parameters=0, seconds=1.0)
    assert found.reliability.counts.tolist() == [0] * 14 + [10]
    assert found.calibration_error == 0


def test_confused_pairs_are_the_wrong_cells_by_number(random: Evaluation) -> None:
    pairs = random.confused_pairs
    wrong = random.confusion_matrix - np.diag(np.diag(random.confusion_matrix))
    assert sum(pair.count for pair in pairs) == wrong.sum()
    assert pairs[0].count == wrong.max()
    assert [pair.count for pair in pairs] == sorted((pair.count for pair in pairs), reverse=True)
    for truth in range(10):
        assert wrong[truth, random.confused_with(truth)] == wrong[truth].max()


def test_class_without_a_mistake_is_confused_with_none(found: Evaluation) -> None:
    assert found.confused_pairs == [Pair(0, 1, 1), Pair(1, 2, 1)]
    assert [found.confused_with(label) for label in range(4)] == [1, 2, None, None]


def test_a_cell_holds_its_images_and_mistakes_are_all_the_surest_first(random: Evaluation) -> None:
    truth, prediction, count = astuple(random.confused_pairs[0])
    index = random.cell(truth, prediction)
    assert len(index) == count
    assert set(random.targets[index]) == {truth}
    assert set(random.probabilities[index].argmax(1)) == {prediction}
    assert sorted(random.mistakes) == np.flatnonzero(random.predictions != random.targets).tolist()
    for found in (index, random.mistakes):
        sure = random.probabilities[found].max(1).tolist()
        assert sure == sorted(sure, reverse=True)


def test_clusters_put_side_by_side_what_is_confused() -> None:
    """0 and 5 are confused with each other, and so are 2 and 9; nothing else is."""
    targets = np.repeat(np.arange(10), 4)
    answers = targets.copy()
    for one, other_one in ((0, 5), (5, 0), (2, 9), (9, 2)):
        answers[4 * one] = other_one
    found = Evaluation(np.eye(10, dtype=np.float32)[answers], targets, parameters=0, seconds=1.0)
    order = found.clustered
    assert sorted(order) == list(range(10))
    assert abs(order.index(0) - order.index(5)) == 1
    assert abs(order.index(2) - order.index(9)) == 1


def test_figures_survive_json(random: Evaluation) -> None:
    figures = json.loads(json.dumps(report.figures(random)))
    for name in ("accuracy", "loss", "calibration_error", "parameters"):
        assert figures[name] == getattr(random, name)
    assert figures["interval"] == list(random.interval)
    assert figures["images_per_second"] == 2000
    assert np.array_equal(figures["confusion_matrix"], random.confusion_matrix)
    assert [each["f1"] for each in figures["classes"]] == [each.f1 for each in random.classes]


def test_table_has_every_answer_to_the_last_bit(random: Evaluation) -> None:
    rows = list(csv.DictReader(io.StringIO(report.table(random, CLASSES))))
    assert [int(row["index"]) for row in rows] == list(range(500))
    assert [row["target"] for row in rows] == [CLASSES[label] for label in random.targets]
    assert [row["prediction"] for row in rows] == [CLASSES[label] for label in random.predictions]
    shares = np.array([[row[name] for name in CLASSES] for row in rows], dtype=np.float32)
    assert np.array_equal(shares, random.probabilities)
