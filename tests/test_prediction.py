"""Images in, ten probabilities each out."""

import pytest
import torch

from lenet import prediction
from lenet.checkpoint import Checkpoint
from lenet.prediction import predict
from tests.small import small_config, small_split, snapshot_of, trained


def test_rows_are_probabilities(trained_checkpoint: Checkpoint) -> None:
    rows = predict(trained_checkpoint, small_split("test").images)
    assert rows.shape == (60, 10)
    assert rows.dtype == torch.float32
    assert rows.min() >= 0
    assert torch.allclose(rows.sum(1), torch.ones(60))


def test_trained_network_is_right(trained_checkpoint: Checkpoint) -> None:
    test = small_split("test")
    right = predict(trained_checkpoint, test.images).argmax(1) == test.labels
    assert right.float().mean() > 0.9


def test_images_do_not_depend_on_each_other(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = small_split("test").images
    together = predict(trained_checkpoint, images)
    alone = torch.cat([predict(trained_checkpoint, image[None]) for image in images])
    monkeypatch.setattr(prediction, "BATCH", 7)
    in_batches = predict(trained_checkpoint, images)
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(together, in_batches, atol=1e-6)


def test_softmax_in_the_network_is_not_applied_twice() -> None:
    checkpoint = snapshot_of(trained(small_config(softmax=True, epochs=6, augment="none")))
    rows = predict(checkpoint, small_split().images)
    assert torch.allclose(rows.sum(1), torch.ones(200))
    # A second softmax would leave no probability above e/(e + 9) = 0.232.
    assert rows.max() > 0.5


def test_answer_is_the_same_each_time_in_spite_of_dropout() -> None:
    checkpoint = snapshot_of(trained(small_config(dropout=0.5, epochs=1)))
    images = small_split("test").images
    assert torch.equal(predict(checkpoint, images), predict(checkpoint, images))


def test_no_image_no_answer(trained_checkpoint: Checkpoint) -> None:
    assert predict(trained_checkpoint, torch.empty(0, 28, 28, dtype=torch.uint8)).shape == (0, 10)


def test_images_stay_as_they_are(trained_checkpoint: Checkpoint) -> None:
    images = small_split("test").images.clone()
    predict(trained_checkpoint, images)
    assert torch.equal(images, small_split("test").images)


def test_progress_rises_to_one(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "BATCH", 25)
    told: list[float] = []
    predict(trained_checkpoint, small_split("test").images, told.append)
    assert told == pytest.approx([25 / 60, 50 / 60, 1])
