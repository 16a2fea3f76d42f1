"""Judge the reader on pages it has not seen.

Folds are made of whole articles, balanced by their claims: two windows of one article never part.
"""

from collections.abc import Sequence

from pipeline.evaluation.claims import ClaimScores, ReadClaim, matches, score_claims
from pipeline.models.reader.decode import Found
from pipeline.schema import ENTITY_TYPES, PREDICATES
from training.reader.data import Article

__all__ = ["Judged", "folds", "right", "scores"]

Judged = Sequence[tuple[Article, Sequence[Found]]]


def folds(articles: Sequence[Article], n: int = 5) -> list[list[int]]:
    """Indices of the articles in `n` parts with about as many claims each; the same for the same articles."""
    parts: list[list[int]] = [[] for _ in range(n)]
    for i in sorted(range(len(articles)), key=lambda i: -len(articles[i].relations)):
        min(parts, key=lambda part: sum(len(articles[j].relations) for j in part)).append(i)
    return parts


def scores(judged: Judged, threshold: float) -> ClaimScores:
    """Scores of the claims at or above `threshold`, each article a file of its own."""
    return score_claims([(_gold(a), [_read(a, f) for f in found if f.score >= threshold]) for a, found in judged])


def right(article: Article, found: Sequence[Found]) -> list[bool]:
    """Whether each claim of an article is right as the strict score counts it."""
    hits = {j for _, j in matches(_gold(article), [_read(article, f) for f in found])}
    return [j in hits for j in range(len(found))]


def _words(article: Article, place: tuple[int, int, int]) -> str:
    line, start, end = place
    return article.lines[line].text[start:end]


def _span(article: Article, place: tuple[int, int, int]) -> tuple[int, int]:
    line, start, end = place
    return article.starts[line] + start, article.starts[line] + end


def _gold(article: Article) -> list[ReadClaim]:
    return [
        ReadClaim(
            _span(article, r.evidence), _words(article, r.subject), tuple(PREDICATES)[r.predicate - 1],
            _words(article, r.object), ENTITY_TYPES[r.subject_type], ENTITY_TYPES[r.object_type], r.negated,
            "hedged" if r.hedged else "asserted",
        )
        for r in article.relations
    ]  # fmt: skip


def _read(article: Article, f: Found) -> ReadClaim:
    return ReadClaim(
        _span(article, f.evidence), _words(article, f.subject), f.predicate, _words(article, f.object),
        f.subject_type, f.object_type, f.negated >= 0.5, "hedged" if f.hedged >= 0.5 else "asserted", f.score,
    )  # fmt: skip
