"""The sizes of the layers, against the facts of the post and against PyTorch itself."""

from itertools import product

import pytest
import torch
from torch import nn

from lenet import geometry
from lenet.errors import GeometryError
from tests.small import refused

CLASSIC = (32, 5, 0, False)
PADDED = (28, 5, 2, False)
SMALL_KERNEL = (28, 3, 0, True)
IMPOSSIBLE = (28, 5, 0, False)
UNPOOLED = "conv0 bn0 pool0 conv1 bn1 pool1 conv2 bn2 fc3 fc4"


def settings(
    size: int, kernel: int, padding: int, pool2: bool, *, batch_norm: bool = True
) -> dict[str, int]:
    return dict(zip(geometry.SETTINGS, (size, kernel, padding, pool2, batch_norm, 0), strict=True))


def sides(layers: list[geometry.LayerShape]) -> list[int]:
    """The size of the map after each convolution and pooling."""
    return [layer.output_shape[-1] for layer in layers if layer.name.startswith(("conv", "pool"))]


@pytest.mark.parametrize(
    ("shape", "names", "expected", "parameters"),
    [
        (CLASSIC, UNPOOLED, [28, 14, 10, 5, 1], 61_990),
        (PADDED, UNPOOLED, [28, 14, 10, 5, 1], 61_990),
        (SMALL_KERNEL, UNPOOLED.replace("fc3", "pool2 fc3"), [26, 13, 11, 5, 3, 1], 29_638),
    ],
)
def test_geometries_of_the_post(
    shape: tuple[int, int, int, bool], names: str, expected: list[int], parameters: int
) -> None:
    layers = geometry.layers(settings(*shape))
    assert [layer.name for layer in layers] == names.split()
    assert sides(layers) == expected
    assert sum(layer.parameters for layer in layers) == parameters
    without = geometry.layers(settings(*shape, batch_norm=False))
    assert without == [layer for layer in layers if not layer.name.startswith("bn")]


def test_multiply_adds_are_the_products_of_each_value() -> None:
    layers = {layer.name: layer for layer in geometry.layers(settings(*CLASSIC))}
    products = {name: layer.multiply_adds for name, layer in layers.items() if layer.multiply_adds}
    assert products == {
        "conv0": 6 * 28 * 28 * 5 * 5,
        "conv1": 16 * 10 * 10 * 6 * 5 * 5,
        "conv2": 120 * 16 * 5 * 5,
        "fc3": 84 * 120,
        "fc4": 10 * 84,
    }


def test_impossible_geometry_is_refused_where_it_fails() -> None:
    with refused(GeometryError, r"pool1 4 → conv2 needs 5×5 but gets 4×4") as caught:
        geometry.layers(settings(*IMPOSSIBLE))
    assert "bn" not in str(caught.value)
    fitting, failing = geometry.feasible_layers(settings(*IMPOSSIBLE))
    assert sides(fitting) == [24, 12, 8, 4]
    assert failing is not None
    assert failing.name == "conv2"


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((8, 11, 0, False), "8 → conv0 needs 11×11 but gets 8×8"),
        ((8, 11, 1, False), "8 → conv0 needs 11×11 but gets 10×10"),
        ((11, 11, 0, False), "conv0 1 → pool0 needs 2×2 but gets 1×1"),
        ((32, 5, 0, True), "conv2 1 → pool2 needs 2×2 but gets 1×1"),
    ],
)
def test_refusal_names_what_the_failing_layer_needs_and_gets(
    shape: tuple[int, int, int, bool], reason: str
) -> None:
    with pytest.raises(GeometryError, match=reason):
        geometry.layers(settings(*shape))


def pytorch_sides(size: int, kernel: int, padding: int, pool2: bool) -> list[int] | None:
    """What PyTorch makes of a geometry; None where it refuses it."""
    stack: list[nn.Module] = [nn.Conv2d(1, 1, kernel, padding=padding), nn.MaxPool2d(2)]
    stack += [nn.Conv2d(1, 1, kernel), nn.MaxPool2d(2), nn.Conv2d(1, 1, kernel)]
    stack += [nn.MaxPool2d(2)] if pool2 else []
    x, found = torch.zeros(1, 1, size, size), []
    try:
        for layer in stack:
            x = layer(x)
            found.append(x.shape[-1])
    except RuntimeError:
        return None
    return found


@pytest.mark.parametrize("kernel", range(1, 12))
def test_sizes_and_refusals_are_those_of_pytorch(kernel: int) -> None:
    found = []
    with torch.inference_mode():
        for size, padding, pool2 in product((8, 15, 28, 32, 47, 64), range(6), (False, True)):
            fitting, failing = geometry.feasible_layers(settings(size, kernel, padding, pool2))
            ours = None if failing else sides(fitting)
            assert ours == pytorch_sides(size, kernel, padding, pool2), (size, padding, pool2)
            found.append(ours)
    assert None in found or kernel == 1
    assert any(found)
