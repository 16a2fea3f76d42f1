"""The raw words behind a claim: decoded source text and the passages in which its parts stand."""

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import OutputError
from pipeline.stage import from_rows
from pipeline.store.blobs import unpack
from pipeline.store.cache import open_cache
from pipeline.store.faults import is_there
from pipeline.store.shown import phrase, visible
from pipeline.store.tables import cache_path, read_table, table_path

__all__ = ["Evidence", "Mark", "Passage", "evidence", "find_claim", "read_text", "read_texts"]

_ROLES = ("evidence", "subject", "object")
# Code points shown before and after a part at most: some dumps hold a page, or a site, in one line.
_REACH = 1000
_TAGS = {
    "evidence": ("<u>", "</u>"),
    "subject": ('<mark title="subject">', "</mark>"),
    "object": ('<mark title="object">', "</mark>"),
}


@dataclass(frozen=True)
class Mark:
    """One part of a claim (`evidence`, `subject` or `object`): code points of the decoded source, end exclusive."""

    role: str
    start: int
    end: int


@dataclass(frozen=True)
class Passage:
    """A stretch of the decoded source, whole lines unless they are very long, and the parts of the claim in it."""

    start: int
    end: int
    text: str
    marks: tuple[Mark, ...]

    def slice(self, mark: Mark) -> str:
        """The raw words of one of its marks."""
        return self.text[mark.start - self.start : mark.end - self.start]

    def marked(self, brackets: Mapping[str, tuple[str, str]], *, escape: Callable[[str], str] = str) -> str:
        """Its text with each mark between its role's two `brackets`; `escape` is applied to the words alone."""
        # At one place marks close before others open; the inner one closes first and opens last.
        cuts = [(mark.end, 0, mark.end - mark.start, brackets[mark.role][1]) for mark in self.marks]
        cuts += [(mark.start, 1, mark.start - mark.end, brackets[mark.role][0]) for mark in self.marks]
        pieces, last = [], 0
        for position, _, _, bracket in sorted(cuts):
            pieces += [escape(self.text[last : position - self.start]), bracket]
            last = position - self.start
        return "".join(pieces) + escape(self.text[last:])


@dataclass(frozen=True)
class Evidence:
    """Where a claim was read: passages in the order of the source, and why its segment was kept."""

    claim_id: str
    source_path: str
    statement: str
    confidence: float | None
    passages: tuple[Passage, ...]
    segment_label: str
    segment_reason: str
    segment_score: float

    def _repr_html_(self) -> str:
        """The passages with the claim's parts marked, for notebooks."""
        head = f"<p><b>{_escaped(self.statement)}</b> <small>{_escaped(self.source_path)}</small></p>"
        return head + "".join(f"<blockquote>{p.marked(_TAGS, escape=_escaped)}</blockquote>" for p in self.passages)


def _escaped(text: str) -> str:
    return html.escape(visible(text))


def read_text(source_id: str, *, out: Path) -> str:
    """The decoded text of a source of the last run; offsets in every table count its code points.

    Raises OutputError when the run knows no such source or its cache was deleted.
    """
    sources = read_table(out, "sources", columns=["source_path", "n_chars"], where=pc.field("source_id") == source_id)
    if not sources.num_rows:
        raise OutputError(f"there is no source {source_id!r} in {out}")
    row = sources.to_pylist()[0]
    return str(_cached(out, row["source_path"], {source_id: row["n_chars"]})[source_id]["text"])


def read_texts(source_path: str, *, out: Path) -> pa.Table:
    """The table `texts` of one file of the last run: what cleaning reads of it, without reading the raw file.

    Raises OutputError when its cache was deleted or holds nothing of this file.
    """
    columns = ["source_id", "n_chars"]
    sources = read_table(out, "sources", columns=columns, where=pc.field("source_path") == source_path)
    sizes = dict(zip(*(sources.column(name).to_pylist() for name in columns), strict=True))
    return from_rows("texts", sorted(_cached(out, source_path, sizes).values(), key=lambda row: row["record"]))


def find_claim(claim: str, *, out: Path) -> dict[str, Any]:
    """The row of `claims` whose id is, or alone begins with, `claim`.

    Raises OutputError when no row or more than one fits.
    """
    claims = read_table(out, "claims")
    found = claims.filter(pc.starts_with(claims.column("claim_id"), claim))
    if not claim or found.num_rows == 0:
        raise OutputError(f"there is no claim {claim!r} in {out}; the column claim_id of claims.parquet lists them")
    if found.num_rows > 1:
        some = ", ".join(found.column("claim_id").slice(0, 3).to_pylist())
        raise OutputError(f"{found.num_rows} claims begin with {claim!r} ({some}, ...): give more of the id")
    row: dict[str, Any] = found.to_pylist()[0]
    return row


def evidence(claim: str, *, out: Path, context_lines: int = 2) -> Evidence:
    """The raw passages of the claim with this id (or the beginning of it), with lines of context around each part.

    Raises OutputError when there is no such claim, or the cache with the decoded texts was deleted.
    """
    row = find_claim(claim, out=out)
    segments = read_table(out, "segments", columns=["segment_id", "source_id", "label", "reason", "score"])
    of_claim = segments.filter(pc.equal(segments.column("segment_id"), row["segment_id"])).to_pylist()
    if not of_claim:
        raise OutputError(
            f"{table_path(out, 'segments')} does not hold the segment of claim {row['claim_id']}: it is not of the run"
            " that wrote the claims; run the pipeline again"
        )
    segment = of_claim[0]
    text = read_text(segment["source_id"], out=out)
    marks = sorted(
        (Mark(role, row[f"{role}_start"], row[f"{role}_end"]) for role in _ROLES), key=lambda m: (m.start, -m.end)
    )
    verb = " ".join(phrase(row["predicate"], negated=row["negated"], hedged=row["certainty"] == "hedged")).strip()
    return Evidence(
        claim_id=row["claim_id"],
        source_path=row["source_path"],
        statement=f"{row['subject_text']} | {verb} | {row['object_text']}",
        confidence=row["confidence"],
        passages=_passages(text, marks, context_lines),
        segment_label=segment["label"],
        segment_reason=segment["reason"],
        segment_score=segment["score"],
    )


def _cached(out: Path, source_path: str, sizes: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """The rows of `texts` of some sources of a file, by source_id; the stretches of a long text joined.

    sizes: their ids and the lengths of their texts. What lies in the cache is read newest first.
    """
    found: dict[str, dict[int, dict[str, Any]]] = {source_id: {} for source_id in sizes}
    rows: dict[str, dict[str, Any]] = {}
    for texts in _cached_texts(out, source_path):
        for row in texts.filter(pc.is_in(texts.column("source_id"), pa.array(sizes, pa.string()))).to_pylist():
            source_id, stretches = row["source_id"], found[row["source_id"]]
            stretches.setdefault(row["raw_base"] or 0, row)
            if sum(len(stretch["text"]) for stretch in stretches.values()) >= sizes[source_id]:
                text = _joined(stretches)
                if len(text) == sizes[source_id]:
                    rows.setdefault(source_id, row | {"raw_base": None, "text": text})
        if len(rows) == len(sizes):
            return rows
    raise OutputError(f"the cache holds no text of {source_path}: run the pipeline again")


def _joined(stretches: Mapping[int, Mapping[str, Any]]) -> str:
    """The text from its start as far as its stretches, by the code points before them, follow one another."""
    texts: list[str] = []
    base = 0
    while base in stretches and stretches[base]["text"]:
        texts.append(stretches[base]["text"])
        base += len(texts[-1])
    return "".join(texts)


def _cached_texts(out: Path, source_path: str) -> Iterator[pa.Table]:
    """The `texts` of a file, or of parts of it, as they lie in the cache, newest first."""
    path = cache_path(out)
    if not is_there(path):
        raise OutputError(f"{path} is not there: it holds the decoded texts; run the pipeline again")
    with open_cache(path, read_only=True) as cache:
        for ref in cache.versions(source_path, "texts"):
            yield unpack(cache.load(ref))


def _passages(text: str, marks: list[Mark], context_lines: int) -> tuple[Passage, ...]:
    spans: list[tuple[int, int]] = []
    for mark in marks:
        start, end = _widen(text, mark, context_lines)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(
        Passage(start, end, text[start:end], tuple(m for m in marks if start <= m.start and m.end <= end))
        for start, end in spans
    )


def _widen(text: str, mark: Mark, context_lines: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, mark.start) + 1
    end = _line_end(text, mark.end)
    for _ in range(context_lines):
        start = text.rfind("\n", 0, max(start - 1, 0)) + 1
        end = _line_end(text, min(end + 1, len(text)))
    return max(start, mark.start - _REACH), min(end, mark.end + _REACH)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
