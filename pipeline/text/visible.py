"""The words of many lines of a page at once: references decoded, blanks made single, each character with its place."""

from collections.abc import Sequence
from functools import cache
from itertools import compress, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.text.markup import references

__all__ = ["Visible", "visible"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_UNSEEN = "\0\ufeff \t\r\n\f"


class Visible(NamedTuple):
    """Lines as a reader sees them; those of white space, byte order marks and NULs only are left out.

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
def _blanks() -> Bools:
    """Whether each code point up to that of the blank is white space to HTML, to which a no-break space is none."""
    return np.array([chr(code) in " \t\n\r\f" for code in range(33)])


def visible(page: str, texts: Sequence[str], begins: Ints, firsts: Ints, solid: Bools) -> Visible:
    """Lines of some texts each: `firsts` are the numbers of the texts they begin with, `begins` where texts stand,
    `solid` whether each is more than white space, as the first of each line is."""
    count, at = len(firsts), begins.tolist()
    uneven = np.add.reduceat(solid, firsts, dtype=np.int64) > 1 if count else np.zeros(0, bool)
    seen, starts, ends = [""] * count, [0] * count, [0] * count
    even = np.flatnonzero(~uneven)
    for line, first in zip(even.tolist(), firsts[even].tolist(), strict=True):
        text = texts[first]
        words = text.strip()
        if "&" in words or "  " in words or not words.isprintable():  # may not stand in the page as it is read
            uneven[line] = True
        else:
            seen[line] = words
            starts[line] = start = at[first] + (text.index(words[0]) if len(words) < len(text) else 0)
            ends[line] = start + len(words)
    lines = Visible(np.arange(count), seen, starts, ends, [None] * count)
    if not uneven.any():
        return lines
    mine = np.repeat(uneven, np.diff(firsts, append=len(texts)))
    mixed = _mixed(page, [*compress(texts, mine)], begins[mine], (np.cumsum(mine) - 1)[firsts[uneven]])
    numbers = np.flatnonzero(uneven)[mixed.line].tolist()
    for line, words, start, end, alignment in zip(numbers, *mixed[1:], strict=True):
        seen[line], starts[line], ends[line], lines.alignment[line] = words, start, end, alignment
    shown = [end > 0 for end in ends]  # the others are white space, once their references are decoded
    kept = ([*compress(column, shown)] for column in lines[1:])
    return lines if all(shown) else Visible(lines.line[shown], *kept)  # type: ignore[arg-type]


def _mixed(page: str, texts: Sequence[str], begins: Ints, firsts: Ints) -> Visible:
    """The same of any lines, character by character."""
    runs: list[str] = []  # texts, cut where a reference stands
    places: list[int] = []  # where these begin in the page
    decoded: list[int] = []  # the runs that are what a reference stands for
    ends: list[int] = []  # of those, in the page
    begin_of, more, done = begins.tolist(), [0] * len(texts), 0
    for i in [i for i, text in enumerate(texts) if "&" in text]:
        text, begin, at, before = texts[i], begin_of[i], 0, len(runs)
        runs += texts[done:i]
        places += begin_of[done:i]
        for first, last, char in references(text):
            decoded.append(len(runs) + 1)
            ends.append(begin + last)
            runs += (text[at:first], char)
            places += (begin + at, begin + first)
            at = last
        runs.append(text[at:])
        places.append(begin + at)
        more[i] = len(runs) - before - (i - done) - 1
        done = i + 1
    runs += texts[done:]
    places += begin_of[done:]
    found = (np.array(decoded, np.int64), np.array(ends, np.int64))
    of_text = np.arange(len(texts)) + np.cumsum(more) - more  # the first run of each text
    return _aligned(page, runs, np.array(places, np.int64), found, of_text[firsts])


def _aligned(page: str, runs: Sequence[str], begins: Ints, references: tuple[Ints, Ints], firsts: Ints) -> Visible:
    """references: the runs that are what one stands for, and where it ends; firsts: the first run of each line."""
    size = np.fromiter(map(len, runs), np.int64, len(runs))
    starts = np.cumsum(size) - size
    codes = np.frombuffer("".join(runs).encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    place = np.repeat(begins - starts, size) + np.arange(len(codes))
    after = place + 1
    which, ends = references
    decoded = np.repeat(starts[which], size[which])
    decoded[1:] += decoded[1:] == decoded[:-1]  # no reference stands for more than two characters
    place[decoded], after[decoded] = np.repeat(begins[which], size[which]), np.repeat(ends, size[which])
    blank = np.flatnonzero(codes <= 32)
    blank = blank[_blanks()[codes[blank]]]
    if len(decoded):
        written = np.ones(len(codes), bool)
        written[decoded] = False
        blank = blank[(codes[blank] == 32) | written[blank]]
    codes[blank] = 32
    kept = np.ones(len(codes), bool)
    kept[blank[1:][np.diff(blank) == 1]] = False
    kept = np.flatnonzero(kept)
    text = codes[kept].tobytes().decode("utf-32-le", "surrogatepass")
    return _cut(page, text, place[kept], after[kept], np.searchsorted(kept, starts[firsts]))


def _cut(page: str, text: str, place: Ints, after: Ints, begins: Ints) -> Visible:
    """`text`, cut into lines at `begins`; where each of its characters stands, and where that ends."""
    numbers, words, spans = [], [], []
    for line, (begin, end) in enumerate(pairwise([*begins.tolist(), len(text)])):
        found = text[begin:end]
        core = found.strip()
        if core.strip(_UNSEEN):
            begin += found.index(core[0])
            numbers.append(line)
            words.append(core)
            spans.append((begin, begin + len(core)))
    first, last = np.array(spans, np.int64).reshape(-1, 2).T
    size = last - first + 1  # one more for where the line ends
    ends = np.cumsum(size)
    places = place[np.minimum(np.repeat(first - (ends - size), size) + np.arange(size.sum()), len(place) - 1)]
    start, stop = place[first], after[last - 1]
    places[ends - 1] = stop
    places -= np.repeat(start, size)
    lines = Visible(np.array(numbers, np.int64), words, start.tolist(), stop.tolist(), [])
    for core, begin, upto, end in zip(words, lines.start, lines.end, ends.tolist(), strict=True):
        same = upto - begin == len(core) and core == page[begin:upto]
        lines.alignment.append(None if same else places[end - len(core) - 1 : end])
    return lines
