"""Lists that share a head: "knee and hip pain" names knee pain too, "pain in the knee and hip" hip pain too.

The added entity reaches over all the words it is made of, so its text holds its own reading.
"""

from collections.abc import Sequence

from pipeline.knowledge.concepts import Concept, Entry
from pipeline.knowledge.matches import ARTICLES, COMPLAINTS, PREPOSITIONS, Lookup, Match, by_place, compose
from pipeline.knowledge.phrases import fits, join_part
from pipeline.knowledge.tokens import PUNCTUATION

__all__ = ["share_heads"]

_AND = frozenset({"and", "or", "/", "&"})
_LIST = _AND | {","}
# What may stand behind a part of a list without "and".
_CLOSED = _LIST | PUNCTUATION
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
    own = [word for word in words[cut + 1 : match.end] if word not in ARTICLES]
    if len(own) > 1 and not _is_part(lookup(" ".join(own))):
        return []  # the list does not go on from a part: "stability of the joint declines, the bone ..."
    head = Match(match.begin, cut, entry.concept, entry.kind)
    found, end = [], match.end
    for part in matches:
        gap = words[end : part.begin]
        if part.type == "anatomy" and gap and gap[0] in _LIST and (ARTICLES | _AND).issuperset(gap[1:]):
            if _AND.isdisjoint(gap) and part.end < len(words) and words[part.end] not in _CLOSED:
                break  # a new clause: "pain in the joint, white blood cells rise"
            if shared := join_part(head, part, words, lookup):
                found.append(shared)
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
    last = next((m for m in before if m.end == end), None)
    complete = last and last.type in COMPLAINTS and (last.type == "condition" or last.end - last.begin > 1)
    if complete and not _complaint(lookup(words[end - 1])):
        return None  # "stiff neck and cervical spondylosis", where "dull pain and stiffness of the waist" share
    for cut in range(match.begin + 1, match.end):
        if complete and words[cut] not in PREPOSITIONS:
            continue
        head = " ".join(words[cut : match.end])
        for size in range(min(_PART_WORDS, end), 0, -1):
            concept = _complaint(lookup(f"{' '.join(words[end - size : end])} {head}"))
            if concept and concept != match.concept:
                return Match(end - size, match.end, concept, "composed")
    return _new_part(last, match, words, lookup) if last and last.type == "anatomy" else None


def _new_part(part: Match, match: Match, words: Sequence[str], lookup: Lookup) -> Match | None:
    """The listed part with the head of a match that begins with another part: "chin and jaw acne"."""
    for cut in range(match.begin + 1, match.end):
        other = _is_part(lookup(" ".join(words[match.begin : cut])))
        head = _complaint(lookup(" ".join(words[cut : match.end])))
        if other and head and part.concept and fits(head, part.concept, words[part.begin : part.end], lookup):
            return Match(part.begin, match.end, compose(head, part.concept), "composed")
    return None


def _is_part(entry: Entry | None) -> bool:
    return entry is not None and entry.concept is not None and entry.concept.entity_type == "anatomy"


def _complaint(entry: Entry | None) -> Concept | None:
    return entry.concept if entry and entry.concept and entry.concept.entity_type in COMPLAINTS else None
