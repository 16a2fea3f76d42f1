"""Lines cut into parts of one kind: where a title ends and its site suffix begins, and the like.

A raw line is the unit of a scrape dump; most lines are one part. A line that mixes kinds (title and
keyword suffix, prose and byline, a heading glued onto prose, prose and a call to action) is cut at the
places named in `CUTS`. Cutting too often does no harm: equal neighbours of one line are joined again
once they are labelled (`pipeline.stages.clean`). Spans are code points of the raw text, end exclusive.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.text.repair import Repair, repair_line

__all__ = ["CUTS", "Line", "Part", "cut_line", "join_parts", "read_lines"]

_LONGEST_TITLE = 330  # characters; a headline with its keyword suffix, the longest in the written corpus is 260
_SHORTEST_PROSE = 60  # below it a line holds one thing
_OFFER = (
    r"we ?chat|scan |two-dimensional|qr code|public (?:number|account|platform)|official account|follow us|subscribe|"
    r"newsletter|hot ?line|consult|telephone|free (?:clinic|trial|gift)|discount|coupon|half price|click |"
    r"like this|thumbs|praise|forward|comment|share (?:this|it)|welcome to|register|sign up|call us|400-|[$£€￥¥]\d|"
    r"copyright|infring|reprint|source of|reporter|correspondent|editor|text/|picture|photo"
)


@dataclass(frozen=True)
class Cut:
    """A place to cut: before each match of `pattern`, in lines of `shortest` to `longest` characters.

    `need`: the line must also match this. `after`: cut behind the match as well.
    """

    name: str
    pattern: re.Pattern[str]
    shortest: int = 0
    longest: int = 1 << 30
    need: re.Pattern[str] | None = None
    after: bool = False


_CALL = re.compile(_OFFER, re.IGNORECASE)
CUTS = (
    # "Headline – Site | keyword/keyword", "Headline_keyword_Site", "Headline | Site"
    Cut("suffix", re.compile(r"(?<=\S)\s*(?:\s[–—\-•·»~|｜]\s|\s?[|｜]\s?|\s?_\s?|--+|::|—|\s[–—-](?=[A-Z])|(?<=[a-z?!])-(?=[A-Z])|【)(?=\s*\S)"),
        longest=_LONGEST_TITLE),
    # "prose. (reporter Gao Zhaoming)", also in the middle: "prose (search lt0385 on WeChat) prose"
    Cut("brackets", re.compile(r"\s?(?:[(（\[【][^()（）\[\]【】]{2,120}[)）\]】])"), shortest=_SHORTEST_PROSE, need=_CALL, after=True),
    Cut("brackets-end", re.compile(r"\s?[(（\[【][^()（）\[\]【】]{2,60}[)）\]】]\W{0,2}$"), shortest=20),
    # a heading glued onto prose: "Muscle painThis is a feeling", "Who gets it?Up to one person"
    Cut("glued", re.compile(r"(?<=[a-z?!.:)\]])(?=[A-Z][a-z]*\s[a-z])|(?<=[?!:] )(?=[A-Z])"), shortest=_SHORTEST_PROSE),
    # a run-in heading: "Gums and joints. Adults with severe ..."
    Cut("lead", re.compile(r"(?<=\w[.:]) (?=[A-Z])"), shortest=_SHORTEST_PROSE),
    # an offer, a call or a notice inside prose: each sentence of such a line by itself
    Cut("sentence", re.compile(r"(?<=[.!?。！？”\"]) (?=\S)"), shortest=_SHORTEST_PROSE, need=_CALL),
    # an unfinished last sentence: "... as soon as possible. Bring about", or the next headline
    Cut("tail", re.compile(r"(?<=[.!?。！？”\"]) ?(?=[^.!?。！？,;:]{3,90}$)"), shortest=_SHORTEST_PROSE),
)  # fmt: skip
_LEAD_END = 80  # characters; run-in and glued headings end within it


class Line(NamedTuple):
    """A raw line that is not blank: its span without edge white space, its words, blank lines before it, its repair."""

    start: int
    end: int
    raw: str
    gap: int
    repair: Repair


class Part(NamedTuple):
    """A stretch of one line: raw span, repaired text, alignment (null where text is the slice), cut before it."""

    start: int
    end: int
    text: str
    alignment: list[int] | None
    cut: str


def read_lines(text: str) -> Iterator[Line]:
    r"""The lines of a raw text that hold more than white space, repaired, in order.

    Lines end where `str.splitlines` ends them, so also at \r, \v, \f, NEL and U+2028.

    >>> [(line.start, line.end, line.gap) for line in read_lines("a\n\n b \r\nc")]
    [(0, 1, 0), (4, 5, 1), (8, 9, 0)]
    """
    at = gap = 0
    for row in text.splitlines(keepends=True):
        core = row.strip()
        if core:
            start = at + row.index(core[0])
            yield Line(start, start + len(core), core, gap, repair_line(core))
            gap = -1
        gap += 1
        at += len(row)


def cut_line(line: Line) -> list[Part]:
    """The parts of a line; together they hold each of its characters that is not white space once."""
    text, alignment = line.repair.text, line.repair.alignment
    if not text:
        return [Part(line.start, line.end, "", [0], "")]
    places = _places(text)
    raw = [place if alignment is None else alignment[place] for place, _ in places]
    return [*_parts(line, places, raw)]


def join_parts(first: Part, second: Part, raw: str) -> Part:
    """Two neighbouring parts of one line as one; `raw` is the source's text."""
    between = raw[first.end : second.start]
    text = first.text + between + second.text
    if first.alignment is None and second.alignment is None:
        return Part(first.start, second.end, text, None, first.cut)
    head = _full(first)[:-1] + list(range(first.end - first.start, second.start - first.start))
    return Part(first.start, second.end, text, head + [second.start - first.start + i for i in _full(second)], first.cut)


def _full(part: Part) -> list[int]:
    return list(range(len(part.text) + 1)) if part.alignment is None else part.alignment


def _places(text: str) -> list[tuple[int, str]]:
    """Where to cut (code points of the repaired line) and by which rule, the line's start and end included."""
    places = {0: ""}
    size = len(text)
    for cut in CUTS:
        if not cut.shortest <= size <= cut.longest or (cut.need and not cut.need.search(text)):
            continue
        for found in cut.pattern.finditer(text):
            if cut.name in ("glued", "lead") and found.start() > _LEAD_END:
                break
            places.setdefault(found.start(), cut.name)
            if cut.after:
                places.setdefault(found.end(), cut.name + "-after")
            if cut.name == "lead":
                break
    places.pop(size, None)
    return [*sorted(places.items()), (size, "")]


def _parts(line: Line, places: list[tuple[int, str]], raw: list[int]) -> Iterator[Part]:
    """Parts between cut places that hold raw characters other than white space, without edge white space."""
    text, alignment = line.repair.text, line.repair.alignment
    begin = 0
    for i in range(1, len(places)):
        last = places[i][0]
        if i < len(places) - 1 and (not text[places[begin][0] : last].strip() or not raw[begin] < raw[i] < raw[-1]):
            continue  # nothing to show yet, or the cut falls inside one raw character: no cut here
        first = places[begin][0]
        if alignment is None:
            core = text[first:last].strip()
            start = line.start + text.index(core, first)
            yield Part(start, start + len(core), core, None, places[begin][1])
        else:
            yield _aligned(line, alignment[first : last + 1], text[first:last], places[begin][1])
        begin = i


def _aligned(line: Line, alignment: list[int], text: str, cut: str) -> Part:
    """A part of a repaired line, cut free of the raw white space at its edges."""
    stretch = line.raw[alignment[0] : alignment[-1]]
    first = alignment[0] + len(stretch) - len(stretch.lstrip())
    last = alignment[0] + len(stretch.rstrip())
    head = sum(end <= first for end in alignment[1:])
    tail = sum(start >= last for start in alignment[:-1])
    inner = alignment[head : len(alignment) - tail]
    start, end = line.start + first, line.start + last
    return Part(start, end, text[head : len(text) - tail], [min(max(a, first), last) - first for a in inner], cut)
