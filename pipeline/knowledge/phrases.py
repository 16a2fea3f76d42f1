"""Phrases put together from matches: the whole is one entity, its concept the one that its parts make.

- "pain of the waist", "massage of the back", "absorption of calcium", "symptoms of gout": head, preposition, part
- "lumbar muscle strain", "stomach bleeding", "calcium absorption", "coix seed soup": part, head
- "the waist is sore", "feet swell": part, complaint
- "people with gout", "gout patient": group and condition; the condition stays an entity of its own

Where the terminology knows the phrase turned round ("waist pain", "gout patient") it is that concept; else the
concept is put together from the two, under this project's own prefix.
"""

from collections.abc import Sequence

from pipeline.knowledge.concepts import Concept
from pipeline.knowledge.matches import ARTICLES, COMPLAINTS, Lookup, Match, by_place, compose
from pipeline.knowledge.tokens import key_of

__all__ = ["PREPOSITIONS", "join_groups", "join_part", "join_parts"]

_BODY = frozenset({"anatomy"})
# What a head of each type may be said of.
_PARTS = {
    "condition": _BODY,
    "symptom": _BODY,
    "treatment": _BODY,
    "function": _BODY | {"nutrient", "function", "drug"},
    "test": _BODY | {"nutrient", "function"},
    "food": frozenset({"food"}),
}
PREPOSITIONS = frozenset({"of", "in", "at", "on", "to", "around", "under", "behind"})
_STATES = frozenset({"is", "are", "be", "was", "feel", "get", "become", "seem", "appear", "has", "have"})
_WITH = frozenset({
    "with", "of", "who have", "that have", "who has", "that has", "who suffer from", "suffering from", "who had",
    "that suffer from", "having", "with a", "with severe", "with chronic", "who get", "prone to", "that is prone to",
    "with serious", "with active", "with a history of", "that suffers from", "in", "having a",
})  # fmt: skip
# How many words may stand between two parts of a phrase ("people that suffer from").
_GAP = 4


def join_parts(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` (by begin, none overlapping) with head and part joined to one; none overlap.

    `words`: the folded tokens of the text. `lookup`: the reading of a key, or None.
    """
    joined: list[Match] = []
    for match in matches:
        near = bool(joined) and match.begin - joined[-1].end <= _GAP
        whole = _phrase(joined[-1], match, words, lookup) if near else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(match)
    return joined


def _phrase(first: Match, second: Match, words: Sequence[str], lookup: Lookup) -> Match | None:
    """Head and part as one, where they form a phrase."""
    gap = words[first.end : second.begin]
    if first.type in _PARTS.get(second.type, ()):
        complaint = len(gap) == 1 and gap[0] in _STATES and second.type == "symptom"
        if complaint or (not gap and _may_follow(second)):
            return join_part(second, first, words, lookup)
    if not gap or first.type == "food" or not _may_be_said_of(first, second):
        return None
    if gap[0] in PREPOSITIONS and ARTICLES.issuperset(gap[1:]):
        return join_part(first, second, words, lookup)
    if first.type == "treatment" and ARTICLES.issuperset(gap):
        return join_part(first, second, words, lookup)
    return None


def _may_be_said_of(head: Match, part: Match) -> bool:
    sign = head.concept is not None and head.concept.name in ("symptom", "symptoms")
    return part.type in _PARTS.get(head.type, ()) or (sign and part.type == "condition")


def _may_follow(head: Match) -> bool:
    """A process or a test is named by one word behind its part: "calcium absorption", not "liver blood pressure"."""
    return head.type not in ("function", "test") or head.end - head.begin == 1


def join_part(head: Match, part: Match, words: Sequence[str], lookup: Lookup) -> Match:
    """Head and part as one match over both and what stands between them."""
    begin, end = min(head.begin, part.begin), max(head.end, part.end)
    if head.concept is None or part.concept is None:
        return head
    known = _known(head, part, words, lookup)
    return Match(begin, end, known or compose(head.concept, part.concept), "composed")


def _known(head: Match, part: Match, words: Sequence[str], lookup: Lookup) -> Concept | None:
    """What the terminology calls "part head": as written, else by the names of the two concepts."""
    heads = [" ".join(words[head.begin : head.end]), key_of(head.concept.name) if head.concept else ""]
    parts = [" ".join(words[part.begin : part.end]), key_of(part.concept.name) if part.concept else ""]
    wanted = COMPLAINTS if head.type in COMPLAINTS else {head.type}
    found = (lookup(f"{p} {h}") for p in parts for h in heads)
    return next((e.concept for e in found if e and e.concept and e.concept.entity_type in wanted), None)


def join_groups(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` with groups of people joined to what they have; the condition stays, inside the group."""
    found: list[Match] = []
    for match in matches:
        group = _group(found[-1], match, words, lookup) if found else None
        if group:
            condition = match if found[-1].type == "population" else found[-1]
            found[-1:] = [condition, group]
        else:
            found.append(match)
    return sorted(found, key=by_place)


def _group(first: Match, second: Match, words: Sequence[str], lookup: Lookup) -> Match | None:
    gap = words[first.end : second.begin]
    if first.type == "population" and second.type in COMPLAINTS and len(gap) <= _GAP and " ".join(gap) in _WITH:
        return _named_group(first, second, words, lookup)
    if first.type in COMPLAINTS and second.type == "population" and second.begin == first.end:
        return _named_group(second, first, words, lookup)
    return None


def _named_group(group: Match, condition: Match, words: Sequence[str], lookup: Lookup) -> Match:
    """The two as one match; `gout patient` stands for `people with gout`, too."""
    begin, end = min(group.begin, condition.begin), max(group.end, condition.end)
    if group.concept is None or condition.concept is None:
        return group
    name = key_of(condition.concept.name)
    keys = (f"{' '.join(words[condition.begin : condition.end])} patient", f"{name} patient", f"people with {name}")
    found = (lookup(key) for key in keys)
    known = next((e.concept for e in found if e and e.concept and e.concept.entity_type == "population"), None)
    return Match(begin, end, known or compose(group.concept, condition.concept, "with"), "composed")
