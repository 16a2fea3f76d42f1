"""Lines as a page had them, where its line breaks became blanks, or each sentence got a line of its own.

Datasets hold pages, or articles, as one line each, white space made single, or a sentence on each line. What is dropped
of a page stood in lines of its own: without their ends the labeller finds half of it and few headlines. And a sentence
alone tells less than its paragraph of what it is about, so honest ones are dropped.
"""

import re
from collections.abc import Sequence, Set
from itertools import chain

import numpy as np

from pipeline.models.line_breaks import break_chances
from pipeline.text.line import BULLETS, Line, Lines
from pipeline.text.repair import Repair
from pipeline.text.segments import Part, parts_at
from pipeline.text.width import narrow
from pipeline.text.wrapped import CLOSES, laid_out, put_together

__all__ = ["restored"]

_LONG = 1000  # characters of a line that is read; with 700 the real pages, as they are, are cleaned at .966 for .971
# Chance from which a break is one to the labeller. With .15, .25 and .35 dev pages on one line are cleaned at drop F1
# .925, .933 and .917, those of s219 to s234 at .899, .916 and .913.
_LEAST = 0.25
# From this chance on, a break behind a sentence keeps two paragraphs apart. Any other keeps apart what is of two kinds:
# one in ten falls inside a sentence, which must stay whole where all of it is kept.
_SURE = 0.5
# So sure breaks behind no sentence a line has, or it is a paragraph and stays whole. Without this the real pages are
# cleaned at .961 for .971.
_FEWEST = 1
_GOES_ON, _NEW = 1, 2
_STOPS = tuple(".!?。！？")
_CLOSING = "\"'”’)）]】"
_TAIL = 12  # characters that hold the last word of a line
_NEAR = 6  # characters before a place that hold a sentence's mark and what closes it
# A text has so many lines that are sentences, from so many characters on, and of these at most such a share holds more
# than one: then each has its line. Of 2,985 pages 2 are taken for such a text, of the same ones split up 2,930.
_SENTENCE, _SENTENCES, _OTHERS = 40, 12, 0.1
_MARK = re.compile(rf"[{BULLETS}]|[(（\[【]?\d{{1,2}}[.)、）\]】]")  # of an item, which HTML may hold apart
# A text with so many lines, and such a share of all, that begin with a mark that closes, or with a small letter behind
# a word that nothing ends with, was cut where links or bold words stood, as `get_text("\n")` does with HTML. Of 3,387
# labelled pages 3 have two, and were cut; of 150 public ones so read 119.
_CUTS, _CUT_SHARE = 2, 0.002
_OPEN = re.compile(
    r"(?i)(?<![\w.])(?:the|an?|of|to|in|and|or|with|for|by|from|on|at|as|our|your|their|this|that|these|than)$"
)
# Chance of a break up to which one is none there. With .05, .1, .25 and .5 such written test pages are cleaned at drop
# F1 .946, .944, .940 and .939 (one-off), those of s219 to s234 at .950 to .947.
_INSIDE = 0.05
# Characters of what is shown at once of what is said, and of a paragraph of it: speech without marks would have no end.
_CAPTION, _SPEECH = 100, 500
_INNER = re.compile(r"[a-z]{3}[.!?][\"'”’)）]* {1,3}[A-Za-z]")


def restored(lines: Lines, raw: str, *, spoken: Set[int] = frozenset()) -> Lines:
    """The lines of a source: marks with their items, and those that were cut inside sentences, as one; long ones as the
    lines that they were, or else, where each sentence has a line, those of a paragraph as one; `lines` itself where
    there is nothing to do.

    raw: the source. spoken: the lines that end anywhere. Of lines that were put together (here or in `wrapped`) it is
    known where lines ended; they stay so.
    """
    marks = _marks(lines)
    lines = put_together(lines, marks, raw) if any(marks) else lines
    closing, opened = _closing(lines), _opened(lines)
    if spoken:
        lines = put_together(lines, _said_on(lines, spoken, _cut_inside(lines, closing, opened)), raw)
    elif sum(closing) + sum(opened) >= max(_CUTS, _CUT_SHARE * len(closing)):
        lines = put_together(lines, _cut_inside(lines, closing, opened), raw, closes_up=True)
    long = {i for i, text in enumerate(lines.text) if len(text) >= _LONG and not _is_put_together(lines, i)}
    if long:
        return _cut(lines, long)
    return put_together(lines, _goes_on(lines), raw) if _has_sentences_on_lines(lines) else lines


def _marks(lines: Lines) -> list[bool]:
    """Which lines are no more than the mark of the item on the next one."""
    return [
        not gap and _MARK.fullmatch(text) is not None for text, gap in zip(lines.text, lines.gap[1:], strict=False)
    ] + [False]


def _closing(lines: Lines) -> list[bool]:
    """Before which lines the next one only closes what was said."""
    below = zip(lines.text, lines.text[1:], lines.gap[1:], strict=False)
    return [not gap and CLOSES.match(text) is not None and not _ends_sentence(above)
            for above, text, gap in below]  # fmt: skip


def _opened(lines: Lines) -> list[bool]:
    """Which lines end with a word that nothing ends with, and go on small."""
    below = zip(lines.text, lines.text[1:], lines.gap[1:], strict=False)
    return [not gap and text[:1].islower() and _OPEN.search(above[-_TAIL:]) is not None for above, text, gap in below]


def _cut_inside(lines: Lines, closing: Sequence[bool], opened: Sequence[bool]) -> list[bool]:
    """Of a text that was cut at links, which lines the next one goes on."""
    unlikely = _unlikely(lines.text, ["" if closes else " " for closes in closing], _INSIDE)
    alone = laid_out(lines.text)
    ended = [a or b or _ends_sentence(text) for a, b, text in zip(alone, alone[1:], lines.text, strict=False)]
    known = [a or b for a, b in zip(closing, opened, strict=True)]
    goes_on = zip(known, unlikely, ended, lines.gap[1:], strict=False)
    return [sure or (inside and not end and not gap) for sure, inside, end, gap in goes_on] + [False]


def _said_on(lines: Lines, spoken: Set[int], inside: Sequence[bool]) -> list[bool]:
    """Which spoken lines the next one goes on; inside: those that it hardly ends."""
    goes_on: list[bool] = []
    size = 0
    for i, (text, cut) in enumerate(zip(lines.text, inside, strict=True)):
        size += len(text)
        goes_on.append(cut and {i, i + 1} <= spoken and len(text) <= _CAPTION and size <= _SPEECH)
        size *= goes_on[-1]
    return goes_on


def _unlikely(texts: Sequence[str], between: Sequence[str], least: float) -> list[bool]:
    """Whether a line hardly began with each text but the first: with a chance below `least`. between: what stands
    between each and the next where they are one line."""
    starts = np.cumsum([len(text) + len(sign) for text, sign in zip(texts, between, strict=False)])
    places, chances = break_chances("".join(chain.from_iterable(zip(texts, [*between, ""], strict=True))))
    known = np.isin(starts, places)
    unlikely = np.zeros(len(starts), bool)
    unlikely[known] = chances[np.searchsorted(places, starts[known])] < least
    return unlikely.tolist()


def _has_sentences_on_lines(lines: Lines) -> bool:
    long = (narrow(text) for text in lines.text if len(text) >= _SENTENCE)
    sentences = [text for text in long if _ends_sentence(text)]
    others = sum(_INNER.search(text) is not None for text in sentences)
    return len(sentences) >= _SENTENCES and others <= _OTHERS * len(sentences)


def _goes_on(lines: Lines) -> list[bool]:
    """Of such a text, which lines are a sentence that the next line goes on."""
    unlikely = _unlikely(lines.text, [" "] * (len(lines.text) - 1), _LEAST)
    ended = map(_ends_sentence, lines.text)
    return [a and b and not gap for a, b, gap in zip(ended, unlikely, lines.gap[1:], strict=False)] + [False]


def _cut(lines: Lines, long: set[int]) -> Lines:
    """The lines of a source, these long ones as the lines that they were."""
    found = Lines([], [], [], [], {})
    goes_on = set()
    for i in range(len(lines.text)):
        whole = Part(lines.start[i], lines.end[i], lines.text[i], None, 0)
        for part in parts_at(lines, i, _breaks(lines.text[i])) if i in long else [whole]:
            at = len(found.text)
            if part.cut == _GOES_ON:
                goes_on.add(at)
            if i in lines.mended:
                found.mended[at] = lines.mended[i] if part is whole else _piece(lines.mended[i], part)
            found.start.append(part.start)
            found.end.append(part.end)
            found.gap.append(0 if part.cut else lines.gap[i])
            found.text.append(part.text)
    return found._replace(goes_on=frozenset(goes_on))


def _is_put_together(lines: Lines, i: int) -> bool:
    return i in lines.mended and len(lines.mended[i].raw.splitlines()) > 1


def _breaks(text: str) -> list[tuple[int, int]]:
    """Where lines began, and whether each goes on the one before it or is a new one."""
    starts, chances = break_chances(text)
    likely = chances >= _LEAST
    found = [
        (start, chance >= _SURE, _ends_sentence(text[max(0, start - _NEAR) : start].rstrip()))
        for start, chance in zip(starts[likely].tolist(), chances[likely].tolist(), strict=True)
    ]
    if sum(sure and not ended for _, sure, ended in found) < _FEWEST:
        return []
    return [(start, _NEW if sure and ended else _GOES_ON) for start, sure, ended in found]


def _ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith(_STOPS)


def _piece(line: Line, part: Part) -> Line:
    """A part of a mended line as a line."""
    raw = line.raw[part.start - line.start : part.end - line.start]
    places = None if part.alignment is None else tuple(part.alignment)
    return Line(part.start, part.end, raw, 0 if part.cut else line.gap, Repair(part.text, places, line.repair.steps))
