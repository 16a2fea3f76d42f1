"""One page in full: each segment with what became of it, the claims where they stand."""

import difflib
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import OutputError
from pipeline.report.marking import Piece, Span, pieces
from pipeline.report.rows import columns, one_of
from pipeline.report.words import excerpt
from pipeline.store import cache_path, read_text

__all__ = ["WHOLE", "DirtyPage", "Limits", "PageClaim", "PageSegment", "alike", "choose", "dirty_page", "page_of"]

# A page of up to so many code points is shown whole: three screens or four. Of a longer one the beginning is shown.
_PAGE_CHARS = 12_000


class Limits(NamedTuple):
    """The most that is shown: segments and claims of a page, code points of a segment that is kept and of one that is
    dropped, claims of a segment."""

    segments: int
    claims: int
    kept_chars: int
    dropped_chars: int
    segment_claims: int


_REPORT = Limits(segments=150, claims=90, kept_chars=2_500, dropped_chars=2_500, segment_claims=8)
# All that is kept; a script or a drawing may be long and says nothing.
WHOLE = Limits(sys.maxsize, sys.maxsize, sys.maxsize, 400, sys.maxsize)


class _Source(TypedDict):
    """What is used of a row of `sources`."""

    source_id: str
    source_path: str
    record: int
    n_chars: int


class _Segment(TypedDict):
    """What is used of a row of `segments`."""

    segment_id: str
    raw_start: int
    raw_end: int
    label: str
    kept: bool
    reason: str
    score: float
    duplicate_of: str | None


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
    """A segment as it stands in the source. `inline`: it goes on in the line of the one before. copy_of: the file that
    holds what it is a copy of, None for what is no copy."""

    label: str
    kept: bool
    reason: str
    score: float
    inline: bool
    copy_of: str | None
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
    return None if chosen is None or not cache_path(out).exists() else _page(out, chosen, _REPORT)


def page_of(out: Path, source_path: str, record: int = 0, limits: Limits = WHOLE) -> DirtyPage | None:
    """The page of that file, of a file of many records that one; None where there was no file of that name.

    Raises OutputError when the file was rejected or has no such record, or the decoded texts were deleted.
    """
    named = pc.field("source_path") == source_path
    found: list[_Source] = columns(out, "sources", *_Source.__annotations__, where=named).to_pylist()
    if not found:
        for row in columns(out, "rejects", "error", "detail", where=named).to_pylist():
            raise OutputError(f"{source_path} was rejected ({row['error']}): {row['detail']}")
        return None
    chosen = next((row for row in found if row["record"] == record), None)
    if chosen is None:
        last = max(row["record"] for row in found)
        raise OutputError(
            f"{source_path} has no record {record} that was read: name one of its {len(found)}, of 0 to {last}"
        )
    return _page(out, chosen, limits)


def alike(out: Path, name: str) -> list[str]:
    """Up to three files that were read whose names are like this one, the likest first."""
    paths = sorted({*columns(out, "sources", "source_path").column("source_path").to_pylist()})
    ends = [path for path in paths if path.rpartition("/")[2] == name.rpartition("/")[2]]
    return (ends or difflib.get_close_matches(name, paths))[:3]


def _page(out: Path, chosen: _Source, limits: Limits) -> DirtyPage:
    text = read_text(chosen["source_id"], out=out)
    here = pc.field("source_id") == chosen["source_id"]
    rows: list[_Segment] = columns(out, "segments", *_Segment.__annotations__, where=here).to_pylist()
    shown = rows[: limits.segments]
    claims = _claims(out, [row["segment_id"] for row in shown], limits.claims)
    return DirtyPage(
        source_path=chosen["source_path"],
        record=chosen["record"],
        n_chars=chosen["n_chars"],
        n_labels=len({row["label"] for row in rows if not row["kept"]}),
        segments=tuple(_segments(text, shown, claims, _copies(out, shown), limits)),
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


def _claims(out: Path, segment_ids: Sequence[str], most: int) -> list[_Claim]:
    claims = columns(out, "claims", *_Claim.__annotations__, where=one_of("segment_id", segment_ids))
    rows: list[_Claim] = claims.slice(0, most).to_pylist()
    return rows


def _copies(out: Path, rows: Sequence[_Segment]) -> dict[str, str]:
    """For each segment that is a copy the file that holds what it is a copy of."""
    original = {row["segment_id"]: row["duplicate_of"] for row in rows if row["duplicate_of"] is not None}
    found = columns(out, "segments", "segment_id", "source_path", where=one_of("segment_id", original.values()))
    paths = {row["segment_id"]: row["source_path"] for row in found.to_pylist()}
    return {segment: paths[first] for segment, first in original.items() if first in paths}


def _segments(
    text: str, rows: Sequence[_Segment], claims: Sequence[_Claim], copies: Mapping[str, str], limits: Limits
) -> Iterator[PageSegment]:
    starts = [row["raw_start"] for row in rows]
    spans, here = defaultdict(list), defaultdict(list)
    for number, claim in enumerate(claims, 1):
        here[claim["segment_id"]].append(_claim(number, claim))
        for span in _spans(number, claim):
            for at in range(max(0, bisect_right(starts, span.start) - 1), len(rows)):
                if starts[at] >= span.end:
                    break
                spans[at].append(span)
    end = 0
    for at, row in enumerate(rows):
        found = here[row["segment_id"]]
        start, stop = row["raw_start"], row["raw_end"]
        most = limits.kept_chars if row["kept"] else limits.dropped_chars
        yield PageSegment(
            label=row["label"],
            kept=row["kept"],
            reason=row["reason"],
            score=row["score"],
            inline=end > 0 and "\n" not in text[end:start],
            copy_of=copies.get(row["segment_id"]),
            pieces=tuple(pieces(text, start, min(stop, start + most), spans[at])),
            n_cut=max(0, stop - start - most),
            claims=tuple(found[: limits.segment_claims]),
            n_more_claims=max(0, len(found) - limits.segment_claims),
        )
        end = stop


def _spans(number: int, claim: _Claim) -> tuple[Span, Span, Span]:
    return (
        Span(claim["evidence_start"], claim["evidence_end"], "evidence", number),
        Span(claim["subject_start"], claim["subject_end"], "subject", number),
        Span(claim["object_start"], claim["object_end"], "object", number),
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
