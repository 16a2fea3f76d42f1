"""HTML that was escaped on its way into a field: `&lt;p&gt;` for `<p>`, as in feeds and in what was exported twice."""

import html
import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Unescaped", "unescaped"]

_TAG = re.compile(r"&lt;(?=[/!]?[a-z])", re.I)
_FEWEST, _FOR_ONE = 3, 10  # escaped tags of such a text, and for each that is not
# The marks of markup; other references are the page's own.
_MARK = re.compile(r"&(?:lt|gt|amp|quot|apos|#0*3[489]|#0*6[02]|#x0*(?:2[267]|3[ce]));", re.I)


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
    if "&lt;" not in text or len(_TAG.findall(text)) < max(_FEWEST, _FOR_ONE * text.count("<")):
        return None
    stays = np.ones(len(text) + 1, bool)
    for mark in _MARK.finditer(text):
        stays[mark.start() + 1 : mark.end()] = False
    return Unescaped(_MARK.sub(lambda mark: html.unescape(mark[0]), text), np.flatnonzero(stays))
