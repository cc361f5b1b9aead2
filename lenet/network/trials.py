"""What weights cannot tell of their network, found by trying it on training images."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lenet.catalog import DATASETS
from lenet.config import Config, applies, build_config
from lenet.cores import usable_cores
from lenet.data.reading import locate
from lenet.data.splits import Split, load_split
from lenet.errors import CheckpointError, DatasetError, GeometryError
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import to_input

IMAGES, FIRST = 1000, 200
"""Training images, and those of a first round that most combinations do not survive."""
SURVIVORS = 16
POOR = 0.5
"""Accuracy of the best combination below which it is no good."""
TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""A network may be far too sure of itself, say by softmax twice; that is no wrong setting."""
OPTIONS: dict[str, tuple[Any, ...]] = {
    "dataset": tuple(DATASETS),
    "input_size": (28, 32),
    "fit": ("pad", "resize"),
    "padding": (0, 1, 2),
    "pool2": (False, True),
    "activation": ("tanh", "relu", "sigmoid", "leaky_relu"),
    "negative_slope": (0.01, 0.1, 0.2),
    "pooling": ("max", "average"),
    "normalization": ("dataset", "half", "symmetric", "none", "mnist"),
}
"""What is tried of each field, where a person does not know better."""
_GEOMETRY = ("input_size", "padding", "pool2")
_USUAL = {"preset": "post-32", "softmax": False, "dropout": 0.0, "init": "default"}
"""How one would train on from the weights: plain SGD, all images, nothing added to them."""


class Tried(NamedTuple):
    """A combination, and how it does: the loss at the best temperature, the accuracy."""

    config: Config
    loss: float
    accuracy: float


def settled(
    weights: dict[str, Tensor], fixed: Mapping[str, Any], name: str, data_dir: Path | None
) -> tuple[Config, list[str]]:
    """The configuration with which weights recognise training images best; what there is to say.

    Args:
        weights: by the lab's names.
        fixed: fields that are known.

    Raises:
        CheckpointError: no input fits the weights, or what is fixed contradicts them.
        DatasetError: there are no training images of a dataset that is possible.
    """
    features = weights["fc3.weight"].shape[1]
    configs = _combinations(fixed, features)
    notes = []
    sizes = sorted({(one.input_size, one.padding, one.pool2) for one in configs})
    if not configs:
        raise CheckpointError(
            f"{name} fits no image of 28×28 or 32×32 pixels, with kernels of "
            f"{fixed['kernel_size']} and {features} values for fc3; say which --input_size and "
            "--padding it was made for"
        )
    if len(sizes) > 1:
        words = (f"{size}×{size} with padding {padding}" for size, padding, _ in sizes)
        notes.append(f"By its shapes it takes {' or '.join(words)}.")
    if len(configs) == 1:
        return configs[0], notes
    ranked = _ranked(weights, configs, data_dir)
    return ranked[0].config, [*notes, *_told(ranked, len(configs))]


def _combinations(fixed: Mapping[str, Any], features: int) -> list[Config]:
    """All that fit the shapes, each once."""
    options = {name: (fixed[name],) if name in fixed else OPTIONS[name] for name in OPTIONS}
    if "padding" not in fixed:
        options["padding"] = (0, fixed["kernel_size"] // 2)
    rest = {name: options.pop(name) for name in OPTIONS if name not in _GEOMETRY}
    found: dict[tuple[Any, ...], Config] = {}
    for sizes in _each(options):
        base = {**_USUAL, **fixed, **sizes}
        if not _fits(base, features):
            continue
        for one in _each(rest):
            values = {**base, **one}
            used = {name: one[name] for name in one if applies(Config.model_fields[name], values)}
            if one["dataset"] == "MNIST" and one["normalization"] == "mnist":
                used["normalization"] = fixed.get("normalization", "dataset")
            key = (*sizes.values(), *used.items())
            if key not in found:
                found[key] = build_config({**base, **used})
    return [*found.values()]


def _each(options: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Every choice of one of each field's options."""
    for chosen in product(*options.values()):
        yield dict(zip(options, chosen, strict=True))


def _fits(values: Mapping[str, Any], features: int) -> bool:
    """Whether fc3 gets so many values."""
    with suppress(GeometryError):
        return prod(build_config(values).layers()[-3].output_shape) == features
    return False


def _ranked(
    weights: dict[str, Tensor], configs: list[Config], data_dir: Path | None
) -> list[Tried]:
    """The best combinations, in order; those of datasets that are not here are left out."""
    here = {one for one in DATASETS if locate(one, data_dir)}
    configs = [one for one in configs if one.dataset in here]
    if not configs:
        raise DatasetError(
            "what weights cannot tell, such as the activation, is found by trying it on training "
            "images, and they are not on this machine; let them be downloaded, or say it all"
        )
    data = {name: load_split(name, "train", data_dir) for name in {one.dataset for one in configs}}
    torch.set_num_threads(1)
    with ThreadPoolExecutor(usable_cores()) as workers:
        for count, most in ((FIRST, SURVIVORS), (IMAGES, SURVIVORS)):
            found = workers.map(partial(_tried, weights, data, count), configs)
            # Of equal ones, such as padding with black or with zeros that are black, the first.
            ranked = sorted(found, key=lambda one: round(one.loss, 4))[:most]
            configs = [one.config for one in ranked]
    return ranked


def _tried(
    weights: dict[str, Tensor], data: Mapping[Any, Split], count: int, config: Config
) -> Tried:
    images, labels = (part[:count] for part in data[config.dataset])
    model = Checkpoint(config, weights, {}, None, {}).predictor
    with torch.inference_mode():  # counts for one thread alone
        logits = model.logits(to_input(images, config))
        losses = [F.cross_entropy(logits / degrees, labels).item() for degrees in TEMPERATURES]
        right = (logits.argmax(1) == labels).float().mean().item()
    return Tried(config, min(losses), right)


def _told(ranked: list[Tried], count: int) -> list[str]:
    """The best, its distance to the second, and what to think of it."""
    best, *others = ranked
    images = min(IMAGES, DATASETS[best.config.dataset].train_count)
    notes = [
        f"Of {count} combinations tried on {images:,} training images, the best by its loss "
        f"recognises {best.accuracy:.1%}: {_settings(best.config)}."
    ]
    for other in others:
        if round(other.loss, 4) == round(best.loss, 4):
            notes.append(f"The same comes of {_settings(other.config, best.config)}.")
    if second := next((one for one in others if one.loss > best.loss + 1e-4), None):
        notes.append(
            f"The second best recognises {second.accuracy:.1%}, with a loss of {second.loss:.3f} "
            f"after {best.loss:.3f}: {_settings(second.config, best.config)}."
        )
    if best.accuracy < POOR:
        notes.append("No combination fits well; set what you know of the network.")
    return notes


def _settings(config: Config, but: Config | None = None) -> str:
    """What was tried of it, as flags have it; only where it is not as in `but`."""
    values, other = config.model_dump(), but.model_dump() if but else {}
    return ", ".join(
        f"{name} {values[name]}"
        for name in OPTIONS
        if applies(Config.model_fields[name], values) and values[name] != other.get(name)
    )
