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
from pipeline.knowledge.idioms import idioms
from pipeline.knowledge.matches import ARTICLES, COMPLAINTS, PREPOSITIONS, Lookup, Match, by_place, compose
from pipeline.knowledge.tokens import key_of

__all__ = ["fits", "join_groups", "join_part", "join_parts"]

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
_STATES = frozenset({"is", "are", "be", "was", "feel", "get", "become", "seem", "appear", "has", "have"})
_WITH = frozenset({
    "with", "of", "who have", "that have", "who has", "that has", "who suffer from", "suffering from", "who had",
    "that suffer from", "having", "with a", "with severe", "with chronic", "who get", "prone to", "that is prone to",
    "with serious", "with active", "with a history of", "that suffers from", "in", "having a",
})  # fmt: skip
# Complaints that no group before or behind is named by.
_APART = frozenset({"infect", "disease", "illness", "disorder"})
# How many words may stand between two parts of a phrase ("people that suffer from").
_GAP = 4
# Groups that say no more than "someone": with the condition they are what the terminology calls its patients.
_ANYONE = frozenset({"people", "patient"})
# What a part does, as verb or noun: in "the eczema of the hand itches" the head stands first.
_FEELS = frozenset({"itch", "ache", "hurt", "swell", "bleed", "burn", "tingle", "pain", "numb", "spasm"})
# What is done to a part by hand, as verb or noun: "the thumbs press the heel", "heel press".
_HANDLES = frozenset({"knead", "rub", "press", "pat", "pinch", "massage", "tap", "scrape", "wrap", "bandage", "chafe"})
# Endings of the nouns of processes and amounts; "zinc heals" and "ginger supplements blood" are sentences.
_PROCESS = ("tion", "sion", "ism", "sis", "take", "ance", "level", "content", "store", "supply", "flow")
# Parts whose names have other senses too, so that a name is not looked up without its context.
_PLAIN_PARTS = frozenset({"back", "neck", "head", "hand", "foot", "face", "chest", "heart", "palm", "sole", "body"})
# What happens to the whole body: no part of it falls ("a fall on the hip", "let the leg fall", "the skin gets thin").
_WHOLE = frozenset({
    "fall", "falls", "limp", "weight loss", "weight gain", "thinness", "common cold", "shortened stature",
    "irritability", "forgetfulness", "pregnancy",
})  # fmt: skip
# Anatomy that stands in names of disorders of any part: "muscle strain of the thigh", not "eye disease of the knee".
_TISSUES = frozenset({
    "muscle", "bone", "nerve", "joint", "skin", "vein", "artery", "ligament", "tendon", "disc", "vessel", "cartilage",
    "cell", "fascia", "membrane", "organ", "limb", "tissue", "lymph", "root", "marrow", "ganglion", "duct", "mucosa",
    "hair", "nail",
})  # fmt: skip


def join_parts(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` (by begin, none overlapping) with head and part joined to one; none overlap.

    `words`: the folded tokens of the text. `lookup`: the reading of a key, or None.
    """
    joined: list[Match] = []
    for index, match in enumerate(matches):
        near = bool(joined) and match.begin - joined[-1].end <= _GAP
        if near and match.begin == joined[-1].end and _sinks(joined[-1], match):
            continue
        behind = matches[index + 1] if index + 1 < len(matches) else None
        near = near and not _part_of_next(joined[-1], match, behind, words)
        whole = _phrase(joined[-1], match, words, lookup) if near else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(match)
    return joined


def _part_of_next(first: Match, second: Match, third: Match | None, words: Sequence[str]) -> bool:
    """Whether the part belongs to a head behind it ("sequela of the ligament injury", "hands knead the breast")."""
    if third is None or third.begin != second.end:
        return False
    if first.end == second.begin:
        return words[second.begin] in _HANDLES and third.type == "anatomy"
    noun = third.end - third.begin == 1 and words[third.begin] not in _FEELS
    return noun and third.type in COMPLAINTS and second.type in _BODY


def _phrase(first: Match, second: Match, words: Sequence[str], lookup: Lookup) -> Match | None:
    """Head and part as one, where they form a phrase."""
    gap = words[first.end : second.begin]
    head = first if gap else second
    if words[head.begin : head.end] == ["blood"]:
        return None  # "the blood of the waist", "blood to the heart": no blood of their own
    if first.type in _PARTS.get(second.type, ()):
        complaint = len(gap) == 1 and gap[0] in _STATES and second.type == "symptom"
        if complaint or (not gap and _may_follow(first, second, words)):
            return join_part(second, first, words, lookup)
    if not gap or first.type == "food" or not _may_be_said_of(first, second):
        return None
    if gap[0] in PREPOSITIONS and ARTICLES.issuperset(gap[1:]):
        return join_part(first, second, words, lookup)
    if first.type == "treatment" and ARTICLES.issuperset(gap):
        return join_part(first, second, words, lookup)
    return None


def _sinks(part: Match, fall: Match) -> bool:
    """Whether "fall" says where a part goes ("the arm falls"), and is no accident."""
    return part.type in _BODY and fall.concept is not None and fall.concept.name in _WHOLE


def _may_be_said_of(head: Match, part: Match) -> bool:
    sign = head.concept is not None and head.concept.name in ("symptom", "symptoms")
    return part.type in _PARTS.get(head.type, ()) or (sign and part.type == "condition")


def _may_follow(part: Match, head: Match, words: Sequence[str]) -> bool:
    """Whether part and head are a compound noun, and no sentence: "foot massage", not "hands massage the foot".

    A process or a test is named by one word behind its part: "calcium absorption", not "liver blood pressure".
    """
    if head.type == "treatment":
        return words[head.begin] not in _HANDLES or head.end == len(words) or words[head.end] not in ARTICLES
    if head.type == "food":
        return words[head.end - 1] != "fried"
    if head.type == "function" and part.type not in _BODY:
        return head.end - head.begin == 1 and words[head.begin].endswith(_PROCESS)
    return head.type not in ("function", "test") or head.end - head.begin == 1


def fits(head: Concept, part: Concept, words: Sequence[str], lookup: Lookup) -> bool:
    """Whether a head may be said of a part: its name holds no other part ("body weight" of the liver).

    `words`: those of the part as the text has it.
    """
    if head.name in _WHOLE:
        return False
    own = {*words, *key_of(part.name).split()}
    for word in key_of(head.name).split():
        if word in own or word in _TISSUES:
            continue
        entry = lookup(word)
        if word in _PLAIN_PARTS or (entry and entry.concept and entry.concept.entity_type in _BODY):
            return False
    return True


def join_part(head: Match, part: Match, words: Sequence[str], lookup: Lookup) -> Match | None:
    """Head and part as one match over both and what stands between them; None where they do not fit."""
    begin, end = min(head.begin, part.begin), max(head.end, part.end)
    if head.concept is None or part.concept is None:
        return head
    known = _known(head, part, words, lookup)
    own = words[part.begin : part.end]
    if known is None and part.type in _BODY and not fits(head.concept, part.concept, own, lookup):
        return None
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
    for index, match in enumerate(matches):
        behind = matches[index + 1] if index + 1 < len(matches) else None
        cut = match.type in COMPLAINTS and behind is not None and behind.begin == match.end and behind.type in _BODY
        group = _group(found[-1], match, words, lookup) if found and not cut else None
        if group:
            condition = match if found[-1].type == "population" else found[-1]
            found[-1:] = [condition, group]
        else:
            found.append(match)
    return sorted(found, key=by_place)


def _group(first: Match, second: Match, words: Sequence[str], lookup: Lookup) -> Match | None:
    gap = words[first.end : second.begin]
    if first.type == "population" and second.type in COMPLAINTS and len(gap) <= _GAP and " ".join(gap) in _WITH:
        carers = words[first.end - 1] in idioms().carers and gap[0] in ("of", "in")
        return None if carers else _named_group(first, second, words, lookup)
    if first.type in COMPLAINTS and second.type == "population" and second.begin == first.end:
        if words[second.begin] in idioms().carers or " ".join(words[first.begin : first.end]) in _APART:
            return None  # "it does not infect people", "this is a disease women have more"
        return _named_group(second, first, words, lookup)
    return None


def _named_group(group: Match, condition: Match, words: Sequence[str], lookup: Lookup) -> Match:
    """The two as one match; `gout patient` stands for `people with gout`, too."""
    begin, end = min(group.begin, condition.begin), max(group.end, condition.end)
    if group.concept is None or condition.concept is None:
        return group
    name = key_of(condition.concept.name)
    if group.concept.name not in _ANYONE:
        return Match(begin, end, compose(group.concept, condition.concept, "with"), "composed")
    keys = (f"{' '.join(words[condition.begin : condition.end])} patient", f"{name} patient", f"people with {name}")
    found = (lookup(key) for key in keys)
    known = next((e.concept for e in found if e and e.concept and e.concept.entity_type == "population"), None)
    return Match(begin, end, known or compose(group.concept, condition.concept, "with"), "composed")
