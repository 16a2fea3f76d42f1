"""Score claims against labelled ones.

A read claim matches a labelled one when their evidence overlaps by half of the shorter, both arguments agree
(F1 of content words >= 0.5) and the predicate is the same (`strict`), of the same group (`lenient`) or
anything (`pair`). Matching is one to one within a page, best agreement first.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.evaluation.gold import GoldClaim, GoldPage, Span
from pipeline.text.agreement import agreement

__all__ = ["ClaimScores", "Rate", "ReadClaim", "matches", "read_claims", "score_claims"]

# Predicates that a reader may confuse without being wrong about what is good or bad for what.
_GROUPS = {
    "treats": "therapy", "relieves": "therapy", "improves": "therapy", "prevents": "prevention",
    "causes": "harm", "risk_factor_for": "harm", "worsens": "harm", "complication_of": "harm", "impairs": "harm",
    "symptom_of": "sign", "diagnoses": "sign", "recommended_for": "advice", "advised_against_for": "warning",
    "contains": "contains", "is_a": "is_a", "affects": "relation", "associated_with": "relation",
    "prevalent_in": "prevalence",
}  # fmt: skip


class _Related(Protocol):
    @property
    def predicate(self) -> str: ...


@dataclass(frozen=True)
class ReadClaim:
    """A claim to be scored, or a labelled one with its words: evidence in code points of the source."""

    evidence: Span
    subject: str
    predicate: str
    object: str
    subject_type: str = ""
    object_type: str = ""
    negated: bool = False
    certainty: str = "asserted"
    confidence: float | None = None


@dataclass(frozen=True)
class Rate:
    """Precision and recall from counts; 0.0 where nothing was read or labelled."""

    hits: int
    read: int
    labelled: int
    hits_labelled: int | None = None

    @property
    def precision(self) -> float:
        """Share of what was read that is right."""
        return self.hits / self.read if self.read else 0.0

    @property
    def recall(self) -> float:
        """Share of what is labelled that was read."""
        hits = self.hits if self.hits_labelled is None else self.hits_labelled
        return hits / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r else 0.0


@dataclass(frozen=True)
class ClaimScores:
    """What `score_claims` found.

    on_matches: share of strict matches that are also right in negated, certainty, subject_type, object_type.
    outcomes: (confidence, right) of every read claim that has a confidence, for the calibration.
    """

    strict: Rate
    lenient: Rate
    pair: Rate
    evidence: Rate
    on_matches: Mapping[str, float]
    predicates: Mapping[str, Rate]
    outcomes: tuple[tuple[float, bool], ...] = field(repr=False)


def _overlap(a: Span, b: Span) -> bool:
    common = min(a[1], b[1]) - max(a[0], b[0])
    return common > 0 and common * 2 >= min(a[1] - a[0], b[1] - b[0])


def _same(a: str, b: str) -> bool:
    return a == b


def _same_group(a: str, b: str) -> bool:
    return _GROUPS[a] == _GROUPS[b]


def _any(a: str, b: str) -> bool:
    return True


def matches(
    labelled: Sequence[ReadClaim], read: Sequence[ReadClaim], same: Callable[[str, str], bool] = _same
) -> list[tuple[int, int]]:
    """One-to-one matches (index in `labelled`, index in `read`), best agreement of the arguments first.

    `same` says which predicates count as equal.
    """
    pairs = []
    for i, gold in enumerate(labelled):
        for j, claim in enumerate(read):
            if not same(gold.predicate, claim.predicate) or not _overlap(gold.evidence, claim.evidence):
                continue
            s, o = agreement(gold.subject, claim.subject), agreement(gold.object, claim.object)
            if s >= 0.5 and o >= 0.5:
                pairs.append((-(s + o + (gold.predicate == claim.predicate)), i, j))
    used_gold, used_read, found = set(), set(), []
    for _, i, j in sorted(pairs):
        if i not in used_gold and j not in used_read:
            used_gold.add(i)
            used_read.add(j)
            found.append((i, j))
    return found


def read_claims(page: GoldPage) -> list[ReadClaim]:
    """The labelled claims of a page with their words."""
    return [_with_words(page.text, claim) for claim in page.claims]


def _with_words(text: str, claim: GoldClaim) -> ReadClaim:
    return ReadClaim(
        claim.evidence, text[slice(*claim.subject)], claim.predicate, text[slice(*claim.object)],
        claim.subject_type, claim.object_type, claim.negated, claim.certainty,
    )  # fmt: skip


def score_claims(pages: Sequence[tuple[Sequence[ReadClaim], Sequence[ReadClaim]]]) -> ClaimScores:
    """Scores over pages, each (labelled claims, read claims)."""
    n_gold, n_read = sum(len(gold) for gold, _ in pages), sum(len(read) for _, read in pages)
    found = [matches(gold, read) for gold, read in pages]
    hits = sum(map(len, found))
    paired = [(gold[i], read[j]) for (gold, read), m in zip(pages, found, strict=True) for i, j in m]
    outcomes = []
    for (_, read), pairs in zip(pages, found, strict=True):
        right = {j for _, j in pairs}
        outcomes += [(c.confidence, j in right) for j, c in enumerate(read) if c.confidence is not None]
    return ClaimScores(
        strict=Rate(hits, n_read, n_gold),
        lenient=Rate(sum(len(matches(*page, _same_group)) for page in pages), n_read, n_gold),
        pair=Rate(sum(len(matches(*page, _any)) for page in pages), n_read, n_gold),
        evidence=_evidence(pages),
        on_matches=_on_matches(paired),
        predicates=_by_predicate(pages, paired),
        outcomes=tuple(outcomes),
    )


def _evidence(pages: Sequence[tuple[Sequence[ReadClaim], Sequence[ReadClaim]]]) -> Rate:
    read_hits = sum(any(_overlap(g.evidence, c.evidence) for g in gold) for gold, read in pages for c in read)
    gold_hits = sum(any(_overlap(g.evidence, c.evidence) for c in read) for gold, read in pages for g in gold)
    return Rate(read_hits, sum(len(r) for _, r in pages), sum(len(g) for g, _ in pages), gold_hits)


def _on_matches(pairs: Sequence[tuple[ReadClaim, ReadClaim]]) -> dict[str, float]:
    if not pairs:
        return {}
    right = {
        "negated": [g.negated == c.negated for g, c in pairs],
        "certainty": [g.certainty == c.certainty for g, c in pairs],
        "subject_type": [g.subject_type == c.subject_type for g, c in pairs],
        "object_type": [g.object_type == c.object_type for g, c in pairs],
    }
    return {name: sum(values) / len(pairs) for name, values in right.items()}


def _by_predicate(
    pages: Sequence[tuple[Sequence[ReadClaim], Sequence[ReadClaim]]], pairs: Sequence[tuple[_Related, _Related]]
) -> dict[str, Rate]:
    gold = Counter(claim.predicate for labelled, _ in pages for claim in labelled)
    read = Counter(claim.predicate for _, claims in pages for claim in claims)
    hits = Counter(g.predicate for g, _ in pairs)
    return {name: Rate(hits[name], read[name], gold[name]) for name in sorted(gold | read)}
