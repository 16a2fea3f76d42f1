"""From words to a concept: `link(text, entity_type)`.

The cascade stops at the first that answers: the words as a term, as a translated or lay variant, as a term
with its short form in brackets, put together from head and site, as a term that has one meaning only, of another
type than wanted, and spelled nearly like a term of the same type with the same head noun. Otherwise there is no
concept, and that is said.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, cached_property
from typing import NamedTuple

from pipeline.knowledge.concepts import SCORES, Concept, Entry
from pipeline.knowledge.recognise import Found, Recogniser, recogniser
from pipeline.knowledge.tokens import PUNCTUATION, Tokens, tokenise

__all__ = ["Link", "Linker", "bare", "link"]

# Below nine tenths of the letters alike, different drugs and vitamins pass for one another.
_FUZZY = 90.0
# A short word turns into another one with one letter; spelling is compared from this many letters on.
_FUZZY_LETTERS = 6
# Digits, Roman numerals and single letters tell kinds of one disease or vitamin apart: they must be the same.
_NUMERALS = re.compile(r"\d+|\b[ivx]+\b|\b[a-z]\b")
_BRACKET = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
# Annotators and readers draw these lines differently (is insomnia a condition or a symptom?): where no concept
# of the wanted type has the name, one of a near type is the same thing under another heading.
_NEAR_TYPES = {
    kind: group
    for group in (
        frozenset({"condition", "symptom", "function", "factor"}),
        frozenset({"food", "nutrient", "drug"}),
        frozenset({"treatment", "activity", "test", "device"}),
    )
    for kind in group
}
_NEAR_SCORE = 0.9
# Words that narrow a concept without making another one of it, at the edges of a phrase.
_MODIFIERS = frozenset({
    "a", "an", "the", "your", "his", "her", "their", "my", "our", "its", "this", "that", "these", "those", "some",
    "any", "such", "certain", "all", "both", "other", "more", "most", "severe", "mild", "moderate", "serious",
    "obvious", "slight", "intense", "sharp", "dull", "persistent", "frequent", "repeated", "long", "short",
    "term", "constant", "sudden", "occasional", "local", "general", "common", "simple", "ordinary", "typical",
    "daily", "regular", "regularly", "excessive", "proper", "adequate", "sufficient", "strong",
})  # fmt: skip


class Link(NamedTuple):
    """What words name: concept, type, how it was found, how sure that is (0 to 1), the concept elsewhere."""

    concept_id: str
    concept_name: str
    entity_type: str
    match_kind: str
    score: float
    xrefs: tuple[str, ...]


def link(
    text: str, entity_type: str | None = None, *, short_forms: Mapping[str, Concept | None] | None = None
) -> Link | None:
    """The concept that `text` (a phrase) names, with the embedded terminology; None when none fits.

    `entity_type`: the wanted type, near types behind it; any when None. `short_forms`: those of the article.

    >>> link("no such thing at all", "drug") is None
    True
    """
    return _embedded().link(text, entity_type, short_forms=short_forms)


def bare(text: str) -> tuple[int, int]:
    """Where a phrase stands without articles, degrees and marks at its edges: code points of `text`.

    >>> "the severe low back pain"[slice(*bare("the severe low back pain"))]
    'low back pain'
    """
    tokens = tokenise(text)
    begin, end = _core(tokens.words)
    return (tokens.starts[begin], tokens.ends[end - 1]) if begin < end else (0, len(text))


@cache
def _embedded() -> "Linker":
    return Linker(recogniser())


class Linker:
    """Links phrases with the terminology of one recogniser."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self._entries = recogniser.terminology.entries

    def link(
        self, text: str, entity_type: str | None = None, *, short_forms: Mapping[str, Concept | None] | None = None
    ) -> Link | None:
        """The concept that `text` names; `short_forms`: those of the article (`abbreviations.find_short_forms`)."""
        stripped = text.strip()
        if short_forms and stripped[slice(*bare(stripped))] in short_forms:
            return _short(short_forms[stripped[slice(*bare(stripped))]], entity_type)
        unbracketed = _BRACKET.sub("", stripped)
        for kind in _types(entity_type):
            for words in dict.fromkeys((stripped, unbracketed)):
                if found := self._named(words, kind, short_forms):
                    return _nearly(found, kind, entity_type)
        return self._other_type(unbracketed, entity_type) or self._fuzzy(tokenise(unbracketed), entity_type)

    def _other_type(self, words: str, entity_type: str | None) -> Link | None:
        """The one concept that the words name whatever is beside them: the same thing, typed by what is said of it.

        "Chemotherapy causes cancer" is read with a factor, "chemotherapy treats cancer" with a treatment.
        """
        tokens = tokenise(words)
        begin, end = _core(tokens.words)
        entries = self._entries.get(" ".join(tokens.words[begin:end]), ())
        if entity_type is None or len(entries) != 1 or entries[0].guard is not None:
            return None
        found = _of(entries[0].concept, entries[0].kind, None)
        return found and _nearly(found, None, entity_type)

    def _named(
        self, words: str, entity_type: str | None, short_forms: Mapping[str, Concept | None] | None
    ) -> Link | None:
        tokens = tokenise(words)
        return self._whole(words, tokens, entity_type) or self._composed(words, tokens, entity_type, short_forms)

    def _whole(self, text: str, tokens: Tokens, entity_type: str | None) -> Link | None:
        """The words as they stand, then without modifiers at their edges; readings the context allows go first."""
        for begin, end in dict.fromkeys(((0, len(tokens.words)), _core(tokens.words))):
            entries = self._entries.get(" ".join(tokens.words[begin:end]), ())
            allowed = [e for e in entries if e.guard is None or e.guard.allows(text, tokens, begin, end)]
            spelled = [e for e in entries if _spelled(e, text, tokens, begin, end)]
            for entry in (*allowed, *(spelled if entity_type else spelled[:1])):
                if found := _of(entry.concept, entry.kind, entity_type):
                    return found
        return None

    def _composed(
        self, text: str, tokens: Tokens, entity_type: str | None, short_forms: Mapping[str, Concept | None] | None
    ) -> Link | None:
        """A phrase of the text that covers all its words but modifiers."""
        begin, end = _core(tokens.words)
        if begin == end:
            return None
        for found in self.recogniser.find(text, tokens=tokens, short_forms=short_forms):
            covers = found.start <= tokens.starts[begin] and found.end >= tokens.ends[end - 1]
            if covers and entity_type in (None, found.entity_type):
                return _from_found(found)
        return None

    def _fuzzy(self, tokens: Tokens, entity_type: str | None) -> Link | None:
        """The key spelled most like the words, of the same type and head noun; one word: its own letters."""
        from rapidfuzz import fuzz, process

        begin, end = _core(tokens.words)
        words = tokens.words[begin:end]
        key = " ".join(words)
        if entity_type is None or len(key) < _FUZZY_LETTERS:
            return None
        choices = self._keys_by_head.get((entity_type, words[-1] if len(words) > 1 else ""), ())
        best = process.extractOne(key, choices, scorer=fuzz.ratio, score_cutoff=_FUZZY)
        if best is None or best[0][0] != key[0] or _NUMERALS.findall(best[0]) != _NUMERALS.findall(key):
            return None
        found = _of(self._entries[best[0]][0].concept, "exact", entity_type)
        return found._replace(match_kind="fuzzy", score=round(best[1] / 100 * SCORES["composed"], 3)) if found else None

    @cached_property
    def _keys_by_head(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Keys long enough to compare spelling, by type and head noun (their last word)."""
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for key, entries in self._entries.items():
            head = key.rpartition(" ")[2]
            concept = entries[0].concept
            if len(key) >= _FUZZY_LETTERS and concept is not None and entries[0].guard is None:
                found[concept.entity_type, "" if head == key else head].append(key)
        return {group: tuple(keys) for group, keys in found.items()}


def _types(entity_type: str | None) -> tuple[str | None, ...]:
    """The wanted type, then those near to it."""
    return (entity_type, *sorted(_NEAR_TYPES.get(entity_type or "", frozenset()) - {entity_type}))


def _nearly(found: Link, kind: str | None, entity_type: str | None) -> Link:
    return found if kind == entity_type else found._replace(score=round(found.score * _NEAR_SCORE, 3))


def _short(concept: Concept | None, entity_type: str | None) -> Link | None:
    """What an article's own short form stands for, which no term of these letters replaces."""
    for kind in _types(entity_type):
        if found := _of(concept, "abbreviation", kind):
            return _nearly(found, kind, entity_type)
    return None


def _of(concept: Concept | None, kind: str, entity_type: str | None) -> Link | None:
    if concept is None or entity_type not in (None, concept.entity_type):
        return None
    return Link(concept.curie, concept.name, concept.entity_type, kind, SCORES[kind], concept.xrefs)


def _spelled(entry: Entry, text: str, tokens: Tokens, begin: int, end: int) -> bool:
    """A phrase that was picked as an entity needs no context; an acronym still needs its letter case."""
    case = entry.guard.case if entry.guard else ()
    return not case or text[tokens.starts[begin] : tokens.ends[end - 1]] in case


def _core(words: list[str]) -> tuple[int, int]:
    begin, end = 0, len(words)
    while begin < end and (words[begin] in _MODIFIERS or words[begin] in PUNCTUATION):
        begin += 1
    while end > begin and words[end - 1] in PUNCTUATION:
        end -= 1
    return begin, end


def _from_found(found: Found) -> Link | None:
    if found.concept_id is None or found.concept_name is None:
        return None
    return Link(
        found.concept_id, found.concept_name, found.entity_type, found.match_kind, found.score, found.xrefs
    )  # fmt: skip
