"""Evaluate: how good a checkpoint is on the 10,000 test images, or which of two is better."""

import json
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lenet.catalog import DATASETS
from lenet.evaluation import report
from lenet.ui import checkpoints, dataset, hand, take_along, widgets
from lenet.ui.address import PARTS
from lenet.ui.app import fragment, show
from lenet.ui.checkpoints import Chosen
from lenet.ui.evaluate import charts, scores
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet, explore, step
from lenet.ui.evaluate.gallery import gallery
from lenet.ui.evaluate.image_map import show_map
from lenet.ui.evaluate.labels import wrong_labels
from lenet.ui.evaluate.robustness import what_breaks_it
from lenet.ui.present import presenting, steer
from lenet.ui.style import CONFIG
from lenet.ui.widgets import segments, while_here


def page() -> None:
    if presenting():
        chosen = checkpoints.in_hand()
        name = st.session_state.get("test set") or chosen.checkpoint.config.dataset
        dataset.require(name)
        staged = EvaluatedSet(chosen, name, {})
        steer(partial(step, staged))
        explore(staged, lambda: None, lambda: None)
        return
    present = [checkpoints.in_hand()]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    comparing = bool(st.session_state.get("compare"))
    second = hand.choose(row, "Checkpoint B", hand.SECOND) if comparing else None
    tests = row.container(width="content")
    row.toggle(
        "Compare two",
        key="compare",
        persist_state="session",
        help="A is the checkpoint in hand, above; B is chosen here.",
    )
    if comparing:
        present.append(checkpoints.opened(second, hand.SECOND))
    name = test_set(tests, present[0])
    warn(present, name)
    hand.mind(DATASETS[present[0].checkpoint.config.dataset])
    dataset.require(name)
    sets = [
        EvaluatedSet(one, name, inside)
        for one, inside in zip(present, ({}, second_in_hand()), strict=False)
    ]
    shown = sets[0]
    if comparing:
        scores.compare(*sets)
        st.divider()
        if segments("Details of", ("A", "B"), "details") == "B":
            shown = sets[1]
    else:
        scores.headline(shown.found)
    downloads(row, shown)
    chosen = shown.chosen
    take_along.popover(row, chosen.path.stem, chosen.path, lambda: chosen.checkpoint)
    part = segments(
        "Part", list(PARTS), "part", format_func=PARTS.get, label_visibility="collapsed"
    )
    if part == "robustness":
        what_breaks_it(sets)
    elif part == "map":
        show_map(shown)
    elif part == "labels":
        wrong_labels(shown)
    else:
        details(shown)


def test_set(place: DeltaGenerator, chosen: Chosen) -> str:
    """The dataset to test on, the checkpoint's own until another is chosen."""
    state, own = st.session_state, chosen.checkpoint.config.dataset
    key = f"test set of {chosen.digest}, {state['arrivals']}"

    def choose() -> None:
        state["test set"], state["cell"] = state[key], None

    segments(
        "Test set",
        list(DATASETS),
        key,
        place=place,
        default=state.get("test set") or own,
        format_func=lambda option: DATASETS[option].title,
        on_change=while_here(choose),
        help="Follows the checkpoint. On the other one a network can only guess.",
    )
    name: str = state[key]
    state["test set"] = None if name == own else name
    return name


def warn(present: list[Chosen], name: str) -> None:
    """Warn of networks that are tested on another dataset than they were trained on."""
    names = "AB" if len(present) > 1 else ("This network",)
    for who, one in zip(names, present, strict=True):
        own = one.checkpoint.config.dataset
        if name != own:
            st.warning(
                f"{who} was trained on {DATASETS[own].title}; "
                f"its answers to {DATASETS[name].title} mean nothing.",
                icon=":material/warning:",
            )


def details(shown: EvaluatedSet) -> None:
    """Matrix, classes, reliability and mistakes of one checkpoint."""
    explore(shown, partial(scores.per_class, shown), partial(reliability, shown))
    mistakes(shown)


def reliability(shown: EvaluatedSet) -> None:
    """How often it is right over how sure it is."""
    st.subheader(
        "Is it as often right as it says?",
        help="How often the network is right when it is so sure (reliability). On the dashed "
        "line it is as often right as it says, below it too sure; large dots stand for many "
        "images.",
    )
    st.plotly_chart(
        charts.reliability(shown.found.reliability, dark=st.context.theme.type == "dark"),
        config=CONFIG,
        key="reliability",
        alt="Reliability diagram, the share that is right over the confidence",
    )


@fragment
def mistakes(shown: EvaluatedSet) -> None:
    """The images that the network got wrong, the highest confidence first."""
    st.subheader("Most confident mistakes")
    shown.mind_deleted()
    found = shown.found.mistakes
    gallery(f"{shown.key} mistakes", shown.pictures, found, shown.caption, shown.why)


def second_in_hand() -> dict[str, Any]:
    """What takes the second checkpoint in hand by the address; an upload has none."""
    state = st.session_state
    name, epoch = state.get(hand.SECOND), state.get(f"{hand.SECOND} epoch")
    if name in (None, hand.UPLOAD):
        return {}
    return {"checkpoint": name} | ({} if epoch is None else {"epoch": epoch})


def downloads(place: DeltaGenerator, shown: EvaluatedSet) -> None:
    """Files of what the page shows, made when somebody asks for them."""
    found, classes, chosen = shown.found, shown.classes, shown.chosen

    def metrics() -> str:
        head = {"checkpoint": chosen.name, "sha256": chosen.digest, "dataset": shown.dataset}
        return json.dumps(head | report.figures(found), indent=2)

    def html() -> str:
        matrices = [
            charts.confusion(found.confusion_matrix, classes, shares=shares)
            for shares in (False, True)
        ]
        return charts.standalone(*matrices, charts.reliability(found.reliability))

    widgets.downloads(
        place,
        ("Figures, JSON", metrics, "evaluation.json"),
        ("Every answer, CSV", lambda: report.table(found, classes), "answers.csv"),
        ("Charts, HTML", html, "evaluation.html"),
    )


show(page)
