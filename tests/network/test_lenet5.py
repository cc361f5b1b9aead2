"""The network: its parameters and shapes, its switches, its initial weights."""

import copy
import math
import random
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.catalog import SOFTMAX_FLOOR
from lenet.config import ModelConfig
from lenet.geometry import feasible_layers
from lenet.network.backprop import Backprop
from lenet.network.fused_stage import Conv2d
from lenet.network.lenet5 import LeNet5

LABELS = torch.arange(8)
ACTIVATIONS: dict[str, Any] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.25 * x),
    "sigmoid": torch.sigmoid,
}
POOLINGS: dict[str, Any] = {"max": F.max_pool2d, "average": F.avg_pool2d}


def network(**values: Any) -> LeNet5:
    torch.manual_seed(0)
    return LeNet5(ModelConfig(**values))


def noise(model: LeNet5, count: int = 8) -> Tensor:
    size = model.config.input_size
    return torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(1))


def random_geometries(count: int) -> list[dict[str, Any]]:
    """Feasible settings of every switch that shapes the network, the same ones each time."""
    pick = random.Random(5)
    found: list[dict[str, Any]] = []
    while len(found) < count:
        shape: dict[str, Any] = {
            "input_size": pick.randint(8, 64),
            "kernel_size": pick.randint(1, 11),
            "padding": pick.randint(0, 5),
            "pool2": pick.random() < 0.5,
            "batch_norm": pick.random() < 0.5,
        }
        if feasible_layers({**shape, "conv2_kernel": 0})[1] is None:
            pooling, activation = pick.choice([*POOLINGS]), pick.choice([*ACTIVATIONS])
            found.append({**shape, "pooling": pooling, "activation": activation})
    return found


def describe(values: dict[str, Any]) -> str:
    return "-".join(map(str, values.values()))


@pytest.mark.parametrize("values", random_geometries(40), ids=describe)
def test_geometry_agrees_with_the_real_network_layer_by_layer(values: dict[str, Any]) -> None:
    model = network(**values).eval()  # a training takes a short cut past some modules
    seen: dict[str, tuple[int, ...]] = {}
    for name, module in model.named_children():
        module.register_forward_hook(
            lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])})
        )
    out = model(noise(model, count=2))
    assert out.shape == (2, 10)
    layers = model.config.layers()
    weighted = {name.partition(".")[0] for name, _ in model.named_parameters()}
    assert weighted == {layer.name for layer in layers if layer.parameters}
    for layer in layers:
        module = model.get_submodule(layer.name)
        assert sum(part.numel() for part in module.parameters()) == layer.parameters, layer.name
        if layer.name.startswith("bn") or layer.parameters:
            assert seen[layer.name] == layer.output_shape, layer.name
        else:
            # Activation and pooling may change places, but not what comes out of both.
            assert seen[layer.name][-1] == layer.output_shape[-1], layer.name


def in_plain_order(model: LeNet5, x: Tensor) -> Tensor:
    """Convolution, batch norm, activation, pooling, as the diagram of LeNet-5 has them."""
    activation = ACTIVATIONS[model.config.activation]
    pool = POOLINGS[model.config.pooling]
    for at in range(3):
        x = model.get_submodule(f"conv{at}")(x)
        x = activation(model.get_submodule(f"bn{at}")(x))
        if at < 2 or model.config.pool2:
            x = pool(x, 2)
    return model.fc4(activation(model.fc3(x.flatten(1))))


GEOMETRIES: dict[str, dict[str, Any]] = {
    "28x28 padded": {},
    "32x32": {"input_size": 32, "padding": 0},
    "kernel 3, three poolings": {"kernel_size": 3, "pool2": True},
    "kernel 4": {"kernel_size": 4, "padding": 1},
    "28x28 unpadded, another kernel for conv2": {"padding": 0, "conv2_kernel": 4},
    "pooling leaves a row out": {"input_size": 29},
}


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("kind", "error"), [(torch.float32, 1e-5), (torch.float64, 1e-11)])
def test_every_quick_way_gives_what_the_plain_order_gives(
    activation: str, pooling: str, geometry: str, batch_norm: bool, kind: torch.dtype, error: float
) -> None:
    """Allowed is an error of so much of the largest value."""
    values = {"activation": activation, "pooling": pooling, "batch_norm": batch_norm}
    model = network(**values, negative_slope=0.25, **GEOMETRIES[geometry]).to(kind)
    images = noise(model).to(kind)
    if kind == torch.float64:  # rounding would count for more in single precision
        images[:, :, :12] = 0  # as the background of a photograph: many values are equal
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, -1, 1)  # of either sign
                nn.init.normal_(module.bias)
    by_hand, plain = copy.deepcopy(model), copy.deepcopy(model).double()

    out, expected = model(images), in_plain_order(plain, images.double())
    loss = F.cross_entropy(expected, LABELS)
    loss.backward()
    F.cross_entropy(out, LABELS).backward()
    assert_close(out.detach(), expected.detach(), error)
    assert_alike(model, plain, error)

    backprop, averages = Backprop(by_hand, label_smoothing=0.0), copy.deepcopy(by_hand.state_dict())
    backprop(images[:5], LABELS[:5])  # what is left of a step does not show in the next one
    by_hand.load_state_dict(averages)
    assert_close(backprop(images, LABELS), loss.detach(), error)
    assert_alike(by_hand, plain, error)

    plain.load_state_dict(model.state_dict())
    with torch.inference_mode():
        assert_close(model.folded()(images), in_plain_order(plain.eval(), images.double()), error)
    assert model.training


@pytest.mark.parametrize(
    "values",
    [
        *GEOMETRIES.values(),
        {"dropout": 0.4},
        {"softmax": True},
        {"softmax": True, "kernel_size": 3, "padding": 0, "pool2": True, "dropout": 0.3},
        {"input_size": 64, "pooling": "average", "dropout": 0.2},
    ],
    ids=describe,
)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("processor", ["AVX512", "AVX2"])
def test_gradients_by_hand_are_autograds(
    values: dict[str, Any], smoothing: float, processor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lenet.network.fused_stage.get_cpu_capability", lambda: processor)
    model = network(**values).double()
    plain, images = copy.deepcopy(model), noise(model).double()
    torch.manual_seed(3)
    loss = Backprop(model, smoothing)(images, LABELS)
    torch.manual_seed(3)  # drops the same features
    expected = F.cross_entropy(plain(images), LABELS, label_smoothing=smoothing)
    expected.backward()
    assert_close(loss, expected.detach(), 1e-11)
    assert_alike(model, plain, 1e-11)


def assert_alike(model: LeNet5, plain: LeNet5, error: float) -> None:
    """Both have the same gradients and the same running averages."""
    for (name, mine), theirs in zip(model.named_parameters(), plain.parameters(), strict=True):
        assert mine.grad is not None, name
        assert theirs.grad is not None, name
        assert mine.grad.stride() == mine.stride(), f"{name}: a fused optimizer would mix it up"
        assert_close(mine.grad, theirs.grad, error, name)
    for (name, buffer), other in zip(model.named_buffers(), plain.buffers(), strict=True):
        assert_close(buffer, other, error, name)


def assert_close(ours: Tensor, others: Tensor, error: float, name: str = "") -> None:
    assert ours.shape == others.shape, name
    assert float((ours - others).abs().max()) <= error * max(1.0, float(others.abs().max())), name


def test_xavier_keeps_its_bounds_and_fills_them() -> None:
    model = network(init="xavier_uniform")
    for name in ("conv0", "conv1", "conv2", "fc3", "fc4"):
        weight = model.get_parameter(f"{name}.weight")
        receptive = weight[0, 0].numel()  # 1 for a linear layer
        fan_in, fan_out = weight.shape[1] * receptive, weight.shape[0] * receptive
        bound = math.sqrt(6 / (fan_in + fan_out))  # Glorot & Bengio 2010, eq. 16
        assert 0.9 * bound < weight.abs().max() <= bound, name
        assert abs(weight.mean()) < 0.1 * bound, name


def test_default_weights_are_pytorchs_own() -> None:
    model = network(init="default")
    torch.manual_seed(0)
    assert torch.equal(model.conv0.weight, nn.Conv2d(1, 6, 5).weight)
    assert not torch.equal(model.conv0.weight, network().conv0.weight)


@pytest.mark.parametrize("input_size", [28, 32])
def test_a_softmax_keeps_the_loss_above_its_floor(input_size: int) -> None:
    losses = {}
    for softmax in (False, True):
        model = network(softmax=softmax, input_size=input_size).eval()
        with torch.no_grad():
            model.fc4.weight *= 1e5  # as sure of its answers as can be
            out = model(noise(model))
            losses[softmax] = F.cross_entropy(out, out.argmax(1)).item()
    assert losses[True] == pytest.approx(SOFTMAX_FLOOR, abs=1e-4)
    assert losses[True] == pytest.approx(1.4612, abs=1e-4)
    assert losses[False] < 1e-3


def test_probabilities_apply_the_softmax_once() -> None:
    plain, soft = network().eval(), network(softmax=True).eval()
    soft.load_state_dict(plain.state_dict())
    x = noise(plain)
    expected = F.softmax(plain(x), dim=1)
    assert torch.allclose(plain.probabilities(x), expected)
    assert torch.allclose(soft.probabilities(x), expected)


def test_dropout_drops_its_share_of_fc3() -> None:
    model = network(dropout=0.3, activation="tanh")
    seen: list[Tensor] = []
    model.fc4.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(noise(model, count=200))
    assert seen[0].shape == (200, 84)
    assert (seen[0] == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(("kernel", "padding", "side"), [(5, 2, 28), (3, 0, 7), (5, 0, 5)])
def test_the_product_over_patches_is_the_convolution(kernel: int, padding: int, side: int) -> None:
    torch.manual_seed(0)
    conv, x = Conv2d(3, 4, kernel, padding=padding), torch.randn(2, 3, side, side)
    weight = conv.weight
    found = conv._over_patches(x)
    expected = F.conv2d(x, weight, conv.bias, padding=padding)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    gradients = [torch.autograd.grad(y.square().sum(), weight)[0] for y in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-4)
