"""Lists that share a head: "knee and hip pain" names knee pain too, "pain in the knee and hip" hip pain too.

The added entity reaches over all the words it is made of, so its text holds its own reading.
"""

from collections.abc import Sequence

from pipeline.knowledge.matches import ARTICLES, COMPLAINTS, Lookup, Match, by_place, compose
from pipeline.knowledge.phrases import PREPOSITIONS, join_part

__all__ = ["share_heads"]

_AND = frozenset({"and", "or", "/", "&"})
_LIST = _AND | {","}
# The longest part, in words, that is looked up with a head it does not stand beside ("upper back and neck pain").
_PART_WORDS = 3


def share_heads(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` (by begin) with the parts of a list joined to the head at its start or end."""
    listed = [part for match in matches for part in _after_head(match, matches, words, lookup)]
    ends = {part.end for part in listed}
    found: list[Match] = []
    for match in sorted([*(m for m in matches if m.end not in ends), *listed], key=by_place):
        begin = match.begin
        while shared := _before_head(found, match, begin, words, lookup):
            found = [m for m in found if m.end <= shared.begin or m.end == match.end or m.type == "population"]
            found.append(shared)
            begin = shared.begin
        found.append(match)
    return sorted(found, key=by_place)


def _after_head(match: Match, matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """The parts listed after "pain in the knee", each joined to the head."""
    if match.type not in COMPLAINTS or match.end >= len(words) or words[match.end] not in _LIST:
        return []
    cut = next((i for i in range(match.begin + 1, match.end) if words[i] in PREPOSITIONS), None)
    entry = lookup(" ".join(words[match.begin : cut])) if cut else None
    if not cut or entry is None or entry.concept is None:
        return []
    head = Match(match.begin, cut, entry.concept, entry.kind)
    found, end = [], match.end
    for part in matches:
        gap = words[end : part.begin]
        if part.type == "anatomy" and gap and gap[0] in _LIST and (ARTICLES | _AND).issuperset(gap[1:]):
            found.append(join_part(head, part, words, lookup))
            end = part.end
    return found


def _before_head(
    before: Sequence[Match], match: Match, begin: int, words: Sequence[str], lookup: Lookup
) -> Match | None:
    """The words listed before `begin`, joined to the head of `match`, over all in between."""
    if begin < 2 or match.type not in COMPLAINTS or match.end - match.begin < 2:
        return None
    if words[begin - 1] not in (_AND if begin == match.begin else _LIST):
        return None
    end = begin - 1 - (words[begin - 2] == ",")
    for cut in range(match.begin + 1, match.end):
        head = " ".join(words[cut : match.end])
        for size in range(min(_PART_WORDS, end), 0, -1):
            entry = lookup(f"{' '.join(words[end - size : end])} {head}")
            if entry and entry.concept and entry.concept.entity_type in COMPLAINTS:
                return Match(end - size, match.end, entry.concept, "composed")
        part = next((m for m in before if m.end == end and m.type == "anatomy"), None)
        entry = lookup(head) if part else None
        if part and part.concept and entry and entry.concept and entry.concept.entity_type in COMPLAINTS:
            return Match(part.begin, match.end, compose(entry.concept, part.concept), "composed")
    return None
