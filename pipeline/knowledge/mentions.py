"""A found entity as a row of `mentions`: where it stands in the source, its concept, what the text says of it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from pipeline.knowledge.context import context_of
from pipeline.knowledge.cues import Cue
from pipeline.knowledge.recognise import Found
from pipeline.text.align import to_raw

__all__ = ["CuePlace", "MentionRow", "mention_row"]


class CuePlace(TypedDict):
    """A cue behind a flag of a mention: kind, words, code points of the source, end exclusive."""

    kind: str
    text: str
    raw_start: int
    raw_end: int


class MentionRow(TypedDict):
    """The columns of `mentions` but for the id, which a stage makes."""

    document_id: str
    segment_id: str
    source_path: str
    record: int
    raw_start: int
    raw_end: int
    text: str
    entity_type: str
    concept_id: str | None
    concept_name: str | None
    xrefs: Sequence[str]
    match_kind: str
    link_kind: str | None
    terminology: str
    score: float
    negated: bool
    hedged: bool
    hypothetical: bool
    historical: bool
    other_experiencer: bool
    context_cues: Sequence[CuePlace]


def mention_row(found: Found, segment: Mapping[str, Any], cues: Sequence[Cue], *, terminology: str) -> MentionRow:
    """`found` in a row of `segments`, whose text has these `cues` (`cues.find_cues`).

    `terminology`: the version of the one its concept was looked up in.
    """
    raw_start, raw_end = to_raw(found.start, found.end, segment["raw_start"], segment["alignment"], segment["text"])
    context = context_of(found.start, found.end, cues)
    return {
        "document_id": segment["document_id"], "segment_id": segment["segment_id"],
        "source_path": segment["source_path"], "record": segment["record"],
        "raw_start": raw_start, "raw_end": raw_end, "text": found.text,
        "entity_type": found.entity_type, "concept_id": found.concept_id, "concept_name": found.concept_name,
        "xrefs": found.xrefs, "match_kind": found.match_kind, "link_kind": found.link_kind,
        "terminology": terminology, "score": found.score,
        "negated": context.negated, "hedged": context.hedged, "hypothetical": context.hypothetical,
        "historical": context.historical, "other_experiencer": context.other_experiencer,
        "context_cues": [_cue(cue, segment) for cue in context.cues],
    }  # fmt: skip


def _cue(cue: Cue, segment: Mapping[str, Any]) -> CuePlace:
    raw_start, raw_end = to_raw(cue.start, cue.end, segment["raw_start"], segment["alignment"], segment["text"])
    return {"kind": cue.kind, "text": cue.text, "raw_start": raw_start, "raw_end": raw_end}
