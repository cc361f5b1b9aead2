"""Photographs, and the steps from one to what the network sees."""

import streamlit as st
from PIL import Image, ImageOps

from lenet.catalog import DATASETS, DatasetInfo
from lenet.drawing import centre, image_files
from lenet.drawing.foreground import NO_HINTS
from lenet.evaluation import classify, reading
from lenet.network.checkpoint import Checkpoint
from lenet.paths import PHOTO_CHECKPOINT
from lenet.ui import answer, hand, images
from lenet.ui.app import explained
from lenet.ui.escape import plain
from lenet.ui.picture_input import Photo, of_photograph, photographs, take_photograph, why
from lenet.ui.predict import correction, digits
from lenet.ui.predict.prediction import show_prediction
from lenet.ui.widgets import halves, is_phone, segments

WIDTH, PHONE = 400, 340  # screen pixels of a photograph
STEP = 280  # pixels of a step's picture
POLARITIES: dict[centre.Polarity, str] = {
    "auto": "Find out",
    "dark_on_light": "Dark on light",
    "light_on_dark": "Light on dark",
}


def upload(checkpoint: Checkpoint, info: DatasetInfo, second: Checkpoint | None) -> None:
    """Ask for pictures; show predictions and steps. Raises `ImageError` if one cannot be used.

    `second` answers for what was cut out of a photograph.
    """
    if not second:
        hand.mind_unseen(checkpoint.config, "photographs")
    photos = photographs(info)
    photo = (
        _several(checkpoint, info, photos, second) if len(photos) > 1 else next(iter(photos), None)
    )
    if photo:
        _closely(checkpoint, info, photo, second)
    elif (source := hand.picture_in_hand().source) in ("photo", "cutout"):
        show_prediction(checkpoint, info, second if source == "cutout" else None)


def _several(
    checkpoint: Checkpoint, info: DatasetInfo, photos: list[Photo], second: Checkpoint | None
) -> Photo | None:
    """A table of pictures and answers, and what was right; returns the one to look at closely."""
    verdicts: list[bool] = []
    usable: dict[str, Photo] = {}
    with st.grid(5, min_column_width=150, gap="medium"):
        for number, photo in enumerate(photos, 1):
            with st.container(), explained():
                verdict = _one_of_several(checkpoint, info, photo, second)
                verdicts += [] if verdict is None else [verdict]
                usable[f"{number}. {photo.name}"] = photo
    if verdicts:
        right = sum(verdicts)
        st.markdown(f"**{right} of {len(verdicts)} right** ({right / len(verdicts):.0%})")
    if not usable:
        return None
    return usable[st.selectbox("Look closely at", list(usable), index=len(usable) - 1)]


def _one_of_several(
    checkpoint: Checkpoint, info: DatasetInfo, photo: Photo, second: Checkpoint | None
) -> bool | None:
    """A picture, its answer, and whether that is right, if a person says what it is."""
    prepared = _prepared(photo.data, photo.name, photo.dataset)
    [found] = classify.answer_pictures(checkpoint, [prepared], second)
    if lines := digits.read(checkpoint, prepared):
        found = {**reading.largest(lines).answer, "name": reading.number(lines)}
    images.show(prepared.array, "stretch", alt=f"Picture: {photo.name}")
    place = st.empty()
    st.caption(plain(photo.name) + (f": {prepared.note}" if prepared.note else ""))
    truth = st.selectbox(
        "What it is",
        info.classes,
        index=None,
        placeholder="What is it?",
        key=f"truth {photo.key}",
        label_visibility="collapsed",
    )
    share = max(found["probabilities"])
    answer.show(found["name"], share, place=place, truth=truth, unsure=found["unsure"])
    by = {"by": PHOTO_CHECKPOINT.stem} if second and prepared.cut_out else {}
    why(of_photograph(prepared, photo.dataset), **by)
    return truth == found["name"] if truth else None


@st.cache_data(max_entries=128, show_spinner=False)
def _prepared(data: bytes, name: str, dataset: str) -> centre.Prepared:
    image = image_files.read_image(data, name)
    return centre.from_photo(image, DATASETS[dataset], name=name)


def _closely(
    checkpoint: Checkpoint, info: DatasetInfo, photo: Photo, second: Checkpoint | None
) -> None:
    """One photograph, its prediction, and the steps to what the network sees."""
    image, rule = image_files.read_image(photo.data, photo.name), DATASETS[photo.dataset]
    left, right = halves()
    below = st.container()
    with left:
        place, hints = st.container(), NO_HINTS
        if corrected := st.toggle("Correct what was found", key="correct"):
            with place:
                hints = correction.ask(
                    image,
                    _size(image),
                    f"correction of {photo.key}",
                    box_only=rule.name == "MNIST",
                )
        polarity = segments(
            "The picture shows something",
            list(POLARITIES),
            "polarity",
            format_func=POLARITIES.__getitem__,
            persist_state=None,
        )
        prepared = centre.from_photo(image, rule, polarity, name=photo.name, hints=hints)
        lines = digits.read(checkpoint, prepared)
        with place:
            if lines:
                one = digits.choose(image, _size(image), lines, f"digits of {photo.key}")
                prepared = prepared.of(one.digit)
            elif not corrected:
                shown, name = _shown(image), plain(photo.name)
                st.image(shown, caption=name, width=shown.width // 2, output_format="PNG")
        take_photograph(prepared, rule)
        hand.show_picture()
        if polarity == "auto" and not prepared.cut_out:
            detected = POLARITIES["dark_on_light" if prepared.inverted else "light_on_dark"]
            st.caption(f"Detected: {detected.lower()}")
        if prepared.note:
            st.caption(f"{prepared.note}.")
    with right:
        digits.heading(lines)
        show_prediction(checkpoint, info, second if prepared.cut_out else None, below)
    st.caption("From the photograph to what the network sees")
    with st.grid(len(prepared.steps), min_column_width=150):
        for title, array in prepared.steps:
            st.image(_square(array), caption=title, width="stretch", output_format="PNG")


def _square(array: centre.Gray) -> Image.Image:
    """A step, padded to a square with the gray of its corner: all steps are equally tall."""
    small = max(array.shape) <= STEP
    method = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return ImageOps.pad(Image.fromarray(array), (STEP, STEP), method, color=int(array[0, 0]))


def _size(photo: Image.Image) -> tuple[int, int]:
    """Width and height on the page, in pixels; a very tall photograph is narrower than others."""
    width = PHONE if is_phone() else WIDTH
    scale = min(width / photo.width, 1.2 * width / photo.height)
    return max(1, round(scale * photo.width)), max(1, round(scale * photo.height))


def _shown(photo: Image.Image) -> Image.Image:
    """A photograph at twice its size on the page; a very tall one gets transparent sides."""
    width = PHONE if is_phone() else WIDTH
    height = max(1, 2 * _size(photo)[1])
    return ImageOps.pad(photo.convert("RGBA"), (2 * width, height), color=(0, 0, 0, 0))
