"""Words of third parties and shares, made fit for a page: nothing invisible, nothing endless."""

import re

from pipeline.store import visible

__all__ = ["excerpt", "percent"]

_SPACE = re.compile(r"\s+")


def excerpt(text: str, length: int = 240) -> str:
    """The beginning of `text` on one line, at most `length` code points, cut between words where it can be.

    >>> excerpt("  a line\\nof   words ", 9)
    'a line…'
    """
    line = _SPACE.sub(" ", text[: 4 * length]).strip()
    if len(line) <= length and len(text) <= 4 * length:
        return visible(line)
    cut = line[: length - 1]
    return visible(cut[: cut.rfind(" ")] if " " in cut[length // 2 :] else cut) + "…"


def percent(share: float | None) -> str:
    """A share of 1 as whole per cent; a dash where there is none; never 0 or 100 for what is not quite.

    >>> percent(0.823), percent(0.999), percent(None)
    ('82 %', '>99 %', '–')
    """
    if share is None:
        return "–"
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
