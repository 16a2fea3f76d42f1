"""The trained claim reader: a small encoder with heads for argument spans and for ordered pairs of them."""

from collections.abc import Sequence

from pipeline.knowledge.reading import Passage, Reading, Span
from pipeline.models.reader.decode import Found
from pipeline.models.reader.network import load
from pipeline.models.reader.windows import Line

__all__ = ["EXTRACTOR", "read"]

EXTRACTOR = "reader-1"
"""Id of the shipped weights in `claims.extractor`; raised with them, so that an old calibration never fits."""


def read(passages: Sequence[Passage]) -> list[Reading]:
    """The claims of one article. `passages` are its sentences; those of repeated segments are context only."""
    if not passages:
        return []
    article = passages[0].article
    wanted = {passage.sentence.segment for passage in passages}
    found = load().read([Line(segment.label, segment.text) for segment in article.segments])
    return [_reading(claim) for claim in found if claim.evidence[0] in wanted]


def _reading(claim: Found) -> Reading:
    relation, subject, object_ = claim.parts
    return Reading(
        evidence=Span(*claim.evidence),
        subject=Span(*claim.subject),
        subject_type=claim.subject_type,
        predicate=claim.predicate,
        object=Span(*claim.object),
        object_type=claim.object_type,
        raw_score=round(claim.score, 4),
        extractor=EXTRACTOR,
        cues=(f"scores:relation {relation:.2f} subject {subject:.2f} object {object_:.2f}",),
        negated=claim.negated >= 0.5,
        certainty="hedged" if claim.hedged >= 0.5 else "asserted",
    )
