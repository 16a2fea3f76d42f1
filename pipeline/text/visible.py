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


class _Run(NamedTuple):
    """Words that stand one to one in the page from `begin` on, or, where `end` is not 0, for all of `begin:end`."""

    words: str
    begin: int
    end: int


@cache
def _spaces() -> Bools:
    """Whether each code point is white space, to Unicode; the last value stands for all others."""
    return np.array([*(chr(code).isspace() for code in range(_LAST_SPACE + 1)), False])


@cache
def _blanks() -> Bools:
    """Whether each code point is white space to HTML, to which a no-break space is none; the last for all others."""
    return np.array([chr(code) in " \t\n\r\f" for code in range(34)])


def _runs(text: str, begin: int) -> list[_Run]:
    """A text cut at its references."""
    runs, at = [], 0
    for first, last, words in references(text):
        runs += [_Run(text[at:first], begin + at, 0), _Run(words, begin + first, begin + last)]
        at = last
    return [*runs, _Run(text[at:], begin + at, 0)]


def visible(page: str, texts: Sequence[str], begins: Sequence[int], firsts: Sequence[int]) -> Visible:
    """Lines of some texts each: `firsts` are the numbers of the texts they begin with, `begins` where texts stand."""
    if not any("&" in text for text in texts):
        first_run = np.asarray(firsts, np.int64)
        return _visible(page, texts, np.asarray(begins, np.int64), np.zeros(len(texts), np.int64), first_run)
    counts, runs = [], []
    for text, begin in zip(texts, begins, strict=True):
        found = _runs(text, begin) if "&" in text else [_Run(text, begin, 0)]
        counts.append(len(found))
        runs += found
    first_run = (np.cumsum(counts) - counts)[firsts]
    words, starts, ends = zip(*runs, strict=True)
    return _visible(page, words, np.array(starts, np.int64), np.array(ends, np.int64), first_run)


def _visible(page: str, words: Sequence[str], begins: Ints, ends: Ints, first_run: Ints) -> Visible:
    """`ends`: 0 for runs that stand one to one; `first_run`: the first run of each line."""
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
