"""Images in, ten probabilities each out."""

import pytest
import torch

from lenet.config import Config
from lenet.evaluation import predict as prediction
from lenet.evaluation.predict import predict
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input
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


@pytest.mark.parametrize(
    "values",
    [
        {"views": "mirror_shift"},
        {"preset": "classic"},
        {"preset": "post"},
        {"input_size": 32, "padding": 0, "fit": "resize", "activation": "tanh"},
    ],
    ids=str,
)
def test_is_what_the_plain_network_says(
    values: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers, small batches and the layout in memory change nothing but the time."""
    checkpoint = snapshot_of(trained(small_config(**values, epochs=1)))
    images = small_split().images
    with torch.inference_mode():
        plain = checkpoint.model().probabilities(to_input(images, checkpoint.config))
    for workers in (1, 3):
        monkeypatch.setattr(prediction, "WORKERS", workers)
        monkeypatch.setattr(prediction, "BATCH", 33)
        assert torch.allclose(predict(checkpoint, images), plain, rtol=0, atol=1e-5)


def test_failure_in_a_worker_is_the_caller_s(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(prediction, "to_input", fail)
    with pytest.raises(ZeroDivisionError):
        predict(trained_checkpoint, small_split().images)


def test_who_gives_up_does_not_wait_for_the_rest(
    trained_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def counted(batch: torch.Tensor, config: Config) -> torch.Tensor:
        seen.append(len(batch))
        return to_input(batch, config)

    def give_up(_: float) -> None:
        raise InterruptedError

    monkeypatch.setattr(prediction, "to_input", counted)
    monkeypatch.setattr(prediction, "BATCH", 1)
    monkeypatch.setattr(prediction, "WORKERS", 1)
    with pytest.raises(InterruptedError):
        predict(trained_checkpoint, small_split().images, give_up)
    assert len(seen) < 200


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
