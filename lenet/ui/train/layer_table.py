"""The network of a configuration as a table of layers."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from lenet.config import accepts
from lenet.diagram.columns import GEOMETRY
from lenet.geometry import feasible_layers


def show(values: Mapping[str, Any]) -> None:
    """Layers, output shapes and parameters; where a layer does not fit, the table ends in red."""
    geometry = {name: values[name] for name in GEOMETRY}
    if not all(accepts(*field) for field in geometry.items()):
        return  # Start says why
    fitting, failing = feasible_layers(**geometry)
    rows: list[tuple[str, str, float]] = [
        (layer.name, "×".join(map(str, layer.output_shape)), layer.parameters) for layer in fitting
    ]
    if failing:
        rows.append((failing.name, "does not fit", float("nan")))
    styled = pd.DataFrame(rows, columns=["layer", "output", "parameters"]).style
    styled = styled.format({"parameters": "{:,.0f}"})
    if failing:
        last = pd.IndexSlice[len(rows) - 1, :]
        styled = styled.set_properties(subset=last, color="#c62828", **{"font-weight": "600"})
    st.dataframe(
        styled,
        hide_index=True,
        height=36 * (len(rows) + 1),
        row_height=36,
        placeholder="",
        alt="Layers of the network with their output shapes and parameters",
    )
