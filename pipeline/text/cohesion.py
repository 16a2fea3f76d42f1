"""Where the words of a text change: what a line shares with the text above it and with the text below.

A word said again not far below is a link between the two places, a run of links a chain; few links cross the place
where one article ends and the next begins, and many chains begin behind it. After TextTiling (Hearst 1997) and LCseg
(Galley et al. 2003), with distances counted in content words, since the lines of a dump are of any length.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.text.words import Tokens, distinct, function_words

__all__ = ["cohesion", "places"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
_STEM = 6  # letters; "allergy" and "allergies" are one word
_LINKS = (60, 200, 600)  # content words that a link may span: a paragraph, a section, most of an article
_WINDOWS = (60, 200)  # content words above and below a place
_CHAIN = 400  # content words; a longer gap ends a chain
_NEVER = 1 << 40
_GRAIN = 64
_LONG = 3  # places of a chain that says what a text is about


@dataclass(frozen=True)
class _Cells:
    """Each content word of each part once, by word and place; `at` is the number of content words before each part.

    before, after: content words between this place and the last and next one of the word in the source. weight: more
    for a word that stands in few parts; whole numbers, so that sums do not depend on what is counted together.
    """

    part: Ints
    at: Ints
    before: Ints
    after: Ints
    weight: Ints


def places(words: Tokens, size: int) -> tuple[Ints, Ints]:
    """Number and part of each content word of each of the `size` parts, each once, in this order."""
    known = function_words()
    index: dict[str, int] = {}
    numbers = [
        index.setdefault(w[:_STEM], len(index)) if len(w) > 2 and w not in known and not w.isdigit() else -1
        for w in words.vocabulary
    ]
    number = np.array(numbers, np.int64)[words.word] if numbers else np.zeros(0, np.int64)
    content = number >= 0
    key = distinct(number[content] * max(size, 1) + words.part[content])
    return key // max(size, 1), key % max(size, 1)


def cohesion(word: Ints, part: Ints, source: Ints, lines: Ints) -> tuple[Floats, tuple[str, ...]]:
    """Columns about the places before some parts, one row for each of `lines` (indices of parts).

    word, part: where words that count stand (`places`, or some of them). source: that of each part.
    """
    cells = _cells(word, part, source)
    first, last = np.searchsorted(source, source[lines], "left"), np.searchsorted(source, source[lines], "right")
    columns: dict[str, npt.NDArray[np.generic]] = {"words_before": cells.at[lines] - cells.at[first]}
    columns["words_behind"] = cells.at[last] - cells.at[lines]
    columns |= _crossing(cells, lines, first, last)
    columns |= _turnover(cells, lines, first, last)
    columns |= _own(cells, lines, len(source))
    return np.column_stack([np.asarray(column, np.float32) for column in columns.values()]), tuple(columns)


def _cells(word: Ints, part: Ints, source: Ints) -> _Cells:
    at = np.append(0, np.cumsum(np.bincount(part, minlength=len(source))))
    place, here = at[part], source[part]
    linked = np.zeros(len(part), bool)
    linked[1:] = (word[1:] == word[:-1]) & (here[1:] == here[:-1])
    before = np.full(len(part), _NEVER)
    before[1:] = np.where(linked[1:], place[1:] - place[:-1], _NEVER)
    after = np.append(before[1:], _NEVER)[: len(part)]
    run = np.cumsum(~linked) - 1
    size = np.bincount(source, minlength=1)
    weight = np.log((1 + size[here]) / np.bincount(run, minlength=1)[run])
    return _Cells(part, at, before, after, np.asarray(np.round(weight * _GRAIN), np.int64))


def _span(cells: _Cells, lines: Ints, low: Ints, high: Ints, window: int) -> tuple[Ints, Ints]:
    """The parts up to `window` content words above and below each line, within its source."""
    at = cells.at[lines]
    above = np.maximum(np.searchsorted(cells.at, at - window, "left"), low)
    below = np.minimum(np.searchsorted(cells.at, at + window, "left"), high)
    return above, np.maximum(below, np.minimum(lines + 1, high))


def _crossing(cells: _Cells, lines: Ints, first: Ints, last: Ints) -> dict[str, npt.NDArray[np.generic]]:
    """Words said on both sides of a line, by the span between, against the words there are."""
    columns: dict[str, npt.NDArray[np.generic]] = {}
    n = len(cells.at)
    for reach in _LINKS:
        above, below = _span(cells, lines, first, last, reach)
        some = np.sqrt((cells.at[lines] - cells.at[above] + 1.0) * (cells.at[below] - cells.at[lines] + 1.0))
        near = np.flatnonzero(cells.before <= reach)
        start, end, weight = cells.part[near - 1], cells.part[near], cells.weight[near]
        for name, each, unit in (("", np.ones(len(near)), 1), ("_rare", weight, _GRAIN)):
            steps = np.bincount(start + 1, each, minlength=n + 1) - np.bincount(end + 1, each, minlength=n + 1)
            columns[f"crossed_by{reach}{name}"] = np.cumsum(steps)[lines] / (unit * some)
    return columns


def _turnover(cells: _Cells, lines: Ints, first: Ints, last: Ints) -> dict[str, npt.NDArray[np.generic]]:
    """Share of the words below that are new, of those above that do not come back; long chains that begin and end."""
    n = len(cells.at)
    begins, ends = cells.before > _CHAIN, cells.after > _CHAIN
    chain = np.cumsum(begins) - 1
    size = np.bincount(chain)[chain] if len(chain) else chain
    fresh = _sums(cells.part[begins], n)
    gone = _sums(cells.part[ends], n)
    long_begins = _sums(cells.part[begins & (size >= _LONG)], n)
    long_ends = _sums(cells.part[ends & (size >= _LONG)], n)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for window in _WINDOWS:
        above, below = _span(cells, lines, first, last, window)
        under = np.maximum(cells.at[below] - cells.at[lines], 1)
        over = np.maximum(cells.at[lines] - cells.at[above], 1)
        columns[f"new_below{window}"] = (fresh[below] - fresh[lines]) / under
        columns[f"new_above{window}"] = (fresh[lines] - fresh[above]) / over
        columns[f"gone_above{window}"] = (gone[lines] - gone[above]) / over
        columns[f"gone_below{window}"] = (gone[below] - gone[lines]) / under
        columns[f"chains_begin{window}"] = (long_begins[below] - long_begins[lines]) / under
        columns[f"chains_end{window}"] = (long_ends[lines] - long_ends[above]) / over
    return columns


def _sums(part: Ints, size: int) -> Ints:
    return np.append(0, np.cumsum(np.bincount(part, minlength=size)))


def _own(cells: _Cells, lines: Ints, parts: int) -> dict[str, npt.NDArray[np.generic]]:
    """Of a line's own words: which come again below, which were there above, what chains they begin."""
    begins = cells.before > _CHAIN
    chain = np.cumsum(begins) - 1
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(begins))
    row = np.full(parts, -1)
    row[lines] = np.arange(len(lines))
    own = np.flatnonzero(row[cells.part] >= 0)  # lines that may begin an article are short, so these are few
    row, begins, chain = row[cells.part[own]], begins[own], chain[own]
    size = ends[chain] - starts[chain] if len(starts) else chain
    reach = cells.at[cells.part[ends[chain] - 1]] - cells.at[cells.part[own]]
    after, before = cells.after[own], cells.before[own]
    count = np.maximum(np.diff(cells.at)[lines], 1)

    def share(which: npt.NDArray[np.bool_]) -> npt.NDArray[np.floating]:
        return np.bincount(row[which], minlength=len(lines)) / count

    def most(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        top = np.zeros(len(lines), np.float32)
        np.maximum.at(top, row, np.where(begins, values, 0).astype(np.float32))
        return top

    return {
        "own_words": count,
        "own_below60": share(after <= 60),
        "own_below400": share(after <= 400),
        "own_above60": share(before <= 60),
        "own_above400": share(before <= 400),
        "own_above": share(before < _NEVER),
        "own_begin": share(begins & (size > 1)),
        "own_begin_long": share(begins & (size >= _LONG)),
        "own_chain": most(size),
        "own_chain_reach": most(reach),
        "own_end": share((after > _CHAIN) & ~begins),
    }
