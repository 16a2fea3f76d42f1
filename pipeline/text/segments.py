"""Lines cut into parts of one kind: where a title ends and its site suffix begins, and the like.

A raw line is the unit of a scrape dump; most lines are one part. A line that mixes kinds (title and
keyword suffix, prose and byline, a heading glued onto prose, prose and a call to action) is cut at the
places named in `CUTS`. Cutting too often does no harm: equal neighbours of one line are joined again
once they are labelled (`pipeline.stages.clean`). Spans are code points of the raw text, end exclusive.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.text.repair import Repair, repair_line

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CUTS", "Line", "Part", "cut_lines", "join_parts", "read_lines"]

_LONGEST_TITLE = 330  # characters; a headline with its keyword suffix, the longest in the written corpus is 260
_SHORTEST_PROSE = 60  # characters; below it a line holds one thing
_LEAD = 80  # characters; a run-in or glued heading ends within it
_TAIL = 95  # characters; a stray last fragment or a headline glued to a line's end is no longer
_CALL = (
    r"(?i)we ?chat|scan |two-dimensional|qr code|public (?:number|account|platform)|official account|follow us|"
    r"subscribe|newsletter|hot ?line|consult|telephone|free (?:clinic|trial|gift)|discount|coupon|half price|click |"
    r"like this|thumbs|praise|forward|comment|share (?:this|it)|welcome to|register|sign up|call us|400-|[$£€￥¥]\d|"
    r"copyright|infring|reprint|source of|reporter|correspondent|editor|text/|picture|photo"
)
_SEPARATOR = re.compile(r"[–—|｜_•»·~【:-]|\s\s")
_SUFFIX = re.compile(
    r"(?<=\S)\s*(?:\s[–—•·»~-]\s|\s?[|｜]\s?|\s?_\s?|--+|::|—|\s[–—-](?=[A-Z])|(?<=[a-z?!])-(?=[A-Z])|【"
    r"|\s\s+(?=(?:Source|By|Text|Author|Reporter|Editor|From)\b|#\d))(?=\s*\S)"
)
_CLOSING = frozenset(")）]】.。")
_DASH = re.compile(r"[–—-]")
_LIST = re.compile(r"[|｜/_]")
_BRACKETS = re.compile(r"\s?[(（\[【][^()（）\[\]【】]{2,120}[)）\]】]")
_BRACKETS_END = re.compile(r"\s?[(（\[【][^()（）\[\]【】]{2,60}[)）\]】]\W{0,2}$")
# These begin with a character, not with what stands before it: `re` then passes over the others quickly.
_GLUED = re.compile(r"[A-Z](?:(?:(?<=[a-z]{3}.)|(?<=[?!.:)\]].))(?=[a-z]*[\s,][a-z\d])|(?<=[?!:] .))")
_RUN_IN = re.compile(r" (?<=[a-z]{2}[.:] )(?=[A-Z])")
_SENTENCE = re.compile(r" (?:(?<=[.!?。！？] )|(?<=[.!?。！？][”\"] ))(?=\S)")
# Lines that none of these finds have no place to cut. They are searched all at once (RE2), so they know neither
# look-behind nor Python's white space and find more than the rules do.
_BLANKS = r"\t-\r\x1c-\x1f \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_MAY_HAVE_SUFFIX = (
    rf"[{_BLANKS}][–—•·»~-][{_BLANKS}]|[|｜_—【]|--|::|[{_BLANKS}]–[A-Z]|[{_BLANKS}]-[A-Z]|[a-z?!]-[A-Z]"
    rf"|[{_BLANKS}]{{2}}(?:[SBTARE]|From|#)"
)
_MAY_BE_TWO = rf"[–—|｜_•»·~【:-]|[{_BLANKS}]{{2}}"  # `_SEPARATOR`
_CLOSED_END = r"[)）\]】.。]$"  # `_CLOSING`
_MAY_BE_GLUED = r"(?:[a-z]{3}|[?!.:)\]])[A-Z][a-z]*[^A-Za-z]|[?!:] [A-Z]"
_MAY_RUN_IN = r"[a-z]{2}[.:] [A-Z]"
_MAY_END_IN_BRACKETS = r"(?s)[)）\]】.。].?$"
_MAY_HAVE_TAIL = r"[.!?。！？”\"][^.!?。！？,;:]{3,}$"
_WHOLE_END = r"[.!?。！？”\";:]$"
_TAIL_START = re.compile(r"[.!?。！？”\"](?= ?[^.!?。！？,;:]{3,90}$)")


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
    alignment: Sequence[int] | None
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


def cut_lines(lines: Sequence[Line]) -> list[list[Part]]:
    """The parts of each line; together they hold each of its characters that is not white space once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pa.array([line.repair.text for line in lines], pa.large_string())
    calls = pc.match_substring_regex(texts, _CALL)
    mended = np.array([line.repair.alignment is not None for line in lines], bool)
    rules, called = _rules(texts, calls, pa.array(mended)), np.asarray(calls)
    cut = [[Part(line.start, line.end, line.repair.text, None, "")] for line in lines]
    for i in np.flatnonzero(mended | (rules > 0)).tolist():
        cut[i] = _cut_line(lines[i], bool(called[i]), int(rules[i]))
    return cut


def _rules(texts: "pa.Array", calls: "pa.Array", mended: "pa.Array") -> npt.NDArray[np.int64]:
    """For each line a number whose bits are the rules of `CUTS`, in their order, that may find a place in it.

    texts, calls, mended: the words of each line, whether they match `_CALL`, whether repair changed them.
    """
    import pyarrow.compute as pc

    size, found = pc.utf8_length(texts), pc.match_substring_regex
    prose, head = pc.greater_equal(size, _SHORTEST_PROSE), pc.utf8_slice_codeunits(texts, 0, _LEAD)
    tail = pc.utf8_slice_codeunits(texts, -_TAIL)
    may = {
        "suffix": pc.and_(pc.less_equal(size, _LONGEST_TITLE), found(texts, _MAY_HAVE_SUFFIX)),
        "brackets": pc.and_(
            found(texts, r"[(（\[【]"), pc.or_(pc.and_(prose, calls), found(tail, _MAY_END_IN_BRACKETS))
        ),
        "glued": pc.and_(prose, found(head, _MAY_BE_GLUED)),
        "lead": pc.and_(pc.greater_equal(size, _LEAD + _SHORTEST_PROSE), found(head, _MAY_RUN_IN)),
        "sentence": pc.and_(prose, calls),
        "tail": pc.and_(
            pc.greater_equal(size, _SHORTEST_PROSE + _TAIL),
            pc.and_not(found(tail, _MAY_HAVE_TAIL), found(tail, _WHOLE_END)),
        ),
    }
    columns = [np.asarray(may[name]).astype(np.int64) << i for i, name in enumerate(CUTS)]
    # A short line without a mark between two things or at its end is left whole.
    mixed = pc.or_(pc.or_(prose, mended), pc.or_(found(texts, _MAY_BE_TWO), found(texts, _CLOSED_END)))
    return np.where(np.asarray(mixed), np.bitwise_or.reduce(columns), 0)


@cache
def _chosen(rules: int) -> tuple[tuple[str, Callable[[str, bool], Iterable[int]]], ...]:
    return tuple(cut for i, cut in enumerate(CUTS.items()) if rules >> i & 1)


def _cut_line(line: Line, call: bool, rules: int) -> list[Part]:
    text, alignment = line.repair.text, line.repair.alignment
    places = _places(text, call, rules)
    if alignment is None:
        return _plain_parts(line, places)
    return [*_parts(line, places, alignment)]


def join_parts(first: Part, second: Part, raw: str) -> Part:
    """Two neighbouring parts of one line as one; `raw` is the source's text."""
    between = raw[first.end : second.start]
    text = first.text + between + second.text
    if first.alignment is None and second.alignment is None:
        return Part(first.start, second.end, text, None, first.cut)
    head = _full(first)[:-1] + list(range(first.end - first.start, second.start - first.start))
    return Part(
        first.start, second.end, text, head + [second.start - first.start + i for i in _full(second)], first.cut
    )


def _full(part: Part) -> list[int]:
    return [*(range(len(part.text) + 1) if part.alignment is None else part.alignment)]


def _places(text: str, call: bool, rules: int) -> list[tuple[int, str]]:
    """Where to cut (code points of the repaired line) and by which rule, the line's start and end included."""
    places = {0: ""}
    for name, cut in _chosen(rules):
        for place in cut(text, call):
            places.setdefault(place, name)
    places.pop(len(text), None)
    return [*sorted(places.items()), (len(text), "")]


def _suffixes(text: str, call: bool) -> Iterable[int]:
    """Before "– Site", "| keyword/keyword", "_keyword_Site" behind a headline."""
    if len(text) > _LONGEST_TITLE or text[-1] in ".;,":
        return
    for found in _separators(text):
        rest = text[found.end() :].lstrip()
        if found.group() == "-" and not text[: found.start()].rpartition(" ")[2][:1].islower():
            continue  # "Acne-Prone"; but "side effects-Kang Encyclopedia"
        # "injury – causes pain" is no suffix; "headline – back pain/sciatica" is
        if not _DASH.search(found.group()) or not rest[:1].islower() or _LIST.search(rest):
            yield found.start()


def _separators(text: str) -> Iterator[re.Match[str]]:
    """What `_SUFFIX` finds, looked for only where a separator stands, with the white space before it."""
    done = 0
    for mark in _SEPARATOR.finditer(text):
        start = mark.start()
        if text[start - 1 : start].isspace():
            start = len(text[:start].rstrip())
        if start >= done and (found := _SUFFIX.match(text, start)):
            done = found.end()
            yield found


def _brackets(text: str, call: bool) -> Iterable[int]:
    """Before and behind "(search lt0385 on WeChat)", before "(reporter Gao Zhaoming)" at the line's end."""
    if call and len(text) >= _SHORTEST_PROSE:
        for found in _BRACKETS.finditer(text):
            if found.start() and re.search(_CALL, found.group()):
                yield from found.span()
    if text[-1] in _CLOSING or text[-2:-1] in _CLOSING:
        yield from (found.start() for found in _BRACKETS_END.finditer(text, max(0, len(text) - 66)))


def _glued(text: str, call: bool) -> Iterable[int]:
    """Between a heading and the prose glued onto it: "Muscle painThis is a feeling"."""
    if len(text) >= _SHORTEST_PROSE:
        for found in _GLUED.finditer(text, 0, _LEAD):
            yield found.start()


def _run_ins(text: str, call: bool) -> Iterable[int]:
    """Behind a run-in heading: "Gums and joints. Adults with severe periodontitis ..."."""
    if len(text) >= _LEAD + _SHORTEST_PROSE and (found := _RUN_IN.search(text, 0, _LEAD)):
        yield found.start()


def _sentences(text: str, call: bool) -> Iterable[int]:
    """Between the sentences of a line that holds an offer, a call or a notice somewhere."""
    if call and len(text) >= _SHORTEST_PROSE:
        yield from (found.start() for found in _SENTENCE.finditer(text))


def _tails(text: str, call: bool) -> Iterable[int]:
    """Before an unfinished last sentence: "... as soon as possible. Bring about", or the next headline."""
    if len(text) >= _SHORTEST_PROSE + _TAIL and text[-1] not in '.!?。！？”";:':
        offset = len(text) - _TAIL
        yield from (offset + found.end() for found in _TAIL_START.finditer(text[offset:]))


# In this order; where two rules cut at one place the first names it.
CUTS: dict[str, Callable[[str, bool], Iterable[int]]] = {
    "suffix": _suffixes,
    "brackets": _brackets,
    "glued": _glued,
    "lead": _run_ins,
    "sentence": _sentences,
    "tail": _tails,
}


def _plain_parts(line: Line, places: list[tuple[int, str]]) -> list[Part]:
    """Parts between cut places of a line that was not repaired, without edge white space."""
    text = line.repair.text
    parts = []
    begin, cut = places[0]
    for end, name in places[1:]:
        core = text[begin:end].strip()
        if core:  # else nothing to show yet
            start = line.start + text.index(core, begin)
            parts.append(Part(start, start + len(core), core, None, cut))
            begin, cut = end, name
    return parts


def _parts(line: Line, places: list[tuple[int, str]], alignment: Sequence[int]) -> Iterator[Part]:
    """The same of a repaired line; parts hold raw characters other than white space."""
    text, raw = line.repair.text, [alignment[place] for place, _ in places]
    begin = 0
    for i in range(1, len(places)):
        last = places[i][0]
        if i < len(places) - 1 and (not text[places[begin][0] : last].strip() or not raw[begin] < raw[i] < raw[-1]):
            continue  # nothing to show yet, or the cut falls inside one raw character: no cut here
        first = places[begin][0]
        yield _aligned(line, alignment[first : last + 1], text[first:last], places[begin][1])
        begin = i


def _aligned(line: Line, alignment: Sequence[int], text: str, cut: str) -> Part:
    """A part of a repaired line, cut free of the raw white space at its edges."""
    stretch = line.raw[alignment[0] : alignment[-1]]
    first = alignment[0] + len(stretch) - len(stretch.lstrip())
    last = alignment[0] + len(stretch.rstrip())
    head = bisect_right(alignment, first, 1) - 1
    tail = len(alignment) - 1 - bisect_left(alignment, last, 0, len(alignment) - 1)
    inner = alignment[head : len(alignment) - tail]
    low, high = bisect_left(inner, first), bisect_right(inner, last)
    places = [*[0] * low, *(inner[low:high] if first == 0 else [place - first for place in inner[low:high]])]
    places += [last - first] * (len(inner) - high)
    start, end = line.start + first, line.start + last
    return Part(start, end, text[head : len(text) - tail], places, cut)
