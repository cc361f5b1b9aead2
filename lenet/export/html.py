"""A checkpoint as one HTML file that needs no network, no server and no library.

`network.js` computes the answers, `page.js` shows them. Batch norm is merged into the
convolutions; a calibrated checkpoint has its temperature in fc4's weights.
"""

import base64
import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import torch
from torch import Tensor

from lenet.catalog import DATASETS
from lenet.data.splits import Split
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import fit_matrix

_HERE = Path(__file__).parent


def to_html(checkpoint: Checkpoint, card: Mapping[str, str], test: Split | None = None) -> str:
    """The page of a checkpoint.

    Args:
        checkpoint: with its detector, if the page shall say what looks like none of the classes.
        card: what there is to tell of the network.
        test: of which the first image of each class is shown; None shows none.
    """
    config = checkpoint.config
    info = DATASETS[config.dataset]
    title = f"LeNet-5 on {info.title}"
    network = json.dumps(_network(checkpoint, card, test), ensure_ascii=False)
    return Template(_file("page.html")).substitute(
        title=html.escape(title),
        thing="a digit" if info.name == "MNIST" else "a piece of clothing, large",
        style=_file("page.css"),
        script=_file("network.js") + _file("page.js"),
        network=network.replace("<", "\\u003c"),
    )


def _file(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _network(checkpoint: Checkpoint, card: Mapping[str, str], test: Split | None) -> dict[str, Any]:
    """What `network.js` and `page.js` read."""
    config, parts = checkpoint.config, dict(checkpoint.predictor.state_dict())
    parts["fit"] = fit_matrix(config)
    if found := checkpoint.detector:
        parts |= {"hidden.weight": found["hidden"], "hidden.bias": found["hidden_bias"]}
        parts |= {"out.weight": found["out"], "out.bias": found["out_bias"]}
    mean, std = config.scaling
    return {
        "dataset": config.dataset,
        "classes": DATASETS[config.dataset].classes,
        "side": config.input_size,
        "padding": config.padding,
        "pooling": config.pooling,
        "pool2": config.pool2,
        "activation": config.activation,
        "slope": config.negative_slope,
        "views": config.views,
        "mean": mean,
        "std": std,
        "sizes": [[name, part.numel()] for name, part in parts.items()],
        "weights": _text(torch.cat([part.flatten() for part in parts.values()])),
        "samples": [
            {"pixels": _text(image), "label": label} for label, image in _samples(test).items()
        ],
        "card": list(card.items()),
    }


def _samples(test: Split | None) -> dict[int, Tensor]:
    """The first image of each class."""
    if test is None:
        return {}
    first = {label: at for at, label in reversed([*enumerate(test.labels.tolist())])}
    return {label: test.images[first[label]] for label in sorted(first)}


def _text(values: Tensor) -> str:
    """Bytes, or float32 in the order of today's processors, in base64."""
    return base64.b64encode(values.contiguous().numpy().tobytes()).decode()
