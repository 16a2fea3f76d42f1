"""Cut a segment's text into sentences.

Scraped and machine-translated text breaks parsers trained on edited prose, so the cut is by mark: a run of
sentence-ending marks, closing quotes included, before white space. A full stop after an initial, a list
number or a common abbreviation, or a full stop or … before a lower-case letter, ends nothing.
"""

import re

__all__ = ["sentences"]

_END = re.compile(r"[.!?;…。；！？]+[\"'”’)\]】]*(?=\s|$)|[。；！？]+[”’」]*")
# Abbreviations that a full stop follows in running health text; compared in lower case.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:dr|mr|mrs|ms|prof|st|vs|e\.g|i\.e|etc|approx|no|fig|vol|inc|jr|sr|al|[a-z]|\d{1,2}|[ivx]{1,4})$",
    re.I,
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans (code points, end exclusive) of the sentences of `text`, white space at their edges left out.

    >>> [text[a:b] for text in ["1. Eat less. Dr. Li says: it helps! Why"] for a, b in sentences(text)]
    ['1. Eat less.', 'Dr. Li says: it helps!', 'Why']
    """
    spans = []
    begin = 0
    for mark in _END.finditer(text):
        if _ends_sentence(text, begin, mark):
            spans.append((begin, mark.end()))
            begin = mark.end()
    spans.append((begin, len(text)))
    return [trimmed for a, b in spans if (trimmed := _trim(text, a, b))[0] < trimmed[1]]


def _ends_sentence(text: str, begin: int, mark: re.Match[str]) -> bool:
    if mark.group().strip("…") not in ("", "."):
        return True
    if mark.group() == "." and _ABBREVIATION.search(text[begin : mark.start()]):
        return False
    rest = text[mark.end() :].lstrip()
    return not rest[:1].islower()


def _trim(text: str, begin: int, end: int) -> tuple[int, int]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return begin, end
