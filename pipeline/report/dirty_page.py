"""One page in full: each segment with what became of it, the claims where they stand."""

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import OutputError
from pipeline.report.page_segments import ClaimRow, Limits, PageRows, PageSegment, SegmentRow, shown
from pipeline.report.rows import columns, one_of
from pipeline.store import cache_path, is_there, read_text, require_whole, table_path
from pipeline.store.tables import row_count

__all__ = ["WHOLE", "DirtyPage", "alike", "choose", "dirty_page", "page_of"]

# A page of up to so many code points is shown whole: three screens or four. Of a longer one the beginning is shown.
_PAGE_CHARS = 12_000
_REPORT = Limits(segments=150, claims=90, kept_chars=2_500, dropped_chars=2_500, segment_claims=8)
# All that is kept; a script or a drawing may be long and says nothing.
WHOLE = Limits(sys.maxsize, sys.maxsize, sys.maxsize, 400, sys.maxsize)


class _Source(TypedDict):
    """What is used of a row of `sources`."""

    source_id: str
    source_path: str
    record: int
    n_chars: int
    format: str


@dataclass(frozen=True)
class DirtyPage:
    """The page: where it comes from, its segments in order, how many more segments it has. as_words: the words are
    shown without the markup, or the marks, between them. n_claims: how many of its claims are marked;
    n_more_claims: how many are not listed. claims_read: whether there is a table of claims."""

    source_path: str
    record: int
    n_chars: int
    as_words: bool
    n_labels: int
    segments: tuple[PageSegment, ...]
    n_more_segments: int
    n_claims: int
    n_more_claims: int
    claims_read: bool

    @property
    def whole(self) -> bool:
        """Whether nothing of its text is left out."""
        return not self.n_more_segments and not any(segment.n_cut for segment in self.segments)


def dirty_page(out: Path) -> DirtyPage | None:
    """The page that shows most of what cleaning drops; None without one, or when the decoded texts were deleted."""
    segments = columns(out, "segments", "source_id", "label", "kept")
    sources = columns(out, "sources", *_Source.__annotations__)
    chosen = choose(segments, sources)
    return None if chosen is None or not is_there(cache_path(out)) else _page(out, chosen, _REPORT)


def page_of(out: Path, source_path: str, record: int = 0, limits: Limits = WHOLE) -> DirtyPage | None:
    """The page of that file, of a file of many records that one; None where there was no file of that name.

    Raises OutputError when it was rejected, there is no such record, pages were not cleaned yet, or the decoded texts
    were deleted.
    """
    named = pc.field("source_path") == source_path
    found: list[_Source] = columns(out, "sources", *_Source.__annotations__, where=named).to_pylist()
    chosen = next((row for row in found if row["record"] == record), None)
    if chosen is not None:
        require_whole(out)
        row_count(out, "segments")  # says what to do where they are missing
        return _page(out, chosen, limits)
    lost = columns(out, "rejects", "record", "error", "detail", where=named).to_pylist()
    for row in lost:
        if row["record"] in (None, record):
            place = source_path if row["record"] is None else f"{source_path}, record {record},"
            raise OutputError(f"{place} was rejected ({row['error']}): {row['detail']}")
    if found or lost:
        last = max(row["record"] for row in (*found, *lost))
        raise OutputError(
            f"{source_path} has no record {record} that was read: name one of its {len(found)}, of 0 to {last}"
        )
    return None


def alike(out: Path, name: str) -> list[str]:
    """Up to three files that were read whose names are like this one, the likest first."""
    paths = sorted({*columns(out, "sources", "source_path").column("source_path").to_pylist()})
    ends = [path for path in paths if path.rpartition("/")[2] == name.rpartition("/")[2]]
    return (ends or difflib.get_close_matches(name, paths))[:3]


def _page(out: Path, chosen: _Source, limits: Limits) -> DirtyPage:
    text = read_text(chosen["source_id"], out=out)
    here = pc.field("source_id") == chosen["source_id"]
    rows: list[SegmentRow] = columns(out, "segments", *SegmentRow.__annotations__, where=here).to_pylist()
    words = [row for row in rows if row["reason"] != "markup"]
    as_words = chosen["format"] == "html" or len(words) < len(rows)
    rows = words if as_words else rows
    first = rows[: limits.segments]
    claims = _claims(out, [row["segment_id"] for row in rows])
    places = {row["segment_id"] for row in first}
    here = [claim for claim in claims if claim["segment_id"] in places]
    segments = tuple(shown(PageRows(text, as_words, first, here, _copies(out, first)), limits))
    return DirtyPage(
        source_path=chosen["source_path"],
        record=chosen["record"],
        n_chars=chosen["n_chars"],
        as_words=as_words,
        n_labels=len({row["label"] for row in rows if not row["kept"]}),
        segments=segments,
        n_more_segments=len(rows) - len(first),
        n_claims=min(len(here), limits.claims),
        n_more_claims=len(claims) - sum(len(segment.claims) for segment in segments),
        claims_read=is_there(table_path(out, "claims")),
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


def _claims(out: Path, segment_ids: Sequence[str]) -> list[ClaimRow]:
    rows: list[ClaimRow] = columns(
        out, "claims", *ClaimRow.__annotations__, where=one_of("segment_id", segment_ids)
    ).to_pylist()
    return rows


def _copies(out: Path, rows: Sequence[SegmentRow]) -> dict[str, str]:
    """For each segment that is a copy the file that holds what it is a copy of."""
    original = {row["segment_id"]: row["duplicate_of"] for row in rows if row["duplicate_of"] is not None}
    found = columns(out, "segments", "segment_id", "source_path", where=one_of("segment_id", original.values()))
    paths = {row["segment_id"]: row["source_path"] for row in found.to_pylist()}
    return {segment: paths[first] for segment, first in original.items() if first in paths}
