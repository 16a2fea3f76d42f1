"""The trained claim reader: a small encoder with heads for argument spans and for ordered pairs of them, and a judge
that looks at the claims of an article together."""

from collections.abc import Sequence
from functools import lru_cache

from pipeline.knowledge.predicates import find_predicates
from pipeline.knowledge.questions import asks
from pipeline.knowledge.reading import Argument, Article, Passage, Reading, Span
from pipeline.models.reader.decode import Decoding, Found, FoundSpan
from pipeline.models.reader.judge import load_judge
from pipeline.models.reader.network import load
from pipeline.models.reader.windows import Line

__all__ = ["EXTRACTOR", "arguments", "read"]

EXTRACTOR = "reader-4"
"""Id of the shipped weights in `claims.extractor`; raised with them, so that an old calibration never fits."""


def read(passages: Sequence[Passage]) -> list[Reading]:
    """The claims of one article. `passages` are its sentences; those of repeated segments are not among them, but a
    claim whose evidence stands there is new where an argument does not: in a title of its own.

    What a sentence only asks ("Does coffee cause cancer?") is no claim, as the guidelines for annotators have it.

    Whether a claim is denied or doubted is left to `pipeline.knowledge.assertion`: cue words alone were right more
    often than this network, on strict matches of the real folds .989 against .976, and .984 against .935.
    """
    if not passages:
        return []
    article = passages[0].article
    claims, _ = _read(_lines(article))
    return [_reading(claim, article) for claim in claims if _is_own(claim, article) and not _is_asked(claim, article)]


def _is_own(claim: Found, article: Article) -> bool:
    """Whether no other article says the same in the same words: "Symptoms include fever", said of another disease."""
    places = (claim.evidence, claim.subject, claim.object)
    return not all(article.segments[segment].repeated for segment, _, _ in places)


def _is_asked(claim: Found, article: Article) -> bool:
    segment, _, end = evidence = Span(*claim.evidence)
    return asks(article.words(evidence), article.segments[segment].text[end:])


def arguments(passages: Sequence[Passage]) -> list[Argument]:
    """What the reader takes for an argument with a probability of a half or more, whether or not in a claim.

    `passages` as for `read`; of overlapping ones the likelier.
    """
    if not passages:
        return []
    wanted = {passage.sentence.segment for passage in passages}
    _, spans = _read(_lines(passages[0].article))
    return [Argument(Span(*s.place), s.entity_type, round(s.score, 4)) for s in spans if s.place[0] in wanted]


def _lines(article: Article) -> tuple[Line, ...]:
    return tuple(Line(segment.label, segment.text) for segment in article.segments)


@lru_cache(maxsize=1)  # claims and arguments of an article are asked for one after the other
def _read(lines: tuple[Line, ...]) -> tuple[list[Found], list[FoundSpan]]:
    claims, spans = load().read(lines)
    return load_judge().judge(lines, claims, Decoding.min_score), spans


def _reading(claim: Found, article: Article) -> Reading:
    relation, subject, object_ = claim.parts
    evidence = Span(*claim.evidence)
    cues = [cue for cue in find_predicates(article.words(evidence)) if cue.predicate == claim.predicate]
    places = [Span(evidence.segment, evidence.start + cue.start, evidence.start + cue.end) for cue in cues]
    return Reading(
        evidence=evidence,
        subject=Span(*claim.subject),
        subject_type=claim.subject_type,
        predicate=claim.predicate,
        object=Span(*claim.object),
        object_type=claim.object_type,
        raw_score=round(claim.score, 4),
        extractor=EXTRACTOR,
        cues=(
            *(f"cue:{article.words(place)}" for place in places),
            f"scores:relation {relation:.2f} subject {subject:.2f} object {object_:.2f}",
        ),
        cue=places[0] if places else None,
    )
