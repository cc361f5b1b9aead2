"""Probabilities that mean what they say."""

from dataclasses import replace

import pytest
import torch

from lenet.data.splits import Split
from lenet.evaluation.model_card import calibrated, temperature
from lenet.evaluation.predict import predict
from lenet.network.checkpoint import Checkpoint
from tests.small import small_split


@pytest.mark.parametrize("values", [{}, {"softmax": True}], ids=str)
@pytest.mark.parametrize("factor", [0.3, 4.0])
def test_a_network_too_sure_or_not_sure_enough_is_mended(
    factor: float, values: dict[str, object], trained_checkpoint: Checkpoint
) -> None:
    """Three of ten labels are wrong, so that no probability above 0.7 is true."""
    images, labels = small_split("test")
    noisy = Split(
        images, torch.where(torch.arange(len(labels)) % 10 < 3, (labels + 1) % 10, labels)
    )
    config = trained_checkpoint.config.model_copy(update=values)
    network = replace(trained_checkpoint, config=config)
    found = temperature(network, noisy)
    spoilt = calibrated(network, 1 / factor)
    assert temperature(spoilt, noisy) == pytest.approx(found * factor, rel=0.02)
    mended = calibrated(spoilt, found * factor)
    assert torch.allclose(
        predict(mended, images), predict(calibrated(network, found), images), atol=1e-3
    )
    assert predict(mended, images).max(1).values.mean() == pytest.approx(0.7, abs=0.1)
