"""Extract: what is claimed, sentence by sentence, with the words it rests on.

Readers propose (`Reading`); one path adds what rules can tell of any claim (negation, certainty, quantity,
qualifier, attribution, kind of evidence), links the arguments, turns scores into confidence and writes rows.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Extract
from pipeline.errors import ConfigError
from pipeline.knowledge import frames
from pipeline.knowledge.attributes import attributes_of
from pipeline.knowledge.linking import Link, link
from pipeline.knowledge.reading import Article, Mention, Reader, Reading, Segment, Span, passages
from pipeline.knowledge.tokens import key_of
from pipeline.models import reader
from pipeline.models.confidence import Calibration, calibration_for
from pipeline.schema import PREDICATES
from pipeline.stage import Stage, Tables, content_id, from_rows
from pipeline.text.align import to_raw

__all__ = ["EXTRACT", "READERS", "extract"]

READERS: Mapping[str, Reader] = {"reader": reader.read, "frames": frames.read}

_Row = dict[str, Any]


@dataclass(frozen=True)
class _Document:
    """An article with the rows it was built from: its document, its kept segments in order."""

    document: _Row
    segments: Sequence[_Row]
    article: Article

    def raw(self, span: Span) -> tuple[int, int]:
        """Code points of the source behind a span."""
        segment = self.segments[span.segment]
        return to_raw(span.start, span.end, segment["raw_start"], segment["alignment"])


def extract(tables: Tables, config: Extract) -> dict[str, pa.Table]:
    """`claims` of the kept segments that repeat nothing, in the articles that stand for their cluster.

    Takes `documents`, `segments`, `mentions`. Articles in a language that is not in `config.languages` are
    not read. Raises ConfigError for a reader that does not exist.
    """
    unknown = [name for name in config.readers if name not in READERS]
    if unknown:
        raise ConfigError(f"[extract] readers: {unknown[0]!r} is unknown; known are: {', '.join(sorted(READERS))}")
    rows: dict[str, _Row] = {}
    for document in _documents(tables, config):
        for row in _claims(document, config):
            best = rows.get(row["claim_id"])
            if best is None or row["raw_score"] > best["raw_score"]:
                rows[row["claim_id"]] = row
    order = ("source_path", "record", "evidence_start", "subject_start", "object_start", "claim_id")
    return {"claims": from_rows("claims", sorted(rows.values(), key=lambda r: tuple(r[name] for name in order)))}


def _documents(tables: Tables, config: Extract) -> Iterator[_Document]:
    documents, segments = tables["documents"], tables["segments"]
    language = pc.is_in(documents["language"].cast(pa.string()), pa.array(config.languages, pa.string()))
    wanted = documents.filter(pc.and_(documents["is_representative"], language)).to_pylist()
    kept: dict[str, list[_Row]] = {document["document_id"]: [] for document in wanted}
    for row in segments.filter(segments["kept"]).to_pylist():
        if row["document_id"] in kept:
            kept[row["document_id"]].append(row)
    mentions: dict[str, list[_Row]] = {}
    for row in tables["mentions"].to_pylist():
        mentions.setdefault(row["segment_id"], []).append(row)
    for document in wanted:
        rows = sorted(kept[document["document_id"]], key=lambda row: row["position"])
        yield _Document(
            document, rows, Article(tuple(_segment(row, mentions.get(row["segment_id"], ())) for row in rows))
        )


def _segment(row: _Row, mentions: Sequence[_Row]) -> Segment:
    found = sorted((*_within(row, m), m["entity_type"], m["concept_id"], m["concept_name"]) for m in mentions)
    return Segment(row["text"], row["label"], tuple(Mention(*m) for m in found), row["duplicate_of"] is not None)


def _within(segment: _Row, mention: _Row) -> tuple[int, int]:
    """A mention's code points in its segment's text: the way back of `to_raw`."""
    start, end = mention["raw_start"] - segment["raw_start"], mention["raw_end"] - segment["raw_start"]
    alignment = segment["alignment"]
    return (start, end) if alignment is None else (bisect_left(alignment, start), bisect_left(alignment, end))


def _claims(document: _Document, config: Extract) -> Iterator[_Row]:
    read = passages(document.article)
    for name in config.readers:
        for reading in READERS[name](read):
            calibration = calibration_for(reading.extractor)
            confidence = None if calibration is None else calibration.apply(reading.raw_score)
            if confidence is None or confidence >= config.min_confidence:
                yield _row(document, reading, confidence, calibration)


def _row(document: _Document, reading: Reading, confidence: float | None, calibration: Calibration | None) -> _Row:
    segment = document.segments[reading.evidence.segment]
    found = attributes_of(document.article, reading)
    subject, object_ = _argument(document, "subject", reading), _argument(document, "object", reading)
    places = (subject["subject_start"], subject["subject_end"], object_["object_start"], object_["object_end"])
    start, end = document.raw(reading.evidence)
    return {
        "claim_id": content_id(segment["segment_id"], *places[:2], reading.predicate, *places[2:], found.negated),
        "group_id": content_id(_what("subject", subject), reading.predicate, _what("object", object_)),
        **{name: segment[name] for name in ("document_id", "segment_id", "source_path", "record")},
        **{name: document.document[name] for name in ("url", "site", "title")},
        "heading": _heading(document.article, reading.evidence.segment),
        "evidence_text": document.article.words(reading.evidence), "evidence_start": start, "evidence_end": end,
        **subject,
        "predicate": reading.predicate, "predicate_curie": PREDICATES[reading.predicate],
        **object_,
        "negated": found.negated, "certainty": found.certainty,
        "quantity": found.quantity, "qualifier": found.qualifier,
        "attribution": found.attribution, "evidence_type": found.evidence_type,
        "confidence": confidence, "raw_score": reading.raw_score, "extractor": reading.extractor,
        "cues": list(reading.cues) + list(found.cues),
        "calibration_id": None if calibration is None else calibration.id,
    }  # fmt: skip


def _argument(document: _Document, role: str, reading: Reading) -> _Row:
    span, kind = (reading.subject, reading.subject_type) if role == "subject" else (reading.object, reading.object_type)
    words = document.article.words(span)
    start, end = document.raw(span)
    concept = _link(words, kind)
    return {
        f"{role}_text": words, f"{role}_start": start, f"{role}_end": end, f"{role}_type": kind,
        f"{role}_id": concept.concept_id if concept else None,
        f"{role}_name": concept.concept_name if concept else None,
    }  # fmt: skip


# Pages say the same things over and over; a look-up with spelling variants is not cheap.
@lru_cache(maxsize=1 << 15)
def _link(words: str, kind: str) -> Link | None:
    return link(words, kind)


def _what(role: str, argument: _Row) -> str:
    """What makes two arguments the same: their concept, else their folded words."""
    concept = argument[f"{role}_id"]
    return str(concept) if concept else key_of(argument[f"{role}_text"])


def _heading(article: Article, segment: int) -> str | None:
    above = (s.text for s in reversed(article.segments[:segment]) if s.label == "heading")
    return next(above, None)


EXTRACT = Stage("extract", ("documents", "segments", "mentions"), ("claims",), extract, "extract")
