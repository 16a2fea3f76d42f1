"""Extract: what is claimed, sentence by sentence, with the words it rests on.

Readers propose (`Reading`); one path adds the details of any claim (negation, certainty, quantity, qualifier,
attribution, kind of evidence), turns scores into confidence and writes rows. Each argument is a mention, in
a claim or in a reading too unlikely to be one: the tagged mention of its place and type, else one that is added, linked
to a concept where the cascade finds one. Both are linked with the terminology that the run is configured with
(`Tag.terminology`), whose version the rows name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Extract
from pipeline.errors import ConfigError
from pipeline.knowledge import frames
from pipeline.knowledge.abbreviations import find_short_forms
from pipeline.knowledge.attributes import attributes_of
from pipeline.knowledge.concepts import Concept, Terminology
from pipeline.knowledge.cues import Cue, find_cues
from pipeline.knowledge.linking import Link, Linker, bare
from pipeline.knowledge.mentions import mention_row
from pipeline.knowledge.reading import Argument, Article, Finder, Mention, Reader, Reading, Segment, Span, passages
from pipeline.knowledge.recognise import Found, Recogniser
from pipeline.knowledge.terminology import configured
from pipeline.knowledge.tokens import key_of
from pipeline.models import reader
from pipeline.models.confidence import calibration_for
from pipeline.schema import PREDICATES, TABLES
from pipeline.stage import Stage, Tables, content_id, from_rows
from pipeline.text.align import from_raw, to_raw

__all__ = ["EXTRACT", "READERS", "extract"]

READERS: Mapping[str, Reader] = {"reader": reader.read, "frames": frames.read}
FINDERS: Mapping[str, Finder] = {"reader": reader.arguments}

_Row = dict[str, Any]
_Argument = tuple[Span, str]  # where it stands, its entity type
_Place = tuple[str, int, int, str]  # segment_id, code points of the source, entity type


@dataclass(frozen=True)
class _Document:
    """An article with the rows it was built from, and the linker of the run's terminology.

    The rows: its document, its kept segments in order, its tagged mentions.
    """

    document: _Row
    segments: Sequence[_Row]
    tagged: Mapping[_Place, _Row]
    article: Article
    linker: Linker

    @cached_property
    def short_forms(self) -> Mapping[str, Concept | None]:
        """The short forms that the article defines."""
        return find_short_forms((segment["text"] for segment in self.segments), self.linker.recogniser.read)

    @property
    def terminology(self) -> str:
        """The version of the terminology that arguments are looked up in."""
        return self.linker.recogniser.terminology.version

    def raw(self, span: Span) -> tuple[int, int]:
        """Code points of the source behind a span."""
        segment = self.segments[span.segment]
        return to_raw(span.start, span.end, segment["raw_start"], segment["alignment"], segment["text"])

    def place(self, span: Span, kind: str) -> _Place:
        """What tells apart the arguments that are to be one mention."""
        return self.segments[span.segment]["segment_id"], *self.raw(span), kind


def extract(tables: Tables, config: Extract) -> dict[str, pa.Table]:
    """`claims` of the kept segments that repeat nothing, in copies too; what repeats is context only, but where an
    argument stands outside it.

    Takes `documents`, `segments`, `mentions`; gives `mentions` back with those of the readers' arguments that were
    not among them. Articles in a language that is not in `config.languages` are not read. Raises ConfigError for a
    reader or a terminology that does not exist.
    """
    _check(config)
    claims: dict[str, _Row] = {}
    mentions: dict[str, _Row] = {row["mention_id"]: row for row in tables["mentions"].to_pylist()}
    linker = _linker(configured(config.terminology))
    for document in _documents(tables, list(mentions.values()), config, linker):
        read = passages(document.article)
        readings = [reading for name in config.readers for reading in READERS[name](read)]
        lone = [found for name in config.readers if name in FINDERS for found in FINDERS[name](read)]
        arguments = _arguments(document, readings, lone)
        mentions |= {row["mention_id"]: row for row in arguments.values()}
        for row in _claims(document, readings, arguments, config):
            best = claims.get(row["claim_id"])
            if best is None or row["raw_score"] > best["raw_score"]:
                claims[row["claim_id"]] = row
    return {"claims": _sorted("claims", claims.values()), "mentions": _sorted("mentions", mentions.values())}


def _check(config: Extract) -> None:
    unknown = [name for name in config.readers if name not in READERS]
    if unknown or not config.readers:
        wrong = f"{unknown[0]!r} is unknown" if unknown else "names none"
        raise ConfigError(f"extract.readers {wrong}; known are: {', '.join(sorted(READERS))}")


def _sorted(name: str, rows: Iterable[_Row]) -> pa.Table:
    return from_rows(name, sorted(rows, key=itemgetter(*TABLES[name].sort)))


def _documents(tables: Tables, mentions: Sequence[_Row], config: Extract, linker: Linker) -> Iterator[_Document]:
    documents, segments = tables["documents"], tables["segments"]
    language = pc.is_in(documents["language"].cast(pa.string()), pa.array(config.languages, pa.string()))
    own = segments.filter(pc.and_(segments["kept"], pc.is_null(segments["duplicate_of"])))["document_id"]
    wanted = documents.filter(pc.and_(pc.is_in(documents["document_id"], own), language)).to_pylist()
    kept: dict[str, list[_Row]] = {document["document_id"]: [] for document in wanted}
    for row in segments.filter(segments["kept"]).to_pylist():
        if row["document_id"] in kept:
            kept[row["document_id"]].append(row)
    tagged: dict[str, list[_Row]] = {}
    for row in mentions:
        tagged.setdefault(row["segment_id"], []).append(row)
    for document in wanted:
        rows = sorted(kept[document["document_id"]], key=lambda row: row["position"])
        own = [tagged.get(row["segment_id"], []) for row in rows]
        article = Article(tuple(map(_segment, rows, own)))
        yield _Document(document, rows, _by_place(chain.from_iterable(own)), article, linker)


def _by_place(mentions: Iterable[_Row]) -> dict[_Place, _Row]:
    """Mentions by segment, place and type; of several the surest."""
    surest = sorted(mentions, key=lambda row: (-row["score"], row["mention_id"]))
    return {(m["segment_id"], m["raw_start"], m["raw_end"], m["entity_type"]): m for m in reversed(surest)}


def _segment(row: _Row, mentions: Sequence[_Row]) -> Segment:
    base, places = row["raw_start"], row["alignment"]
    found = sorted(
        (*from_raw(m["raw_start"], m["raw_end"], base, places), m["entity_type"], m["concept_id"], m["concept_name"])
        for m in mentions
    )
    return Segment(row["text"], row["label"], tuple(Mention(*m) for m in found), row["duplicate_of"] is not None)


def _arguments(document: _Document, readings: Iterable[Reading], lone: Iterable[Argument]) -> dict[_Argument, _Row]:
    """The row of `mentions` that each argument is: the tagged one with its words and type, else one of its own.

    Those of readings too unlikely to be claims count as well: of those of the written test pages .28 meet a labelled
    argument, of the terms' mentions that no claim takes .25. Those in no reading count where they overlap none in one.
    """
    scores: dict[_Argument, float] = {}
    for reading in readings:
        for argument in ((reading.subject, reading.subject_type), (reading.object, reading.object_type)):
            scores[argument] = max(scores.get(argument, 0.0), reading.raw_score)
    claimed = [span for span, _ in scores]
    for span, kind, score in lone:
        if not any(s.segment == span.segment and s.start < span.end and span.start < s.end for s in claimed):
            scores[span, kind] = score
    rows = dict(document.tagged)
    for argument in sorted(scores):
        place = document.place(*argument)
        rows[place] = rows.get(place) or _mention(document, argument, scores[argument])
    return {argument: rows[document.place(*argument)] for argument in scores}


def _mention(document: _Document, argument: _Argument, score: float) -> _Row:
    (index, start, end), kind = argument
    segment = document.segments[index]
    found = Found(start, end, segment["text"][start:end], kind, *_concept(document, argument, score))
    row = mention_row(found, segment, _cues(segment["text"]), terminology=document.terminology)
    return {"mention_id": content_id(*document.place(*argument), row["concept_id"]), **row}


def _concept(
    document: _Document, argument: _Argument, score: float
) -> tuple[str | None, str | None, tuple[str, ...], str, float, str | None]:
    """Concept, name, xrefs, match kind, score and link kind of an argument that was not tagged itself.

    The concept is that of a tagged mention which the argument is but for an article or a degree, so that both have
    the same; else what the cascade finds.
    """
    span, kind = argument
    words = document.article.words(span)
    start, end = bare(words)
    inner = document.tagged.get(document.place(Span(span.segment, span.start + start, span.start + end), kind))
    if inner and inner["concept_id"]:
        concept = inner["concept_id"], inner["concept_name"], tuple(inner["xrefs"])
        return *concept, "model", score, inner["link_kind"]
    own = any(short in words for short in document.short_forms)
    linker = document.linker
    found = linker.link(words, kind, short_forms=document.short_forms) if own else _link(linker, words, kind)
    if found is None:
        return None, None, (), "model", score, None
    return found.concept_id, found.concept_name, found.xrefs, "model", score, found.match_kind


@cache
def _linker(terminology: Terminology) -> Linker:
    return Linker(Recogniser(terminology))


# Pages say the same things over and over; a look-up with spelling variants is not cheap.
@lru_cache(maxsize=1 << 15)
def _link(linker: Linker, words: str, kind: str) -> Link | None:
    return linker.link(words, kind)


@lru_cache(maxsize=64)  # the arguments of a segment come one after another
def _cues(text: str) -> list[Cue]:
    return find_cues(text)


def _claims(
    document: _Document, readings: Iterable[Reading], arguments: Mapping[_Argument, _Row], config: Extract
) -> Iterator[_Row]:
    for reading in readings:
        calibration = calibration_for(reading.extractor)
        confidence = None if calibration is None else calibration.apply(reading.raw_score)
        if confidence is None or confidence >= config.min_confidence:
            parts = (
                _argument("subject", arguments[reading.subject, reading.subject_type]),
                _argument("object", arguments[reading.object, reading.object_type]),
            )
            measured = {"confidence": confidence, "calibration_id": None if calibration is None else calibration.id}
            yield _row(document, reading, *parts) | measured


def _row(document: _Document, reading: Reading, subject: _Row, object_: _Row) -> _Row:
    """A claim's row but for its confidence."""
    segment = document.segments[reading.evidence.segment]
    found = attributes_of(document.article, reading)
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
        "raw_score": reading.raw_score, "extractor": reading.extractor,
        "cues": list(reading.cues) + list(found.cues),
        "terminology": document.terminology,
    }  # fmt: skip


def _argument(role: str, mention: _Row) -> _Row:
    return {
        f"{role}_text": mention["text"], f"{role}_start": mention["raw_start"], f"{role}_end": mention["raw_end"],
        f"{role}_type": mention["entity_type"], f"{role}_id": mention["concept_id"],
        f"{role}_name": mention["concept_name"], f"{role}_mention_id": mention["mention_id"],
    }  # fmt: skip


def _what(role: str, argument: _Row) -> str:
    """What makes two arguments the same: their concept, else their folded words."""
    concept = argument[f"{role}_id"]
    return str(concept) if concept else key_of(argument[f"{role}_text"])


def _heading(article: Article, segment: int) -> str | None:
    above = (s.text for s in reversed(article.segments[:segment]) if s.label == "heading")
    return next(above, None)


EXTRACT = Stage(
    name="extract",
    inputs=("documents", "segments", "mentions"),
    outputs=("claims", "mentions"),
    run=extract,
    config="extract",
    check=_check,
    together=8,
)
