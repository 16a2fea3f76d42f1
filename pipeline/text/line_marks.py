"""What stands before the words of lines and is none of them: when they were spoken or sent, marks of quotation, counts.

Subtitles and transcripts of videos hold a time before each line, or on a line of its own, subtitles also tags between
their words; mails what they answer behind `>`; slides and posts in a row "3/9". Read as words these are taken for
headings and parts of sentences: they are left out, as markup is.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain, pairwise
from typing import NamedTuple

from pipeline.text.line import Line, Lines, lines_of
from pipeline.text.repair import Repair
from pipeline.text.segments import Part, parts_at

__all__ = ["outside", "without_line_marks"]

_CLOCK = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_SHOWN = re.compile(rf"{_CLOCK}\s?--?>\s?{_CLOCK}")  # of a subtitle; what may follow says where
_NUMBER = re.compile(r"\d{1,6}")
_TIME = re.compile(rf"[(\[]?(?P<from>{_CLOCK})(?:\s?[-–—]\s?{_CLOCK})?[)\]]?(?:\s*[-–—:|]\s|\s+|$)")
_SUBTITLES = 2  # of a text that is one of these
_NOTE = re.compile(r"(?:NOTE|STYLE|REGION)\b")
# Between the words of subtitles: who speaks, how and when each word is shown (WebVTT), and what SubRip takes from HTML
# and from SSA, as "{\an8}".
_TAG = re.compile(rf"<(?:/?(?:[bcisuv]|font|lang|ruby|rt)(?:[.\s][^<>]*)?|{_CLOCK})>|\{{\\[^{{}}]*\}}", re.I)
_ROLLING = 3  # lines, at most, that captions which roll show once more above a new one
_STAMP = re.compile(
    rf"[\[(]?\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}},? +{_CLOCK}(?: ?[APap]\.?[Mm]\.?)?[\])]? *(?:[-–—] )?"
    r"(?=[^:]{1,40}: \S)"
)
_COUNT = re.compile(r"[(\[]?(?P<one>\d{1,3}) ?/ ?(?P<of>\d{1,3})[)\]]?(?:\s+|$)")
_QUOTED = re.compile(r"(?:>\s?)+")
_SOUND = re.compile(r"[(\[♪][^()\[\]]{0,30}[)\]♪]")
# So many times, none before the one above it, that begin within so many seconds, and so many characters for each second
# between the first and the last: people speak ten to twenty, a list of chapters has one. Times of a day begin later.
_TIMES, _SOON, _SPOKEN = 4, 120, 4
# So many lines, and such a share of all, are quoted, or are messages.
_LINES, _SHARE = 5, 0.15
_COUNTED = 3  # so many one after the other, up to the last; days of a month go on


class Marks(NamedTuple):
    """size: how many characters of which line are a mark. spoken: the stretches of lines that somebody spoke. tagged:
    whether there are tags between their words."""

    size: dict[int, int]
    spoken: list[range]
    tagged: bool = False


def without_line_marks(lines: Lines, raw: str) -> tuple[Lines, list[tuple[int, int]], frozenset[int]]:
    """The lines of a source without what is marked before them or between them; the places of these marks; which of the
    lines somebody spoke, so that they end anywhere.

    raw: the source. What stood around a mark alone on its line is no longer parted by a blank line.

    >>> text = "1/3 Rest\\n2/3 Ice\\n3/3 Heat"
    >>> lines = Lines([0, 9, 17], [8, 16, 25], [0, 0, 0], text.split("\\n"), {})
    >>> without_line_marks(lines, text)[0].text, without_line_marks(lines, text)[1]
    (['Rest', 'Ice', 'Heat'], [(0, 3), (9, 12), (17, 20)])
    """
    marks = next((some for look in (_subtitles, _times, _messages, _counts) if (some := look(lines)).size), None)
    if marks is None:
        return lines, [], frozenset()
    found: list[Line] = []
    places: list[tuple[int, int]] = []
    spoken, spoken_now = {*chain.from_iterable(marks.spoken)}, []
    alone = False  # whether the line above was a mark
    for i, text in enumerate(lines.text):
        line, size = lines.line(i, raw), marks.size.get(i, 0)
        if i in spoken and _SOUND.fullmatch(text, size):
            size = len(text)
        if alone and found:
            line = line._replace(gap=0)
        alone = size == len(text)
        if alone:
            places.append((line.start, line.end))
            continue
        mark, rest = _parted(line, parts_at(lines, i, [(size, 0)])) if size else (None, line)
        if mark:
            places.append(mark)
        if marks.tagged and i in spoken and _TAG.search(text):
            tags, rest = _untagged(line)
            places += tags
        if i in spoken:
            spoken_now.append(len(found))
        found.append(rest)
    return lines_of(found), places, frozenset(spoken_now)


def _parted(line: Line, parts: Sequence[Part]) -> tuple[tuple[int, int] | None, Line]:
    """The place of a line's mark and its words, or all of it as words where it cannot be cut."""
    if len(parts) != 2:
        return None, line
    mark, part = parts
    raw = line.raw[part.start - line.start : part.end - line.start]
    repair = Repair(part.text, None if part.alignment is None else tuple(part.alignment), line.repair.steps)
    return (mark.start, mark.end), Line(part.start, part.end, raw, line.gap, repair)


def _untagged(line: Line) -> tuple[list[tuple[int, int]], Line]:
    """The places of the tags around a line's words, and these, without the tags between them."""
    text = line.repair.text
    hidden = {*chain.from_iterable(range(*tag.span()) for tag in _TAG.finditer(text))}
    kept: list[int] = []
    for i, character in enumerate(text):
        again = character.isspace() and (not kept or (i - 1 in hidden and text[kept[-1]].isspace()))
        if i not in hidden and not again:
            kept.append(i)
    while text[kept[-1]].isspace():
        del kept[-1]
    places = line.repair.alignment or range(len(text) + 1)
    begin, end = places[kept[0]], places[kept[-1] + 1]
    words, raw = "".join(text[i] for i in kept), line.raw[begin:end]
    alignment = None if words == raw else (*(places[i] - begin for i in kept), end - begin)
    around = [
        (line.start, line.start + len(line.raw[:begin].rstrip())),
        (line.end - len(line.raw[end:].lstrip()), line.end),
    ]
    rest = Line(line.start + begin, line.start + end, raw, line.gap, Repair(words, alignment, line.repair.steps))
    return [(first, last) for first, last in around if first < last], rest


def outside(marks: Sequence[tuple[int, int]], lines: Lines) -> list[tuple[int, int]]:
    """Those of some marks that stand in no line; the others are in lines that were put together around them."""
    ends = [0, *lines.end]
    return [mark for mark in marks if mark[0] >= ends[bisect_right(lines.start, mark[0])]]


def _subtitles(lines: Lines) -> Marks:
    """What says when a subtitle is shown, its number, what file it is."""
    shown = dict.fromkeys(i for i, text in enumerate(lines.text) if _SHOWN.match(text))
    if len(shown) < _SUBTITLES:
        return Marks({}, [])
    head: list[int] = []
    for i, text in enumerate(lines.text):  # notes are over where a line is blank
        goes_on = head[-1:] == [i - 1] and not lines.gap[i] and i not in shown
        if goes_on or (not i and text.startswith("WEBVTT")) or ((lines.gap[i] or not i) and _NOTE.match(text)):
            head.append(i)
    above = [i - 1 for i in shown if i and not lines.gap[i]]
    names = [i for i in above if _NUMBER.fullmatch(lines.text[i])]
    if lines.text[0].startswith("WEBVTT"):  # whatever stands alone before a time is its name
        names += [i for i in above if lines.gap[i] and not {i, i - 1} & shown.keys()]
    size = {i: len(lines.text[i]) for i in (*head, *names, *shown)}
    said: list[list[int]] = []
    for i in range(min(shown), len(lines.text)):
        if i in shown:
            said.append([])
        elif i not in size:
            said[-1].append(i)
    again = _again(lines, said)
    spoken = [range(min(shown), len(lines.text))]
    return Marks(size | {i: len(lines.text[i]) for i in again}, spoken, any(map(_TAG.search, lines.text)))


def _again(lines: Lines, said: Sequence[Sequence[int]]) -> Iterator[int]:
    """Lines that show no word, but for their tags and sounds, or once more what was shown with the lines before.

    said: the lines that are shown together, in order.
    """
    before: list[str] = []
    for group in said:
        texts = [" ".join(_TAG.sub("", lines.text[i]).split()) for i in group]
        yield from (i for i, text in zip(group, texts, strict=True) if not text or _SOUND.fullmatch(text))
        most = min(len(texts), len(before), _ROLLING)
        size = next((size for size in range(most, 0, -1) if texts[:size] == before[-size:]), 0)
        yield from group[:size]
        before = texts or before


def _times(lines: Lines) -> Marks:
    """The times at which somebody said what follows."""
    found = [(i, time) for i, text in enumerate(lines.text) if (time := _TIME.match(text))]
    seconds = [_seconds(time["from"]) for _, time in found]
    starts = [0, *(at for at in range(1, len(found)) if seconds[at] < seconds[at - 1]), len(found)]
    marks = Marks({}, [])
    for begin, end in pairwise(starts):
        if end - begin < _TIMES or seconds[begin] > _SOON:
            continue
        (first, _), (last, time) = found[begin], found[end - 1]
        between = sum(map(len, lines.text[first:last])) - sum(len(time.group()) for _, time in found[begin : end - 1])
        if between >= _SPOKEN * (seconds[end - 1] - seconds[begin]):
            marks.size.update((i, time.end()) for i, time in found[begin:end])
            marks.spoken.append(range(first, last + (2 if time.end() == len(lines.text[last]) else 1)))
    return marks


def _seconds(clock: str) -> float:
    """
    >>> _seconds("1:02:03,5"), _seconds("0:27")
    (3723.5, 27.0)
    """
    return reduce(lambda seconds, part: 60 * seconds + float(part), clock.replace(",", ".").split(":"), 0.0)


def _messages(lines: Lines) -> Marks:
    """Marks of quotation; day and time of what is said in a chat."""
    for mark in (_QUOTED, _STAMP):
        found = {i: there.end() for i, text in enumerate(lines.text) if (there := mark.match(text))}
        if len(found) >= max(_LINES, _SHARE * len(lines.text)):
            return Marks(found, [])
    return Marks({}, [])


def _counts(lines: Lines) -> Marks:
    """Which of how many pictures or posts one is."""
    runs: defaultdict[str, dict[int, int]] = defaultdict(dict)  # of so many: the lines of the first, the second, ...
    due: dict[str, int] = {}
    for i, text in enumerate(lines.text):
        there = _COUNT.match(text)
        if there and int(there["one"]) in ((1, 2) if there["of"] not in due else (due[there["of"]],)):
            runs[there["of"]][i] = there.end()
            due[there["of"]] = int(there["one"]) + 1
    whole = (run for of, run in runs.items() if len(run) >= _COUNTED and due[of] == int(of) + 1)
    return Marks({i: end for run in whole for i, end in run.items()}, [])
