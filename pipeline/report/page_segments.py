"""The segments of a page made fit to be shown: their words with the parts of claims in them."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypedDict

from pipeline.report.marking import Piece, Span, pieces
from pipeline.report.words import excerpt
from pipeline.text.align import from_raw

__all__ = ["ClaimRow", "Limits", "PageClaim", "PageRows", "PageSegment", "SegmentRow", "shown"]


class Limits(NamedTuple):
    """The most that is shown: segments and claims of a page, code points of a segment that is kept and of one that is
    dropped, claims of a segment."""

    segments: int
    claims: int
    kept_chars: int
    dropped_chars: int
    segment_claims: int


class SegmentRow(TypedDict):
    """What is used of a row of `segments`."""

    segment_id: str
    raw_start: int
    raw_end: int
    text: str
    alignment: list[int] | None
    label: str
    kept: bool
    reason: str
    score: float
    duplicate_of: str | None


class ClaimRow(TypedDict):
    """What is used of a row of `claims`."""

    claim_id: str
    segment_id: str
    evidence_start: int
    evidence_end: int
    subject_text: str
    subject_start: int
    subject_end: int
    predicate: str
    object_text: str
    object_start: int
    object_end: int
    negated: bool
    certainty: str
    confidence: float | None
    cues: list[str]


class PageRows(NamedTuple):
    """A page's decoded text, whether its words are shown without markup, its rows of `segments` and `claims` in order,
    and the file that holds the original of each segment that is a copy."""

    text: str
    as_words: bool
    segments: Sequence[SegmentRow]
    claims: Sequence[ClaimRow]
    copies: Mapping[str, str]


@dataclass(frozen=True)
class PageClaim:
    """A claim read from this page; `number` ties it to its marks in the text."""

    number: int
    claim_id: str
    subject: str
    predicate: str
    object: str
    negated: bool
    hedged: bool
    confidence: float | None
    cues: str


class PageSegment(NamedTuple):
    """A segment as it stands in the source, or its words.

    copy_of: the file that holds what it is a copy of, None for what is no copy. n_cut: code points that are left out.
    inline: it goes on in the line of the one before.
    """

    label: str
    kept: bool
    reason: str
    score: float
    copy_of: str | None
    pieces: tuple[Piece, ...]
    n_cut: int
    inline: bool = False
    claims: tuple[PageClaim, ...] = ()
    n_more_claims: int = 0


def shown(page: PageRows, limits: Limits) -> Iterator[PageSegment]:
    """The segments, each with the claims whose evidence stands in it; those beyond the limits are counted."""
    starts = [row["raw_start"] for row in page.segments]
    marks, read = defaultdict(list), defaultdict(list)
    n_claims = Counter(claim["segment_id"] for claim in page.claims)
    for number, claim in enumerate(page.claims[: limits.claims], 1):
        read[claim["segment_id"]].append(_claim(number, claim))
        for span in _spans(number, claim):
            first = max(0, bisect_right(starts, span.start) - 1)
            for at in range(first, bisect_left(starts, span.end)):
                marks[at].append(span)
    end = 0
    for at, row in enumerate(page.segments):
        inline = end > 0 and not page.as_words and "\n" not in page.text[end : row["raw_start"]]
        end = row["raw_end"]
        claims = tuple(read[row["segment_id"]][: limits.segment_claims])
        n_more = n_claims[row["segment_id"]] - len(claims)
        yield _segment(page, row, marks[at], limits)._replace(inline=inline, claims=claims, n_more_claims=n_more)


def _segment(page: PageRows, row: SegmentRow, marks: Sequence[Span], limits: Limits) -> PageSegment:
    """A segment without its claims."""
    text, start, end = page.text, row["raw_start"], row["raw_end"]
    if page.as_words:
        text, start, end, marks = row["text"], 0, len(row["text"]), [_in_words(span, row) for span in marks]
    most = limits.kept_chars if row["kept"] else limits.dropped_chars
    return PageSegment(
        label=row["label"],
        kept=row["kept"],
        reason=row["reason"],
        score=row["score"],
        copy_of=page.copies.get(row["segment_id"]),
        pieces=tuple(pieces(text, start, min(end, start + most), marks)),
        n_cut=max(0, end - start - most),
    )


def _in_words(span: Span, row: SegmentRow) -> Span:
    """A span of the source in the words of a segment."""
    start, end = from_raw(span.start, span.end, row["raw_start"], row["alignment"])
    return replace(span, start=start, end=end)


def _spans(number: int, claim: ClaimRow) -> tuple[Span, Span, Span]:
    return (
        Span(claim["evidence_start"], claim["evidence_end"], "evidence", number),
        Span(claim["subject_start"], claim["subject_end"], "subject", number),
        Span(claim["object_start"], claim["object_end"], "object", number),
    )


def _claim(number: int, row: ClaimRow) -> PageClaim:
    return PageClaim(
        number=number,
        claim_id=row["claim_id"],
        subject=excerpt(row["subject_text"], 80),
        predicate=row["predicate"],
        object=excerpt(row["object_text"], 80),
        negated=row["negated"],
        hedged=row["certainty"] == "hedged",
        confidence=row["confidence"],
        cues=excerpt(", ".join(row["cues"]), 100),
    )
