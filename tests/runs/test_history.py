"""What is told of a run's figures while they come."""

from typing import Any

from lenet.runs.history import History


def accuracy(step: int, value: float | None) -> dict[str, Any]:
    return {"step": step, "val_accuracy": value}


def test_the_newest_accuracy_is_that_of_a_probe_until_an_epoch_ends() -> None:
    assert History().newest_accuracy is None
    probes = [accuracy(20, 0.7), accuracy(40, 0.8)]
    assert History(probes=probes).newest_accuracy == 0.8
    assert History(epochs=[accuracy(50, 0.75)], probes=probes).newest_accuracy == 0.75
    at_the_end = [*probes, accuracy(50, 0.9)]
    assert History(epochs=[accuracy(50, 0.75)], probes=at_the_end).newest_accuracy == 0.75


def test_there_is_none_where_nothing_is_held_back() -> None:
    assert History(epochs=[accuracy(50, None)], probes=[accuracy(40, None)]).newest_accuracy is None
