"""Lines that a program broke at some width, put together again.

A mail reader, a terminal browser or a converter breaks a paragraph where the next word no longer fits. What a line says
is then told by a part of a sentence, and honest prose looks like debris: of written test pages broken at 80 characters
four of ten dropped characters were the article's (drop F1 .761; put together .949, whole .963).
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.text.line import Line, Lines, lines_of
from pipeline.text.repair import Repair

__all__ = ["CLOSES", "laid_out", "put_together", "unwrapped"]

# Looked at are stretches without a line wider than any that a program breaks at. One is broken at the width that all
# but one in a hundred of its lines keep, an address that cannot be broken being longer; a narrow one at none.
_NARROWEST, _WIDEST, _LONGER = 40, 200, 0.01
# It has so many full lines, behind which the next word did not fit; they are so large a share of all with one under
# them; and so large a share of them goes on with a small letter, as the rows of a list do not.
_FEWEST, _FULL, _SMALL = 8, 0.25, 0.5
# A word parted by a hyphen at a line's end. It has none where the source has the whole word elsewhere, or its two parts
# are not words there.
_PARTED = re.compile(r"(?P<word>[^\W\d_]{2,})[-\u2010\u00ad]$")
# Marks that close, and a blank or nothing behind: hardly a line begins with these.
CLOSES = re.compile(r"[,.;:!?)\]%\"”’，。；：！？）】]+(?=\s|$)")
_TAIL = 40  # characters that hold half of a word
_REST = re.compile(r"[^\W\d_A-Z]{2,}")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"(?<![^\W\d_])[^\W\d_]+[-\u2010\u00ad][^\S\r\n]*(?:\r\n?|\n)[^\S\r\n]*[^\W\d_]+")
_LAID_OUT = re.compile(r"(?i)\S\s{3,}\S|\b(?:page|pg\.?|p\.)\s?\d{1,4}\s?(?:of|/)\s?\d{1,4}\b")
_LISTED = re.compile(r"[-–•*·●○■▪◆#>]|[(（\[【]?\d{1,2}[.)、）\]】]\s")


def unwrapped(lines: Lines, raw: str) -> Lines:
    """The lines of a source, those of one broken paragraph as one, with a space for each break; `lines` itself where
    nothing is broken at a width.

    raw: the source. A line that begins like one of a list or a heading of Markdown stays one.
    """
    full = _full(lines)
    return put_together(lines, full, raw) if any(full) else lines


def put_together(lines: Lines, goes_on: Sequence[bool], raw: str, *, closes_up: bool = False) -> Lines:
    """The lines of a source, each and the next as one where the next `goes_on` it, with a space for the break, or
    none where it parts a word; closes_up: nor before a mark that closes (else the break took the place of a blank)."""
    begins = [i for i in range(len(goes_on)) if not (i and goes_on[i - 1])]
    groups = [range(a, b) for a, b in pairwise([*begins, len(goes_on)])]
    parted = any(_PARTED.search(text[-_TAIL:]) for text in lines.text)
    known = frozenset(_WORD.findall(_BROKEN.sub(" ", raw.lower())) if parted else ())
    return lines_of([_joined(lines, group, raw, known, closes_up=closes_up) for group in groups])


def laid_out(texts: Sequence[str]) -> list[bool]:
    """Which lines are a row of a table or the head or foot of a page, which neither go on nor are gone on to.

    >>> laid_out(["Iron      9 mg", "Page 2 of 4", "Iron is a metal."])
    [True, True, False]
    """
    return [_LAID_OUT.search(text) is not None for text in texts]


def _full(lines: Lines) -> list[bool]:
    """Which lines the next one goes on: those of stretches without a wide line that are broken at a width."""
    sizes = [end - start for start, end in zip(lines.start, lines.end, strict=True)]
    wide = [i for i, size in enumerate(sizes) if size > _WIDEST]
    full = [False] * len(sizes)
    for before, behind in pairwise([-1, *wide, len(sizes)]):
        span = slice(before + 1, behind)
        full[span] = _full_in(lines.text[span], sizes[span], lines.gap[span])
    return full


def _full_in(texts: Sequence[str], sizes: Sequence[int], gaps: Sequence[int]) -> list[bool]:
    """The same of one stretch."""
    none = [False] * len(texts)
    most = sorted(sizes)[-1 - int(_LONGER * len(sizes))] if len(sizes) > _FEWEST else 0
    if most < _NARROWEST:
        return none
    below = [gap == 0 for gap in gaps[1:]]
    words = [len("".join(text.split(maxsplit=1)[:1])) for text in texts[1:]]  # none where repair left white space
    full = [under and size + 1 + word > most for under, size, word in zip(below, sizes, words, strict=False)]
    small = sum(text[:1].islower() for text, is_full in zip(texts[1:], full, strict=True) if is_full)
    if sum(full) < max(_FEWEST, _FULL * sum(below)) or small < _SMALL * sum(full):
        return none
    alone = laid_out(texts)
    goes_on = zip(full, alone, alone[1:], texts[1:], strict=False)
    return [on and not a and not b and not _LISTED.match(text) for on, a, b, text in goes_on] + [False]


def _joined(lines: Lines, group: Sequence[int], raw: str, known: frozenset[str], *, closes_up: bool) -> Line:
    """Some lines in a row as one. known: the words of the source. closes_up: see `put_together`."""
    first, last = group[0], group[-1]
    if first == last and first in lines.mended:
        return lines.mended[first]
    start, end = lines.start[first], lines.end[last]
    if first == last:
        return Line(start, end, raw[start:end], lines.gap[first], Repair(lines.text[first]))
    alignment: list[int] = []
    words: list[str] = []
    steps: set[str] = set()
    for i in group:
        own = lines.mended[i].repair if i in lines.mended else Repair(lines.text[i])
        at = lines.start[i] - start
        if words:
            closed = closes_up and CLOSES.match(own.text)
            off, between = (0, "") if closed else _between(words[-1][-_TAIL:], own.text, known)
            words[-1] = words[-1][: len(words[-1]) - off] + between
            del alignment[len(alignment) - 1 - off + len(between) :]
        words.append(own.text)
        alignment += [at + place for place in own.alignment or range(len(own.text) + 1)]
        steps.update(own.steps)
    repair = Repair("".join(words), tuple(alignment), tuple(sorted(steps)))
    return Line(start, end, raw[start:end], lines.gap[first], repair)


def _between(before: str, behind: str, known: frozenset[str]) -> tuple[int, str]:
    """How many characters of a line the one behind it takes the place of, and what stands between: a space, unless a
    word goes over into it, and then its hyphen where it has one.

    >>> [_between("a long-", rest, frozenset({"long", "term"})) for rest in ("term plan", "itude", "Beach")]
    [(0, ''), (1, ''), (0, ' ')]
    """
    parted, rest = _PARTED.search(before), _REST.match(behind[:_TAIL])
    if not parted or not rest:
        return 0, " "
    begin, end = parted["word"].lower(), rest.group()
    compound = f"{begin}{end}" not in known and begin in known and end in known
    return (0, "") if compound or f"{begin}-{end}" in known else (1, "")
