"""How a part of the body or a measure is, as an entity of its own: "red tongue", "uric acid rises", "zinc lozenges".

A state word (rules/states.json) next to a match makes a finding of it: signs on anatomy, measures on functions,
nutrients and tests, dosage forms on substances. Where the terminology names the finding ("high uric acid") it is that
concept; else the concept is put together from state and part, under this project's own prefix.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipeline.knowledge.concepts import Concept
from pipeline.knowledge.matches import ARTICLES, COMPLAINTS, PREPOSITIONS, Lookup, Match
from pipeline.knowledge.tokens import key_of

__all__ = ["add_states"]

_BE = frozenset({"is", "are", "be", "was", "feel", "get", "become", "can", "will", "may", "also", "turn", "appear"})
_ADVERBS = frozenset({"very", "too", "often", "easily", "obviously", "always", "suddenly", "so", "a", "bit", "little"})
# "Falls a little", "hurts the most", "aches the whole night": no object.
_AMOUNTS = frozenset({
    "bit", "little", "lot", "most", "more", "few", "week", "day", "night", "whole", "same", "first", "next", "moment",
    "year", "month", "time", "minute", "hour", "while", "morning", "size", "long", "half", "third", "quarter", "point",
})  # fmt: skip
_TAKEN = frozenset({"dosage", "dose", "intake", "use", "price", "consumption"})
_ADVERBIAL = frozenset({"in the", "at the", "from the"})
_SUBSTANCES = frozenset({"nutrient", "drug", "food"})
_GROUPS = {
    "anatomy": "signs", "function": "measures", "nutrient": "measures", "test": "measures",
    "condition": "courses", "symptom": "courses",
}  # fmt: skip
# The longest state in words, and how many linking words may stand before it.
_LONGEST, _LINKS = 4, 2


@dataclass(frozen=True, slots=True)
class _State:
    name: str
    entity_type: str
    only: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()

    def suits(self, part: str) -> bool:
        """Whether a part of this name can be so: skin cracks, a waist does not."""
        return part not in self.never and (not self.only or part in self.only)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """States by folded words: behind and before anatomy (signs) and what is measured; dosage forms; exceptions.

    soft: anatomy that ruptures where bone breaks. pieces: what a state is said of in "nerve of the leg".
    """

    after: Mapping[str, Mapping[str, _State]]
    before: Mapping[str, Mapping[str, _State]]
    forms: frozenset[str]
    not_before: frozenset[str]
    soft: frozenset[str]
    pieces: frozenset[str]


def add_states(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` (by begin, none overlapping) with those joined to the state words beside them."""
    lexicon = _lexicon()
    found: list[Match] = []
    for index, match in enumerate(matches):
        limit = matches[index + 1].begin if index + 1 < len(matches) else len(words)
        first = found[-1].end if found else 0
        state = _state_of_next(found, match, words, lexicon)
        if match.type == "anatomy" and index + 1 < len(matches) and matches[index + 1].type == "anatomy":
            first = match.begin if limit == match.end else first  # "blocked leg arteries": the arteries are
        joined = _with_state(match, (first if state is None else state, limit), words, lookup, lexicon)
        if state is not None and joined.begin <= state:
            found.pop()  # "sore" of "sore hips"
        if joined.end > match.end and (piece := _piece(found, match, words, lexicon)):
            whole = _with_state(piece, (piece.begin, limit), words, lookup, lexicon)
            if whole.kind != piece.kind and whole.type != "drug":
                joined = whole
                found.pop()
        found.append(joined)
    return found


def _state_of_next(found: Sequence[Match], match: Match, words: Sequence[str], lexicon: _Lexicon) -> int | None:
    """Where the complaint before a part begins, if it is a state of that part: "sore hips"."""
    if not found or match.type != "anatomy" or found[-1].end != match.begin or found[-1].type not in COMPLAINTS:
        return None
    state = " ".join(words[found[-1].begin : found[-1].end])
    return found[-1].begin if state in lexicon.before["signs"] else None


def _piece(found: Sequence[Match], match: Match, words: Sequence[str], lexicon: _Lexicon) -> Match | None:
    """Of "the nerve of the leg is injured" the nerve, over all its words."""
    if not found:
        return None
    gap = words[found[-1].end : match.begin]
    if match.type == "function" and words[match.begin : match.end] == ["blood"]:
        dissolved = found[-1].type in ("nutrient", "drug", "function", "test") and gap in (["in"], ["in", "the"])
        return found[-1]._replace(end=match.end) if dissolved else None  # "uric acid in the blood is high"
    if found[-1].type != "anatomy" or match.type != "anatomy":
        return None
    of = bool(gap) and gap[0] in ("of", "in", "at", "behind") and ARTICLES.issuperset(gap[1:])
    whole = of and words[found[-1].end - 1] in lexicon.pieces
    return found[-1]._replace(end=match.end) if whole else None


def _with_state(match: Match, free: tuple[int, int], words: Sequence[str], lookup: Lookup, lexicon: _Lexicon) -> Match:
    """The match with the state in the free tokens around it, or itself."""
    concept = match.concept
    if concept is None:
        return match
    if match.type in _SUBSTANCES and (end := _form_end(match.end, free[1], words, lexicon)):
        return Match(match.begin, end, concept._replace(entity_type="drug"), "composed")
    group = _GROUPS.get(match.type)
    if group is None:
        return match
    for begin, end, state in _states(match, free, words, lexicon, group):
        if not state.suits(key_of(concept.name)):
            continue
        if state.name == "fracture" and key_of(concept.name) in lexicon.soft:
            state = _State("rupture", state.entity_type)
        known = _known(state, match, words, lookup)
        return Match(begin, end, known or _compose(state, concept), "composed")
    return match


def _form_end(begin: int, limit: int, words: Sequence[str], lexicon: _Lexicon) -> int:
    """Where a dosage form that begins at `begin` ends; 0 where none stands there."""
    for size in (3, 2, 1):
        end = begin + size
        if end <= limit and " ".join(words[begin:end]) in lexicon.forms:
            verb = end < len(words) and words[end] in (*ARTICLES, "blood", "qi", "yin", "yang")
            return 0 if verb else end  # "jujube supplements blood"
    return 0


def _states(
    match: Match, free: tuple[int, int], words: Sequence[str], lexicon: _Lexicon, group: str
) -> Iterator[tuple[int, int, _State]]:
    """States beside a match, the longest behind it first, then those before it: begin, end, state."""
    of = match.begin - 1 - (words[match.begin - 1] in ARTICLES)
    if of > 0 and words[of] == "of" and words[of - 1] in _TAKEN:
        return  # "the dose of the hormone falls", the hormone does not
    at = match.end
    while at < min(free[1], match.end + _LINKS) and (words[at] in _BE or words[at] in _ADVERBS):
        at += 1
    for start in dict.fromkeys((at, match.end)):
        for size in range(_LONGEST, 0, -1):
            state = lexicon.after[group].get(" ".join(words[start : start + size])) if start + size <= free[1] else None
            if state and not _takes_object(start, start + size, free[1], words) and not _is_done(start, words):
                yield match.begin, start + size, state
    if match.end < len(words) and words[match.end] in lexicon.not_before:
        return
    at = match.begin
    while at > free[0] and words[at - 1] in ARTICLES:
        at -= 1
    for size in range(_LONGEST, 0, -1):
        begin = at - size
        state = lexicon.before[group].get(" ".join(words[begin:at])) if begin >= free[0] else None
        if state and at < match.begin and state.entity_type in COMPLAINTS and words[at - 1] not in PREPOSITIONS:
            continue  # "shaking the hand"
        if state and not (group == "courses" and begin > 1 and " ".join(words[begin - 2 : begin]) in _ADVERBIAL):
            yield begin, match.end, state


def _is_done(begin: int, words: Sequence[str]) -> bool:
    """Whether "hurt" says what was done to a part ("the disc is hurt"), and not what it does."""
    return words[begin] == "hurt" and words[begin - 1] in ("is", "was", "be", "are", "been")


def _takes_object(begin: int, end: int, limit: int, words: Sequence[str]) -> bool:
    """Whether a state is a verb whose object follows: "sleep reduces the pain", not "weight falls a bit"."""
    passive = words[begin - 1] in _BE or words[begin - 1] in _ADVERBS or words[begin] in _BE
    modal = words[begin - 1] in ("can", "will", "may")
    if words[end : end + 1] == ["down"] or (words[begin - 1] == "a" and words[begin] not in _AMOUNTS):
        return True  # "the liver breaks down alcohol", "the fascia is a tight band"
    article = end < len(words) and words[end] in (*ARTICLES, "its")
    return article and (modal or not passive) and not (end + 1 < len(words) and words[end + 1] in _AMOUNTS)


def _known(state: _State, match: Match, words: Sequence[str], lookup: Lookup) -> Concept | None:
    """The concept that names the state of this part: "high uric acid", "knee pain", "zinc deficiency"."""
    text = " ".join(words[match.begin : match.end])
    parts = (text, key_of(match.concept.name) if match.concept else text)
    prefix = {"increased": ("high", "increased", "raised"), "decreased": ("low", "decreased"), "impaired": ("poor",)}
    keys = [f"{p} {part}" for part in parts for p in prefix.get(state.name, ())]
    keys += [f"{part} {key_of(state.name)}" if state.entity_type else f"{key_of(state.name)} {part}" for part in parts]
    found = (lookup(key) for key in keys)
    wanted = ("condition", "symptom")
    return next((e.concept for e in found if e and e.concept and e.concept.entity_type in wanted), None)


def _compose(state: _State, part: Concept) -> Concept:
    """The concept of a state of a part: "redness of tongue", "acute gastritis"."""
    local = part.curie.removeprefix("claimsieve:").replace(":", "_")
    link = " of " if state.entity_type == "condition" or state.name.endswith("ness") else " "
    kind = state.entity_type or part.entity_type
    return Concept(f"claimsieve:{state.name.replace(' ', '-')}.{local}", f"{state.name}{link}{part.name}", kind)


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(files("pipeline.knowledge").joinpath("rules").joinpath("states.json").read_text(encoding="utf-8"))
    after: defaultdict[str, dict[str, _State]] = defaultdict(dict)
    before: defaultdict[str, dict[str, _State]] = defaultdict(dict)
    for group in ("signs", "measures", "courses"):
        for row in data[group]:
            only, never = (frozenset(key_of(w) for w in row.get(k, "").split("|") if w) for k in ("only", "never"))
            state = _State(row["name"], row["type"], only, never)
            after[group].update((key_of(w), state) for w in row["words"].split("|") if w)
            before[group].update((key_of(w), state) for w in row["before"].split("|") if w)
    words = (frozenset(key_of(w) for w in data[name].split("|")) for name in ("forms", "not_before", "soft", "pieces"))
    return _Lexicon(after, before, *words)
