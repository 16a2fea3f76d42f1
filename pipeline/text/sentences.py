"""Cut a segment's text into sentences.

Scraped and machine-translated text breaks parsers trained on edited prose, so the cut is by mark: a run of
sentence-ending marks, closing quotes included, before white space. A full stop after an initial, a common abbreviation
or the number of an item, or a full stop or … before a lower-case letter, ends nothing.
"""

import re

__all__ = ["sentences"]

_END = re.compile(r"[.!?;…。；！？]+[\"'”’)\]】]*(?=\s|$)|[。；！？]+[”’」]*")
# Abbreviations that a full stop follows in running health text before a capital, and initials. Behind "etc." a list
# often goes on with the next item in a capital.
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:(?i:dr|mr|mrs|prof|st|vs|e\. ?g|i\. ?e|inc|jr|sr|al|etc)|Ms|[A-Z])$")
# A capital that is no initial: behind what is told apart by letters ("hepatitis B"), or another of these ("A and D").
_LETTER = re.compile(
    r"(?:\b(?i:class|coenzyme|factor|figure|grade|group|hepatitis|influenza|model|option|part|phase|plan|protein|stage"
    r"|step|type|vit|vitamins?|war)|\b[A-Z]\d{0,2},?(?: and| or| &)?|\bthan)\s[A-Z]$"
)
_BEFORE_NUMBER = re.compile(r"(?:^|[\s(])(?:approx|figs?|nos?|pp?|vol)$", re.I)
# At the beginning of a sentence; anywhere else a number, or a letter, may be its last word.
_ITEM = re.compile(r"\s*(?:[A-Z]\w{0,11}\s)?\(?(?:\d{1,2}|[a-z]|(?i:[ivx]{1,4}))")
_LONGEST = 24  # characters in which an abbreviation, or a letter and what it is of, stand
_NEXT = re.compile(r"\S")


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
    following = _NEXT.search(text, mark.end())
    first = following[0] if following else ""
    if mark.group() != "." or first.islower():
        return not first.islower()
    before = text[max(begin, mark.start() - _LONGEST) : mark.start()]
    if _ABBREVIATION.search(before):
        return _LETTER.search(before) is not None
    if first.isdigit() and _BEFORE_NUMBER.search(before):
        return False
    return not _ITEM.fullmatch(text, begin, mark.start())


def _trim(text: str, begin: int, end: int) -> tuple[int, int]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    return begin, end
