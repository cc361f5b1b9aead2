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
    key: str, pictures: np.ndarray, index: np.ndarray, caption: Callable[[int], Caption]
) -> None:
    """Show images in the order of `index`, (n,), a dozen first and the others on demand.

    `pictures` is (N, 28, 28) uint8; with another `key` it starts with a dozen again.
    """
    if not len(index):
        st.caption("There is none.")
        return
    shown = int(st.session_state.get(f"shown of {key}", FIRST))
    figures = "".join(_figure(pictures[at], caption(int(at))) for at in index[:shown])
    st.html(f'{_STYLE}<div class="lenet-gallery"><div>{figures}</div></div>')
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
        f"<figure>{images.img(picture, caption.alt)}"
        f"<figcaption>{caption.answer}</figcaption></figure>"
    )


_STYLE = (
    f"<style>{answer.CSS}</style>"
    + """<style>
.lenet-gallery { container-type: inline-size; font-size: 0.875rem; line-height: 1.35; }
.lenet-gallery > div { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr));
  gap: 0.9rem 0.7rem; }
.lenet-gallery figure { margin: 0; min-width: 0; }
.lenet-gallery figcaption { min-width: 0; padding-top: 0.3rem; }
.lenet-gallery img { width: 100%; aspect-ratio: 1; image-rendering: pixelated;
  border-radius: 4px; display: block; }
@container (min-width: 400px) {
  .lenet-gallery > div { grid-template-columns: repeat(4, minmax(0, 1fr)); }
}
@container (min-width: 800px) {
  .lenet-gallery figure { display: grid; grid-template-columns: 96px 1fr; gap: 0.8rem;
    align-items: center; }
}
</style>"""
)
