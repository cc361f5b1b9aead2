"""The network of a configuration as a table of layers."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lenet.config import accepts
from lenet.geometry import SETTINGS, feasible_layers


def show(values: Mapping[str, Any]) -> None:
    """Layers, output shapes and parameters; where a layer does not fit, the table ends in red.

    In Markdown: a dataframe would bring pandas to the first page, half a second.
    """
    if not all(accepts(name, values[name]) for name in SETTINGS):
        return  # Start says why
    fitting, failing = feasible_layers(values)
    rows = [
        (layer.name, "×".join(map(str, layer.output_shape)), f"{layer.parameters:,}")
        for layer in fitting
    ]
    if failing:
        rows.append((f":red[**{failing.name}**]", ":red[**does not fit**]", ""))
    cells = [("layer", "output", "parameters"), (":--", ":--", "--:"), *rows]
    st.markdown("\n".join(f"| {' | '.join(row)} |" for row in cells))
