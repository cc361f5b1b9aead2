"""The network of a configuration as a table of layers."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from lenet.geometry import LayerShape, feasible_layers

GEOMETRY = ("input_size", "kernel_size", "padding", "pool2", "batch_norm")


def layer_table(values: Mapping[str, Any]) -> None:
    """Layers, output shapes and parameters; where a layer does not fit, the table ends in red."""
    fitting, failing = feasible_layers(**{name: values[name] for name in GEOMETRY})
    rows = [_row(layer) for layer in fitting]
    if failing:
        rows.append((failing.name, "does not fit", float("nan")))
    frame = pd.DataFrame(rows, columns=["layer", "output", "parameters"])
    styled = frame.style.format({"parameters": "{:,.0f}"})
    if failing:
        styled = styled.apply(lambda row: _red(row, failing.name), axis=1)
    st.dataframe(
        styled,
        hide_index=True,
        height=36 * (len(rows) + 1),
        row_height=36,
        placeholder="",
        alt="Layers of the network with their output shapes and parameters",
    )


def total(values: Mapping[str, Any]) -> int:
    """Parameters of all layers that fit."""
    fitting, _ = feasible_layers(**{name: values[name] for name in GEOMETRY})
    return sum(layer.parameters for layer in fitting)


def _row(layer: LayerShape) -> tuple[str, str, float]:
    return layer.name, "×".join(map(str, layer.output_shape)), layer.parameters


def _red(row: "pd.Series[Any]", failing: str) -> list[str]:
    style = "color: #c62828; font-weight: 600" if row["layer"] == failing else ""
    return [style] * len(row)
