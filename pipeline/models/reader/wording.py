"""What the words around two arguments say of their relation: a linear model over words, apart from the network.

It sees the words between the arguments, a few on either side, those of the heading or the line that the first one
stands in, and the arguments' types, but not the arguments. It is fitted on labelled arguments (training/reader/
wording.py), and is no reader of its own: given the labelled arguments of real pages it pairs them at F1 .43.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.models.reader.windows import Line

__all__ = ["Pair", "Wording", "clues", "load_wording"]

_Place = tuple[int, int, int]
_WEIGHTS = Path(__file__).with_name("wording.npz")
_TOKEN = re.compile(r"[A-Za-z]+|\d+|[^\w\s]")
_SIDE = 3  # words before the first and after the second argument
_LONG, _EDGE = 25, 6  # tokens between: of more only so many at either edge count
_SHORT = 4  # tokens between that also count as one clue
_HEAD, _LINE, _SENTENCE = 12, 25, 12  # words of the heading above, of the first argument's line, of the sentence


@dataclass(frozen=True)
class Pair:
    """Two arguments of a sentence; places are (line, start, end) in code points of the line's text."""

    sentence: _Place
    subject: _Place
    object: _Place
    subject_type: str
    object_type: str


@dataclass(frozen=True)
class Wording:
    """weights: (clues, 1 + predicates), `none` first; index: the row of each clue; bias: (1 + predicates)."""

    index: dict[str, int]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def margins(self, lines: Sequence[Line], above: int | None, pair: Pair) -> npt.NDArray[np.float32]:
        """(1 + predicates) how far the words speak for no relation and for each predicate; above 0 is for it.

        above: line of the nearest heading before the sentence.
        """
        known = sorted({self.index[clue] for clue in clues(lines, above, pair) if clue in self.index})
        total: npt.NDArray[np.float32] = self.weights[known].sum(0) + self.bias
        return total


def clues(lines: Sequence[Line], above: int | None, pair: Pair) -> Iterator[str]:
    """Names of all that is seen of a pair; each begins with which argument comes first."""
    way = ">" if pair.subject < pair.object else "<"
    left, right = sorted((pair.subject, pair.object))
    yield from (
        f"{way}T{pair.subject_type}-{pair.object_type}",
        f"{way}s{pair.subject_type}",
        f"{way}o{pair.object_type}",
    )
    before = _tokens(lines[left[0]].text).between(0, left[1])[-_SIDE:]
    after = _tokens(lines[right[0]].text).between(right[2])[:_SIDE]
    yield from (f"{way}l{word}" for word in before)
    yield from (f"{way}r{word}" for word in after)
    yield f"{way}l1{before[-1] if before else ''}"
    yield f"{way}r1{after[0] if after else ''}"
    seen = _between(lines, left, right) if left[0] == right[0] else _across(lines, pair.sentence, left, right)
    yield from (way + clue for clue in seen)
    if above is not None:
        yield from (f"H{word}" for word in _tokens(lines[above].text).words[:_HEAD])


class _Tokens(NamedTuple):
    """Small letters, numbers (all as 0) and marks of a line, and the code point at which each starts."""

    words: list[str]
    starts: list[int]

    def between(self, begin: int, end: int | None = None) -> list[str]:
        """Those that start from `begin` up to `end`."""
        last = None if end is None else bisect_left(self.starts, end)
        return self.words[bisect_left(self.starts, begin) : last]


@lru_cache(maxsize=256)  # the claims of an article ask for the same lines over and over
def _tokens(text: str) -> _Tokens:
    found = [(match.group(), match.start()) for match in _TOKEN.finditer(text)]
    return _Tokens(["0" if word.isdigit() else word.lower() for word, _ in found], [start for _, start in found])


def _between(lines: Sequence[Line], left: _Place, right: _Place) -> Iterator[str]:
    words = _tokens(lines[left[0]].text).between(left[2], right[1])
    yield f"n{min(len(words), 12)}"
    if len(words) > _LONG:
        yield from (f"x{word}" for word in words[:_EDGE])
        yield from (f"y{word}" for word in words[-_EDGE:])
        return
    yield from (f"b{word}" for word in words)
    yield from (f"bb{a}_{b}" for a, b in pairwise(["^", *words, "$"]))
    if len(words) <= _SHORT:
        yield "all" + "_".join(words)


def _across(lines: Sequence[Line], sentence: _Place, left: _Place, right: _Place) -> Iterator[str]:
    kind, first, own = lines[left[0]].label, _tokens(lines[left[0]].text), _tokens(lines[sentence[0]].text)
    behind = first.between(left[2])
    yield f"gap{kind}{min(right[0] - left[0], 4)}"
    yield from (f"h{kind}{word}" for word in [*first.between(0, left[1]), *behind][:_LINE])
    yield from (f"la{word}" for word in behind[:2])
    yield from (f"rb{word}" for word in own.between(sentence[1], right[1])[-4:])
    words = own.between(*sentence[1:])
    yield from (f"e{word}" for word in words[:_SENTENCE])
    yield f"en{min(len(words) // 4, 6)}"


@cache
def load_wording(path: Path = _WEIGHTS) -> Wording:
    """The shipped weights, or those of another file."""
    with np.load(path) as arrays:
        names, weights = arrays["clues"].tolist(), arrays["weights"].astype(np.float32) * arrays["scale"]
        return Wording({name: i for i, name in enumerate(names)}, weights, arrays["bias"])
