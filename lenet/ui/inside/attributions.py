"""Which pixels speak for a class, shown on demand."""

import html

import streamlit as st
from torch import Tensor

from lenet.catalog import DatasetInfo
from lenet.explain.attribution import Attribution, integrated_gradients
from lenet.network.checkpoint import Checkpoint
from lenet.ui.app import fragment
from lenet.ui.images import img
from lenet.ui.inside import grayscale
from lenet.ui.inside.clickable_html import pointing
from lenet.ui.inside.detail import sum_table


@fragment
def attribute(checkpoint: Checkpoint, image: Tensor, predicted: int, info: DatasetInfo) -> None:
    """Integrated gradients of the predicted class, or any other, on a (28, 28) uint8 image."""
    st.subheader("What speaks for a class", anchor=False)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    label = "Show integrated gradients"
    if not row.toggle(label, key="show attribution", persist_state="session"):
        return
    name = row.selectbox(
        "Class",
        info.classes,
        index=predicted,
        key=f"attributed class, {info.name}, predicted {predicted}",
        label_visibility="collapsed",
        width=190,
    )
    with st.spinner("Computing integrated gradients…"):
        found = integrated_gradients(checkpoint, image, info.classes.index(name))
    pointing("attribution", _picture(found, name))


def _picture(found: Attribution, name: str) -> str:
    values = found.values.numpy()
    scale = grayscale.largest(values)
    picture = img(grayscale.shades(values, scale), f"Attribution to {name}")
    rows = [("Logit of a black picture", found.baseline), ("Sum over the pixels", values.sum())]
    table = sum_table([*rows, ("Logit of this picture", found.logit)], digits=3)
    return (
        f'<div class="closeup"><figure>{picture}<figcaption>Light pixels speak for '
        f'{html.escape(name)}, dark ones against it <span class="quiet">(±{scale:.3f})</span>'
        f"</figcaption></figure>{table}</div>"
    )
