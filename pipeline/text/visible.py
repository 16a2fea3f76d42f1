"""The words of many lines of a page at once: references decoded, blanks made single, each character with its place."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.text.markup import references

__all__ = ["Visible", "visible"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LAST_SPACE = 0x3000  # no code point above it is white space


class Visible(NamedTuple):
    """Lines as a reader sees them; those of white space only are left out.

    line: the number of each. text: its words, no white space at the edges. start, end: its place in the page.
    alignment: for each code point of `text`, and its end, the offset relative to `start`; None where `text` is the
    slice itself.
    """

    line: Ints
    text: list[str]
    start: list[int]
    end: list[int]
    alignment: list[Ints | None]


@cache
def _spaces() -> Bools:
    """Whether each code point is white space, to Unicode; the last value stands for all others."""
    return np.array([*(chr(code).isspace() for code in range(_LAST_SPACE + 1)), False])


@cache
def _blanks() -> Bools:
    """Whether each code point is white space to HTML, to which a no-break space is none; the last for all others."""
    return np.array([chr(code) in " \t\n\r\f" for code in range(34)])


def visible(page: str, texts: Sequence[str], begins: Sequence[int], firsts: Ints) -> Visible:
    """Lines of some texts each: `firsts` are the numbers of the texts they begin with, `begins` where texts stand."""
    if not any("&" in text for text in texts):
        return _visible(page, texts, np.asarray(begins, np.int64), np.zeros(len(texts), np.int64), firsts)
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []  # 0 for words that stand one to one in the page; those of a reference stand for all of it
    new = []
    for text, begin in zip(texts, begins, strict=True):
        new.append(len(words))
        at = 0
        for first, last, char in references(text) if "&" in text else ():
            words += (text[at:first], char)
            starts += (begin + at, begin + first)
            ends += (0, begin + last)
            at = last
        words.append(text[at:] if at else text)
        starts.append(begin + at)
        ends.append(0)
    return _visible(page, words, np.array(starts, np.int64), np.array(ends, np.int64), np.array(new, np.int64)[firsts])


def _visible(page: str, words: Sequence[str], begins: Ints, ends: Ints, first_run: Ints) -> Visible:
    """`ends`: 0 for words that stand one to one in the page; `first_run`: the first of each line."""
    size = np.fromiter(map(len, words), np.int64, len(words))
    starts = np.cumsum(size) - size
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    decoded = ends > 0
    place = np.repeat(np.where(decoded, begins, begins - starts), size)
    whole = np.repeat(decoded, size)
    place += np.where(whole, 0, np.arange(len(codes))) if decoded.any() else np.arange(len(codes))
    blank = _blanks()[np.minimum(codes, 33)] & (~whole | (codes == 32))
    from_, upto = starts[first_run], np.append(starts[first_run[1:]], len(codes))
    after_blank = np.append(True, blank[:-1])
    after_blank[from_[from_ < upto]] = True
    kept = ~(blank & after_blank)
    solid = np.flatnonzero(~_spaces()[np.minimum(codes, _LAST_SPACE + 1)])
    low, high = np.searchsorted(solid, from_), np.searchsorted(solid, upto)
    line = np.flatnonzero(low < high)
    first, last = solid[low[line]], solid[high[line] - 1]
    until = place[last] + 1
    until[whole[last]] = np.repeat(ends, size)[last][whole[last]]
    before = np.cumsum(kept)
    cuts = zip((before[first] - 1).tolist(), before[last].tolist(), place[first].tolist(), until.tolist(), strict=True)
    text = np.where(blank, np.uint32(32), codes)[kept].tobytes().decode("utf-32-le", "surrogatepass")
    return _cut(page, text, place[kept], line, list(cuts))


def _cut(page: str, text: str, place: Ints, line: Ints, cuts: list[tuple[int, int, int, int]]) -> Visible:
    """`text`, where each of its characters stands, cut into lines: their begin and end in it, and in the page."""
    lines = Visible(line, [], [], [], [])
    for begin, end, start, stop in cuts:
        words = text[begin:end]
        lines.text.append(words)
        lines.start.append(start)
        lines.end.append(stop)
        same = stop - start == end - begin and words == page[start:stop]
        lines.alignment.append(None if same else np.append(place[begin:end], stop) - start)
    return lines
