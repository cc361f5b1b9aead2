"""A checkpoint as ONNX: from the stored pixels of images to their probabilities.

The graph is written by hand: torch's exporter would fuse and rename the layers, and takes long.
"""

import json
from typing import Any

import torch
from torch import Tensor

from lenet.catalog import DATASETS, SIDE
from lenet.errors import ExportError
from lenet.geometry import POOL
from lenet.network.checkpoint import Checkpoint
from lenet.network.inputs import fit_matrix

OPSET, IR_VERSION = 17, 8  # of 2022: new enough for all of it, old enough for what people have
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "leaky_relu": "LeakyRelu", "sigmoid": "Sigmoid"}


def to_onnx(checkpoint: Checkpoint) -> bytes:
    """A model of (N, 28, 28) uint8 `pixels` and (N, 10) float32 `probabilities`, any N."""
    try:
        from onnx import TensorProto, checker, helper
    except ImportError:
        raise ExportError(
            "ONNX files need the package onnx; install it with pip install onnx, or choose "
            "another format"
        ) from None
    config, graph = checkpoint.config, _Graph()
    _inputs(graph, checkpoint)
    _layers(graph, checkpoint)
    graph.nodes[-1].output[0] = "probabilities"
    info = DATASETS[config.dataset]
    made = helper.make_graph(
        graph.nodes,
        f"LeNet-5 on {info.title}",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", SIDE, SIDE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="LeNet-5 lab"
    )
    told = {"classes": json.dumps(info.classes), "config": config.model_dump_json()}
    helper.set_model_props(model, told)
    checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


class _Graph:
    """Nodes in a chain: each takes what the one before puts out, and constants."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.at = "pixels"

    def add(self, kind: str, name: str, *after: str, before: str = "", **attributes: Any) -> None:
        """A node with further inputs, `before` or `after` what the last node puts out."""
        from onnx import helper

        inputs = [*filter(None, [before]), self.at, *after]
        self.at = f"{name} out"
        self.nodes.append(helper.make_node(kind, inputs, [self.at], name, **attributes))

    def constant(self, name: str, values: Tensor) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(values.numpy(), name))
        return name

    def reshape(self, name: str, *shape: int) -> None:
        self.add("Reshape", name, self.constant(f"shape_of_{name}", torch.tensor(shape)))


def _inputs(graph: _Graph, checkpoint: Checkpoint) -> None:
    """From pixels to all views of each image, (N·V, 1, S, S)."""
    from onnx import TensorProto

    config = checkpoint.config
    side, (mean, std) = config.input_size, config.scaling
    graph.add("Cast", "numbers", to=TensorProto.FLOAT)
    if side != SIDE:
        matrix = fit_matrix(config).contiguous()
        graph.add("MatMul", "fit_rows", before=graph.constant("rows", matrix))
        graph.add("MatMul", "fit_columns", graph.constant("columns", matrix.T.contiguous()))
    graph.add("Sub", "mean", graph.constant("255_means", torch.tensor(255 * mean)))
    graph.add("Div", "deviation", graph.constant("255_deviations", torch.tensor(255 * std)))
    pixels = torch.arange(side * side).reshape(1, 1, side, side)
    views = torch.stack([view.flatten() for view in checkpoint.predictor.views(pixels)])
    graph.reshape("row", -1, side * side)
    graph.add("Gather", "views", graph.constant("pixels_of_views", views), axis=1)
    graph.reshape("images", -1, 1, side, side)


def _layers(graph: _Graph, checkpoint: Checkpoint) -> None:
    """From (N·V, 1, S, S) to (N, 10): the mean of the probabilities of an image's views."""
    config, model = checkpoint.config, checkpoint.model()
    for name, value in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            graph.constant(name, value)

    def activate(name: str) -> None:
        leaky: dict[str, Any] = (
            {"alpha": config.negative_slope} if config.activation == "leaky_relu" else {}
        )
        graph.add(ACTIVATIONS[config.activation], name, **leaky)

    for at in range(3):
        padding = [config.padding if at == 0 else 0] * 4
        graph.add("Conv", f"conv{at}", f"conv{at}.weight", f"conv{at}.bias", pads=padding)
        if config.batch_norm:
            parts = ("weight", "bias", "running_mean", "running_var")
            graph.add("BatchNormalization", f"bn{at}", *(f"bn{at}.{part}" for part in parts))
        activate(f"activation{at}")
        if at < 2 or config.pool2:
            kind = "MaxPool" if config.pooling == "max" else "AveragePool"
            graph.add(kind, f"pool{at}", kernel_shape=[POOL] * 2, strides=[POOL] * 2)
    graph.add("Flatten", "flatten")
    graph.add("Gemm", "fc3", "fc3.weight", "fc3.bias", transB=1)
    activate("activation3")
    graph.add("Gemm", "fc4", "fc4.weight", "fc4.bias", transB=1)
    graph.add("Softmax", "softmax", axis=1)
    graph.reshape("by_image", -1, len(model.views(torch.empty(1, 1, 1, 1))), 10)
    graph.add("ReduceMean", "mean_of_views", axes=[1], keepdims=0)
