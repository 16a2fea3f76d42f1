"""Find the medical entities of a text: longest match over folded words, then phrases put together from matches.

`find(text)` reads one stretch of text (a segment, a sentence, a phrase) with the embedded terminology;
`Recogniser` does so with any, and takes an article's own short forms.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

from pipeline.knowledge.concepts import SCORES, Concept, Entry, Terminology
from pipeline.knowledge.idioms import drop_other_senses
from pipeline.knowledge.lists import share_heads
from pipeline.knowledge.matches import Match
from pipeline.knowledge.phrases import join_groups, join_parts
from pipeline.knowledge.states import add_states
from pipeline.knowledge.terminology import embedded
from pipeline.knowledge.tokens import Tokens, key_of, tokenise

__all__ = ["Found", "Recogniser", "find", "recogniser"]


class Found(NamedTuple):
    """An entity in a text: code points of the text, end exclusive; type; concept; how it was matched and linked."""

    start: int
    end: int
    text: str
    entity_type: str
    concept_id: str | None
    concept_name: str | None
    xrefs: tuple[str, ...]
    match_kind: str
    score: float
    link_kind: str | None = None


def find(text: str) -> list[Found]:
    """The entities of `text` by start; they overlap only where two share a head ("knee and hip pain")."""
    return recogniser().find(text)


@cache
def recogniser() -> "Recogniser":
    """The recogniser over the embedded terminology, built once per process."""
    return Recogniser(embedded())


class Recogniser:
    """Finds the concepts of one terminology. Calls share nothing but the read-only lookup."""

    def __init__(self, terminology: Terminology) -> None:
        self.terminology = terminology

    def find(
        self, text: str, *, tokens: Tokens | None = None, short_forms: Mapping[str, Concept | None] | None = None
    ) -> list[Found]:
        """The entities of `text`. `tokens`: its tokens, where the caller has them. `short_forms`: see abbreviations."""
        tokens = tokens or tokenise(text)
        matches = self.scan(text, tokens)
        if short_forms:
            matches = _with_short_forms(matches, text, tokens, short_forms)
        for step in (drop_other_senses, join_parts, add_states, join_groups, share_heads):
            matches = step(matches, tokens.words, self.read_key)
        return [_found(text, tokens, match) for match in matches if match.concept]

    def read(self, words: str) -> Concept | None:
        """The concept that a phrase as a whole names, in no context; None when it names none."""
        entry = self.read_key(key_of(words))
        return entry.concept if entry else None

    def read_key(self, key: str) -> Entry | None:
        """The best reading of a key that stands for itself, in no context; None when it has none."""
        entries = self.terminology.entries.get(key, ())
        return next((e for e in entries if e.guard is None or e.guard.open), None)

    def scan(self, text: str, tokens: Tokens) -> list[Match]:
        """The longest matches from left to right, none overlapping."""
        lengths, words, found = self.terminology.lengths, tokens.words, []
        at, n = 0, len(words)
        while at < n:
            step = 1
            for length in lengths.get(words[at], ()):
                end = at + length
                if end <= n and (entry := self._reading(text, tokens, at, end)) is not None:
                    if entry.concept is not None:
                        found.append(Match(at, end, entry.concept, entry.kind))
                    step = length
                    break
            at += step
        return found

    def _reading(self, text: str, tokens: Tokens, begin: int, end: int) -> Entry | None:
        key = tokens.words[begin] if end == begin + 1 else " ".join(tokens.words[begin:end])
        for entry in self.terminology.entries.get(key, ()):
            if entry.guard is None or entry.guard.allows(text, tokens, begin, end):
                return entry if _whole(text, tokens.starts[begin], tokens.ends[end - 1]) else None
        return None


def _whole(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit touches the stretch: "vitamin B" is not read out of "vitamin B12"."""
    return not (end < len(text) and text[end].isalnum()) and not (start and text[start - 1].isalnum())


def _with_short_forms(
    matches: Iterable[Match], text: str, tokens: Tokens, short_forms: Mapping[str, Concept | None]
) -> list[Match]:
    """Matches with the article's own short forms, which replace what the terminology takes these letters for."""
    by_word: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)  # "T1D" is three tokens, "L-BP" two
    for short in short_forms:
        spelled = tokenise(short)
        by_word[short[: spelled.ends[0]]].append((len(spelled.words), short))
    own: list[Match] = []
    for begin, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        if own and begin < own[-1].end:
            continue
        for length, short in sorted(by_word.get(text[start:end], ()), reverse=True):
            if text.startswith(short, start) and _whole(text, start, start + len(short)):
                own.append(Match(begin, begin + length, short_forms[short], "abbreviation"))
                break
    taken = {i for match in own for i in range(match.begin, match.end)}
    rest = [m for m in matches if taken.isdisjoint(range(m.begin, m.end))]
    return sorted([*own, *rest])


def _found(text: str, tokens: Tokens, match: Match) -> Found:
    start, end = tokens.starts[match.begin], tokens.ends[match.end - 1]
    concept = match.concept or Concept("", "", "")
    return Found(
        start, end, text[start:end], concept.entity_type, concept.curie, concept.name, concept.xrefs,
        match.kind, SCORES[match.kind], match.kind,
    )  # fmt: skip
