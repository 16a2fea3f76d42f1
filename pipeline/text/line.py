"""A source as lines: what reading, unwrapping and cutting hand on."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.text.repair import Repair

__all__ = ["BULLETS", "Line", "Lines", "lines_of"]

BULLETS = "-–—*•·・●○■▪◆✓✔→➢➤o"  # marks of items, an "o" of those within items; of a class of a pattern


class Line(NamedTuple):
    """A raw line that is not blank, or some that are one paragraph: its span without edge white space, its words, blank
    lines before it, its repair."""

    start: int
    end: int
    raw: str
    gap: int
    repair: Repair


class Lines(NamedTuple):
    """The lines of a source, column by column as in `Line`; text: repaired; mended: those whose text is not the raw
    line, since repair changed it or some were put together; goes_on: those before which the source has no line break
    and that are one segment with the line before them where both are of one kind."""

    start: list[int]
    end: list[int]
    gap: list[int]
    text: list[str]
    mended: dict[int, Line]
    goes_on: frozenset[int] = frozenset()

    def line(self, i: int, raw: str) -> Line:
        """The line at index `i`; raw: the source."""
        start, end = self.start[i], self.end[i]
        return self.mended.get(i) or Line(start, end, raw[start:end], self.gap[i], Repair(self.text[i]))


def lines_of(lines: Sequence[Line]) -> Lines:
    """Some lines as columns."""
    mended = {i: line for i, line in enumerate(lines) if line.repair.alignment is not None}
    start, end, _, gap, repair = map(list, zip(*lines, strict=True)) if lines else ([] for _ in Line._fields)
    return Lines(start, end, gap, [each.text for each in repair], mended)
