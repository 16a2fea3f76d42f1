"""How right the attributes of claims are, given the labelled claims themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.evaluation.articles import gold_articles
from pipeline.evaluation.claims import Rate
from pipeline.evaluation.gold import GoldClaim, GoldPage
from pipeline.knowledge.attributes import attributes_of
from pipeline.knowledge.reading import Article, Reading
from pipeline.text.agreement import agreement

__all__ = ["AttributeScores", "gold_readings", "score_attributes"]


@dataclass(frozen=True)
class AttributeScores:
    """Over labelled claims: share right, precision and recall of the rare value, words of the text fields.

    accuracy: share of claims whose value is right. flags: negated=true, certainty=hedged and evidence types
    other than none as precision/recall. fields: words agreed upon (a token counts), over claims that have the
    field in either.
    """

    n: int
    accuracy: Mapping[str, float]
    flags: Mapping[str, Rate]
    fields: Mapping[str, float]


def gold_readings(page: GoldPage) -> Iterator[tuple[GoldClaim, Article, Reading]]:
    """The labelled claims of a page as a perfect reader would hand them over, attributes left to the rules."""
    articles = gold_articles(page)
    for claim in page.claims:
        for placed in articles:
            spans = [placed.locate(where) for where in (claim.evidence, claim.subject, claim.object)]
            evidence, subject, object_ = spans
            if evidence and subject and object_:
                yield claim, placed.article, Reading(
                    evidence, subject, claim.subject_type, claim.predicate, object_, claim.object_type, 1.0, "gold"
                )  # fmt: skip
                break


def token_f1(found: str | None, gold: str | None) -> float:
    """F1 of the words of two stretches; 1.0 where both are empty."""
    if not found or not gold:
        return float(bool(found) == bool(gold))
    return agreement(found, gold)


def words_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Mean word F1 over pairs (found, labelled) where either has words; 1.0 where none has."""
    spoken = [(found, gold) for found, gold in pairs if found or gold]
    agreed = sum(token_f1(found, gold) for found, gold in spoken)
    # Precision over what was found, recall over what is labelled, as for spans.
    n_found, n_gold = sum(bool(f) for f, _ in spoken), sum(bool(g) for _, g in spoken)
    return 2 * agreed / (n_found + n_gold) if spoken else 1.0


def score_attributes(pages: Sequence[GoldPage]) -> AttributeScores:
    """Attributes as read from the labelled claims of `pages`, against their labels."""
    rows = [
        (claim, attributes_of(article, reading)) for page in pages for claim, article, reading in gold_readings(page)
    ]
    return AttributeScores(
        n=len(rows),
        accuracy={
            name: sum(getattr(gold, name) == getattr(found, name) for gold, found in rows) / max(len(rows), 1)
            for name in ("negated", "certainty", "evidence_type")
        },
        flags={
            "negated": _rate([(f.negated, g.negated) for g, f in rows]),
            "hedged": _rate([(f.certainty == "hedged", g.certainty == "hedged") for g, f in rows]),
            **{kind: _rate([(f.evidence_type == kind, g.evidence_type == kind) for g, f in rows])
               for kind in ("study", "expert", "tradition", "anecdote")},
        },
        fields={
            name: words_f1([(getattr(found, name) or "", getattr(gold, name)) for gold, found in rows])
            for name in ("quantity", "qualifier", "attribution")
        },
    )  # fmt: skip


def _rate(pairs: Sequence[tuple[bool, bool]]) -> Rate:
    return Rate(sum(a and b for a, b in pairs), sum(a for a, _ in pairs), sum(b for _, b in pairs))
