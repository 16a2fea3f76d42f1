"""One page in full: each segment with what became of it, the claims where they stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.report.marking import Piece, Span, pieces
from pipeline.report.rows import columns, one_of
from pipeline.report.words import excerpt
from pipeline.store import cache_path, read_text

__all__ = ["DirtyPage", "PageClaim", "PageSegment", "choose", "dirty_page"]

# A page of up to so many code points is shown whole: three screens or four. Of a longer one the beginning is shown.
_PAGE_CHARS = 12_000
_PAGE_SEGMENTS = 150
_SEGMENT_CHARS = 2_500
_PAGE_CLAIMS = 90
_SEGMENT_CLAIMS = 8


class _Source(TypedDict):
    """What is used of a row of `sources`."""

    source_id: str
    source_path: str
    record: int
    n_chars: int


class _Segment(TypedDict):
    """What is used of a row of `segments`."""

    segment_id: str
    source_id: str
    raw_start: int
    raw_end: int
    label: str
    kept: bool
    reason: str
    score: float


class _Claim(TypedDict):
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


@dataclass(frozen=True)
class PageSegment:
    """A segment as it stands in the source. `inline`: it goes on in the line of the one before."""

    label: str
    kept: bool
    reason: str
    score: float
    inline: bool
    pieces: tuple[Piece, ...]
    n_cut: int
    claims: tuple[PageClaim, ...]
    n_more_claims: int


@dataclass(frozen=True)
class DirtyPage:
    """The page: where it comes from, its segments in order, how many more segments it has."""

    source_path: str
    record: int
    n_chars: int
    n_labels: int
    segments: tuple[PageSegment, ...]
    n_more_segments: int
    n_claims: int


def dirty_page(out: Path) -> DirtyPage | None:
    """The page that shows most of what cleaning drops; None without one, or when the decoded texts were deleted."""
    segments = columns(out, "segments", "source_id", "label", "kept")
    sources = columns(out, "sources", *_Source.__annotations__)
    chosen = choose(segments, sources)
    if chosen is None or not cache_path(out).exists():
        return None
    text = read_text(chosen["source_id"], out=out)
    here = pc.field("source_id") == chosen["source_id"]
    rows: list[_Segment] = columns(out, "segments", *_Segment.__annotations__, where=here).to_pylist()
    shown = rows[:_PAGE_SEGMENTS]
    claims = _claims(out, [row["segment_id"] for row in shown])
    return DirtyPage(
        source_path=chosen["source_path"],
        record=chosen["record"],
        n_chars=chosen["n_chars"],
        n_labels=len({row["label"] for row in rows if not row["kept"]}),
        segments=tuple(_segments(text, shown, claims)),
        n_more_segments=len(rows) - len(shown),
        n_claims=len(claims),
    )


def choose(segments: pa.Table, sources: pa.Table) -> _Source | None:
    """The row of `sources` with most kinds of dropped segments, of equal ones the first by path and record.

    Pages short enough to be shown whole come before longer ones. None where no source has a segment.
    """
    present = segments.group_by("source_id").aggregate([]).column("source_id")
    dropped = segments.filter(pc.invert(segments.column("kept")))
    kinds = dropped.group_by("source_id").aggregate([("label", "count_distinct")])
    n_labels = dict(zip(kinds.column("source_id").to_pylist(), kinds.column(1).to_pylist(), strict=True))
    candidates: list[_Source] = sources.filter(one_of("source_id", present.to_pylist())).to_pylist()
    return min(
        candidates,
        key=lambda row: (
            row["n_chars"] > _PAGE_CHARS, -n_labels.get(row["source_id"], 0), row["source_path"], row["record"],
        ),
        default=None,
    )  # fmt: skip


def _claims(out: Path, segment_ids: Sequence[str]) -> list[_Claim]:
    claims = columns(out, "claims", *_Claim.__annotations__, where=one_of("segment_id", segment_ids))
    rows: list[_Claim] = claims.slice(0, _PAGE_CLAIMS).to_pylist()
    return rows


def _segments(text: str, rows: Sequence[_Segment], claims: Sequence[_Claim]) -> Iterator[PageSegment]:
    spans = [span for number, claim in enumerate(claims, 1) for span in _spans(number, claim)]
    end = 0
    for row in rows:
        inline = end > 0 and "\n" not in text[end : row["raw_start"]]
        here = [_claim(number, c) for number, c in enumerate(claims, 1) if c["segment_id"] == row["segment_id"]]
        yield _segment(text, row, spans, here, inline=inline)
        end = row["raw_end"]


def _spans(number: int, claim: _Claim) -> tuple[Span, Span, Span]:
    return (
        Span(claim["evidence_start"], claim["evidence_end"], "evidence", number),
        Span(claim["subject_start"], claim["subject_end"], "subject", number),
        Span(claim["object_start"], claim["object_end"], "object", number),
    )


def _segment(
    text: str, row: _Segment, spans: Sequence[Span], claims: Sequence[PageClaim], *, inline: bool
) -> PageSegment:
    start, end = row["raw_start"], min(row["raw_end"], row["raw_start"] + _SEGMENT_CHARS)
    return PageSegment(
        label=row["label"],
        kept=row["kept"],
        reason=row["reason"],
        score=row["score"],
        inline=inline,
        pieces=tuple(pieces(text, start, end, spans)),
        n_cut=row["raw_end"] - end,
        claims=tuple(claims[:_SEGMENT_CLAIMS]),
        n_more_claims=max(0, len(claims) - _SEGMENT_CLAIMS),
    )


def _claim(number: int, row: _Claim) -> PageClaim:
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
