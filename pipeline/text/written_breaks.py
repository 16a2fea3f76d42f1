r"""Line breaks that stand in a text as a backslash and a letter, as where it was escaped twice on its way into a table.

Such a text has no lines, or few, though it says where they end. The two signs belong to the line that they end; what is
read of it goes without them.
"""

import re

from pipeline.text.repair import Repair

__all__ = ["has_written_breaks", "rows_of", "without_break"]

_STEP = "unescape_line_breaks"  # in `documents.repairs`
# No small letter follows, as in the names of files and in formulas ("C:\new", "\nabla").
_BREAK = re.compile(r"(?:\\r)?\\n(?![a-z])")
# Begins with a break, not with the white space before it, so that none is tried twice.
_RUN = re.compile(rf"{_BREAK.pattern}(?:\s*+{_BREAK.pattern})*\s*+")
_END = re.compile(rf"{_RUN.pattern}\Z")
_FEWEST = 3  # of them a text has, and more than line feeds


def has_written_breaks(text: str) -> bool:
    r"""Whether breaks that are written out tell the lines of a text.

    >>> has_written_breaks(r"Rest.\nIce.\n\nHeat."), has_written_breaks("Rest.\nIce.")
    (True, False)
    """
    return r"\n" in text and len(_BREAK.findall(text)) >= max(_FEWEST, text.count("\n") + 1)


def rows_of(row: str) -> list[str]:
    r"""A row cut behind the breaks in it.

    >>> rows_of(r"Rest.\nIce.\r\n\r\nHeat.")
    ['Rest.\\n', 'Ice.\\r\\n\\r\\n', 'Heat.']
    """
    ends = [found.end() for found in _RUN.finditer(row)]
    return [row[begin:end] for begin, end in zip([0, *ends], [*ends, len(row)], strict=True) if begin < end]


def without_break(row: str, repair: Repair) -> tuple[Repair, int]:
    """The repair of a row, white space at its edges taken away, without the breaks at its end; how many they are.

    A row of nothing else stays as it is.
    """
    found = _END.search(repair.text)
    words = repair.text[: found.start()].rstrip() if found else ""
    if not found or not words:
        return repair, 0
    places = repair.alignment or range(len(repair.text) + 1)
    alignment = (*places[: len(words)], len(row))
    return Repair(words, alignment, tuple(sorted({*repair.steps, _STEP}))), len(_BREAK.findall(found.group()))
