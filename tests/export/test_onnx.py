"""The ONNX file gives PyTorch's probabilities, for any number of images."""

import builtins
import json
from typing import Any

import numpy as np
import pytest
import torch

from lenet.catalog import DATASETS
from lenet.config import build_config
from lenet.errors import ExportError
from lenet.evaluation.predict import predict
from lenet.export.onnx import to_onnx
from lenet.network import checkpoint as checkpoints
from lenet.network.checkpoint import Checkpoint, versions
from lenet.network.lenet5 import LeNet5
from lenet.paths import SHIPPED
from tests.small import small_split

SETTINGS: dict[str, dict[str, Any]] = {
    "28, kernel 5": {},
    "classic": {"preset": "classic"},
    "post": {"preset": "post"},
    "post-32": {"preset": "post-32"},
    "draw": {"preset": "draw"},
    "mirror": {"views": "mirror", "activation": "relu", "batch_norm": 0},
    "resized": {"input_size": 40, "fit": "resize", "views": "mirror_shift", "pooling": "average"},
    "smaller": {"input_size": 20, "kernel_size": 3, "padding": 1, "normalization": "half"},
    "conv2 of its own": {"padding": 0, "conv2_kernel": 4, "activation": "sigmoid"},
    "odd maps": {"input_size": 35, "kernel_size": 4, "pool2": 1, "activation": "tanh"},
}


def untrained(**values: Any) -> Checkpoint:
    """A checkpoint of random weights, batch norm's averages too."""
    config = build_config(values)
    torch.manual_seed(4)
    model = LeNet5(config)
    for name, part in model.state_dict().items():
        if part.is_floating_point() and name.startswith("bn"):
            part.uniform_(0.5, 1.5)
    return Checkpoint(config, model.state_dict(), {"epoch": 1}, None, versions())


def answers(content: bytes, images: np.ndarray) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    [found] = session.run(["probabilities"], {"pixels": images})
    return np.asarray(found)


def check(found: Checkpoint) -> None:
    content = to_onnx(found)
    for count in (1, 7):
        images = small_split("test").images[:count]
        theirs = answers(content, images.numpy())
        np.testing.assert_allclose(theirs, predict(found, images).numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("values", SETTINGS.values(), ids=SETTINGS.keys())
def test_every_geometry_answers_as_pytorch_does(values: dict[str, Any]) -> None:
    check(untrained(**values))


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.pt")), ids=lambda file: file.stem)
def test_shipped_checkpoints_answer_as_pytorch_does(file: Any) -> None:
    check(checkpoints.load(file))


def test_layers_are_named_and_the_classes_told() -> None:
    onnx = pytest.importorskip("onnx")
    found = untrained(preset="post")
    model = onnx.load_from_string(to_onnx(found))
    names = [node.name for node in model.graph.node]
    layers = [layer.name for layer in found.config.layers()]
    assert [name for name in names if name in layers] == layers
    told = {prop.key: json.loads(prop.value) for prop in model.metadata_props}
    assert told["classes"] == [*DATASETS["FashionMNIST"].classes]
    assert told["config"] == found.config.model_dump()


def test_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_onnx(name: str, *more: Any) -> Any:
        if name == "onnx":
            raise ImportError
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    with pytest.raises(ExportError, match=r"need the package onnx; install it"):
        to_onnx(untrained())
