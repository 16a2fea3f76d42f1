"""Lines cut into parts of one kind: where a title ends and its site suffix begins, and the like.

A raw line is the unit of a scrape dump; most lines are one part. A line that mixes kinds (title and
keyword suffix, prose and byline, a heading glued onto prose, prose and a call to action) is cut at the
places that `pipeline.text.places` finds. Cutting too often does no harm: equal neighbours of one line are joined again
once they are labelled (`pipeline.text.labelled`). Spans are code points of the raw text, end exclusive.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.text.backslashes import placed, unescaped_breaks
from pipeline.text.line import Line, Lines
from pipeline.text.markdown import has_marks, without_marks
from pipeline.text.places import places, rules_for, typed, without_typed
from pipeline.text.repair import is_plain, repair_line
from pipeline.text.width import narrow
from pipeline.text.wrapped import unwrapped

__all__ = ["Part", "Parts", "cut_lines", "join_parts", "parts_at", "read_lines"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Part(NamedTuple):
    """A stretch of one line: raw span, repaired text, alignment (null where text is the slice), and which rule cut
    before it, counted from 1 in the order of `places.CUTS`; 0 at a line's start."""

    start: int
    end: int
    text: str
    alignment: Sequence[int] | None
    cut: int


class Parts(NamedTuple):
    """The parts of some lines in order, column by column as in `Part`; line: index of the line; alignment: by the index
    of the part, of those that have one; goes_on: whether a part begins a line that `Lines` says so of."""

    line: Ints
    start: Ints
    end: Ints
    text: list[str]
    cut: Ints
    alignment: dict[int, Sequence[int]]
    goes_on: Flags

    def part(self, i: int) -> Part:
        """The part at index `i`."""
        return Part(int(self.start[i]), int(self.end[i]), self.text[i], self.alignment.get(i), int(self.cut[i]))


def read_lines(text: str, *, markdown: bool = False) -> Lines:
    r"""The lines of a raw text that hold more than white space, repaired, in order.

    Lines end where `str.splitlines` ends them, so also at \r, \v, \f, NEL and U+2028; and at line breaks that are
    written out, where these tell the lines of a text. Marks of Markdown are read as such in a text that is said to be
    `markdown`, or looks like it.

    >>> read_lines("a\n\n b \r\nc")
    Lines(start=[0, 4, 8], end=[1, 5, 9], gap=[0, 1, 0], text=['a', 'b', 'c'], mended={}, goes_on=frozenset())
    """
    written = unescaped_breaks(text)
    lines = _lines(written.text if written else text, markdown)
    if written:
        return placed(lines, written.places, text) if lines.text else _lines(text, markdown)
    return lines


def _lines(text: str, markdown: bool) -> Lines:
    """The same, where breaks are breaks."""
    rows = text.splitlines(keepends=True)
    cores = [*map(str.strip, rows)]
    some = [i for i, core in enumerate(cores) if core]
    at = [*accumulate(map(len, rows), initial=0)]
    words = [cores[i] for i in some]
    start = [at[i] + rows[i].index(core[0]) for i, core in zip(some, words, strict=True)]
    end = [begin + len(core) for begin, core in zip(start, words, strict=True)]
    gaps = [i - before - 1 for before, i in pairwise([-1, *some])]
    mended = {}
    for i, core in enumerate(words):
        if is_plain(core):
            continue
        repair = repair_line(core)
        if repair.alignment is not None:
            mended[i] = Line(start[i], end[i], core, gaps[i], repair)
            words[i] = repair.text
    lines = unwrapped(Lines(start, end, gaps, words, mended), text)
    return without_marks(lines, text) if markdown or has_marks(text) else lines


def cut_lines(sources: Sequence[Lines]) -> Parts:
    """The parts of each line of some sources; together they hold each of its characters that is not white space once.

    Lines are counted through all sources, raw spans are within each.
    """
    texts = [*chain.from_iterable(lines.text for lines in sources)]
    start = np.array([*chain.from_iterable(lines.start for lines in sources)], np.int64)
    end = np.array([*chain.from_iterable(lines.end for lines in sources)], np.int64)
    firsts = [*accumulate((len(lines.text) for lines in sources), initial=0)][:-1]
    mended = {first + i: line for lines, first in zip(sources, firsts, strict=True) for i, line in lines.mended.items()}
    goes_on = [first + i for lines, first in zip(sources, firsts, strict=True) for i in lines.goes_on]
    source = np.repeat(np.arange(len(sources)), [len(lines.text) for lines in sources])
    cut = _cut(texts, start, mended, source)
    sizes = np.bincount(cut.line, minlength=len(texts))
    line = np.repeat(np.arange(len(texts)), np.maximum(sizes, 1))
    texts_of = [texts[i] for i in line.tolist()]
    follows = np.isin(line, goes_on) & (np.diff(line, prepend=-1) != 0)
    found = Parts(line, start[line], end[line], texts_of, np.zeros(len(line), np.int64), {}, follows)
    places = np.flatnonzero(sizes[line])
    found.start[places], found.end[places], found.cut[places] = cut.start, cut.end, cut.cut
    for i, text, alignment in zip(places.tolist(), cut.text, cut.alignment, strict=True):
        found.text[i] = text
        if alignment is not None:
            found.alignment[i] = alignment
    return found


def parts_at(lines: Lines, line: int, places: Sequence[tuple[int, int]]) -> list[Part]:
    """One of some lines cut at places in order, code points of its words, each with the number that the part behind it
    gets as its `cut`."""
    text = lines.text[line]
    found = [(0, 0), *places, (len(text), 0)]
    if line in lines.mended:
        return [*_parts(lines.mended[line], found)]
    cut = _Cut([], [], [], [], [], [])
    _add_plain_parts(cut, line, text, lines.start[line], found)
    return [Part(*part) for part in zip(cut.start, cut.end, cut.text, cut.alignment, cut.cut, strict=True)]


class _Cut(NamedTuple):
    """The parts of lines that have more than one or were mended, column by column."""

    line: list[int]
    start: list[int]
    end: list[int]
    text: list[str]
    alignment: list[Sequence[int] | None]
    cut: list[int]


def _cut(texts: Sequence[str], start: Ints, mended: Mapping[int, Line], source: Ints) -> _Cut:
    """texts, start, source: the words of all lines, where they begin, and in which source."""
    import pyarrow as pa

    changed = np.zeros(len(texts), bool)
    changed[list(mended)] = True
    read = [*map(narrow, texts)]
    table = pa.array(read, pa.large_string())
    rules, calls = rules_for(table, changed)
    some = np.flatnonzero(changed | (rules > 0))
    cut = _Cut([], [], [], [], [], [])
    columns = (some, start[some], calls[some], rules[some], typed(table, source)[some])
    for i, begin, call, rule, twice in zip(*(column.tolist() for column in columns), strict=True):
        found = places(read[i], call, rule) if rule else [(0, 0), (len(texts[i]), 0)]
        found = without_typed(read[i], found) if twice else found
        if i in mended:
            for part in _parts(mended[i], found):
                for column, value in zip(cut, (i, *part), strict=True):
                    column.append(value)  # type: ignore[attr-defined]
        elif len(found) > 2:
            _add_plain_parts(cut, i, texts[i], begin, found)
    return cut


def join_parts(parts: Sequence[Part], raw: str) -> Part:
    """Neighbouring parts of one line, one or more, as one; `raw` is the source's text.

    The white space between them stays as it is, but a line break in it (a line of HTML may hold some) reads as a space.
    """
    first, verbatim = parts[0], parts[0].alignment is None
    texts, alignment = [first.text], [*_full(first)]
    for before, part in pairwise(parts):
        between, offset = raw[before.end : part.start], part.start - first.start
        places = range(before.end - first.start, offset)
        if len(f"{between}.".splitlines()) > 1:
            between, places, verbatim = " ", places[:1], False
        verbatim = verbatim and part.alignment is None
        texts += [between, part.text]
        alignment[-1:] = [*places, *(offset + i for i in _full(part))]
    return Part(first.start, parts[-1].end, "".join(texts), None if verbatim else alignment, first.cut)


def _full(part: Part) -> Sequence[int]:
    return range(len(part.text) + 1) if part.alignment is None else part.alignment


def _add_plain_parts(cut: _Cut, line: int, text: str, start: int, found: list[tuple[int, int]]) -> None:
    """The parts between cut places of a line that was not repaired and begins at `start`, without edge white space."""
    begin, before = found[0]
    for end, number in found[1:]:
        rest = text[begin:end].lstrip()
        if rest:  # else nothing to show yet
            first, core = start + end - len(rest), rest.rstrip()
            cut.line.append(line)
            cut.start.append(first)
            cut.end.append(first + len(core))
            cut.text.append(core)
            cut.alignment.append(None)
            cut.cut.append(before)
            begin, before = end, number


def _parts(line: Line, found: list[tuple[int, int]]) -> Iterator[Part]:
    """The same of a repaired line; parts hold raw characters other than white space.

    Raw white space may stand for a word (U+0085 for …), and raw words for white space (&nbsp;): neither makes a part.
    """
    text, alignment = line.repair.text, line.repair.alignment or ()
    raw = [0, *(alignment[place] for place, _ in found[1:])]  # marks before the first word belong to it
    begin = 0
    for i in range(1, len(found)):
        last = found[i][0]
        shows = text[found[begin][0] : last].strip() and line.raw[raw[begin] : raw[i]].strip()
        if i < len(found) - 1 and not (shows and raw[i] < raw[-1]):
            continue  # nothing to show yet, or the cut falls inside one raw character: no cut here
        first = found[begin][0]
        yield _aligned(line, raw[begin], alignment[first : last + 1], text[first:last], found[begin][1])
        begin = i


def _aligned(line: Line, begin: int, alignment: Sequence[int], text: str, cut: int) -> Part:
    """A part of a repaired line, cut free of the raw white space at its edges. begin: where it begins in the line."""
    stretch = line.raw[begin : alignment[-1]]
    first = begin + len(stretch) - len(stretch.lstrip())
    last = begin + len(stretch.rstrip())
    head = bisect_left(alignment, alignment[bisect_right(alignment, first, 1) - 1])  # one raw character may be several
    tail = len(alignment) - 1 - bisect_left(alignment, last, 0, len(alignment) - 1)
    inner = alignment[head : len(alignment) - tail]
    low, high = bisect_left(inner, first), bisect_right(inner, last)
    moved = [*[0] * low, *(inner[low:high] if first == 0 else [place - first for place in inner[low:high]])]
    moved += [last - first] * (len(inner) - high)
    start, end = line.start + first, line.start + last
    return Part(start, end, text[head : len(text) - tail], moved, cut)
