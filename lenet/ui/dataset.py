"""A dataset on a page: loaded, or an offer to fetch it."""

import streamlit as st

from lenet.catalog import dataset_info
from lenet.data.download import fetch
from lenet.data.reading import locate
from lenet.data.transfer import Progress
from lenet.ui.widgets import PageEnds


def require(name: str) -> None:
    """Offer to fetch the dataset, and end the page there, if it is not on this machine."""
    if not locate(name):
        offer(name)
        raise PageEnds


def offer(name: str) -> None:
    info = dataset_info(name)
    st.info(
        f"{info.title} is not on this machine yet. It is fetched once, about 30 MB.",
        icon=":material/database:",
    )
    if not st.button(f"Fetch {info.title}", type="primary", icon=":material/download:"):
        return
    bar = st.progress(0.0, "Asking for the files…")

    def show(at: Progress) -> None:
        fraction = min(1.0, at.done / at.total) if at.total else 0.0
        size = f"{at.done / 1e6:.1f}" + (f" of {at.total / 1e6:.1f} MB" if at.total else " MB")
        bar.progress(fraction, f"{at.file}: {size} from {at.source}")

    fetch(name, progress=show)
    st.rerun()
