"""A drawing or a photograph from a visitor, as Predict and Inside ask for it and put it in hand."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from PIL import Image
from streamlit_drawable_canvas import st_canvas

from lenet.catalog import DATASETS, DatasetInfo, DatasetName
from lenet.drawing import centre, examples, image_files
from lenet.drawing.centre import Prepared
from lenet.errors import ImageError
from lenet.paths import ROOT
from lenet.ui import hand, images, picture
from lenet.ui.address import link
from lenet.ui.picture import VIEWS, Picture
from lenet.ui.widgets import is_phone, segments, while_here

SIDE = 600  # pixels of the canvas's picture, however large the screen shows it
ROOM, PHONE = "max(15rem, 100dvh - 18rem)", "max(17rem, 100dvh - 29.3rem)"
"""The canvas's longest side on the screen: what a first view leaves for it, as a CSS length."""
CAMERA = 480  # pixels of the camera's picture on the page
BRUSH = 5  # percent of the canvas's side
ERASER = 2  # width of the eraser in pens: one as wide as the pen leaves the smooth edges of a line

_HERE = Path(__file__).parent
_buttons = st.components.v2.component(
    "lenet_canvas_buttons",
    html='<div class="buttons"></div>',
    css=(_HERE / "canvas_buttons.css").read_text(encoding="utf-8"),
    js=(_HERE / "canvas_buttons.js").read_text(encoding="utf-8"),
)

Strokes = dict[str, Any]
"""A drawing of Fabric.js, as the canvas takes and reports it."""


@dataclass(frozen=True)
class Drawn:
    """The drawing of this session: its strokes, its PNG file, and the picture made of it."""

    strokes: Strokes
    file: bytes
    picture: Picture


_photo_events = st.components.v2.component(
    "lenet_photo_events", js=(_HERE / "photo_events.js").read_text(encoding="utf-8")
)


class Photo(NamedTuple):
    """A photograph of this session, for which dataset it was given, and an id."""

    name: str
    data: bytes
    dataset: str
    key: str


def choose_view(label: str, **more: Any) -> str:
    """The control for where the picture comes from, one of `VIEWS`, the same on both pages."""
    again = {"on_change": lambda: st.session_state.pop("canvas", None)}
    return segments(label, VIEWS, "view", label_visibility="collapsed", **again, **more)


def draw(info: DatasetInfo, hints: Any = st, room: str = "") -> Drawn | None:
    """Show the canvas with its tools, and put what is drawn in hand.

    It is as wide as its place, but no larger than `room`, a CSS length. None where nothing is
    drawn; `hints` is where that is said. `ImageError` if what the canvas reports is no drawing.
    """
    state = st.session_state
    number, strokes = state["canvas"] if "canvas" in state else _mounted()
    if not state.get("drawn"):
        state["tool"] = "Pen"  # on a blank canvas an eraser draws nothing
    with st.container(key="sketch", gap="small"):
        st.html(_STYLE.format(room=room or (PHONE if is_phone() else ROOM)))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tools"):
            tool = segments("Tool", ("Pen", "Eraser"), "tool", label_visibility="collapsed")
            with st.popover("Brush", icon=":material/line_weight:"):
                percent = st.slider(
                    "Width of the brush",
                    1,
                    15,
                    BRUSH,
                    format="%d %%",
                    key="brush",
                    persist_state="session",
                )
            key = f"canvas-{number}"
            _buttons(key="undo and clear", data={"canvas": key}, on_cleared_change=clear)
        width = percent * SIDE // 100
        pen = (width * ERASER, "#000000") if tool == "Eraser" else (width, "#ffffff")
        reported = _canvas(key, *pen, strokes)
    if reported and (not state.get("drawn") or reported[0] != state["drawn"].file):
        _take(*reported, info)
    if not state.get("drawn") and hand.picture_in_hand().source == "drawing":
        hints.caption("This drawing is from the address; its strokes were in another session.")
    elif not state.get("drawn"):
        thing = "a digit" if info.name == "MNIST" else "a piece of clothing, large"
        hints.markdown(f"Draw {thing}.")
    found: Drawn | None = state.get("drawn")
    return found


def clear() -> None:
    """Give a blank canvas and a pen; a drawing is not in hand any more."""
    _put(None)


def load_example(lines: examples.Example, info: DatasetInfo) -> None:
    """Have the canvas show one of our drawings, which can be drawn on."""
    width = BRUSH * SIDE // 100
    pixels = examples.picture(lines, SIDE, width)
    if prepared := centre.from_canvas(pixels, info, "light_on_dark"):
        made = picture.made(info.name, "drawing", prepared.array)
        strokes = examples.on_canvas(lines, SIDE, width)
        _put(Drawn(strokes, images.png(Image.fromarray(pixels)), made))


def _put(drawn: Drawn | None, held: Picture | None = None) -> None:
    """Have a new canvas show a drawing, or none; `held` is in hand without strokes."""
    state = st.session_state
    state["canvases"] = state.get("canvases", 0) + 1
    state["canvas"] = state["canvases"], drawn and drawn.strokes
    state["drawn"] = drawn
    if drawn or hand.picture_in_hand().source == "drawing":
        hand.take(drawn.picture if drawn else held)


def _mounted() -> tuple[int, Strokes | None]:
    """A new canvas with the session's drawing, unless another drawing is in hand."""
    state, held = st.session_state, hand.picture_in_hand()
    drawn: Drawn | None = state.get("drawn")
    if held.source == "drawing" and drawn and held != drawn.picture:
        drawn = None
    _put(drawn, held if held.source == "drawing" else None)
    found: tuple[int, Strokes | None] = state["canvas"]
    return found


def _canvas(
    key: str, brush: int, color: str, strokes: Strokes | None
) -> tuple[bytes, Strokes] | None:
    """The canvas's PNG file and strokes; None before the first stroke."""
    try:
        result = st_canvas(
            stroke_width=brush,
            stroke_color=color,
            background_color="#000000",
            initial_drawing=strokes,
            width=SIDE,
            height=SIDE,
            return_image_data=True,
            key=key,
        )
        file = result.image_bytes
        return (file, dict(result.json_data or {})) if file is not None else None
    except (AttributeError, KeyError, TypeError, ValueError):  # st_canvas does not check it
        raise ImageError("the drawing did not arrive; reload the page and draw it again") from None


def _take(file: bytes, strokes: Strokes, info: DatasetInfo) -> None:
    """Put what the canvas has reported in hand."""
    state = st.session_state
    if found := prepared(file, info.name):
        made = picture.made(info.name, "drawing", found.array)
        state["drawn"] = Drawn(strokes, file, made)
        hand.take(made)
        return
    blank = bool(state.get("drawn"))
    state["drawn"] = None
    if hand.picture_in_hand().source == "drawing" and blank:
        hand.take(None)


@lru_cache(maxsize=8)
def prepared(file: bytes, dataset: DatasetName) -> Prepared | None:
    """What the canvas's PNG file holds; None if nothing."""
    return centre.from_canvas(centre.read_canvas(file), dataset, "light_on_dark")


def take_part(drawn: Drawn, info: DatasetInfo, pixels: centre.Gray) -> None:
    """Put one of several things of the session's drawing in hand: (28, 28) uint8."""
    made = picture.made(info.name, "drawing", pixels)
    st.session_state["drawn"] = replace(drawn, picture=made)
    hand.take(made)


def photographs(info: DatasetInfo) -> list[Photo]:
    """Ask for pictures: files, copied ones, the camera's. The session keeps them."""
    state = st.session_state
    kept: set[str] = state.setdefault(f"photos without chip, {state['arrivals']}", set())
    emptied = state.setdefault("uploader emptied", 0)
    files, shot = (f"{name}, {state['arrivals']}, {emptied}" for name in ("photo", "shot"))

    def given() -> None:
        """Take what is there now; what cannot be used goes when something comes after it."""
        found = [*state[files], *filter(None, [state.get(shot)])]
        there = kept | {one.file_id for one in found}
        before: list[Photo] = [one for one in state.get("photos", []) if one.key in there]
        known = {one.key for one in before}
        new = [Photo(one.name, one.getvalue(), info.name, one.file_id) for one in found]
        new = [one for one in new if one.key not in known]
        usable = [one for one in before if not new or _is_usable(one)]
        state["photos"] = [*usable, *new]
        if len(usable) < len(before):  # the chips go, too, and the other files stay
            state["uploader emptied"] += 1
            kept.update(one.key for one in state["photos"])

    label = f"Photographs of {'digits' if info.name == 'MNIST' else 'one thing each'}"
    st.file_uploader(label, accept_multiple_files=True, key=files, on_change=while_here(given))
    _photo_events(key="photo events")
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption("On a phone, this also offers “Take photo”. A copied picture can be pasted.")
    secure = "Browsers lend it to pages of this computer or over HTTPS only."
    if row.toggle("Camera", key="camera", help=secure):  # once shown, it asks for permission
        st.camera_input("A photograph", key=shot, on_change=while_here(given), width=CAMERA)
    photos: list[Photo] = state.get("photos", [])
    return photos


@st.cache_data(max_entries=128, show_spinner=False)
def _is_usable(photo: Photo) -> bool:
    with suppress(ImageError):
        centre.from_photo(image_files.read_image(photo.data, photo.name), DATASETS[photo.dataset])
        return True
    return False


def take_photograph(prepared: Prepared, info: DatasetInfo) -> None:
    hand.take(of_photograph(prepared, info.name))


def of_photograph(prepared: Prepared, dataset: str) -> Picture:
    """What the network sees of a photograph, as a picture to have in hand."""
    return picture.made(dataset, "cutout" if prepared.cut_out else "photo", prepared.array)


def why(held: Picture, place: Any = st, **more: Any) -> None:
    """A link to what speaks for the answer to a picture; `more` parameters of Inside's address."""
    place.page_link(
        ROOT / "pages/inside.py",
        label="Why?",
        icon=":material/help:",
        query_params=link("inside", picture=held, **more),
    )


# The canvas, in a shadow root of its own, takes its side from here (see canvas_buttons.js).
_STYLE = """<style>
.st-key-sketch {{ container-type: inline-size; --side: min(100cqw, {room}); }}
.st-key-sketch [class*="st-key-canvas-"] {{ width: var(--side); height: var(--side); }}
</style>"""
