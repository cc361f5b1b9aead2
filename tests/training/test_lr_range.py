"""Looking for a learning rate: what is tried, and what is suggested."""

from itertools import pairwise

import pytest

from lenet.config import MAX_LR
from lenet.errors import ConfigError
from lenet.training.lr_range import LOWEST, STEPS, find_lr
from tests.small import refused, small_config, small_split


@pytest.mark.parametrize("optimizer", ["muon", "adam", "sgd"])
def test_rates_rise_by_the_same_factor_until_the_loss_bursts(optimizer: str) -> None:
    found = find_lr(small_config(optimizer=optimizer, val_size=0), small_split())
    assert found == find_lr(small_config(optimizer=optimizer, val_size=0), small_split())
    assert len(found.lrs) == len(found.losses) <= STEPS
    assert found.lrs[0] == LOWEST
    factors = {round(after / before, 6) for before, after in pairwise(found.lrs)}
    assert len(factors) == 1
    assert found.lrs[-1] <= MAX_LR
    lowest = found.lrs[found.losses.index(min(found.losses))]
    assert LOWEST <= found.suggestion < lowest
    assert min(found.losses) < found.losses[0]


def test_adam_is_given_a_lower_one_than_sgd() -> None:
    adam, sgd = (
        find_lr(small_config(optimizer=name), small_split()).suggestion for name in ("adam", "sgd")
    )
    assert adam < sgd


def test_what_cannot_be_trained_is_refused() -> None:
    with refused(ConfigError, "batch_size 5000 is larger"):
        find_lr(small_config(batch_size=5000), small_split())
