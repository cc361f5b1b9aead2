"""What the Inside page shows, against the network itself and against other ways to compute it."""

import itertools
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.config import Config, build_config
from lenet.evaluation.predict import predict
from lenet.explain.activations import LayerOutput, layer_outputs
from lenet.explain.arithmetic import Parts, parts
from lenet.explain.attribution import integrated_gradients
from lenet.explain.receptive_field import fields
from lenet.network.checkpoint import Checkpoint, snapshot
from lenet.network.inputs import to_input
from lenet.network.lenet5 import LeNet5
from tests.receptive import window
from tests.small import small_split

GEOMETRIES: dict[str, dict[str, Any]] = {
    "32x32 k5": {"input_size": 32, "padding": 0},
    "28x28 k5 p2": {},
    "28x28 k3 pool2": {"kernel_size": 3, "padding": 0, "pool2": True},
    "28x28 k5, k4 for conv2": {"padding": 0, "conv2_kernel": 4},
    "64x64 k5, more than one position before fc3": {"input_size": 64, "fit": "resize"},
}
SWITCHES: dict[str, dict[str, Any]] = {
    "lab": {},
    "average, tanh, no norm": {"pooling": "average", "activation": "tanh", "batch_norm": False},
    "average pooling, ReLU, dropout": {"pooling": "average", "activation": "relu", "dropout": 0.5},
    "softmax, tanh": {"softmax": True, "activation": "tanh"},
    "ReLU, no batch norm": {"activation": "relu", "batch_norm": False},
    "ten views": {"views": "mirror_shift"},
}
CONFIGS = {
    f"{geometry}, {switches}": build_config({**GEOMETRIES[geometry], **SWITCHES[switches]})
    for geometry, switches in itertools.product(GEOMETRIES, SWITCHES)
}


@pytest.fixture(params=CONFIGS)
def config(request: pytest.FixtureRequest) -> Config:
    return CONFIGS[request.param]


def image(index: int = 0) -> Tensor:
    """(28, 28) uint8."""
    return small_split("test").images[index]


def uneven(config: Config) -> Checkpoint:
    """Random weights of which no part is left at 0 or 1, so that a forgotten part shows."""
    torch.manual_seed(0)
    model = LeNet5(config)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for name, part in (*module.named_parameters(), *module.named_buffers()):
                if part.is_floating_point():
                    around = 1.25 if name in ("weight", "running_var") else 0.0
                    nn.init.uniform_(part, around - 0.5, around + 0.5)
    return snapshot(config, {"model": model.state_dict()}, {})


@pytest.fixture
def model(config: Config) -> LeNet5:
    return uneven(config).model()


@pytest.fixture
def layers(model: LeNet5, config: Config) -> dict[str, LayerOutput]:
    """A walk through the network with the first image."""
    return layer_outputs(model, to_input(image()[None], config))


def test_every_layer_holds_what_the_network_makes_of_it_on_its_way(
    model: LeNet5, layers: dict[str, LayerOutput], config: Config
) -> None:
    x = to_input(image()[None], config)
    seen = outputs_of(model)
    with torch.inference_mode():
        output = model(x)[0]
    shapes = {layer.name: layer.output_shape for layer in config.layers() if layer.name[:2] != "bn"}
    assert {name: layer.shape for name, layer in layers.items()} == {
        "input": tuple(x.shape[1:]),
        **shapes,
    }
    assert torch.equal(layers["input"].values, x[0])
    for index in range(3):
        conv = layers[f"conv{index}"].steps
        assert torch.allclose(conv["convolution"], seen[f"conv{index}"], atol=1e-6)
        if config.batch_norm:
            assert torch.allclose(conv["batch norm"], seen[f"bn{index}"], atol=1e-5)
        if f"pool{index}" in layers:
            pooled = seen[f"pool{index}"]
            if config.pooling == "max":  # the network activates the pooled values
                pooled = model.activation(pooled)
            assert torch.allclose(layers[f"pool{index}"].values, pooled, atol=1e-5)
    assert torch.allclose(layers["fc3"].steps["weighted sum"], seen["fc3"], atol=1e-5)
    fc4 = layers["fc4"].steps
    assert torch.allclose(fc4["softmax" if config.softmax else "weighted sum"], output, atol=1e-6)
    expected = output if config.softmax else output.softmax(0)
    assert torch.allclose(layers["fc4"].values, expected, atol=1e-6)


def test_one_pass_is_what_predict_says_unless_it_asks_several_views() -> None:
    for views in ("one", "mirror_shift"):
        checkpoint = uneven(build_config({"views": views}))
        layers = layer_outputs(checkpoint.model(), to_input(image()[None], checkpoint.config))
        same = torch.allclose(layers["fc4"].values, predict(checkpoint, image()[None])[0])
        assert same == (views == "one")


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_influence_on_a_value_lies_in_its_field(geometry: str, pooling: str) -> None:
    config = build_config({**GEOMETRIES[geometry], "activation": "tanh", "pooling": pooling})
    x = torch.randn(1, 1, config.input_size, config.input_size, generator=torch.manual_seed(3))
    for layer in config.layers():
        if layer.name.startswith("bn"):
            continue
        side = layer.output_shape[-1] if len(layer.output_shape) == 3 else 1
        for row, column in {(0, 0), (side // 2, side - 1), (side - 1, side // 3)}:
            top, left, bottom, right = window(config, layer.name, row, column)
            gradient = influence(config, x, layer.name, row, column)
            inside = gradient[top:bottom, left:right]
            assert 0 < (gradient > 0).sum() == (inside > 0).sum()
            if pooling == "average":  # then each pixel counts, so the field is no larger either
                assert (inside > 0).all()


def influence(config: Config, x: Tensor, name: str, row: int, column: int) -> Tensor:
    """(S, S): how much each input pixel moves a position of a layer, over all its maps."""
    model = uneven(config).model().double()
    seen = outputs_of(model)
    x = x.double().clone().requires_grad_()
    model(x)
    values = seen[name][:, row, column] if seen[name].dim() == 3 else seen[name]
    gradients = [torch.autograd.grad(value, x, retain_graph=True)[0] for value in values]
    return torch.stack(gradients).abs().sum(0)[0, 0]


def outputs_of(model: LeNet5) -> dict[str, Tensor]:
    """What each module makes of the first image, once the model has been called."""
    seen: dict[str, Tensor] = {}
    for name, module in model.named_children():
        module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out[0]}))
    return seen


def test_fields_of_the_classic_network() -> None:
    """Worked out by hand: kernel 5, pooling 2, as in LeCun et al. 1998."""
    classic = fields(build_config({"preset": "classic"}))
    sizes = [f"{name} {field.size}/{field.jump}" for name, field in classic.items()]
    expected = "input 1/1,conv0 5/1,pool0 6/2,conv1 14/2,pool1 16/4,conv2 32/4,fc3 32/0,fc4 32/0"
    assert sizes == expected.split(",")
    assert window(build_config(), "conv0", 0, 27) == (0, 25, 3, 28), "the padding is not seen"


def test_the_parts_of_any_map_give_what_the_network_gives(
    model: LeNet5, layers: dict[str, LayerOutput], config: Config
) -> None:
    for name in list(layers)[1:]:
        values = layers[name].values
        for index in (0, len(values) - 1):
            found = parts(model, layers, name, index)
            expected = layers[name].steps["weighted sum"] if name == "fc4" else values
            given = recomputed(found, model, config, is_last=name == "fc4")
            assert torch.allclose(given.flatten(), expected[index].double().flatten(), atol=1e-5)


def recomputed(found: Parts, model: LeNet5, config: Config, *, is_last: bool) -> Tensor:
    """The values of a map or a feature, by torch's own functions in double precision."""
    inputs = found.inputs.double()[None]
    if found.kernels is None:
        pool = F.max_pool2d if config.pooling == "max" else F.avg_pool2d
        return pool(inputs, found.window, found.jump)[0]
    assert tuple(found.kernels.shape[1:]) == found.window
    total = F.conv2d(inputs, found.kernels.double()[None], stride=found.jump)[0] + found.bias
    if norm := found.normalisation:
        scale = math.sqrt(norm.variance + norm.epsilon)
        total = (total - norm.mean) / scale * norm.weight + norm.bias
    return total if is_last else model.activation(total)


def test_the_parts_of_a_map_are_the_weights_and_what_they_lie_on(
    model: LeNet5, layers: dict[str, LayerOutput], config: Config
) -> None:
    """Patches against `torch.nn.functional.unfold`, which cuts them out by other code."""
    weights = model.state_dict()
    first = parts(model, layers, "conv0", 2)
    kernel = config.kernel_size
    patches = F.unfold(layers["input"].values[None], kernel, padding=config.padding)
    assert torch.equal(F.unfold(first.inputs[None], kernel), patches)
    assert first.kernels is not None
    assert torch.equal(first.kernels, weights["conv0.weight"][2])
    assert first.bias == pytest.approx(float(weights["conv0.bias"][2]))
    assert (first.normalisation is None) == (not config.batch_norm)

    last = parts(model, layers, "fc4", 7)
    assert last.kernels is not None
    assert torch.equal(last.inputs.flatten(), layers["fc3"].values)
    assert torch.equal(last.kernels.flatten(), weights["fc4.weight"][7])


@pytest.mark.slow
@pytest.mark.parametrize("softmax", [False, True])
def test_integrated_gradients_are_the_integral_of_the_gradients(softmax: bool) -> None:
    """Against a plain Riemann sum over many more points; a softmax at the end changes nothing."""
    config = build_config({"softmax": softmax, "activation": "tanh", "pooling": "average"})
    checkpoint = uneven(config)
    found = integrated_gradients(checkpoint, image(), 3)
    x, black = (to_input(part[None], config) for part in (image(), torch.zeros_like(image())))
    model = LeNet5(build_config({"activation": "tanh", "pooling": "average"}))
    model.load_state_dict(checkpoint.weights)
    model.eval()
    points = (torch.arange(2000) + 0.5)[:, None, None, None] / 2000
    path = (black + points * (x - black)).requires_grad_()
    [gradients] = torch.autograd.grad(model(path)[:, 3].sum(), path)
    expected = (x - black)[0, 0] * gradients.mean(0)[0]
    assert torch.allclose(found.values, expected, atol=1e-4)
    assert found.logit == pytest.approx(float(model(x)[0, 3].detach()), abs=1e-5)
    assert found.baseline == pytest.approx(float(model(black)[0, 3].detach()), abs=1e-5)


@pytest.mark.slow
def test_attributions_add_up_to_the_difference_that_the_image_makes(
    trained_checkpoint: Checkpoint,
) -> None:
    for label in range(10):
        found = integrated_gradients(trained_checkpoint, image(label), label)
        difference = found.logit - found.baseline
        allowed = 0.02 * abs(difference) + 0.02
        assert float(found.values.sum()) == pytest.approx(difference, abs=allowed)
