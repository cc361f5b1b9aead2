"""Many small images with captions, as a grid that fits any screen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from lenet.ui import answer, images

FIRST = 12  # images shown at once, which fill rows of three and of four
MORE = 48


@dataclass(frozen=True)
class Caption:
    """What stands by an image: HTML of the answer, and the alternative text."""

    answer: str
    alt: str


def gallery(
    key: str,
    pictures: np.ndarray,
    index: np.ndarray,
    caption: Callable[[int], Caption],
    why: Callable[[int], None] | None = None,
) -> None:
    """Show images in the order of `index`, (n,), a dozen first and the others on demand.

    `pictures` is (N, 28, 28) uint8; `why` draws a link below an image. With another `key` it
    starts with a dozen again.
    """
    if not len(index):
        st.caption("There is none.")
        return
    shown = int(st.session_state.get(f"shown of {key}", FIRST))
    with st.container(key=f"gallery {key}"):
        st.html(_STYLE)
        cells = st.grid(FIRST, gap="small", key=f"images of {key}")
    for at in map(int, index[:shown]):
        with cells.container(gap="xxsmall"):
            st.html(_figure(pictures[at], caption(at)))
            if why:
                why(at)
    left = len(index) - shown
    if left > 0:
        st.button(
            f"Show {min(left, MORE)} more of {left:,}",
            key=f"more of {key}",
            on_click=lambda: st.session_state.update({f"shown of {key}": shown + MORE}),
            type="tertiary",
            icon=":material/expand_more:",
        )


def _figure(picture: np.ndarray, caption: Caption) -> str:
    return (
        f'<figure class="lenet-gallery">{images.img(picture, caption.alt)}'
        f"<figcaption>{caption.answer}</figcaption></figure>"
    )


_STYLE = (
    f"<style>{answer.CSS}</style>"
    + """<style>
div[class*="st-key-images-of"] { grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr)); }
.lenet-gallery { margin: 0; font-size: 0.875rem; line-height: 1.35; }
.lenet-gallery img { width: 100%; aspect-ratio: 1; image-rendering: pixelated;
  border-radius: 4px; display: block; margin-bottom: 0.3rem; }
</style>"""
)
