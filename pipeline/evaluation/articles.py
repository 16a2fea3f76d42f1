"""Labelled pages as articles that a reader can read, with their places in the source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from pipeline.evaluation.gold import GoldPage
from pipeline.knowledge.reading import Article, Mention, Segment, Span
from pipeline.knowledge.recognise import find
from pipeline.schema import KEPT_LABELS
from pipeline.stage import content_id, from_rows

__all__ = ["PlacedArticle", "gold_articles", "gold_tables"]

_Labelled = list[tuple[int, int, str]]


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


def _split(page: GoldPage) -> Iterator[_Labelled]:
    part: _Labelled = []
    for a, b, label in page.labels:
        if label not in KEPT_LABELS:
            continue
        if label == "title" and any(kind != "title" for _, _, kind in part):
            yield part
            part = []
        part.append((a, b, label))
    if part:
        yield part


def gold_tables(pages: Sequence[GoldPage]) -> dict[str, pa.Table]:
    """`documents` and `segments` of labelled pages as a perfect cleaner would cut them; nothing is a copy."""
    documents, segments = [], []
    for page in pages:
        for part in _whole(page):
            key = content_id(page.name, part[0][0])
            documents.append(_document_row(page, key, part))
            segments += [_segment_row(page, key, i, stretch) for i, stretch in enumerate(part)]
    return {"documents": from_rows("documents", documents), "segments": from_rows("segments", segments)}


def _whole(page: GoldPage) -> Iterator[_Labelled]:
    """As `_split`, with what is dropped."""
    part: _Labelled = []
    for stretch in page.labels:
        if stretch[2] == "title" and any(kind in KEPT_LABELS and kind != "title" for _, _, kind in part):
            yield part
            part = []
        part.append(stretch)
    if part:
        yield part


def _document_row(page: GoldPage, key: str, part: _Labelled) -> dict[str, Any]:
    title = next((page.text[a:b] for a, b, label in part if label == "title"), None)
    return {
        "document_id": key, "source_id": page.name, "source_path": f"{page.name}.txt", "record": 0, "url": None,
        "site": None, "title": title, "language": "en", "language_score": 1.0, "raw_start": part[0][0],
        "raw_end": part[-1][1], "n_chars_kept": 0, "n_chars_dropped": 0, "repairs": [], "cluster_id": key,
        "duplicate_of": None, "is_representative": True,
    }  # fmt: skip


def _segment_row(page: GoldPage, key: str, position: int, stretch: tuple[int, int, str]) -> dict[str, Any]:
    a, b, label = stretch
    return {
        "segment_id": content_id(key, a, b), "document_id": key, "source_id": page.name,
        "source_path": f"{page.name}.txt", "record": 0, "position": position, "raw_start": a, "raw_end": b,
        "text": page.text[a:b], "alignment": None, "label": label, "kept": label in KEPT_LABELS, "reason": "gold",
        "score": 1.0, "duplicate_of": None,
    }  # fmt: skip
