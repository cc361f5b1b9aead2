"""Weights from elsewhere: the `state_dict` of any LeNet-5 becomes a checkpoint of the lab.

The layers are told by their shapes, which are all different: names and order do not count. What
weights cannot tell is found by `lenet.network.trials`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lenet.errors import CheckpointError
from lenet.network import checkpoint, trials, weight_file
from lenet.network.checkpoint import Checkpoint

WRAPPERS = ("state_dict", "model_state_dict", "net", "model")
"""Where a dictionary usually has its weights."""
CHANNELS = {"conv0": 6, "conv1": 16, "conv2": 120, "fc3": 84, "fc4": 10}
NEEDED = {
    "conv0": "(6, 1, K, K)",
    "conv1": "(16, 6, K, K)",
    "conv2": "(120, 16, K, K) or (120, 16·K·K)",
    "fc3": "(84, 120·S·S)",
    "fc4": "(10, 84)",
}
EPS = 1e-5  # PyTorch's, in every batch norm
_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass
class Layers:
    """The five layers of a file: `weights` by the lab's names, what shapes tell, what was done."""

    weights: dict[str, Tensor]
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def loads(
    data: bytes,
    name: str,
    known: Mapping[str, Any] | None = None,
    data_dir: Path | None = None,
) -> tuple[Checkpoint, bool]:
    """Read a checkpoint of this lab, or weights from elsewhere, and whether they are such.

    Args:
        known: fields of the configuration that a person knows; of no use to the lab's own files.
        data_dir: where the training images are that show what else there is to know.

    Raises:
        CheckpointError: it is neither, with what was found and what is missing.
        DatasetError: there are no training images here to try the weights on.
    """
    content = weight_file.read_content(data, name)
    if checkpoint.is_ours(content):
        return checkpoint.checked_content(content, name), False
    found = five_layers(content, name)
    fixed = {**(known or {}), **found.settings}
    for key, value in (known or {}).items():
        if fixed[key] != value:
            raise CheckpointError(f"{name} has {key} {fixed[key]} by its shapes, not {value}")
    config, told = trials.settled(found.weights, fixed, name, data_dir)
    metrics = {"epoch": 0, "imported": [*found.notes, *told]}
    return Checkpoint(config, found.weights, metrics, None, checkpoint.versions()), True


def five_layers(content: Any, name: str) -> Layers:
    """Find a LeNet-5 in what a file holds; `CheckpointError` if there is none."""
    parts = _tensors(content)
    if not parts:
        raise CheckpointError(f"{name} holds no weights; choose a file of a model's weights")
    matrices = {key: part for key, part in parts.items() if part.dim() > 1}
    if len(matrices) != len(CHANNELS):
        count = {1: "one weighted layer"}.get(len(matrices), f"{len(matrices)} weighted layers")
        raise CheckpointError(
            f"{name} has {count}; a LeNet-5 has five: {', '.join(NEEDED.values())}"
        )
    places = {_place(part): key for key, part in matrices.items()}
    for place, shape in NEEDED.items():
        if place not in places:
            others = [key for key, part in matrices.items() if not _place(part)] or [*matrices]
            there = ", ".join(f"{_short(key)} {tuple(matrices[key].shape)}" for key in others[:5])
            raise CheckpointError(
                f"{name} has five weighted layers, but none that could be {place}, which needs "
                f"weights of the shape {shape}; there is {there}"
            )
    weights = {place: matrices[places[place]] for place in CHANNELS}
    names = (f"{_short(key)} is {place}" for place, key in places.items())
    found = Layers(weights, _kernels(weights, name), [f"Layers: {', '.join(names)}."])
    vectors = {key: part for key, part in parts.items() if part.dim() == 1}
    biases = {place: _bias(place, vectors, name) for place in CHANNELS}
    norms = {place: _norm(place, vectors, name) for place in CHANNELS}
    if vectors:
        there = ", ".join(f"{_short(key)} {tuple(part.shape)}" for key, part in vectors.items())
        raise CheckpointError(
            f"{name} has weights that a LeNet-5 of this lab has not: {there[:200]}"
        )
    _assemble(found, biases, norms)
    if not all(bool(torch.isfinite(part).all()) for part in found.weights.values()):
        raise CheckpointError(f"{name} holds weights that are not numbers; choose another file")
    return found


def _short(key: object) -> str:
    return repr(str(key)[:60]).replace("|", "¦")  # it is written into tables, too


def _tensors(content: Any) -> dict[str, Tensor]:
    """The weights in a dictionary, or in the first of its dictionaries that has some."""
    if not isinstance(content, dict):
        return {}
    named = [content, *(content.get(key) for key in WRAPPERS), *content.values()]
    for one in named:
        if isinstance(one, dict):
            found = {
                str(key): part.detach()
                for key, part in one.items()
                if isinstance(part, Tensor) and part.is_floating_point() and part.dim()
            }
            if any(part.dim() > 1 for part in found.values()):
                return found
    return {}


def _place(weight: Tensor) -> str:
    """Which layer has weights of this shape; "" if none."""
    out, *rest = weight.shape
    maps = rest[0] if len(rest) == 3 and rest[1] == rest[2] else 0

    def squares(each: int) -> bool:
        return len(rest) == 1 and rest[0] == each * isqrt(rest[0] // each) ** 2

    fitting = {
        "conv0": (out, maps) == (6, 1),
        "conv1": (out, maps) == (16, 6),
        "conv2": out == 120 and (maps == 16 or squares(16)),
        "fc3": out == 84 and squares(120),
        "fc4": (out, *rest) == (10, 84),
    }
    return next((place for place, fits in fitting.items() if fits), "")


def _kernels(weights: dict[str, Tensor], name: str) -> dict[str, Any]:
    """What the shapes say of the geometry; conv2 as a linear layer becomes the convolution."""
    first, second, third = (weights[f"conv{at}"] for at in range(3))
    if first.shape[2] != second.shape[2]:
        raise CheckpointError(
            f"{name} has a kernel of {first.shape[2]} in conv0 and of {second.shape[2]} in conv1; "
            "this lab's LeNet-5 has the same in both"
        )
    kernel, last = first.shape[2], isqrt(third[0].numel() // 16)
    if max(kernel, last) > 16 or weights["fc3"].shape[1] > 120 * 64**2:
        raise CheckpointError(f"{name} has layers too large for an image of 64×64 pixels")
    settings = {"kernel_size": kernel, "conv2_kernel": 0 if last == kernel else last}
    if third.dim() == 2:
        settings["pool2"] = False
        weights["conv2"] = third.reshape(120, 16, last, last)
    return settings


def _norm(place: str, vectors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Take a layer's batch norm out of `vectors`; empty if there is none."""
    size = CHANNELS[place]
    keys = [key for key in vectors if key.endswith("running_mean") and len(vectors[key]) == size]
    if len(keys) > 1:
        raise CheckpointError(f"{name} has {len(keys)} batch norms of {size} channels, not one")
    if not keys:
        return {}
    prefix = keys[0].removesuffix("running_mean")
    found = {part: vectors.pop(prefix + part) for part in _NORM if prefix + part in vectors}
    if "running_var" not in found or any(len(part) != size for part in found.values()):
        raise CheckpointError(f"{name} has an incomplete batch norm, {_short(prefix)}")
    return {"weight": torch.ones(size), "bias": torch.zeros(size), **found}


def _bias(place: str, vectors: dict[str, Tensor], name: str) -> Tensor:
    """Take a layer's bias out of `vectors`; zeros if it has none."""
    size = CHANNELS[place]
    norms = [key.removesuffix("running_mean") for key in vectors if key.endswith("running_mean")]
    keys = [
        key
        for key, part in vectors.items()
        if len(part) == size and key.removesuffix(key.rpartition(".")[2]) not in norms
    ]
    if len(keys) > 1:
        raise CheckpointError(
            f"{name} has several parts that could be the bias of {place}: "
            f"{', '.join(map(_short, keys[:5]))}"
        )
    return vectors.pop(keys[0]) if keys else torch.zeros(size)


def _assemble(
    found: Layers, biases: Mapping[str, Tensor], norms: Mapping[str, Mapping[str, Tensor]]
) -> None:
    """All parts by the lab's names, with a batch norm behind each convolution or none."""
    normed = found.settings["batch_norm"] = all(norms[f"conv{at}"] for at in range(3))
    weights, found.weights = found.weights, {}
    for place in CHANNELS:
        weight, bias = weights[place].double(), biases[place].double()
        norm = {part: values.double() for part, values in norms[place].items()}
        if norm and normed and place.startswith("conv"):
            key = place.replace("conv", "bn")
            found.weights |= {f"{key}.{part}": values.float() for part, values in norm.items()}
            found.weights[f"{key}.num_batches_tracked"] = torch.tensor(0)
        elif norm:
            scale = norm["weight"] / (norm["running_var"] + EPS).sqrt()
            weight = weight * scale.view(-1, *[1] * (weight.dim() - 1))
            bias = (bias - norm["running_mean"]) * scale + norm["bias"]
            found.notes.append(f"The batch norm of {place} is folded into its weights.")
        found.weights |= {f"{place}.weight": weight.float(), f"{place}.bias": bias.float()}
