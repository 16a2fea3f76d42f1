"""Entities on public sets and on labelled pages: how much is found, of the right type, and linked.

- BC5CDR (IOB, one token a line): diseases and chemicals, a hit is the same span and kind. Its guideline leaves out
  words for kinds of things ("drug", "disease"), and so does the score. Nothing says where an abstract ends: short
  forms hold for as many sentences as one has on average.
- NCBI disease (PubTator): each marked disease name is linked as a phrase; right when the concept, or the same
  concept elsewhere, is one of the gold identifiers. Gold knows MeSH and OMIM alone: a concept that neither has
  is no answer.
- Labelled pages: each argument of a claim, covered by a mention of its type, and by one with a concept.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluation.claims import Rate
from pipeline.evaluation.gold import GoldPage
from pipeline.knowledge.abbreviations import find_short_forms
from pipeline.knowledge.concepts import Concept
from pipeline.knowledge.linking import Linker
from pipeline.knowledge.recognise import Recogniser
from pipeline.text.agreement import agreement

__all__ = ["ArgumentCover", "PlacedMention", "score_arguments", "score_iob", "score_linking"]

Spans = set[tuple[int, int, str]]

# Our types by the kinds of BC5CDR.
_KINDS = {
    "condition": "Disease", "symptom": "Disease", "drug": "Chemical", "nutrient": "Chemical",
}  # fmt: skip
# Concepts that are kinds of things; 4,797 sentences in 500 abstracts make ten each.
_GENERIC = frozenset({"medicine", "disease", "symptoms", "side effects", "complication"})
_ABSTRACT = 10
_GOLD_IDS = ("MESH:", "OMIM:")
# Marks before which the tokens of BC5CDR stand without a space in running text.
_CLOSE = frozenset(".,;:)%]")
# A mention covers an argument when they share half of their content words, as in the scoring of claims.
_COVERS = 0.5


def score_iob(path: Path, recogniser: Recogniser) -> Rate:
    """Span and kind of diseases and chemicals, over the sentences of an IOB file."""
    hits = read = labelled = 0
    recent: deque[dict[str, Concept | None]] = deque(maxlen=_ABSTRACT)
    for text, gold in _sentences(path):
        recent.append(find_short_forms([text], recogniser.read))
        short_forms = {short: concept for forms in recent for short, concept in forms.items()}
        entities = (f for f in recogniser.find(text, short_forms=short_forms) if f.concept_name not in _GENERIC)
        found = {(f.start, f.end, _KINDS[f.entity_type]) for f in entities if f.entity_type in _KINDS}
        hits += len(found & gold)
        read += len(found)
        labelled += len(gold)
    return Rate(hits, read, labelled)


def _sentences(path: Path) -> Iterator[tuple[str, Spans]]:
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        text, gold = "", set[tuple[int, int, str]]()
        begin, kind = 0, ""
        for line in filter(None, block.split("\n")):
            token, label = line.split("\t")
            gap = "" if _touches(text, token) else " "
            if kind and not label.startswith("I-"):
                gold.add((begin, len(text), kind))
                kind = ""
            text += gap
            if label.startswith("B-"):
                begin, kind = len(text), label[2:]
            text += token
        if kind:
            gold.add((begin, len(text), kind))
        if text:
            yield text, gold


def _touches(text: str, token: str) -> bool:
    """Whether `token` stands without a space behind `text`, in running text."""
    return not text or token in _CLOSE or token in ("-", "'") or text[-1] in "([-" or (text[-1] == "'" and token == "s")


def score_linking(path: Path, recogniser: Recogniser) -> dict[str, Rate]:
    """Marked disease names linked to one of their identifiers, by match kind; `recall` is the share of all names."""
    linker = Linker(recogniser)
    hits, read = Counter[str](), Counter[str]()
    labelled = 0
    for text, names in _abstracts(path):
        short_forms = find_short_forms([text], recogniser.read)
        for name, identifiers in names:
            link = linker.link(name, "condition", short_forms=short_forms)
            labelled += 1
            answer = {x for x in (link.concept_id, *link.xrefs) if x.startswith(_GOLD_IDS)} if link else set()
            if link and answer:
                read[link.match_kind] += 1
                hits[link.match_kind] += not identifiers.isdisjoint(answer)
    return {kind: Rate(hits[kind], read[kind], labelled) for kind in sorted(read)}


def _abstracts(path: Path) -> Iterator[tuple[str, list[tuple[str, set[str]]]]]:
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        lines = block.split("\n")
        title, abstract = (line.split("|", 2)[2] for line in lines[:2])
        rows = [line.split("\t") for line in lines[2:]]
        yield f"{title} {abstract}", [(row[3], _identifiers(row[5])) for row in rows]


def _identifiers(field: str) -> set[str]:
    parts = [part.strip() for joined in field.split("|") for part in joined.split("+")]
    return {part if ":" in part else f"MESH:{part}" for part in parts}


class PlacedMention(NamedTuple):
    """A mention: code points of the page, end exclusive; type; its concept, None where it has none."""

    start: int
    end: int
    entity_type: str
    concept_id: str | None


class ArgumentCover(NamedTuple):
    """Shares of the `n` distinct arguments of labelled claims.

    touched: some mention of the right type overlaps it. covered: one of these shares half of its content words.
    linked: one of those has a concept. any_type: as covered, by a mention of whatever type.
    """

    n: int
    touched: float
    covered: float
    linked: float
    any_type: float


def score_arguments(pages: Sequence[GoldPage], mentions: Sequence[Sequence[PlacedMention]]) -> ArgumentCover:
    """How the arguments of the pages' claims are met by the `mentions` of each page."""
    met = [
        _met(page.text, argument, found)
        for page, found in zip(pages, mentions, strict=True)
        for argument in _arguments(page)
    ]
    n = len(met)
    return ArgumentCover(n, *(sum(hits) / n for hits in zip(*met, strict=True))) if n else ArgumentCover(0, 0, 0, 0, 0)


def _arguments(page: GoldPage) -> list[tuple[int, int, str]]:
    subjects = {(*claim.subject, claim.subject_type) for claim in page.claims}
    return sorted(subjects | {(*claim.object, claim.object_type) for claim in page.claims})


def _met(text: str, argument: tuple[int, int, str], found: Sequence[PlacedMention]) -> tuple[bool, bool, bool, bool]:
    """The four marks of `ArgumentCover` for one argument."""
    begin, end, kind = argument
    over = [m for m in found if m.start < end and m.end > begin]
    sharing = [m for m in over if agreement(text[m.start : m.end], text[begin:end]) >= _COVERS]
    covering = [m for m in sharing if m.entity_type == kind]
    touched = any(m.entity_type == kind for m in over)
    return touched, bool(covering), any(m.concept_id for m in covering), bool(sharing)
