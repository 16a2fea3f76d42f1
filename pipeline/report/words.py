"""Words of third parties, made fit to be shown: nothing invisible, nothing endless."""

import re

__all__ = ["excerpt", "percent", "visible"]

# C0 controls become their pictures (U+2400 and on), but for tab and line feed; a carriage return before a line feed
# is the line's end, not a character to look at. What turns the reading direction round could make the page show other
# words than the file holds (Boucher and Anderson, Trojan Source, 2021).
_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}
_TURNING = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
_SHOWN = _PICTURES | _TURNING | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_SPACE = re.compile(r"\s+")


def visible(text: str) -> str:
    """`text` with what cannot be seen made visible; line ends are line feeds.

    >>> visible("one\\x00two\\r\\nthree\\u202e")
    'one␀two\\nthree�'
    """
    return text.replace("\r\n", "\n").translate(_SHOWN)


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
