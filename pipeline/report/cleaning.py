"""What cleaning dropped and why, what was copied, what could not be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow.compute as pc

from pipeline.errors import OutputError
from pipeline.report.rows import columns, one_of, sized_segments
from pipeline.report.words import excerpt
from pipeline.store import table_path

__all__ = ["Cluster", "Copy", "Reason", "Reject", "clusters", "reasons", "rejects"]

_REASONS = 40
_CLUSTERS = 15
_KINDS = ("document", "passage", "line")
_MEMBERS = 4
_REJECTS = 25


class _Member(TypedDict):
    """What is used of a row of `duplicates`."""

    kind: str
    cluster_id: str
    member_id: str
    representative_id: str
    similarity: float
    containment: float


@dataclass(frozen=True)
class Reason:
    """A rule or model with what it dropped as one label: segments, characters (no white space), and one example."""

    label: str
    reason: str
    n_segments: int
    n_chars: int
    example: str


@dataclass(frozen=True)
class Copy:
    """A member of a cluster: its words or title, where it stands, how like the representative it is, whether it is the
    one that counts."""

    words: str
    place: str
    similarity: float
    containment: float
    kept: bool


@dataclass(frozen=True)
class Cluster:
    """Copies of one article or passage, the one that counts first; or a line of a site, of which none does."""

    kind: str
    copies: tuple[Copy, ...]
    n_more: int


@dataclass(frozen=True)
class Reject:
    """A file or record that could not be read."""

    place: str
    error: str
    detail: str


def reasons(out: Path) -> tuple[tuple[Reason, ...], int]:
    """What dropped most characters, and how many more pairs of label and reason there are."""
    segments = sized_segments(out, "segment_id", "label", "kept", "reason")
    sums = (
        segments.filter(pc.invert(segments.column("kept")))
        .group_by(["label", "reason"], use_threads=False)
        .aggregate([("n", "sum"), ("n", "count"), ("segment_id", "first")])
        .to_pylist()
    )
    rows = sorted(sums, key=lambda row: (-row["n_sum"], row["label"], row["reason"]))
    words = _texts(out, "segments", "segment_id", "text", [row["segment_id_first"] for row in rows[:_REASONS]])
    return tuple(
        Reason(row["label"], row["reason"], row["n_count"], row["n_sum"], excerpt(words[row["segment_id_first"]], 90))
        for row in rows[:_REASONS]
    ), max(0, len(rows) - _REASONS)


def clusters(out: Path) -> tuple[tuple[Cluster, ...], int]:
    """The largest clusters of copies, articles before passages before lines, and how many more there are."""
    members: list[_Member] = columns(out, "duplicates", *_Member.__annotations__).to_pylist()
    found: dict[tuple[str, str], list[_Member]] = {}
    for row in members:
        found.setdefault((row["kind"], row["cluster_id"]), []).append(row)
    largest = sorted(found.values(), key=_largest_first)[:_CLUSTERS]
    shown = [sorted(rows, key=_representative_first)[:_MEMBERS] for rows in largest]
    members_shown = [row["member_id"] for rows in shown for row in rows]
    places = _places(out, members_shown)
    if not places.keys() >= {*members_shown}:
        raise OutputError(
            f"{table_path(out, 'duplicates')} names what neither documents nor segments hold: these tables are not of"
            " one run; run the pipeline again"
        )
    return tuple(
        Cluster(rows[0]["kind"], tuple(_copy(row, places) for row in rows), len(all_rows) - len(rows))
        for rows, all_rows in zip(shown, largest, strict=True)
    ), len(found) - len(largest)


def rejects(out: Path) -> tuple[tuple[Reject, ...], int]:
    """What could not be read, in order of path, and how many more there are."""
    table = columns(out, "rejects", "source_path", "record", "error", "detail")
    rows = table.slice(0, _REJECTS).to_pylist()
    return tuple(
        Reject(excerpt(_place(row["source_path"], row["record"]), 100), row["error"], excerpt(row["detail"]))
        for row in rows
    ), table.num_rows - len(rows)


def _place(path: str, record: int | None) -> str:
    return path if record is None else f"{path}, record {record}"


def _texts(out: Path, name: str, key: str, column: str, keys: Sequence[str]) -> dict[str, str]:
    table = columns(out, name, key, column, where=one_of(key, keys))
    return dict(zip(table.column(key).to_pylist(), table.column(column).to_pylist(), strict=True))


def _largest_first(rows: Sequence[_Member]) -> tuple[int, int, str]:
    return _KINDS.index(rows[0]["kind"]), -len(rows), rows[0]["cluster_id"]


def _representative_first(row: _Member) -> tuple[bool, str]:
    return row["member_id"] != row["representative_id"], row["member_id"]


def _places(out: Path, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Id of an article or segment -> (its title or words, its file)."""
    documents = columns(out, "documents", "document_id", "title", "source_path", where=one_of("document_id", ids))
    segments = columns(out, "segments", "segment_id", "text", "source_path", where=one_of("segment_id", ids))
    found = {row["document_id"]: (row["title"] or "(no title)", row["source_path"]) for row in documents.to_pylist()}
    return found | {row["segment_id"]: (row["text"], row["source_path"]) for row in segments.to_pylist()}


def _copy(row: _Member, places: dict[str, tuple[str, str]]) -> Copy:
    words, place = places[row["member_id"]]
    return Copy(
        excerpt(words, 160), excerpt(place, 100), row["similarity"], row["containment"],
        row["kind"] != "line" and row["member_id"] == row["representative_id"],
    )  # fmt: skip
