"""What is known of each part of a page before it is labelled: one row of numbers per part.

All counts are made over whole arrays (numpy, Arrow), not part by part: a dump of a gigabyte has ten
million parts. Rules (`cues.json`) are features like the others; the ones that fire also give the reason
of a label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.schema import KEPT_LABELS
from pipeline.text.cues import cues, fired
from pipeline.text.line import Lines
from pipeline.text.segments import Parts, cut_lines
from pipeline.text.width import visible
from pipeline.text.words import Tokens, packed, tokens, word_matrix

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Features", "PartTable", "features", "parts_of"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_REACHES = (5, 15)  # parts on each side; promotions and link lists are blocks of about that size


@dataclass(frozen=True)
class PartTable:
    """Parts of any number of sources, column by column, in order of source and place.

    texts: repaired words, as `visible` shows them. source: index of the source. line: index of the line in its source.
    gap: blank lines before the line. cut: number of the cut before the part, as in `Part`; a source begins with a line,
    so with 0. factors: what markup says, by label; empty where there is none.
    """

    texts: Sequence[str]
    source: Ints
    line: Ints
    gap: Ints
    cut: Ints
    factors: Sequence[Mapping[str, float]] = ()


@dataclass(frozen=True)
class Features:
    """values: one row per part, one column per name; rules: which cue fired in which part; words: their words."""

    values: Floats
    names: tuple[str, ...]
    rules: npt.NDArray[np.bool_]
    words: Tokens


def parts_of(sources: Sequence[Lines]) -> tuple[Parts, PartTable]:
    """The parts of some sources, lines counted in each source, and the table that features are counted on."""
    parts = cut_lines(sources)
    sizes = np.array([len(lines.text) for lines in sources], np.int64)
    source = np.repeat(np.arange(len(sources)), sizes)[parts.line]
    gap = np.array([*chain.from_iterable(lines.gap for lines in sources)], np.int64)[parts.line]
    parts = parts._replace(line=parts.line - (np.cumsum(sizes) - sizes)[source])
    return parts, PartTable([*map(visible, parts.text)], source, parts.line, gap, parts.cut)


def features(parts: PartTable) -> Features:
    """The feature rows of all parts; a row depends on its own source only."""
    import pyarrow as pa

    texts, raw = pa.array(parts.texts, pa.large_string()), packed(parts.texts)
    own, names = _shape(raw, texts)
    place, place_names = _place(parts)
    rules = fired(texts, place[:, place_names.index("in_line")])
    words = tokens(raw)
    related, word_names = word_matrix(words, parts.source, parts.cut)
    order = _sequence(own[:, names.index("number")], parts.source)
    order_names = ("number_follows", "number_goes_on", "number_restarts")
    rule_names = tuple(f"rule:{cue.id}" for cue in cues() if not cue.sure)
    learnt = rules[:, : len(rule_names)]
    around, around_names = _around(learnt, parts.source)
    values = np.hstack([own, learnt.astype(np.float32), place, related, order, around])
    return Features(values, (*names, *rule_names, *place_names, *word_names, *order_names, *around_names), rules, words)


_KINDS = range(10)
_SPACE, _LOWER, _UPPER, _DIGIT, _END, _COMMA, _SLASH, _OTHER, _WIDE, _INSIDE = _KINDS


@cache
def _classes() -> bytes:
    """Class of each byte: that of an ASCII character; _WIDE begins another one, _INSIDE goes on with it."""
    table = np.full(256, _OTHER, np.uint8)
    for chars, kind in ((" \t", _SPACE), (".!?", _END), (",;:", _COMMA), ("/|_>", _SLASH)):
        table[[ord(c) for c in chars]] = kind
    table[ord("0") : ord("9") + 1] = _DIGIT
    table[ord("a") : ord("z") + 1] = _LOWER
    table[ord("A") : ord("Z") + 1] = _UPPER
    table[0x80:0xC0], table[0xC0:] = _INSIDE, _WIDE
    return table.tobytes()


def _shape(raw: bytes, texts: "pa.Array") -> tuple[Floats, tuple[str, ...]]:
    """Length, character classes, first and last characters, list number of each part.

    raw: the texts as `packed`.
    """
    codes, kinds = np.frombuffer(raw, np.uint8), np.frombuffer(raw.translate(_classes()), np.uint8)
    ends = np.flatnonzero(codes == 1)
    starts = np.append(0, ends + 1)[:-1]
    n, blank = len(ends), kinds == _SPACE
    cell = np.repeat(np.arange(n, dtype=np.int32) * np.int32(len(_KINDS)), ends - starts + 1) + kinds
    of_kind = np.bincount(cell, minlength=n * len(_KINDS)).reshape(n, len(_KINDS))
    of_kind[:, _OTHER] -= 1  # the mark behind each text
    size = (ends - starts - of_kind[:, _INSIDE]).astype(np.float32)
    begins = np.append(True, blank | (codes == 1))[:-1] & ~blank & (codes != 1)  # words
    word = np.flatnonzero(begins)
    capital = word[kinds[word] == _UPPER]

    def count(kind: int) -> Floats:
        return of_kind[:, kind].astype(np.float32)

    def within(places: Ints) -> Floats:
        return np.diff(np.searchsorted(places, ends), prepend=0).astype(np.float32)

    words, capitals = within(word), within(capital)
    some = np.maximum(words, 1)
    chars = np.maximum(size, 1)
    last = kinds[np.maximum(ends - 1, starts)]
    last_code = codes[np.maximum(ends - 1, starts)]
    number = _numbers(texts)
    columns = {
        "chars": np.log1p(size),
        "words": np.log1p(words),
        "capitalised": capitals / some,
        "upper": count(_UPPER) / chars,
        "digits": count(_DIGIT) / chars,
        "slashes": count(_SLASH),
        "commas": count(_COMMA) / some,
        "ends": np.log1p(count(_END)),
        "wide": count(_WIDE) / chars,
        "other": count(_OTHER) / chars,
        "word_length": (size - count(_SPACE)) / some,
        "first_kind": kinds[starts].astype(np.float32),
        "last_kind": np.where(last == _INSIDE, _WIDE, last).astype(np.float32),
        "last_question": (last_code == ord("?")).astype(np.float32),
        "last_colon": ((last_code == ord(":")) | _ends_with(codes, ends, "：")).astype(np.float32),
        "last_full": (np.isin(last_code, (ord("."), ord("!"))) | _ends_with(codes, ends, "。")).astype(np.float32),
        "number": number,
        "prose": np.clip(words / 25, 0, 1) * (count(_END) > 0),
    }
    return np.column_stack([c.astype(np.float32) for c in columns.values()]), tuple(columns)


def _ends_with(codes: npt.NDArray[np.uint8], ends: Ints, mark: str) -> Flags:
    """Whether the character before each end is `mark`, which is not ASCII: its bytes do not reach into another text."""
    data = mark.encode()
    found = ends >= len(data)
    for i, byte in enumerate(data, -len(data)):
        found &= codes[np.maximum(ends + i, 0)] == byte
    return found


def _numbers(texts: "pa.Array") -> Floats:
    """The list number that a part starts with, 0 where it has none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.extract_regex(texts, r"^[\s,(（【\[]*(?P<n>\d{1,2})(?:[^\d%:]|$)")
    return np.asarray(pc.fill_null(pc.struct_field(found, "n").cast(pa.float32()), 0.0), np.float32)


def _place(parts: PartTable) -> tuple[Floats, tuple[str, ...]]:
    """Where a part stands: in its line, in its source, after which cut and how many blank lines."""
    n = len(parts.texts)
    index = np.arange(n)
    new_source = np.concatenate([[True], parts.source[1:] != parts.source[:-1]])
    new_line = new_source | np.concatenate([[True], parts.line[1:] != parts.line[:-1]])
    from_start = index - np.maximum.accumulate(np.where(new_source, index, 0))
    size = np.bincount(parts.source, minlength=1)[parts.source] if n else index
    in_line = index - np.maximum.accumulate(np.where(new_line, index, 0))
    line_id = np.cumsum(new_line) - 1
    of_line = np.bincount(line_id)[line_id]
    next_gap = np.concatenate([parts.gap[1:], [9]])
    next_gap[np.concatenate([new_source[1:], [True]])] = 9
    columns = {
        "from_start": np.minimum(from_start, 60),
        "to_end": np.minimum(size - from_start, 60),
        "in_line": in_line,
        "of_line": of_line,
        "last_in_line": in_line == of_line - 1,
        "gap": np.minimum(parts.gap, 4),
        "next_gap": np.minimum(next_gap, 9),
        "cut": parts.cut,
        "next_cut": np.where(in_line == of_line - 1, 0, np.append(parts.cut[1:], 0)),
    }
    return np.column_stack([c.astype(np.float32) for c in columns.values()]), tuple(columns)


def _sequence(number: Floats, source: Ints) -> Floats:
    """Parts to the numbered one before and after that this list number follows or precedes; whether it is 1."""
    follows, goes_on = np.zeros(len(number)), np.zeros(len(number))
    last: dict[int, int] = {}
    for i in np.flatnonzero(number).tolist():
        before = last.get(int(source[i]))
        if before is not None and number[i] == number[before] + 1:
            follows[i] = goes_on[before] = min(i - before, 20)
        last[int(source[i])] = i
    return np.column_stack([follows, goes_on, number == 1]).astype(np.float32)


def _around(rules: npt.NDArray[np.bool_], source: Ints) -> tuple[Floats, tuple[str, ...]]:
    """How many of the parts near by, in the same source, some rule for each dropped label fired in.

    rules: which of the first cues fired in which part.
    """
    of = [cue.label for cue in cues()[: rules.shape[1]]]
    labels = [label for label in dict.fromkeys(of) if label not in KEPT_LABELS]
    some = np.column_stack([rules[:, [each == label for each in of]].any(1) for label in labels])
    total = np.vstack([np.zeros((1, len(labels)), np.int64), np.cumsum(some, axis=0)])
    index = np.arange(len(source))
    first, last = np.searchsorted(source, source, side="left"), np.searchsorted(source, source, side="right")
    columns, names = [], []
    for reach in _REACHES:
        low, high = np.maximum(index - reach, first), np.minimum(index + reach + 1, last)
        columns.append(total[high] - total[low])
        names += [f"{label}_within{reach}" for label in labels]
    return np.hstack(columns).astype(np.float32), tuple(names)
