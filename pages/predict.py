"""Predict: random test images, a drawing, or a photograph, and what the network says."""

import secrets

import numpy as np
import streamlit as st
import torch
from streamlit_drawable_canvas import st_canvas

from lenet import drawing, pictures, samples
from lenet.checkpoint import Checkpoint
from lenet.data import load_split
from lenet.datasets import DATASETS, DatasetInfo
from lenet.ui import checkpoints, dataset, images
from lenet.ui.frame import explained, show

CANVAS = 280
VIEWS = ("Samples", "Draw", "Upload")


def page() -> None:
    st.title("Predict")
    _, checkpoint = checkpoints.choose()
    view = st.segmented_control(
        "What to classify",
        VIEWS,
        default="Samples",
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    info = DATASETS[checkpoint.config.dataset]
    if view == "Samples":
        show_samples(checkpoint, info)
    elif view == "Draw":
        st.fragment(draw)(checkpoint, info)
    else:
        upload(checkpoint, info)


def show_samples(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """Five random test images with truth, prediction and probabilities."""
    dataset.require(info.name)
    if "sample_seed" not in st.session_state:
        st.session_state["sample_seed"] = secrets.randbelow(2**31)
    if st.button("Five others", icon=":material/shuffle:"):
        st.session_state["sample_seed"] = secrets.randbelow(2**31)
    split = load_split(info.name, "test")
    index = samples.pick(split, 5, st.session_state["sample_seed"])
    found = samples.classify_samples(checkpoint, split, info.name, index)
    cells = st.grid(5, min_column_width=150, gap="medium")
    for answer, image in zip(found, split.images[index].numpy(), strict=True):
        with cells.cell():
            sample(answer, image, info)


def sample(answer: samples.Answer, image: np.ndarray, info: DatasetInfo) -> None:
    """One image, and how the network fared with it."""
    st.image(
        images.enlarged(image),
        width="stretch",
        output_format="PNG",
        alt=f"Test image {answer['index']}: {answer['target_name']}",
    )
    if answer["label"] == answer["target"]:
        st.markdown(f":material/check: **{answer['name']}**")
        st.caption(f"Right. Test image {answer['index']:,}")
    else:
        st.markdown(f":material/close: **{answer['name']}**")
        st.caption(f"Truth: {answer['target_name']}. Test image {answer['index']:,}")
    images.bars(answer["probabilities"], info.classes, target=answer["target"])


def draw(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """A canvas, and the prediction after each stroke."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        width = st.slider("Brush", 4, 40, 14, key="brush", persist_state="session")
        canvas = st_canvas(
            stroke_width=width,
            stroke_color="#ffffff",
            background_color="#000000",
            width=CANVAS,
            height=CANVAS,
            return_image_data=True,
            key="canvas",
        )
    with right:
        pixels = canvas.image_data
        drawn = None if pixels is None else drawing.from_canvas(pixels, info, "light_on_dark")
        if drawn is None:
            st.info(
                "Draw a digit." if info.name == "MNIST" else "Draw a piece of clothing, large.",
                icon=":material/draw:",
            )
        else:
            answer_to(checkpoint, drawn, info)


def upload(checkpoint: Checkpoint, info: DatasetInfo) -> None:
    """A photograph, and the steps from it to what the network sees."""
    file = st.file_uploader(
        "A photograph of one thing on a plain background",
        type=["png", "jpg", "jpeg", "webp", "bmp", "gif"],
        key="photo",
    )
    if file is None:
        return
    with explained():
        photo = pictures.read_image(file.getvalue(), file.name)
        prepared = drawing.from_photo(photo, info, name=file.name)
        left, right = st.columns([2, 3], gap="large")
        with left:
            st.image(photo, caption=file.name, width=CANVAS, output_format="PNG")
        with right:
            answer_to(checkpoint, prepared, info)
        st.caption("From the photograph to what the network sees")
        with st.grid(len(prepared.steps), min_column_width=150):
            for title, array in prepared.steps:
                st.image(
                    images.enlarged(array), caption=title, width="stretch", output_format="PNG"
                )


def answer_to(checkpoint: Checkpoint, prepared: drawing.Prepared, info: DatasetInfo) -> None:
    """What the network sees in a drawing or a photograph, and says to it."""
    [answer] = samples.answer(checkpoint, torch.from_numpy(prepared.array)[None])
    st.subheader(answer["name"])
    left, right = st.columns([1, 2])
    left.image(
        images.enlarged(prepared.array),
        caption="What the network sees",
        width="stretch",
        output_format="PNG",
    )
    with right:
        images.bars(answer["probabilities"], info.classes)


show(page)
