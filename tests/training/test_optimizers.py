"""The optimizers do what torch's do, without what makes torch's slow to start."""

import pytest
import torch

from lenet.config import build_config
from lenet.network.lenet5 import LeNet5
from lenet.training.optimizers import make_optimizer

TORCHS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


@pytest.mark.parametrize("name", TORCHS)
def test_steps_are_torch_s(name: str) -> None:
    values = {"optimizer": name, "momentum": 0.8, "weight_decay": 0.01, "lr": 0.01}
    config = build_config(values)
    weights = []
    for ours in (True, False):
        torch.manual_seed(0)
        model = LeNet5(config)
        common = {"lr": 0.01, "weight_decay": 0.01, "fused": True}
        if name == "sgd":
            common |= {"momentum": 0.8, "nesterov": config.nesterov}
        optimizer = (
            make_optimizer(model, config) if ours else TORCHS[name](model.parameters(), **common)
        )
        for _ in range(3):
            model.zero_grad()
            model(torch.randn(8, 1, 28, 28)).square().sum().backward()
            optimizer.step()
        weights.append([weight.detach().clone() for weight in model.parameters()])
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*weights, strict=True))
