"""An evaluation as files."""

import csv
import io
import json

import numpy as np
import pytest

from lenet.evaluation import report
from lenet.evaluation.metrics import Evaluation

CLASSES = tuple("abcdefghij")


@pytest.fixture
def found() -> Evaluation:
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.full(10, 0.3), size=50).astype(np.float32)
    return Evaluation(shares, generator.integers(0, 10, 50), parameters=7, seconds=2.0)


def test_figures_survive_json(found: Evaluation) -> None:
    figures = json.loads(json.dumps(report.figures(found)))
    assert figures["accuracy"] == found.accuracy
    assert figures["interval"] == list(found.interval)
    assert figures["loss"] == found.loss
    assert figures["calibration_error"] == found.calibration_error
    assert figures["parameters"] == 7
    assert figures["images_per_second"] == 25
    assert np.array_equal(figures["confusion_matrix"], found.confusion_matrix)
    assert [each["f1"] for each in figures["classes"]] == [each.f1 for each in found.classes]


def test_table_has_every_answer_to_the_last_bit(found: Evaluation) -> None:
    rows = list(csv.DictReader(io.StringIO(report.table(found, CLASSES))))
    assert [int(row["index"]) for row in rows] == list(range(50))
    assert [row["target"] for row in rows] == [CLASSES[label] for label in found.targets]
    assert [row["prediction"] for row in rows] == [CLASSES[label] for label in found.predictions]
    shares = np.array([[row[name] for name in CLASSES] for row in rows], dtype=np.float32)
    assert np.array_equal(shares, found.probabilities)
