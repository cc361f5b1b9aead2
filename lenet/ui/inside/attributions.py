"""Which pixels speak for a class: computed when somebody asks."""

import html

import streamlit as st
from torch import Tensor

from lenet.catalog import DatasetInfo
from lenet.explain.attribution import Attribution, integrated_gradients
from lenet.network.checkpoint import Checkpoint
from lenet.ui.app import fragment
from lenet.ui.inside import grayscale
from lenet.ui.inside.clickable_html import pointing


@fragment
def attribute(checkpoint: Checkpoint, image: Tensor, predicted: int, info: DatasetInfo) -> None:
    """Integrated gradients of the predicted class or any other.

    Args:
        image: (28, 28) uint8.
        predicted: the class that the network names.
    """
    st.subheader("What speaks for a class", anchor=False)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    wanted = row.toggle(
        "Show integrated gradients", key="show attribution", persist_state="session"
    )
    if not wanted:
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
    said = html.escape(name)
    terms = (("Logit of a black picture", found.baseline), ("Sum over the pixels", values.sum()))
    table = "".join(_row(term, value) for term, value in terms)
    table += _row("Logit of this picture", found.logit, "line")
    return (
        f'<div class="closeup"><figure>{grayscale.image(values, scale, f"Attribution to {said}")}'
        f"<figcaption>Light pixels speak for {said}, dark ones against it "
        f'<span class="quiet">(±{scale:.3f})</span></figcaption></figure>'
        f'<table class="sum">{table}</table></div>'
    )


def _row(term: str, value: float, kind: str = "") -> str:
    return f'<tr class="{kind}"><td>{term}</td><td>{grayscale.signed(value, 3)}</td></tr>'
