"""A picture and its answer as they are presented."""

import streamlit as st
import torch

from lenet.catalog import DatasetInfo
from lenet.data.splits import load_split
from lenet.evaluation import classify
from lenet.ui import address, answer, dataset, hand, images, picture, present
from lenet.ui.checkpoints import Chosen
from lenet.ui.predict.samples import among


def show_one(chosen: Chosen, info: DatasetInfo) -> None:
    """Present: the picture in hand and its answer; a step leads to the next test image."""
    dataset.require(info.name)
    split = load_split(info.name, "test")
    seed = int(address.PAGES["predict"]["sample_seed"].value())
    order = classify.pick(split, len(split.labels), seed, among(split, info, chosen)).tolist()
    held = st.session_state.get("picture") or picture.test_image(info.name, (order or [0])[0])
    known = held.source == "test" and held.dataset == info.name

    def step(by: int) -> None:
        now = st.session_state.get("picture") or held  # several keys may be pressed meanwhile
        at = order.index(now.index) if now.source == "test" and now.index in order else min(0, -by)
        hand.take(picture.test_image(info.name, order[(at + by) % len(order)]))

    present.steer(step if order else None)
    pixels = held.pixels()
    [found] = classify.answer(chosen.checkpoint, torch.from_numpy(pixels)[None])
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    st.html("<style>.st-key-presented { max-width: max(15rem, 100dvh - 6rem); }</style>")
    images.show(pixels, "stretch", side=840, place=left.container(key="presented"), alt=held.label)
    with right:
        hand.mind(info)
        target = int(split.labels[held.index]) if known else None
        truth = None if target is None else info.classes[target]
        share, unsure = max(found["probabilities"]), found["unsure"]
        answer.show(found["name"], share, truth=truth, unsure=unsure, large=True)
        images.bars(found["probabilities"], info.classes, target=target)
