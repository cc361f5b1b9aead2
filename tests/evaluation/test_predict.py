"""Images in, ten probabilities each out."""

from unittest.mock import Mock

import pytest
import torch

from lenet.evaluation import predict as prediction
from lenet.evaluation.predict import predict
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
from tests.small import raising, small_config, small_split, snapshot_of, trained


@pytest.mark.parametrize(
    "values",
    [
        {"views": "mirror_shift"},
        {"preset": "classic", "dropout": 0.5},
        {"preset": "post"},
        {"input_size": 32, "padding": 0, "fit": "resize", "activation": "tanh"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("workers", "batch"), [(1, 33), (3, 33), (3, 7)])
def test_is_what_the_plain_network_says(
    values: dict[str, object], workers: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers, small batches and the layout in memory change nothing but the time."""
    checkpoint = snapshot_of(trained(small_config(**values, epochs=1)))
    images = small_split().images
    with torch.inference_mode():
        plain = checkpoint.model().probabilities(to_input(images, checkpoint.config))
    monkeypatch.setattr(prediction, "WORKERS", workers)
    monkeypatch.setattr(prediction, "BATCH", batch)
    assert torch.allclose(predict(checkpoint, images), plain, rtol=0, atol=1e-5)


def test_failure_in_a_worker_is_the_caller_s(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "to_input", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        predict(trained_checkpoint, small_split().images)


def test_who_gives_up_does_not_wait_for_the_rest(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "to_input", counted := Mock(wraps=to_input))
    monkeypatch.setattr(prediction, "BATCH", 1)
    monkeypatch.setattr(prediction, "WORKERS", 1)
    with pytest.raises(InterruptedError):
        predict(trained_checkpoint, small_split().images, raising(InterruptedError()))
    assert counted.call_count < 200


def test_no_image_no_answer(trained_checkpoint: Checkpoint) -> None:
    assert predict(trained_checkpoint, torch.empty(0, 28, 28, dtype=torch.uint8)).shape == (0, 10)


def test_progress_rises_to_one(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "BATCH", 25)
    told: list[float] = []
    predict(trained_checkpoint, small_split("test").images, told.append)
    assert told == pytest.approx([25 / 60, 50 / 60, 1])
