"""The cleaning laid open: what was dropped as what, why and where, and what another threshold would change.

Sizes are characters of the segments' texts that are not white space, as in `documents`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Clean
from pipeline.report.rows import columns, one_of, sized_segments
from pipeline.report.words import excerpt
from pipeline.store import read_manifest, read_table, read_texts
from pipeline.store.faults import not_readable
from pipeline.store.manifest import FILE_NAME

__all__ = ["THRESHOLDS", "Audit", "Bound", "Drop", "Exact", "Share", "audit", "bound", "exact"]

THRESHOLDS = (0.3, 0.7)  # one stricter and one laxer than the default of config.Clean
_WORDS = 80
_PLACE = ("source_id", "raw_start", "raw_end")
_COLUMNS = ("segment_id", "document_id", "source_path", "raw_start", "label", "kept", "reason", "score")


@dataclass(frozen=True)
class Share:
    """One label, reason or site: its segments and characters, dropped and all."""

    name: str
    n_segments: int
    n_chars: int
    n_chars_all: int


@dataclass(frozen=True)
class Drop:
    """A dropped segment: what it was called, why, how likely, where it begins, and its first words."""

    label: str
    reason: str
    score: float
    n_chars: int
    source_path: str
    raw_start: int
    words: str


@dataclass(frozen=True)
class Bound:
    """What `threshold` could change at most, by stored scores alone.

    to: what a segment could become, "dropped" or "kept". n_segments, n_chars: those whose score leaves it open.
    n_chars_ruled: characters of drops by markup, by neighbours, for the site or as no main text of a web page, where
        the threshold decides nothing.
    """

    threshold: float
    to: str
    n_segments: int
    n_chars: int
    n_chars_ruled: int


@dataclass(frozen=True)
class Exact:
    """What `threshold` does change, by labelling anew: characters of the source (no white space) dropped and kept."""

    threshold: float
    n_chars_dropped: int
    n_chars_kept: int


@dataclass(frozen=True)
class Audit:
    """The whole of it; `more` counts the rows left out of each table, by its name."""

    threshold: float
    n_chars: int
    n_chars_dropped: int
    by: dict[str, tuple[Share, ...]]
    more: dict[str, int]
    longest: tuple[Drop, ...]
    least_certain: tuple[Drop, ...]
    bounds: tuple[Bound, ...]


def audit(out: Path, thresholds: Sequence[float] = THRESHOLDS, *, n_rows: int = 10) -> Audit:
    """The audit of the tables in `out`, lists cut to `n_rows`.

    Raises OutputError when the pages were not cleaned yet.
    """
    read_table(out, "segments", columns=["segment_id"])  # says what to do where it is missing
    segments = sized_segments(out, *_COLUMNS)
    dropped = segments.filter(pc.invert(segments["kept"]))
    whole = segments.append_column("site", _sites(out, segments))
    shares = {name: _shares(whole, name) for name in ("label", "reason", "site")}
    current = _settings(out).drop_threshold
    judged = dropped.filter(pc.not_equal(dropped["reason"], "markup"))
    return Audit(
        threshold=current,
        n_chars=_sum(segments),
        n_chars_dropped=_sum(dropped),
        by={name: rows[:n_rows] for name, rows in shares.items()},
        more={name: max(0, len(rows) - n_rows) for name, rows in shares.items()},
        longest=_drops(out, dropped, [("n", "descending")], n_rows),
        least_certain=_drops(out, judged, [("score", "ascending")], n_rows),
        bounds=tuple(bound(segments, value, current) for value in thresholds if value != current),
    )


def bound(segments: pa.Table, threshold: float, current: float) -> Bound:
    """What a threshold could change at most, from columns kept, reason, score and n of `segments`.

    A score is the probability p of the segment's own label (of its least likely part where parts were joined),
    not the sum d of its drop labels that the threshold is held against. A dropped one has d >= p and a kept one
    d <= 1 - p: so a dropped one with p at or above a laxer threshold stays dropped, a kept one with 1 - p below a
    stricter threshold stays kept, and the rest is open.
    """
    rules = pc.and_(pc.invert(segments["kept"]), _ruled(segments))
    ruled = _sum(segments.filter(rules))
    if threshold > current:
        open_ = pc.and_(pc.invert(segments["kept"]), pc.less(segments["score"], threshold))
        found = segments.filter(pc.and_(open_, pc.invert(_ruled(segments))))
        return Bound(threshold, "kept", found.num_rows, _sum(found), ruled)
    open_ = pc.greater_equal(pc.subtract(pa.scalar(1.0), segments["score"]), threshold)
    found = segments.filter(pc.and_(segments["kept"], open_))
    return Bound(threshold, "dropped", found.num_rows, _sum(found), ruled)


def exact(out: Path, threshold: float, *, progress: Callable[[str, int, int], None] | None = None) -> Exact:
    """What a threshold does change: the decoded texts in the cache are labelled anew, nothing is written.

    Takes as long as cleaning does. Raises OutputError when the tables or the cache are not there.
    """
    from pipeline.stages.clean import CLEAN
    from pipeline.stages.deduplicate import SITE_REASON

    # What was dropped for its site was kept by clean, and no threshold of clean's decides about it.
    theirs = pc.field("reason") == SITE_REASON
    before = _spans(read_table(out, "segments", columns=list(_PLACE), where=pc.field("kept") | theirs))
    paths = sorted(set(read_table(out, "sources", columns=["source_path"])["source_path"].to_pylist()))
    settings = replace(_settings(out), drop_threshold=threshold)
    gone = come = 0
    for done, path in enumerate(paths, 1):
        texts = read_texts(path, out=out)
        segments = CLEAN.run({"texts": texts}, settings)["segments"]
        after = _spans(segments.filter(pc.field("kept")))
        for source, text in zip(texts["source_id"].to_pylist(), texts["text"].to_pylist(), strict=True):
            old, new = _mask(before.get(source, ()), text), _mask(after.get(source, ()), text)
            gone, come = gone + int((old & ~new).sum()), come + int((new & ~old).sum())
        if progress:
            progress("clean", done, len(paths))
    return Exact(threshold, gone, come)


def _spans(segments: pa.Table) -> dict[str, list[tuple[int, int]]]:
    spans: dict[str, list[tuple[int, int]]] = {}
    for source, start, end in zip(*(segments[name].to_pylist() for name in _PLACE), strict=True):
        spans.setdefault(source, []).append((start, end))
    return spans


def _mask(spans: Sequence[tuple[int, int]], text: str) -> npt.NDArray[np.bool_]:
    """The characters of `text` that lie in `spans` and are not white space."""
    mask = np.zeros(len(text), np.bool_)
    for start, end in spans:
        mask[start:end] = [not char.isspace() for char in text[start:end]]
    return mask


def _settings(out: Path) -> Clean:
    """The settings of clean that the tables were made with. Raises OutputError where the manifest has no numbers."""
    manifest = read_manifest(out)
    made = manifest.config if manifest else {}
    given = {field.name: made.get(f"clean.{field.name}") for field in fields(Clean)}
    try:
        return Clean(**{name: float(value) for name, value in given.items() if value is not None})
    except ValueError as error:
        raise not_readable(out / FILE_NAME, error) from None


def _ruled(segments: pa.Table) -> pa.ChunkedArray:
    """Which rows have a reason that `drop_threshold` does not decide about."""
    from pipeline.models.main_text import REASON
    from pipeline.stages.deduplicate import SITE_REASON

    return pc.is_in(segments["reason"], value_set=pa.array(["markup", REASON, SITE_REASON]))


def _sum(table: pa.Table) -> int:
    return int(pc.sum(table["n"]).as_py() or 0)


def _sites(out: Path, segments: pa.Table) -> pa.ChunkedArray:
    """Site of each segment; a file's name where the page names no site."""
    documents = columns(out, "documents", "document_id", "site")
    at = pc.index_in(segments["document_id"], value_set=documents["document_id"])
    return pc.coalesce(documents["site"].take(at), segments["source_path"])


def _shares(segments: pa.Table, name: str) -> tuple[Share, ...]:
    """The values of a column with something dropped, most dropped characters first."""
    everything = _sums(segments, name)
    dropped = _sums(segments.filter(pc.invert(segments["kept"])), name)
    rows = [Share(value, count, chars, everything[value][1]) for value, (count, chars) in dropped.items()]
    return tuple(sorted(rows, key=lambda row: (-row.n_chars, row.name)))


def _sums(segments: pa.Table, name: str) -> dict[str, tuple[int, int]]:
    sums = segments.group_by(name, use_threads=False).aggregate([("n", "count"), ("n", "sum")])
    return {row[name]: (row["n_count"], row["n_sum"]) for row in sums.to_pylist()}


def _drops(out: Path, dropped: pa.Table, order: list[tuple[str, str]], n_rows: int) -> tuple[Drop, ...]:
    keys = [*order, ("source_path", "ascending"), ("raw_start", "ascending")]
    rows = dropped.take(pc.sort_indices(dropped, sort_keys=keys)[:n_rows]).to_pylist()
    ids = [row["segment_id"] for row in rows]
    texts = columns(out, "segments", "segment_id", "text", where=one_of("segment_id", ids))
    words = dict(zip(texts["segment_id"].to_pylist(), texts["text"].to_pylist(), strict=True))
    return tuple(
        Drop(
            row["label"], row["reason"], row["score"], row["n"], row["source_path"], row["raw_start"],
            excerpt(words[row["segment_id"]], _WORDS),
        )
        for row in rows
    )  # fmt: skip
