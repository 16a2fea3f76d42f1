"""Phrases put together from matches: head and site, heads shared by a list, statements of a complaint.

- "pain of the waist", "swelling in the ankle", "herniation of lumbar disc": head, preposition, site
- "lumbar muscle strain": site, head
- "the waist is sore", "feet swell": site, complaint
- "knee and hip pain", "neck, shoulder and back pain": sites that share the head of the last

Where the terminology knows the phrase turned round ("waist pain", "hip pain") it is that concept; else the
concept is put together from head and site, under this project's own prefix.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.knowledge.concepts import Concept, Entry
from pipeline.knowledge.tokens import key_of

__all__ = ["Match", "compose", "join_phrases"]

Lookup = Callable[[str], Entry | None]

_HEADS = frozenset({"condition", "symptom"})
_PREPOSITIONS = frozenset({"of", "in", "at", "on", "to"})
_ARTICLES = frozenset({"the", "a", "an", "your", "his", "her", "their", "my", "our", "both", "one"})
_STATES = frozenset({"is", "are", "be", "was", "feel", "get", "become", "seem", "appear", "has", "have"})
_AND = frozenset({"and", "or", "/", "&"})


class Match(NamedTuple):
    """Tokens `begin` to `end` read as `concept` (None: read as no concept)."""

    begin: int
    end: int
    concept: Concept | None
    kind: str


def compose(head: Concept, site: Concept) -> Concept:
    """The concept of `head` at `site`: type of the head, CURIE from the two CURIEs.

    >>> compose(Concept("HP:1", "pain", "symptom"), Concept("UBERON:2", "jaw", "anatomy")).curie
    'claimsieve:HP_1.UBERON_2'
    """
    curie = f"claimsieve:{head.curie.replace(':', '_')}.{site.curie.replace(':', '_')}"
    return Concept(curie, f"{head.name} of {site.name}", head.entity_type)


def join_phrases(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` (by begin, none overlapping) with those that form a phrase joined, by begin.

    `words`: the folded tokens of the text. `lookup`: the reading of a key, or None.
    """
    joined: list[Match] = []
    at = 0
    while at < len(matches):
        found, used = _phrase(matches, at, words, lookup)
        joined += found
        at += used
    return _share_heads(joined, words, lookup)


def _phrase(matches: Sequence[Match], at: int, words: Sequence[str], lookup: Lookup) -> tuple[list[Match], int]:
    """The phrases that begin with match `at`, and how many matches they use up."""
    first = matches[at]
    if at + 1 == len(matches) or first.concept is None or matches[at + 1].concept is None:
        return [first], 1
    second = matches[at + 1]
    gap = words[first.end : second.begin]
    if _is_site(first) and _is_head(second):
        complaint = len(gap) == 1 and gap[0] in _STATES and _type(second) == "symptom"
        if not gap or complaint:
            return [_joined(second, first, words, lookup)], 2
    if _is_head(first) and _is_site(second) and _links(gap):
        found, used = [_joined(first, second, words, lookup)], 2
        while at + used < len(matches) and _is_site(matches[at + used]):
            gap = words[matches[at + used - 1].end : matches[at + used].begin]
            if not gap or gap[0] not in _AND | {","} or not set(gap[1:]) <= _ARTICLES | _AND:
                break
            found.append(_joined(first, matches[at + used], words, lookup))
            used += 1
        return found, used
    return [first], 1


def _type(match: Match) -> str | None:
    return match.concept.entity_type if match.concept else None


def _is_site(match: Match) -> bool:
    return _type(match) == "anatomy"


def _is_head(match: Match) -> bool:
    return _type(match) in _HEADS


def _links(gap: Sequence[str]) -> bool:
    return bool(gap) and gap[0] in _PREPOSITIONS and set(gap[1:]) <= _ARTICLES


def _joined(head: Match, site: Match, words: Sequence[str], lookup: Lookup) -> Match:
    """Head and site as one match over both and what stands between them."""
    begin, end = min(head.begin, site.begin), max(head.end, site.end)
    entry = _turned_round(words[head.begin : head.end], words[site.begin : site.end], head, site, lookup)
    if head.concept is None or site.concept is None:
        return head
    concept = (entry and entry.concept) or compose(head.concept, site.concept)
    return Match(begin, end, concept, "composed")


def _turned_round(
    head_words: Sequence[str], site_words: Sequence[str], head: Match, site: Match, lookup: Lookup
) -> Entry | None:
    """What the terminology calls "site head": as written, else by the names of the two concepts."""
    heads = [" ".join(head_words), key_of(head.concept.name) if head.concept else ""]
    sites = [" ".join(site_words), key_of(site.concept.name) if site.concept else ""]
    found = (lookup(f"{s} {h}") for s in sites for h in heads)
    return next((e for e in found if e and e.concept and e.concept.entity_type in _HEADS), None)


def _share_heads(matches: list[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """Sites listed before a match of two words or more lend its head: "knee and hip pain" is also knee pain."""
    found: list[Match] = []
    for match in matches:
        begin = match.begin
        if match.end - begin > 1 and begin > 1 and words[begin - 1] in _AND and _is_head(match):
            while begin > 1 and (shared := _lent_head(found, match, begin, words, lookup)):
                begin = shared.begin
                found = [m for m in found if m.end <= begin or m.begin >= match.begin or m.end == match.end]
                found.append(shared)
        found.append(match)
    return sorted(found, key=lambda m: (m.begin, m.end))


def _lent_head(before: Sequence[Match], match: Match, begin: int, words: Sequence[str], lookup: Lookup) -> Match | None:
    """The match of the words before `begin` and the link there, with the head of `match`; over all in between."""
    if words[begin - 1] not in _AND and words[begin - 1] != ",":
        return None
    end = begin - 1 - (words[begin - 2] == ",")
    for size in (3, 2, 1):
        if size > end:
            continue
        site = " ".join(words[end - size : end])
        for cut in range(match.begin + 1, match.end):
            entry = lookup(f"{site} {' '.join(words[cut : match.end])}")
            if entry and entry.concept and entry.concept.entity_type in _HEADS:
                return Match(end - size, match.end, entry.concept, "composed")
    return None
