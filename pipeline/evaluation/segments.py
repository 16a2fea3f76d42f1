"""How well pages were cleaned: labels and article starts against gold, character by character.

White space does not count, nor do characters without a gold label. A predicted article start is right when
the first kept character at or after it is the first character of a gold title.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.gold import GoldPage
from pipeline.schema import KEPT_LABELS, LABELS

__all__ = ["SegmentScore", "score_segments"]

Ints = npt.NDArray[np.int64]
_KEPT = len(KEPT_LABELS)
_SORTS = (*KEPT_LABELS, "dropped")  # of text, between which places in lines are looked for
# What two sorts side by side in one line are; other pairs count with the last.
_BETWEEN = {
    frozenset({"title", "dropped"}): "title and suffix",
    frozenset({"heading", "body"}): "heading and prose",
    frozenset({"body", "dropped"}): "prose and debris",
}
PLACES = (*_BETWEEN.values(), "others")


@dataclass
class Rates:
    """Counts of a yes-no decision: true positives, all in gold, all predicted."""

    hit: int = 0
    gold: int = 0
    predicted: int = 0

    @property
    def precision(self) -> float:
        return self.hit / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.hit / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.hit / (self.gold + self.predicted) if self.gold + self.predicted else 0.0


@dataclass
class SegmentScore:
    """Figures over some pages.

    characters: counted ones. covered: those in exactly one segment. right: those with the gold label.
    drop: the decision to drop, by characters. articles: article starts. heading_body: characters that gold
    calls heading or body and that were kept, and those of them with the right one of the two.
    confusion: characters by (gold, predicted) label where they differ. places: places inside a line where a title, a
    heading, prose or dropped text ends and another of these begins, by `PLACES`: right is one before the same character
    and between the same two.
    """

    characters: int = 0
    covered: int = 0
    right: int = 0
    drop: Rates = field(default_factory=Rates)
    articles: Rates = field(default_factory=Rates)
    heading_body: tuple[int, int] = (0, 0)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    places: dict[str, Rates] = field(default_factory=lambda: {name: Rates() for name in PLACES})

    @property
    def covered_once(self) -> float:
        return self.covered / max(self.characters, 1)

    @property
    def accuracy(self) -> float:
        return self.right / max(self.characters, 1)

    @property
    def heading_accuracy(self) -> float:
        """Share of kept heading and body characters that carry the right one of these two labels."""
        return self.heading_body[1] / max(self.heading_body[0], 1)


def score_segments(
    pages: Sequence[GoldPage],
    segments: Iterable[Iterable[Mapping[str, Any]]],
    starts: Iterable[Iterable[int]],
) -> SegmentScore:
    """Compare the segments (rows with raw_start, raw_end, label, kept) and document starts of each page."""
    total = SegmentScore()
    for page, rows, begins in zip(pages, segments, starts, strict=True):
        _add_page(total, page, rows, begins)
    return total


def _add_page(total: SegmentScore, page: GoldPage, rows: Iterable[Mapping[str, Any]], begins: Iterable[int]) -> None:
    size = len(page.text)
    gold, label = np.full(size, -1), np.full(size, -1)
    times, kept = np.zeros(size, np.int64), np.zeros(size, bool)
    for start, end, name in page.labels:
        gold[start:end] = LABELS.index(name)
    for row in rows:
        span = slice(row["raw_start"], row["raw_end"])
        label[span], kept[span] = LABELS.index(row["label"]), row["kept"]
        times[span] += 1
    solid = np.array([not char.isspace() for char in page.text], bool)
    counted = solid & (gold >= 0)
    total.characters += int(counted.sum())
    total.covered += int((counted & (times == 1)).sum())
    total.right += int((counted & (gold == label)).sum())
    _add(total.drop, counted & (gold >= _KEPT), counted & ~kept)
    either = counted & kept & np.isin(gold, (LABELS.index("heading"), LABELS.index("body")))
    total.heading_body = (
        total.heading_body[0] + int(either.sum()),
        total.heading_body[1] + int((either & (gold == label)).sum()),
    )
    for i in np.flatnonzero(counted & (gold != label)):
        total.confusion[LABELS[gold[i]], LABELS[label[i]] if label[i] >= 0 else "none"] += 1
    _add_places(total.places, page.text, _sorts(gold, counted), _sorts(label, counted))
    titles = {start for start, _, name in page.labels if name == "title"}
    titles = {next(i for i in range(start, size) if solid[i]) for start in titles}
    visible = np.flatnonzero(solid & kept)
    found = {
        int(visible[at]) if (at := int(np.searchsorted(visible, begin))) < len(visible) else size for begin in begins
    }
    total.articles.hit += len(titles & found)
    total.articles.gold += len(titles)
    total.articles.predicted += len(found)


def _sorts(labels: Ints, counted: npt.NDArray[np.bool_]) -> Ints:
    return np.where(counted & (labels >= 0), np.minimum(labels, _KEPT), -1)


def _add_places(places: Mapping[str, Rates], text: str, gold: Ints, predicted: Ints) -> None:
    """gold, predicted: number in `_SORTS` of each character, -1 for white space and what is not counted."""
    solid = np.flatnonzero(gold >= 0)
    line = np.cumsum(np.array([char == "\n" for char in text], bool))[solid]
    for i in (np.flatnonzero(np.diff(line) == 0) + 1).tolist():
        sorts = [(int(of[solid[i - 1]]), int(of[solid[i]])) for of in (gold, predicted)]
        names = [_place(*pair) for pair in sorts]
        for name, counted in zip(names, ("gold", "predicted"), strict=True):
            if name:
                setattr(places[name], counted, getattr(places[name], counted) + 1)
        if names[0] and sorts[0] == sorts[1]:
            places[names[0]].hit += 1


def _place(before: int, after: int) -> str:
    """What stands between two characters of these sorts; "" for nothing."""
    if before == after or min(before, after) < 0:
        return ""
    return _BETWEEN.get(frozenset({_SORTS[before], _SORTS[after]}), PLACES[-1])


def _add(rates: Rates, gold: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]) -> None:
    rates.hit += int((gold & predicted).sum())
    rates.gold += int(gold.sum())
    rates.predicted += int(predicted.sum())
