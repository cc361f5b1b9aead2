"""What the picture of a network shows: a column for each layer, in figures and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lenet.config import said
from lenet.geometry import LayerShape, feasible_layers

_SEES = {
    "conv0": "Each of its 6 kernels slides over the picture and makes a map of where it finds its "
    "own small pattern, an edge say.",
    "conv1": "16 kernels, each of which looks at all maps before it, find patterns of patterns: "
    "corners, stripes, a sleeve's end.",
    "conv2": "120 kernels look at all that is left and find large parts of things.",
    "fc3": "84 features, each a weighted sum of all values before it.",
    "fc4": "Ten weighted sums, one for each class: the largest is the answer.",
}


@dataclass(frozen=True)
class Column:
    """A layer with its batch norm, or the input.

    Attributes:
        name: "input", or as in `geometry.layers`.
        shape: (C, H, W) or (F,) that it puts out; of the input (1, S, S).
        steps: what is done to the layer before, in order.
        says: what it does and what it costs, in sentences.
        window: side of the square of the layer before that one of its values sees.
        gets: the side that it gets, where that is smaller than its window; it does not fit.
    """

    name: str
    shape: tuple[int, ...]
    parameters: int
    steps: tuple[str, ...]
    says: str
    window: int = 0
    gets: int | None = None

    @property
    def size(self) -> str:
        """Its shape as people write it."""
        if self.gets is not None:
            return "does not fit"
        count, *sides = self.shape
        side = "×".join(map(str, sides))
        return f"{count} × {side}" if sides and count > 1 else side or str(count)


def columns(values: Mapping[str, Any]) -> list[Column]:
    """The input and each layer up to the last, or to the one that does not fit.

    Args:
        values: the fields of `ModelConfig`, which need not fit together.
    """
    size, padding = values["input_size"], values["padding"]
    framed = f", with a frame of {padding} zeros around it" if padding else ""
    says = f"The picture: {size}×{size} grays{framed}."
    found = [Column("input", (1, size, size), 0, (), says)]
    fitting, failing = feasible_layers(values)
    norms = {layer.name[2:]: layer.parameters for layer in fitting if layer.name[:2] == "bn"}
    for layer in fitting:
        if layer.name[:2] != "bn":
            found.append(_fitting(layer, values, norms.get(layer.name.removeprefix("conv"), 0)))
    if failing:
        found.append(_failing(failing, values, found[-1]))
    return found


def total(shown: list[Column], values: Mapping[str, Any]) -> str:
    """The whole network in a sentence, or why it cannot work."""
    if shown[-1].gets is not None:
        return shown[-1].says
    fitting, _ = feasible_layers(values)
    parameters, products = (
        sum(getattr(layer, cost) for layer in fitting) for cost in ("parameters", "multiply_adds")
    )
    return f"{parameters:,} parameters, {products:,} multiply-adds for a picture."


def _fitting(layer: LayerShape, values: Mapping[str, Any], norm: int) -> Column:
    parameters = layer.parameters + norm
    steps = _steps(layer, values)
    if layer.name.startswith("pool"):
        kept = "largest" if values["pooling"] == "max" else "mean"
        says = f"Keeps the {kept} of each 2×2 values: half the size, and a small shift of the "
        says += "picture changes little. Nothing to learn, no parameters."
    else:
        after = f" Then {' and '.join(steps[1:])}." if steps[1:] else ""
        cost = f" {parameters:,} parameters, {layer.multiply_adds:,} multiply-adds."
        says = _SEES[layer.name] + after + cost
    return Column(layer.name, layer.output_shape, parameters, steps, says, layer.window)


def _failing(layer: LayerShape, values: Mapping[str, Any], before: Column) -> Column:
    window, gets = layer.window, before.shape[-1]
    if before.name == "input":
        gets += 2 * values["padding"]
    says = f"{layer.name} needs {window}×{window} values but gets {gets}×{gets}: use a larger "
    says += "input, more padding, a smaller kernel or fewer poolings."
    return Column(layer.name, layer.output_shape, 0, (), says, window, gets)


def _steps(layer: LayerShape, values: Mapping[str, Any]) -> tuple[str, ...]:
    name, kernel, padding = layer.name, layer.window, values["padding"]
    activation = said(values["activation"])
    if name.startswith("pool"):
        return (f"{'max' if values['pooling'] == 'max' else 'mean'} of 2×2",)
    if name == "fc3":
        dropout = values["dropout"]
        return ("84 sums", activation, *((f"dropout {dropout:.0%}",) if dropout else ()))
    if name == "fc4":
        return ("10 sums", "softmax inside" if values["softmax"] else "softmax")
    framed = f", padding {padding}" if name == "conv0" and padding else ""
    norm = ("batch norm",) if values["batch_norm"] else ()
    return (f"{kernel}×{kernel}{framed}", *norm, activation)
