"""Text that people or files give, such as names, shown as it is."""

import html
import re

LONGEST = 1000  # characters of a text; the rest is cut off
JOINER = "\N{WORD JOINER}"  # invisible, and allows no line break

_SIGNS = re.compile(r"[\\`*_{}\[\]<>()#+\-.!|~$:&=]")
_REPLACED = re.compile(r"(?<=:)(?=material/|//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


def plain(text: str) -> str:
    """Text escaped for Streamlit's Markdown, in one line.

    A `JOINER` keeps icons (`:material/…:`) and bare addresses, which work even escaped, as text.
    """
    line = " ".join(text.split())
    short = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    return _SIGNS.sub(r"\\\g<0>", _REPLACED.sub(JOINER, short))


def chart_text(text: str) -> str:
    """Text escaped for a Plotly figure, which understands some HTML."""
    return html.escape(text, quote=False)
