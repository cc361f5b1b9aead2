"""Words that come from elsewhere, names above all, shown as they are."""

import html
import re

LONGEST = 1000
"""Characters of a message; what somebody has made longer is cut."""
JOINER = "\N{WORD JOINER}"
"""Invisible, and no place for a line break."""

_SIGNS = re.compile(r"[\\`*_{}\[\]<>()#+\-.!|~$:&=]")
_REPLACED = re.compile(r"(?<=:)(?=material/|//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


def plain(text: str) -> str:
    """Text for a Markdown element of Streamlit that shows it as it is, in one line.

    Every sign of Markdown is escaped. Icons (`:material/…:`) and bare addresses are replaced
    after that has been read, so an invisible sign keeps them apart.
    """
    line = " ".join(text.split())
    short = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    return _SIGNS.sub(r"\\\g<0>", _REPLACED.sub(JOINER, short))


def chart_text(text: str) -> str:
    """Text for a Plotly figure, which takes some tags and entities of HTML for what they mean."""
    return html.escape(text, quote=False)
