"""Evaluate: what a checkpoint is worth on the 10,000 test images, or which of two is better."""

import json

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.catalog import DATASETS
from lenet.data.splits import load_split
from lenet.evaluation import report
from lenet.ui import checkpoints, dataset
from lenet.ui.app import fragment, show
from lenet.ui.checkpoints import Chosen
from lenet.ui.evaluate import charts as figures
from lenet.ui.evaluate import scores
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet, explore
from lenet.ui.evaluate.gallery import gallery
from lenet.ui.evaluation_cache import evaluated_content
from lenet.ui.style import CONFIG


def page() -> None:
    st.title("Evaluate")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    comparing = bool(st.session_state.get("compare"))
    if comparing:
        chosen = [
            checkpoints.choose_or_upload(row, "Checkpoint A", "checkpoint"),
            checkpoints.choose_or_upload(row, "Checkpoint B", "other checkpoint", last=True),
        ]
    else:
        chosen = [checkpoints.choose_or_upload(row, "Checkpoint", "checkpoint")]
    tests = row.container(width="content")
    row.toggle("Compare two", key="compare", persist_state="session")
    present = [one for one in chosen if one]
    if len(present) < len(chosen):
        st.info("Choose the file of a checkpoint.", icon=":material/upload_file:")
        return
    name = test_set(tests, present[0])
    warn(present, name)
    dataset.require(name)
    sets = [evaluated_set(one, name) for one in present]
    shown = 0
    if comparing:
        scores.compare(sets[0], sets[1])
        shown = details_of()
    else:
        scores.headline(sets[0].found)
    downloads(row, present[shown], sets[shown], name)
    details(sets[shown])


def test_set(place: DeltaGenerator, chosen: Chosen) -> str:
    """The dataset to test on, the checkpoint's own at first."""
    name: str = place.segmented_control(
        "Test set",
        list(DATASETS),
        default=chosen.checkpoint.config.dataset,
        required=True,
        format_func=lambda option: DATASETS[option].title,
        key=f"test set of {chosen.digest}",
        help="Follows the checkpoint. On the other one a network can only guess.",
    )
    return name


def warn(present: list[Chosen], name: str) -> None:
    """Label networks that are tested on images of another kind than they were trained on."""
    names = "AB" if len(present) > 1 else ("This network",)
    for who, one in zip(names, present, strict=True):
        own = one.checkpoint.config.dataset
        if name != own:
            st.warning(
                f"{who} was trained on {DATASETS[own].title}; "
                f"its answers to {DATASETS[name].title} mean nothing.",
                icon=":material/warning:",
            )


def evaluated_set(chosen: Chosen, name: str) -> EvaluatedSet:
    """A checkpoint's evaluation on a dataset, with the images."""
    return EvaluatedSet(
        key=f"{chosen.digest[:12]} {name}",
        found=evaluated_content(chosen.digest, chosen.checkpoint, name),
        pictures=load_split(name, "test").images.numpy(),
        classes=DATASETS[name].classes,
    )


def details_of() -> int:
    """Which of two checkpoints the rest of the page is about."""
    st.divider()
    side = st.segmented_control(
        "Details of", ["A", "B"], default="A", required=True, key="details", persist_state="session"
    )
    return "AB".index(side)


def details(shown: EvaluatedSet) -> None:
    """From the figures to the images behind them."""
    explore(shown)
    left, right = st.columns([6, 5], gap="large")
    with left:
        scores.per_class(shown.found, shown.classes)
    with right:
        st.subheader(
            "Reliability",
            help="How often the network is right when it is so sure. On the dashed line it is as "
            "often right as it says, below it too sure; large dots stand for many images.",
        )
        st.plotly_chart(
            figures.reliability(shown.found.reliability),
            config=CONFIG,
            key="reliability",
            alt="Reliability diagram, the share that is right over the confidence",
        )
    mistakes(shown)


@fragment
def mistakes(shown: EvaluatedSet) -> None:
    """The images that the network got wrong, the surest answer first."""
    st.subheader("Most confident mistakes")
    if not len(shown.found.mistakes):
        st.caption("There is none.")
        return
    gallery(f"{shown.key} mistakes", shown.pictures, shown.found.mistakes, shown.caption)


def downloads(place: DeltaGenerator, chosen: Chosen, shown: EvaluatedSet, name: str) -> None:
    """Files of what the page shows, made when somebody asks for them."""
    found, classes = shown.found, shown.classes

    def metrics() -> str:
        head = {"checkpoint": chosen.name, "sha256": chosen.digest, "dataset": name}
        return json.dumps(head | report.figures(found), indent=2)

    def html() -> str:
        matrices = [
            figures.confusion(found.confusion_matrix, classes, shares=shares)
            for shares in (False, True)
        ]
        return figures.standalone(*matrices, figures.reliability(found.reliability))

    files = (
        ("Figures, JSON", metrics, "evaluation.json", "application/json"),
        ("Every answer, CSV", lambda: report.table(found, classes), "answers.csv", "text/csv"),
        ("Charts, HTML", html, "evaluation.html", "text/html"),
    )
    with place.popover("Download", icon=":material/download:"):
        for label, data, file, mime in files:
            st.download_button(
                label, data, file, mime, on_click="ignore", type="tertiary", key=file
            )


show(page)
