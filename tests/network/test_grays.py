"""The grays of the layers against the layers themselves."""

from typing import Any

import numpy as np
import pytest
import torch

from lenet.config import build_config
from lenet.explain.activations import layer_outputs
from lenet.network.grays import grays
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5
from lenet.runs.moments import record

OTHER: dict[str, Any] = {"input_size": 32, "kernel_size": 3, "padding": 1, "pool2": True}
OTHER |= {"batch_norm": False, "activation": "tanh", "pooling": "average"}


@pytest.mark.parametrize("changed", [{}, OTHER], ids=["default", "other"])
def test_grays_are_those_of_the_layers(changed: dict[str, Any]) -> None:
    config = build_config(changed)
    torch.manual_seed(3)
    model = LeNet5(config).eval()
    images = torch.randint(0, 256, (10, 28, 28), dtype=torch.uint8)
    x = to_input(images, config)
    found = np.frombuffer(bytes(9) + grays(model, x, config), record(config))[0]
    for name, layer in layer_outputs(model, x[7:8]).items():
        values = layer.values.numpy()
        if name == "input":
            wanted = (values * config.scaling[1] + config.scaling[0]) * 255
        elif name == "fc4":
            wanted = values * 255
        else:
            wanted = 128 + 127 * values / np.abs(values).max()
        assert np.abs(found[name][7] - wanted).max() <= 0.51, name
    kernels = model.conv1.weight.detach().numpy()
    wanted = 128 + 127 * kernels / np.abs(kernels).max()
    assert np.abs(found["filters1"] - wanted).max() <= 0.51
