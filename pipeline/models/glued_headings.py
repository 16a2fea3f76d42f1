"""Headings that prose was glued to: "Muscle pain This is a feeling of the body ...".

A heading and its paragraph came as one line. The labeller, which takes words as a bag, cannot tell the two or three
words from a sentence's beginning ("Doctor Yun adds ..."), and with more places to cut lines at it labels other parts
worse. The network of line breaks reads words in order, and learned from lines of which the breaks are known. So of each
paragraph that is kept it is asked whether a break was lost at its head, where one may have been. Pages with markup are
left alone: it says where blocks begin.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.models.labeller import load_network
from pipeline.models.line_breaks import break_chances_at_heads
from pipeline.text.labelled import Article
from pipeline.text.line import Line, lines_of
from pipeline.text.patterns import finder
from pipeline.text.places import JOINING
from pipeline.text.repair import Repair
from pipeline.text.segments import Part, parts_at
from pipeline.text.width import narrow

__all__ = ["REASON", "with_glued_headings"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Columns = tuple[list[Any], ...]
REASON = "model:line-breaks"
_PROSE = 80  # characters of a heading and its paragraph, at least
_HEAD = 80  # characters that a heading may have
_WORDS = 24  # words of a line that are read
# Chance of a break from which there was one. On pages with headings glued on for a test .6 finds a fiftieth more, and
# on pages without any half as many again that are none.
_SURE = 0.7
# The same behind a capital word that is not the first: "Our Career Advancement Program walks you through ..."
_SURE_OF_NAMES = 0.9
# Characters on either side in which a word that may begin the prose is looked for inside sentences: where it has a
# capital there, too, it is a name ("expected Actions usage"). Of 82 places in 272 pages of the open web, nearly all
# false, 26 are left so (15 with `_SURE_OF_NAMES`); of 163 right ones in pages with headings glued on for a test 155.
_NEAR = 20_000
_NUMBER = 6  # characters that the number before a heading may have
# These read narrow signs (`pipeline.text.width`).
_ENDED = r"[.!?！”\")]$"
_BEGINS = r"[\"“【]?(?:An?|[A-Z][a-z][\w'’-]*)[,:]? [a-z\d\"“]|\(1\) |[①-⑳✓·※◆-] ?[A-Z]"
_PLACE = re.compile(
    rf"(?<=[a-z\d)\]】\"”’]) (?={_BEGINS})|(?:(?<=[a-z]{{3}})|(?<= [a-z]{{2}})|(?<=[)\]】”\"]))(?={_BEGINS})"
)
_MAY_HAVE = rf"^.{{0,{_NUMBER}}}[^.!?]*[a-z0-9)\]】\"”’] ?(?:{_BEGINS})"
_SENTENCE_ENDS = re.compile(r"[.!?！;](?:\s|(?=[A-Z]))")
_WORD = re.compile(r"\W*([\w'’-]*)")
_INSIDE = r"(?<=[a-z,] ){}(?!\w)"  # a word inside a sentence
_JOINING = JOINING - {"it"}  # "What sort of disease is it"
_CAPITAL_LAST = re.compile(r"\s[A-Z]\S*$")


def with_glued_headings(segments: Article, source: Ints, raw: Sequence[str], plain: Flags) -> tuple[Article, Ints]:
    """Some segments, headings parted from the prose behind them, and the source of each.

    source: that of each given segment. raw: the texts of the sources. plain: which of these have no markup.
    """
    headed = {}
    for i, place, chance in _headings(segments, source, raw, plain):
        if len(parts := _parts(segments, i, place, raw[source[i]])) == 2:
            headed[i] = parts, chance
    if not headed:
        return segments, source
    columns: Columns = tuple([] for _ in segments)
    done = 0
    for i, ((heading, prose), chance) in headed.items():
        both: Columns = Article(
            [heading.start, prose.start], [heading.end, prose.end], [heading.text, prose.text],
            [heading.alignment, prose.alignment], [segments.line[i]] * 2, ["heading", segments.label[i]],
            [chance, segments.score[i]], [REASON, segments.reason[i]],
        )  # fmt: skip
        others: Columns = segments.between(done, i)
        for column, before, two in zip(columns, others, both, strict=True):
            column += [*before, *two]
        done = i + 1
    behind: Columns = segments.between(done, len(segments.line))
    for column, last in zip(columns, behind, strict=True):
        column += last
    return Article(*columns), np.repeat(source, [2 if i in headed else 1 for i in range(len(source))])


def _possible(segments: Article, source: Ints, plain: Flags) -> Iterator[tuple[int, str]]:
    """The paragraphs that begin a line and may have a heading before them, and their words in narrow signs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first = (np.diff(segments.line, prepend=-1) != 0) | (np.diff(source, prepend=-1) != 0)
    body = np.array([label == "body" for label in segments.label], bool)
    size = np.fromiter(map(len, segments.text), np.int64, len(body))
    long = np.flatnonzero(first & body & plain[source] & (size >= _PROSE))
    words = [narrow(segments.text[i]) for i in long.tolist()]
    texts = pa.array(words, pa.large_string())
    found = finder(texts)(_ENDED) & finder(pc.utf8_slice_codeunits(texts, 0, _HEAD))(_MAY_HAVE)
    return compress(zip(long.tolist(), words, strict=True), found)


def _headings(segments: Article, source: Ints, raw: Sequence[str], plain: Flags) -> Iterator[tuple[int, int, float]]:
    """The segments that begin with a heading, where the prose behind it begins, and the chance of that."""
    possible = ((i, text, _places(text)) for i, text in _possible(segments, source, plain))
    asked = [(i, text, places) for i, text, places in possible if places]
    chances = break_chances_at_heads([text for _, text, _ in asked], _WORDS)
    for (i, text, places), chance in zip(asked, chances, strict=True):
        likely, place = max((chance.get(place, 0.0), place) for place in places)
        at = segments.start[i]
        sure = _SURE_OF_NAMES if _CAPITAL_LAST.search(text[:place].rstrip()) else _SURE
        if likely >= sure and not _is_name(text, place, raw[source[i]][max(0, at - _NEAR) : at + _NEAR]):
            yield i, place, likely


def _is_name(text: str, place: int, nearby: str) -> bool:
    """Whether the word at a place has a capital inside sentences nearby, too; `nearby` holds the text itself."""
    word = _WORD.match(text, place)
    if not word or not word[1]:
        return False
    found = _INSIDE.format(re.escape(word[1]))
    return len(re.findall(found, narrow(nearby))) > len(re.findall(found, text[max(0, place - 2) : word.end()]))


def _parts(segments: Article, i: int, place: int, raw: str) -> list[Part]:
    start, end, alignment = segments.start[i], segments.end[i], segments.alignment[i]
    repair = Repair(segments.text[i], None if alignment is None else tuple(alignment))
    return parts_at(lines_of([Line(start, end, raw[start:end], 0, repair)]), 0, [(place, 1)])


def _places(text: str) -> list[int]:
    """Where in a text the prose behind a heading may begin, code points."""
    ends = _SENTENCE_ENDS.search(text, _NUMBER, _HEAD)
    known, places = load_network().numbers, []
    for found in _PLACE.finditer(text, 0, ends.start() if ends else _HEAD):
        before = text[: found.start()].rpartition(" ")[2].lower()
        word = _WORD.match(text, found.end())
        if before not in _JOINING and word and word[1].lower() in known:
            places.append(found.end())
    return places
