"""The recogniser, the linker and the context as spaCy components, each usable alone.

    nlp = spacy.blank("en")
    nlp.add_pipe("claimsieve_terms")    # doc.spans["claimsieve"], doc.ents
    nlp.add_pipe("claimsieve_linker")   # span._.concept of spans that any component found
    nlp.add_pipe("claimsieve_context")  # span._.negated, hedged, hypothetical, historical, other_experiencer

spaCy finds the factories through the entry points of this package, so nothing need be imported. Replace
`claimsieve_terms` by any spaCy recogniser and the other two read its `doc.ents`. A document is an article: the short
forms it defines hold in all of it. Terms and linker take `terminology`, a large one as in `tag.terminology`:

    nlp.add_pipe("claimsieve_terms", config={"terminology": "data/terminology.parquet"})
"""

from collections.abc import Callable, Iterable

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from pipeline.knowledge.abbreviations import find_short_forms
from pipeline.knowledge.context import context_of
from pipeline.knowledge.cues import Cue, find_cues
from pipeline.knowledge.linking import Link, Linker
from pipeline.knowledge.recognise import Found, Recogniser
from pipeline.knowledge.terminology import configured
from pipeline.schema import ENTITY_TYPES

__all__ = ["SPANS", "make_context", "make_linker", "make_terms"]

# The span group that holds all entities, those that overlap ("knee and hip pain") included.
SPANS = "claimsieve"
Component = Callable[[Doc], Doc]


def _extend() -> None:
    """Register the attributes of spans, once.

    spaCy stores what they hold as plain lists (DocBin, Doc.to_bytes, other processes), so types are made on reading.
    """
    if not Span.has_extension("concept"):
        Span.set_extension("claimsieve_concept", default=None)
        Span.set_extension("concept", getter=_get_concept, setter=_set_concept)
        for name in ("negated", "hedged", "hypothetical", "historical", "other_experiencer"):
            Span.set_extension(name, default=False)
        Span.set_extension("claimsieve_cues", default=())
        Span.set_extension("context_cues", getter=_get_cues, setter=_set_cues)


def _get_concept(span: Span) -> Link | None:
    stored = span._.claimsieve_concept
    return Link._make([*stored[:-1], tuple(stored[-1])]) if stored else None


def _set_concept(span: Span, concept: Link | None) -> None:
    span._.claimsieve_concept = concept


def _get_cues(span: Span) -> tuple[Cue, ...]:
    return tuple(Cue(kind, start, end, tuple(scope), text) for kind, start, end, scope, text in span._.claimsieve_cues)


def _set_cues(span: Span, cues: Iterable[Cue]) -> None:
    span._.claimsieve_cues = tuple(cues)


# spaCy imports this module for its entry points, and knows the factories by what the decorators then register.
@Language.factory("claimsieve_terms", default_config={"terminology": ""})
def make_terms(nlp: Language, name: str, terminology: str) -> Component:
    """Factory of `claimsieve_terms`: entities with type and concept, found by the terminology."""
    _extend()
    recogniser = Recogniser(configured(terminology))

    def terms(doc: Doc) -> Doc:
        short_forms = find_short_forms([doc.text], recogniser.read)
        found = recogniser.find(doc.text, short_forms=short_forms)
        spans = [span for entity in found if (span := _span(doc, entity)) is not None]
        doc.spans[SPANS] = spans
        doc.ents = filter_spans([*doc.ents, *spans])
        return doc

    return terms


@Language.factory("claimsieve_linker", default_config={"terminology": ""})
def make_linker(nlp: Language, name: str, terminology: str) -> Component:
    """Factory of `claimsieve_linker`: the concept of each entity that has none, and its CURIE as the entity's id."""
    _extend()
    linker = Linker(Recogniser(configured(terminology)))

    def link(doc: Doc) -> Doc:
        short_forms = find_short_forms([doc.text], linker.recogniser.read)
        for span in _entities(doc):
            if span._.concept is None:
                kind = span.label_.lower()
                span._.concept = linker.link(
                    span.text, kind if kind in ENTITY_TYPES else None, short_forms=short_forms
                )  # fmt: skip
        doc.ents = [_identified(span) for span in doc.ents]
        return doc

    return link


@Language.factory("claimsieve_context")
def make_context(nlp: Language, name: str) -> Component:
    """Factory of `claimsieve_context`: what the text says of each entity."""
    _extend()
    return _context


def _span(doc: Doc, found: Found) -> Span | None:
    span = doc.char_span(
        found.start, found.end, found.entity_type, kb_id=found.concept_id or "", alignment_mode="expand"
    )
    if span is not None and found.concept_id and found.concept_name:
        span._.concept = Link(
            found.concept_id, found.concept_name, found.entity_type, found.match_kind, found.score, found.xrefs
        )  # fmt: skip
    return span


def _identified(span: Span) -> Span:
    """The entity with its concept's CURIE as its id, unless a recogniser gave it one."""
    if span._.concept and not span.kb_id_:
        span.kb_id_ = span._.concept.concept_id
    return span


def _context(doc: Doc) -> Doc:
    cues = find_cues(doc.text)
    for span in _entities(doc):
        context = context_of(span.start_char, span.end_char, cues)
        span._.negated, span._.hedged = context.negated, context.hedged
        span._.hypothetical, span._.historical = context.hypothetical, context.historical
        span._.other_experiencer, span._.context_cues = context.other_experiencer, context.cues
    return doc


def _entities(doc: Doc) -> Iterable[Span]:
    """The entities of the document, and those of the span group."""
    yield from doc.ents
    yield from doc.spans.get(SPANS, ())
