"""What the words around two arguments say of their relation: a linear model over words, apart from the network.

It sees the words between the arguments, a few on either side, those of the heading or the line that the first one
stands in, and the arguments' types, but not the arguments. It is fitted on labelled arguments (training/reader/
wording.py), and is no reader of its own: given the labelled arguments of real pages it pairs them at F1 .43.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.models.reader.windows import Line

__all__ = ["Pair", "Wording", "clues", "load_wording"]

_Place = tuple[int, int, int]
_WEIGHTS = Path(__file__).with_name("wording.npz")
_TOKEN = re.compile(r"[a-z]+|\d+|[^\w\s]")
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
    before, after = _tokens(lines[left[0]].text[: left[1]])[-_SIDE:], _tokens(lines[right[0]].text[right[2] :])[:_SIDE]
    yield from (f"{way}l{word}" for word in before)
    yield from (f"{way}r{word}" for word in after)
    yield f"{way}l1{before[-1] if before else ''}"
    yield f"{way}r1{after[0] if after else ''}"
    seen = _between(lines, left, right) if left[0] == right[0] else _across(lines, pair.sentence, left, right)
    yield from (way + clue for clue in seen)
    if above is not None:
        yield from (f"H{word}" for word in _tokens(lines[above].text)[:_HEAD])


def _tokens(text: str) -> list[str]:
    return ["0" if token.isdigit() else token for token in _TOKEN.findall(text.lower())]


def _between(lines: Sequence[Line], left: _Place, right: _Place) -> Iterator[str]:
    words = _tokens(lines[left[0]].text[left[2] : right[1]])
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
    kind, text = lines[left[0]].label, lines[left[0]].text
    own = lines[sentence[0]].text
    yield f"gap{kind}{min(right[0] - left[0], 4)}"
    yield from (f"h{kind}{word}" for word in _tokens(text[: left[1]] + " " + text[left[2] :])[:_LINE])
    yield from (f"la{word}" for word in _tokens(text[left[2] :])[:2])
    yield from (f"rb{word}" for word in _tokens(own[sentence[1] : right[1]])[-4:])
    words = _tokens(own[sentence[1] : sentence[2]])
    yield from (f"e{word}" for word in words[:_SENTENCE])
    yield f"en{min(len(words) // 4, 6)}"


@cache
def load_wording(path: Path = _WEIGHTS) -> Wording:
    """The shipped weights, or those of another file."""
    with np.load(path) as arrays:
        names, weights = arrays["clues"].tolist(), arrays["weights"].astype(np.float32) * arrays["scale"]
        return Wording({name: i for i, name in enumerate(names)}, weights, arrays["bias"])
