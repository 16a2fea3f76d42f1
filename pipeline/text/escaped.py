"""HTML that was escaped on its way into a field: `&lt;p&gt;` for `<p>`, as in feeds and in what was exported twice."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.text.line import Line
from pipeline.text.markup import character_reference

__all__ = ["Unescaped", "aligned", "moved", "unescaped"]

_TAG = re.compile(r"&(?:lt|LT);(?=[/!]?[a-zA-Z])")
_FEWEST, _FOR_ONE = 3, 10  # escaped tags of such a text, and for each that is not
# The marks of markup; other references are the page's own. HTML knows their names in small letters and, but for the
# last, in large ones, not in mixed ones.
_MARK = re.compile(r"&(?:lt|LT|gt|GT|amp|AMP|quot|QUOT|apos|#0*3[489]|#0*6[02]|#[xX]0*(?:2[267]|3[cCeE]));")


class Unescaped(NamedTuple):
    """text: what was escaped. places: where each of its characters, and its end, stand in what it was read from."""

    text: str
    places: npt.NDArray[np.int64]


def unescaped(text: str) -> Unescaped | None:
    """The HTML that a text holds in escaped form; None where its tags are written as they are, or it has none.

    >>> found = unescaped("&lt;p&gt;Rest &amp;amp; ice&lt;br&gt;Heat&lt;/p&gt;")
    >>> found.text, found.places[:5].tolist()
    ('<p>Rest &amp; ice<br>Heat</p>', [0, 4, 5, 9, 10])
    >>> unescaped("<p>a &lt;b&gt; tag</p>") is None
    True
    """
    if not ("&lt;" in text or "&LT;" in text) or len(_TAG.findall(text)) < max(_FEWEST, _FOR_ONE * text.count("<")):
        return None
    stays = np.ones(len(text) + 1, bool)
    for mark in _MARK.finditer(text):
        stays[mark.start() + 1 : mark.end()] = False
    return Unescaped(_MARK.sub(lambda mark: character_reference(mark[0])[0], text), np.flatnonzero(stays))


def aligned(span: tuple[int, int], places: npt.NDArray[np.int64], alignment: Sequence[int] | None) -> list[int] | None:
    """The alignment of a stretch of what a text was, in that text; None where it is a slice of both.

    span, alignment: of the stretch. places: as in `Unescaped`.
    """
    start, end = span
    found = places[start + np.array(range(end - start + 1) if alignment is None else alignment)] - places[start]
    return None if alignment is None and found[-1] == end - start else found.tolist()


def moved(line: Line, places: npt.NDArray[np.int64], raw: str, span: tuple[int, int] | None = None) -> Line:
    """A line of what the text `raw` was, with its places there. span: of the line there, if it takes in more."""
    begin, end = span or (int(places[line.start]), int(places[line.end]))
    alignment = aligned((line.start, line.end), places, line.repair.alignment)
    before = int(places[line.start]) - begin
    if alignment is None and before == 0 and end - begin == len(line.repair.text):
        return Line(begin, end, raw[begin:end], line.gap, line.repair)
    inner = range(len(line.repair.text) + 1) if alignment is None else alignment
    whole = (*(before + place for place in inner[:-1]), end - begin)
    return Line(begin, end, raw[begin:end], line.gap, line.repair._replace(alignment=whole))
