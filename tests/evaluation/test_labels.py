"""Labels that may be wrong, found again by loops over the definition."""

from unittest.mock import Mock

import numpy as np
import pytest
from torch import Tensor

from lenet.config import Config
from lenet.data.splits import Split
from lenet.evaluation import labels
from lenet.evaluation import predict as prediction
from lenet.evaluation.labels import candidates, cross_validated
from lenet.training.trainer import Trainer
from tests.small import small_config, small_split


def by_loops(shares: np.ndarray, given: np.ndarray) -> dict[int, int]:
    """Each image off the diagonal of the confident joint, and its class there."""
    limits = {
        k: sum(row[k] for row, label in zip(shares, given, strict=True) if label == k)
        / sum(1 for label in given if label == k)
        for k in set(given.tolist())
    }
    found = {}
    for at, row in enumerate(shares):
        confident = [k for k, limit in limits.items() if row[k] >= limit]
        if confident:
            best = max(confident, key=lambda k: row[k])
            if best != given[at]:
                found[at] = best
    return found


@pytest.mark.parametrize("classes", [10, 7])
def test_candidates_are_off_the_diagonal_of_the_confident_joint(classes: int) -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, classes, 600)
    logits = 2 * generator.normal(size=(600, 10))
    logits[range(600), truth] += 8
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    given = truth.copy()
    wrong = generator.choice(600, 40, replace=False)
    given[wrong] = (truth[wrong] + 1) % classes

    index, suggested = candidates(shares, given)

    expected = by_loops(shares, given)
    assert dict(zip(index.tolist(), suggested.tolist(), strict=True)) == expected
    assert len(expected) > 20
    gaps = [shares[at, given[at]] - shares[at, expected[at]] for at in index]
    assert gaps == sorted(gaps)
    assert len(set(index[:40]) & set(wrong)) > 25  # most of the clearest ones are those


def test_each_image_is_judged_by_a_network_that_has_not_seen_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = small_split()
    seen: list[set[int]] = []
    numbered = {image.numpy().tobytes(): at for at, image in enumerate(data.images)}

    def numbers(images: Tensor) -> set[int]:
        return {numbered[image.numpy().tobytes()] for image in images}

    def training(config: Config, split: Split) -> Trainer:
        seen.append(numbers(split.images))
        return Trainer(config, split)

    predict = Mock(wraps=prediction.predict)
    monkeypatch.setattr(labels, "Trainer", training)
    monkeypatch.setattr(labels, "predict", predict)

    shares = cross_validated(small_config(val_size=0, augment="none"), data)

    assert np.allclose(shares.sum(1), 1, atol=1e-5)
    judged = [numbers(call.args[1]) for call in predict.call_args_list]
    for trained, held in zip(seen, judged, strict=True):
        assert not trained & held
        assert len(trained | held) == len(numbered)
    assert len(set.union(*judged)) == len(numbered)
    assert (shares.argmax(1) == data.labels.numpy()).mean() > 0.6
    told = [int(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert told == sorted(told)
    assert told[-1] == 100
