"""Which checkpoints of a run stay, and from which a training can go on."""

import pytest

from lenet.network import checkpoint
from lenet.runs.history import read_history
from lenet.runs.run import Run
from tests.small import resume, same_weights, small_config, stop_at, train, trained

pytestmark = pytest.mark.usefixtures("small_dataset")


def resumable(run: Run) -> list[int]:
    """The epochs from whose checkpoints a training can go on."""
    files = run.checkpoints().items()
    return [epoch for epoch, path in files if checkpoint.load(path).training]


def test_last_two_epochs_alone_keep_the_state_of_the_training(run: Run) -> None:
    train(run, small_config(epochs=4))
    assert list(run.checkpoints()) == [1, 2, 3, 4]
    assert resumable(run) == [3, 4]
    early, late = (run.epoch_checkpoint(epoch).stat().st_size for epoch in (2, 4))
    assert early < 0.7 * late
    after_one = checkpoint.load(run.epoch_checkpoint(1))
    assert after_one.metrics["epoch"] == 1
    second = Run(run.folder.with_name("second"))
    train(second, small_config(epochs=4), stop_at(8, second))
    assert same_weights(after_one.model(), checkpoint.load(second.stopped_checkpoint).model())


def test_state_stays_until_two_newer_files_are_whole(run: Run) -> None:
    train(run, small_config(epochs=4), stop_at(27, run))
    run.epoch_checkpoint(3).write_bytes(b"torn")
    resume(run)
    run.epoch_checkpoint(3).unlink()
    assert resumable(run) == [2, 4]


@pytest.mark.slow
def test_newest_and_the_best_are_kept(run: Run) -> None:
    config = small_config(epochs=7, keep_checkpoints=3)
    train(run, config, stop_at(30, run))
    assert {2, 3} <= set(run.checkpoints())
    resume(run)
    accuracies = read_history(run.metrics_file).accuracies()
    best = 1 + accuracies.index(max(accuracies))
    assert list(run.checkpoints()) == sorted({best, 5, 6, 7})
    assert same_weights(checkpoint.load(run.epoch_checkpoint(7)).model(), trained(config).model)
