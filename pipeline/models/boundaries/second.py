"""The second look at the likely beginnings: each against the likely ones around it and the articles they would make.

A first look at a line cannot know whether the line above is the headline, nor whether the text above and below are one
article: both depend on which other lines begin one. Here the answers of the first look are known. They cut the text
into provisional articles; of each likely line it is counted what the stretch from the beginning before it shares with
the stretch up to the next one, and in which of the two the words of both headlines stand.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.schema import LABELS
from pipeline.text.features import Features, PartTable

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["LOOKS", "SHORTEST", "Likely", "apart", "second_look"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[np.generic]]
SHORTEST = 40  # content words of the shortest article: 54 on the written dev pages, 94 on public ones
_NONE = -12.0  # log odds where there is no such line
_STEPS = (-3, -2, -1, 1, 2, 3)  # likely lines before and behind
_NEAR = (15, SHORTEST, 150, 500)  # content words within which the likeliest other line is looked for
_MOST = 7  # likely lines on each side that are looked at there
_FAR, _FAR_LINES = 1500, 60  # content words and lines; farther is no different
_REACH = 20_000  # content words of a stretch; bounds the time where nothing begins for long
_PIECES = 200  # likely lines of a stretch, for the same where they hold no such words; dumps joined of pages have 10
LOOKS = (
    "chars", "words", "capitalised", "last_full", "last_question", "last_colon", "number", "gap", "next_gap", "same",
    "ends", "function_words", "commas", "digits",
)  # fmt: skip
_BESIDE = ("title", "heading", "seo", "nav", "byline")  # labels of the likely lines before and behind
_OFTEN = 4  # parts; a word that stands in more of them says no more of what a stretch is about
_GRAIN = 64


@dataclass(frozen=True)
class Likely:
    """Lines that are likely to begin an article, in order: log odds of it, first part, content words of the source
    before it."""

    score: Floats
    part: Ints
    place: Ints


def apart(score: Floats, place: Ints, source: Ints) -> npt.NDArray[np.bool_]:
    """Which lines begin an article: those likelier than not, and of two with next to no text between, such as a
    headline and the line below it, the likelier one.

    score: log odds. place: content words of the source's text before each.
    """
    begins = np.zeros(len(score), bool)
    last = -1
    for i in np.flatnonzero(score >= 0).tolist():
        if last >= 0 and source[last] == source[i] and place[i] - place[last] < SHORTEST:
            if score[i] <= score[last]:
                continue
            begins[last] = False
        begins[i], last = True, i
    return begins


def second_look(
    likely: Likely, rows: Features, chance: Floats, parts: PartTable, cells: tuple[Ints, Ints]
) -> tuple[Floats, tuple[str, ...]]:
    """Columns about each likely line, and their names.

    chance: probability of each label of each part. cells: word and part of the words that count.
    """
    source, line = parts.source[likely.part], parts.line[likely.part]
    columns: Columns = {"score": likely.score}
    columns |= {f"p_{name}": chance[likely.part, LABELS.index(name)] for name in LABELS}
    columns |= {name: rows.values[likely.part, rows.names.index(name)] for name in LOOKS}
    columns |= _neighbours(likely, source, line) | _rivals(likely, source)
    for step in (-1, 1):
        other, there = _other(step, source)
        said = np.where(there[:, None], chance[likely.part[other]], -1)
        columns |= {f"p_{name}{step:+d}": said[:, LABELS.index(name)] for name in _BESIDE}
    begins = apart(likely.score, likely.place, source)
    columns["begins"] = begins
    columns |= _stretches(likely, begins, parts, cells)
    return np.column_stack([np.asarray(column, np.float32) for column in columns.values()]), tuple(columns)


def _other(step: int, source: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """For each line the one `step` behind it, and whether it is in the same source."""
    at = np.arange(len(source))
    other = np.clip(at + step, 0, len(source) - 1)
    return other, (other == at + step) & (source[other] == source)


def _neighbours(likely: Likely, source: Ints, line: Ints) -> Columns:
    columns: Columns = {}
    for step in _STEPS:
        other, there = _other(step, source)
        away = np.minimum(np.abs(likely.place[other] - likely.place), _FAR)
        columns[f"score{step:+d}"] = np.where(there, likely.score[other], _NONE)
        columns[f"words{step:+d}"] = np.where(there, away, 2 * _FAR)
        if abs(step) == 1:
            lines = np.minimum(np.abs(line[other] - line), _FAR_LINES)
            columns[f"lines{step:+d}"] = np.where(there, lines, 2 * _FAR_LINES)
    return columns


def _rivals(likely: Likely, source: Ints) -> Columns:
    """The likeliest other line within some words above and below, and how much likelier than both this one is."""
    columns: Columns = {}
    for reach in _NEAR:
        best = {-1: np.full(len(source), _NONE, np.float32), 1: np.full(len(source), _NONE, np.float32)}
        for side, top in best.items():
            for step in range(side, side * (_MOST + 1), side):
                other, there = _other(step, source)
                near = there & (np.abs(likely.place[other] - likely.place) <= reach)
                np.maximum(top, likely.score[other], out=top, where=near)
        columns |= {f"above{reach}": best[-1], f"below{reach}": best[1]}
        columns[f"lead{reach}"] = likely.score - np.maximum(best[-1], best[1])
    return columns


@dataclass(frozen=True)
class _Words:
    """How often each word stands in each piece; a piece begins at each likely line and at each source.

    The same word of another source is another word here. cuts: the part that each piece begins with. at: content words
    before each part. headlines: the words of the likely lines. source: that of each likely line. weight: how much each
    word says, the more the fewer parts it stands in; whole numbers, so that sums do not depend on their order.
    """

    pieces: "csr_matrix"
    headlines: "csr_matrix"
    cuts: Ints
    at: Ints
    source: Ints
    weight: Ints

    def between(self, begin: Ints, end: Ints) -> "csr_matrix":
        """The words of the pieces from `begin` up to `end`, a row for each pair."""
        from scipy.sparse import csr_matrix

        ends = np.append(0, np.cumsum(end - begin))
        piece = np.arange(ends[-1]) - np.repeat(ends[:-1] - begin, end - begin)
        chosen = csr_matrix((np.ones(len(piece), np.int64), piece, ends), (len(begin), self.pieces.shape[0]))
        words = chosen @ self.pieces
        words.sort_indices()  # what is multiplied later takes half the time so
        return words

    def weighed(self, stretches: "csr_matrix", most: int) -> "csr_matrix":
        """The same by weight, a word counted `most` times at most."""
        found = stretches.copy()
        found.data = np.minimum(found.data, most) * self.weight[found.indices]
        return found


def _counted(likely: Likely, parts: PartTable, cells: tuple[Ints, Ints]) -> _Words:
    from scipy.sparse import csr_matrix

    word, part = cells
    source, count = parts.source, len(parts.source)
    new = np.diff(word * (source[-1] + 1) + source[part], prepend=-1) != 0  # cells are in order of word and part
    word = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    size = np.bincount(source)[source[part[first]]]
    weight = np.round(np.log((1 + size) / np.diff(first, append=len(part))) * _GRAIN).astype(np.int64)
    cuts = np.union1d(np.flatnonzero(np.diff(source, prepend=-1)), likely.part)
    at = np.append(0, np.cumsum(np.bincount(part, minlength=count)))
    piece = np.searchsorted(cuts, np.arange(count), "right") - 1
    row = np.full(count, -1)
    row[likely.part] = np.arange(len(likely.part))
    own = np.flatnonzero(row[part] >= 0)
    ones = np.ones(len(word), np.int64)
    pieces = csr_matrix((ones, (piece[part], word)), (len(cuts), len(first)))
    headlines = csr_matrix((ones[own], (row[part[own]], word[own])), (len(likely.part), len(first)))
    return _Words(pieces, headlines, cuts, at, source[likely.part], weight)


def _stretches(likely: Likely, begins: npt.NDArray[np.bool_], parts: PartTable, cells: tuple[Ints, Ints]) -> Columns:
    """What the stretches above and below a line share, and what of them the words of the headlines are."""
    words = _counted(likely, parts, cells)
    head, begin, piece, end = _spans(likely, begins, parts, words)
    over, under = words.between(begin, piece), words.between(piece, end)
    columns: Columns = {"words_over": _sums(over), "words_under": _sums(under)}
    for most in (1, _OFTEN):
        a, b = words.weighed(over, most), words.weighed(under, most)
        both, of_a, of_b = _sums(a.multiply(b)), _sums(a.power(2)), _sums(b.power(2))
        columns[f"alike{most}"] = both / np.sqrt(of_a * of_b + 1)
        columns[f"within{most}"] = both / np.maximum(np.minimum(of_a, of_b), 1)
        columns |= {f"of_over{most}": both / np.maximum(of_a, 1), f"of_under{most}": both / np.maximum(of_b, 1)}
    own = words.weighed(words.headlines, 1)
    before = own[np.maximum(head, 0)]
    known = head >= 0
    for side, stretch in (("over", over), ("under", under)):
        columns |= {f"own_{side}{i}": column for i, column in enumerate(_said(own, stretch))}
        columns |= {f"head_{side}{i}": np.where(known, column, -1) for i, column in enumerate(_said(before, stretch))}
    columns["head_own"] = np.where(known, _sums(before.multiply(words.headlines)) / np.maximum(_sums(before), 1), -1)
    columns["head_score"] = np.where(known, likely.score[np.maximum(head, 0)], -1)
    return columns


def _sums(matrix: "csr_matrix") -> npt.NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1), np.float64).ravel()


def _said(headline: "csr_matrix", stretch: "csr_matrix") -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How often a headline's words stand in a stretch, on average: up to some times, and for its length."""
    some = stretch.copy()
    some.data = np.minimum(some.data, _OFTEN)
    total = np.maximum(_sums(headline), 1)
    return (
        _sums(headline.multiply(some)) / total,
        _sums(headline.multiply(stretch)) / total / np.sqrt(_sums(stretch) + 1),
    )


def _spans(
    likely: Likely, begins: npt.NDArray[np.bool_], parts: PartTable, words: _Words
) -> tuple[Ints, Ints, Ints, Ints]:
    """The beginning before each line (-1: none); the piece of that one, of the line, and of the next beginning.

    A beginning closer than the shortest article is the same place. Pieces far away are left out.
    """
    source, cuts = words.source, words.cuts
    piece = np.searchsorted(cuts, likely.part)
    first = np.searchsorted(cuts, np.searchsorted(parts.source, source, "left"))
    last = np.searchsorted(cuts, np.searchsorted(parts.source, source, "right"))
    size = len(words.at) + int(words.at[-1]) + 1  # more than any place, so that a source is no neighbour of another
    key = source * 2 * size + likely.place
    some = np.flatnonzero(begins)
    before = np.searchsorted(key[some], key - SHORTEST, "right") - 1
    behind = np.searchsorted(key[some], key + SHORTEST, "left")
    head, follow = np.append(some, -1)[before], np.append(some, -1)[behind]
    head = np.where((head >= 0) & (source[head] == source), head, -1)
    follow = np.where((follow >= 0) & (source[follow] == source), follow, -1)
    at = words.at[likely.part]
    low = np.maximum(np.searchsorted(cuts, np.searchsorted(words.at, at - _REACH)), piece - _PIECES)
    high = np.minimum(np.searchsorted(cuts, np.searchsorted(words.at, at + _REACH)), piece + _PIECES)
    begin = np.maximum(np.where(head >= 0, piece[head], first), np.minimum(low, np.maximum(piece - 1, first)))
    end = np.minimum(np.where(follow >= 0, piece[follow], last), np.maximum(high, piece + 1))
    return head, begin, piece, end
