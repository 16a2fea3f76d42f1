r"""Texts whose line breaks stand there as a backslash and a letter, for they were escaped twice before they came.

Such a text has no lines, or few, though it says where they end. It is read as what it was before; the two signs of a
break belong to the line that they end.
"""

import json
import re

import numpy as np
import numpy.typing as npt

from pipeline.text.escaped import Unescaped, moved
from pipeline.text.line import Lines, lines_of

__all__ = ["placed", "unescaped_breaks"]

_STEP = "unescape_line_breaks"  # in `documents.repairs`
# No small letter follows, as in the names of files and in formulas ("C:\new", "\nabla").
_BREAK = re.compile(r"(?:\\r)?\\n(?![a-z])")
_FEWEST = 3  # of them a text has, and more than line feeds
# What a string of JSON may hold (RFC 8259, 7); half of a pair of surrogates is no character.
_JSON = re.compile(
    r'\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u(?![dD][89a-fA-F])[\da-fA-F]{4}|[nrtbf"/\\])'
)


def unescaped_breaks(text: str) -> Unescaped | None:
    r"""A text whose line breaks are written out, with breaks for them; None where its lines are told by breaks.

    Where all backslashes are those of a string of JSON, what else is escaped there is read too.

    >>> unescaped_breaks(r"Rest.\nIce.\n\nHeat.\t\u2019").text
    'Rest.\nIce.\n\nHeat.\t’'
    >>> unescaped_breaks(r"Rest.\nIce.\nHeat\nin \beta.\n5 \%").text, unescaped_breaks("Rest.\nIce.")
    ('Rest.\nIce.\nHeat\\nin \\beta.\n5 \\%', None)
    """
    if r"\n" not in text or len(_BREAK.findall(text)) < max(_FEWEST, text.count("\n") + 1):
        return None
    signs = _JSON if "\\" not in _JSON.sub("", text) else _BREAK
    stays = np.ones(len(text) + 1, bool)
    words = []
    at = 0
    for sign in signs.finditer(text):
        meant = json.loads(f'"{sign.group()}"')
        stays[sign.start() + len(meant) : sign.end()] = False
        words += [text[at : sign.start()], meant]
        at = sign.end()
    return Unescaped("".join([*words, text[at:]]), np.flatnonzero(stays))


def placed(lines: Lines, places: npt.NDArray[np.int64], raw: str) -> Lines:
    """The lines of what a text was before it was escaped, with their places in it; at least one.

    places: as in `Unescaped`. raw: the text; what stands between two lines belongs to the first.
    """
    begins = [len(raw) - len(raw.lstrip()), *places[lines.start[1:]].tolist()]
    found = []
    for i, (begin, behind) in enumerate(zip(begins, [*begins[1:], len(raw)], strict=True)):
        line = lines.line(i, raw)  # its place in `raw` is told below
        line = moved(line, places, raw, (begin, begin + len(raw[begin:behind].rstrip())))
        steps = line.repair.steps if line.repair.alignment is None else tuple(sorted({*line.repair.steps, _STEP}))
        found.append(line._replace(repair=line.repair._replace(steps=steps)))
    return lines_of(found)
