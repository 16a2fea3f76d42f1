"""Tag: the medical entities of kept, first-hand text, linked to concepts, with what the text says of them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Tag
from pipeline.errors import ConfigError
from pipeline.knowledge.abbreviations import find_short_forms
from pipeline.knowledge.concepts import Concept, Terminology
from pipeline.knowledge.cues import cues_in
from pipeline.knowledge.mentions import mention_row
from pipeline.knowledge.model_recogniser import ModelRecogniser, check_model
from pipeline.knowledge.recognise import Recogniser
from pipeline.knowledge.terminology import configured
from pipeline.knowledge.tokens import tokenise
from pipeline.stage import Stage, Tables, content_id, from_rows
from pipeline.text.language import codes

__all__ = ["TAG", "tag"]

_COLUMNS = ("document_id", "segment_id", "source_path", "record", "raw_start", "text", "alignment", "duplicate_of")


def tag(tables: Tables, config: Tag) -> dict[str, pa.Table]:
    """`mentions` of the kept segments that repeat nothing, in copies too.

    Takes `documents` and `segments`. Articles in a language that is not in `config.languages` have no
    mentions. Raises ConfigError where `config.terminology` names no file, or `config.model` no spaCy model.
    """
    documents = tables["documents"]
    language = pc.is_in(documents["language"].cast(pa.string()), pa.array(config.languages, pa.string()))
    wanted = documents.filter(language)["document_id"]
    kept = tables["segments"].filter(tables["segments"]["kept"])
    kept = kept.filter(pc.is_in(kept["document_id"], wanted))
    # Of an article with any text of its own all of it: the rest may define short forms.
    own = kept.filter(pc.is_null(kept["duplicate_of"]))["document_id"]
    chosen = kept.filter(pc.is_in(kept["document_id"], own))
    recogniser = _recogniser(configured(config.terminology), config.model)
    rows = [row for article in _articles(chosen) for row in _article_rows(article, recogniser)]
    rows.sort(key=lambda r: (r["source_path"], r["record"], r["raw_start"], r["raw_end"], r["mention_id"]))
    return {"mentions": from_rows("mentions", rows)}


def _check(config: Tag) -> None:
    if not config.languages:
        raise ConfigError("tag.languages names none, so no article would be read: leave it out, or name some")
    # The codes are asked for where somebody chose: loading them takes longer than all other checks.
    if strange := set() if {*config.languages} <= {*Tag().languages} else {*config.languages} - codes():
        raise ConfigError(f"tag.languages: {sorted(strange)} are no codes; known are: {', '.join(sorted(codes()))}")
    if config.model:
        check_model(config.model)


@cache
def _recogniser(terminology: Terminology, model: str) -> Recogniser:
    own = Recogniser(terminology)
    return ModelRecogniser(model, own) if model else own


def _articles(segments: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """The segments article by article, each article's in the order of the table."""
    articles: dict[str, list[dict[str, Any]]] = {}
    for segment in segments.select(_COLUMNS).to_pylist():
        articles.setdefault(segment["document_id"], []).append(segment)
    yield from articles.values()


def _article_rows(segments: list[dict[str, Any]], recogniser: Recogniser) -> Iterator[dict[str, Any]]:
    short_forms = find_short_forms((segment["text"] for segment in segments), recogniser.read)
    for segment in segments:
        if segment["duplicate_of"] is None:
            yield from _segment_rows(segment, recogniser, short_forms)


def _segment_rows(
    segment: Mapping[str, Any], recogniser: Recogniser, short_forms: Mapping[str, Concept | None]
) -> Iterator[dict[str, Any]]:
    text = segment["text"]
    tokens = tokenise(text)
    found = recogniser.find(text, tokens=tokens, short_forms=short_forms)
    cues = cues_in(text, tokens) if found else []
    for entity in found:
        row = mention_row(entity, segment, cues, terminology=recogniser.terminology.version)
        place = row["segment_id"], row["raw_start"], row["raw_end"]
        yield {"mention_id": content_id(*place, row["entity_type"], row["concept_id"]), **row}


TAG = Stage("tag", ("documents", "segments"), ("mentions",), tag, "tag", check=_check)
