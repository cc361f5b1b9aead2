"""One style for an answer: the class as a word, how sure the network is, and whether it is right.

`CSS` belongs to the HTML, also in a component, whose style is its own.
"""

import html
from typing import Any

import streamlit as st

from lenet.ui.images import percentage

NOT_SURE = "Not sure"
NONE = "This looks like none of the ten to me. Nearest:"
SIGNS = {"right": "✓", "wrong": "✗", "unsure": "?"}
CSS = """
.lenet-answer { font-size: 0.875rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.lenet-answer > div { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.35em; }
.lenet-answer.right > div { color: light-dark(#14705a, #52c49f); }
.lenet-answer.wrong > div { color: light-dark(#a8480f, #f0965c); }
.lenet-answer :is(h2, strong) { margin: 0; padding: 0; font-size: 1.1em; font-weight: 650;
  line-height: inherit; color: inherit; overflow-wrap: anywhere; }
.lenet-answer i { font-style: normal; font-weight: 700; }
.lenet-answer b { font-weight: 500; }
.lenet-answer p { margin: 0; font-size: inherit; }
.lenet-answer.large { font-size: 1rem; }
.lenet-answer.large > div { font-size: clamp(1.5rem, 5vw, 1.75rem); line-height: 1.15; }
.lenet-answer.large :is(h2, i) { font-size: clamp(2.2rem, 9vw, 2.9rem); }
"""


def html_of(
    name: str,
    share: float,
    *,
    truth: str | None = None,
    unsure: bool = False,
    large: bool = False,
    by: str = "",
) -> str:
    """HTML of the most probable class and its probability, `share`, said of a picture.

    Where the true class is known, `truth`, it stands below a wrong answer. `unsure` where the
    picture looks like no class; `name` is the nearest then. `large` makes it a heading, for the
    one answer of a page. `by` says whose answer it is, where there are several.
    """
    known = "" if truth is None else "right" if truth == name else "wrong"
    kind, tag = "unsure" if unsure else known, "h2" if large else "strong"
    word, nearest = html.escape(name), f"<b>{percentage(share)}</b>"
    sign = f'<i role="img" aria-label="{kind}">{SIGNS[kind]}</i>' if kind else ""
    below = f"<p>{NONE if large else 'Nearest:'} {word} {nearest}</p>" if unsure else ""
    if truth and kind != "right":
        below += f"<p>Truth: {html.escape(truth)}</p>"
    head = f"<{tag}>{NOT_SURE if unsure else word}</{tag}>{'' if unsure else nearest}"
    head, size = (f"<b>{by}</b>" if by else "") + sign + head, "large" if large else ""
    return f'<div class="lenet-answer {kind} {size}"><div>{head}</div>{below}</div>'


def show(name: str, share: float, *, place: Any = st, **more: Any) -> None:
    """Show an answer; `more` as for `html_of`."""
    place.html(f"<style>{CSS}</style>{html_of(name, share, **more)}")
