"""What raised figures of an HTML page are: marks of footnotes, which are no words, or powers and parts of numbers.

Read as they stand in the page both are glued to what is before them: "knee pain1", and 10 to the power of 5 as 105.
"""

import re
from collections.abc import Sequence, Set

import numpy as np
import numpy.typing as npt

from pipeline.text.elements import NOTHING, SUP, A, is_inline

__all__ = ["superscripts"]

Ints = npt.NDArray[np.int64]
_TAGS = 12  # tags that are looked through within one, and on either side
_TAIL = 12  # characters before one that tell what it is
_LONGEST = 30
_FOOTNOTE = re.compile(r"(?:\[[^\[\]]{1,20}\])+|[\[(]?[,;\d][\d\[\](),;–—-]*")
_POWER = re.compile(r"[+−–-]?\d[\d.,–-]*")
_RAISED = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_SLASH = ("/", "⁄", "&frasl;", "&#8260;", "&#x2044;")
_MARKS = ".,;:!?)]%…\"'’”"
# Behind these stands a figure of their own, in what chemists, physicians and builders write: CO, B12, SpO; m, cm.
_OF_NAME = re.compile(r"(?<![A-Za-z])(?:[A-Z]?[a-z])?[A-Z]{1,2}$")
_OF_UNIT = re.compile(r"(?<![A-Za-z])(?:[a-z]|[cdkmnµμ]m|ft)$")


def superscripts(texts: Sequence[str], codes: Ints) -> dict[int, str]:
    """How texts inside superscripts are read, by their number, where it is not as they are written: marks of footnotes
    as nothing, figures behind a digit as raised ones.

    texts, codes: of a page, as in `Pieces` and `Codes`. A mark is of numbers, with what parts and brackets them, and
    stands behind a word or its full stop; or it is a link.

    >>> superscripts(["pain", "1", " at 10", "5"], np.array([SUP, -SUP, SUP, -SUP]))
    {1: '', 3: '⁵'}
    """
    found: dict[int, str] = {}
    inside = is_inline(codes) | (codes == NOTHING)
    for i in np.flatnonzero(codes == SUP).tolist():
        end = next((at for at in range(i + 1, min(i + _TAGS, len(codes))) if codes[at] == -SUP or not inside[at]), i)
        if codes[end] != -SUP:
            continue
        numbers = range(i + 1, end + 1)
        size = sum(len(texts[at]) for at in numbers)
        words = "".join("".join(texts[at] for at in numbers).split()) if size <= _LONGEST else ""
        before, behind = _before(texts, inside, i, found.keys()), _behind(texts, inside, end + 1)
        linked = A in codes[i + 1 : end] or (i > 0 and codes[i - 1] == A and not texts[i].strip())
        if _FOOTNOTE.fullmatch(words) and _is_mark(words, before, behind, linked=linked):
            found |= dict.fromkeys(numbers, "")
        elif before[-1:].isdecimal() and _POWER.fullmatch(words):
            found |= {at: texts[at].translate(_RAISED) for at in numbers}
    return found


def _before(texts: Sequence[str], inside: npt.NDArray[np.bool_], at: int, marks: Set[int]) -> str:
    """The end of what stands before a place in its line; a full stop where that is a mark itself."""
    words = ""
    for i in range(at, max(at - _TAGS, -1), -1):
        if i in marks and texts[i]:
            return "."
        words = texts[i][-_TAIL:] + words
        if words.strip() or (i and not inside[i - 1]):
            break
    return words


def _behind(texts: Sequence[str], inside: npt.NDArray[np.bool_], at: int) -> str:
    """The beginning of what stands behind."""
    for i in range(at, min(at + _TAGS, len(texts))):
        if texts[i] or (i < len(inside) and not inside[i]):
            return texts[i]
    return ""


def _is_mark(words: str, before: str, behind: str, *, linked: bool) -> bool:
    """Whether numbers are the mark of a footnote, by what stands around them."""
    core = before.rstrip()
    if not core or behind.startswith(_SLASH):
        return False
    if linked or not words.isdecimal():
        return linked or words[0] in "([" or not core[-1].isdecimal()
    if core != before:
        return (core[-1].isalpha() or core[-1] in _MARKS) and not behind[:1].isalpha()
    if core[-1].isalpha():
        return not (_OF_NAME.search(core) or (words in ("2", "3") and _OF_UNIT.search(core)))
    return core[-1] in _MARKS
