"""Offsets in repaired text and in the decoded source: the one place where one becomes the other."""

from bisect import bisect_left
from collections.abc import Sequence
from string import ascii_letters, digits

__all__ = ["from_raw", "to_raw"]


# One raw character makes one of these: repair never makes them of several, and pages write them as they are, not as
# references (but for letters of an address that is hidden from robots). Of other marks, as [ and ', that is not so.
_SINGLE = frozenset(ascii_letters + digits + ".,;:!?)%")


def to_raw(
    start: int, end: int, raw_start: int, alignment: Sequence[int] | None, text: str | None = None
) -> tuple[int, int]:
    """The stretch of the source behind `text[start:end]` of a segment.

    `start`, `end`: code points of the segment's text, end exclusive. `raw_start`: the segment's first code
    point in the decoded source. `alignment`: the segment's column of that name (one offset relative to
    `raw_start` per code point of the text, and one for its end), None where text is the slice itself.
    `text`: the segment's; with it, tags and what else was dropped right behind the stretch stay outside of it where its
    last character is a letter or digit of ASCII, or one of .,;:!?)%.
    Returns (raw_start, raw_end) of the stretch, code points of the decoded source, end exclusive.

    The end is where the character after the stretch begins, so a character made from several raw ones keeps
    them all, and raw characters that repair removed belong to the character before them. Where one raw character
    became several (ﬁ to fi) they share its offset, and a stretch that ends between them takes it in.

    >>> to_raw(0, 5, 100, None)
    (100, 105)
    >>> to_raw(1, 3, 100, [0, 1, 4, 5])  # the second character came from three raw ones
    (101, 105)
    >>> to_raw(0, 1, 100, [0, 0, 1])
    (100, 101)
    >>> to_raw(0, 1, 100, [0, 5], "a"), to_raw(0, 1, 100, [0, 5], "&")  # "a</b>", "&amp;"
    ((100, 101), (100, 105))
    """
    if alignment is None:
        return raw_start + start, raw_start + end
    while start < end < len(alignment) - 1 and alignment[end] == alignment[end - 1]:
        end += 1
    last = alignment[end]
    if text is not None and start < end and text[end - 1] in _SINGLE:
        last = min(last, alignment[end - 1] + 1)
    return raw_start + alignment[start], raw_start + last


def from_raw(start: int, end: int, raw_start: int, alignment: Sequence[int] | None) -> tuple[int, int]:
    """The stretch of a segment's text that stands at a stretch of the source: the way back of `to_raw`.

    >>> from_raw(100, 105, 100, None)
    (0, 5)
    >>> from_raw(101, 105, 100, [0, 1, 4, 5])
    (1, 3)
    """
    start, end = start - raw_start, end - raw_start
    return (start, end) if alignment is None else (bisect_left(alignment, start), bisect_left(alignment, end))
