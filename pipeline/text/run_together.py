"""Long lines cut where lines ended whose breaks became blanks.

Datasets hold pages, or articles, as one line each, white space made single. What is dropped of a page stood in lines
of its own, so without their ends the labeller finds half of it and few headlines.
"""

from pipeline.models.line_breaks import break_chances
from pipeline.text.line import Line, Lines
from pipeline.text.repair import Repair
from pipeline.text.segments import Part, parts_at

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
_NEAR = 6  # characters before a place that hold a sentence's mark and what closes it


def restored(lines: Lines) -> Lines:
    """The lines of a source, long ones as the lines that they were; `lines` itself where none is long.

    Of lines that were put together (`wrapped`) it is known where lines ended; they stay so.
    """
    long = {i for i, text in enumerate(lines.text) if len(text) >= _LONG and not _is_put_together(lines, i)}
    if not long:
        return lines
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
        (start, chance >= _SURE, _ends_sentence(text, start))
        for start, chance in zip(starts[likely].tolist(), chances[likely].tolist(), strict=True)
    ]
    if sum(sure and not ended for _, sure, ended in found) < _FEWEST:
        return []
    return [(start, _NEW if sure and ended else _GOES_ON) for start, sure, ended in found]


def _ends_sentence(text: str, place: int) -> bool:
    return text[max(0, place - _NEAR) : place].rstrip().rstrip(_CLOSING).endswith(_STOPS)


def _piece(line: Line, part: Part) -> Line:
    """A part of a mended line as a line."""
    raw = line.raw[part.start - line.start : part.end - line.start]
    places = None if part.alignment is None else tuple(part.alignment)
    return Line(part.start, part.end, raw, 0 if part.cut else line.gap, Repair(part.text, places, line.repair.steps))
