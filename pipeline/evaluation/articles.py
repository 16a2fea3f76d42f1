"""Labelled pages as articles that a reader can read, with their places in the source."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pipeline.evaluation.gold import GoldPage
from pipeline.knowledge.reading import Article, Mention, Segment, Span
from pipeline.knowledge.recognise import find
from pipeline.schema import KEPT_LABELS

__all__ = ["PlacedArticle", "gold_articles"]


@dataclass(frozen=True)
class PlacedArticle:
    """An article and, for each of its segments, the code point of the source where its text starts."""

    article: Article
    starts: tuple[int, ...]

    def place(self, span: Span) -> tuple[int, int]:
        """Code points of the source where `span` stands."""
        base = self.starts[span.segment]
        return base + span.start, base + span.end

    def locate(self, place: tuple[int, int]) -> Span | None:
        """The span of a stretch of the source, None where it lies in no one segment."""
        for index, (start, segment) in enumerate(zip(self.starts, self.article.segments, strict=True)):
            if start <= place[0] and place[1] <= start + len(segment.text):
                return Span(index, place[0] - start, place[1] - start)
        return None


def gold_articles(page: GoldPage) -> list[PlacedArticle]:
    """The articles of a labelled page: kept stretches by their labels, a title begins an article.

    Entities are those of the embedded terminology, as the tag stage finds them.
    """
    return [
        PlacedArticle(
            Article(tuple(Segment(page.text[a:b], label, _mentions(page.text[a:b])) for a, b, label in part)),
            tuple(a for a, _, _ in part),
        )
        for part in _split(page)
    ]


@lru_cache(maxsize=1 << 15)
def _mentions(text: str) -> tuple[Mention, ...]:
    return tuple(Mention(f.start, f.end, f.entity_type, f.concept_id, f.concept_name) for f in find(text))


def _split(page: GoldPage) -> Iterator[list[tuple[int, int, str]]]:
    part: list[tuple[int, int, str]] = []
    for a, b, label in page.labels:
        if label not in KEPT_LABELS:
            continue
        if label == "title" and any(kind != "title" for _, _, kind in part):
            yield part
            part = []
        part.append((a, b, label))
    if part:
        yield part
