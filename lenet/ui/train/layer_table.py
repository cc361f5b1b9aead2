"""The network of a configuration as a table of layers."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lenet.config import accepts
from lenet.diagram.columns import GEOMETRY
from lenet.geometry import feasible_layers


def show(values: Mapping[str, Any]) -> None:
    """Layers, output shapes and parameters; where a layer does not fit, the table ends in red.

    In Markdown: a dataframe would bring pandas to the first page, half a second.
    """
    geometry = {name: values[name] for name in GEOMETRY}
    if not all(accepts(*field) for field in geometry.items()):
        return  # Start says why
    fitting, failing = feasible_layers(**geometry)
    rows = [
        (layer.name, "×".join(map(str, layer.output_shape)), f"{layer.parameters:,}")
        for layer in fitting
    ]
    if failing:
        rows.append((f":red[**{failing.name}**]", ":red[**does not fit**]", ""))
    cells = [("layer", "output", "parameters"), (":--", ":--", "--:"), *rows]
    st.markdown("\n".join(f"| {' | '.join(row)} |" for row in cells))
