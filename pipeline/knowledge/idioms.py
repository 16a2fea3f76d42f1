"""Expressions in which a medical word means something else.

Fixed ones ("on the other hand"), parts of what is not alive ("the head of the department"), likenesses ("bent like a
shrimp", "hard as a nut"), and words that only say which thing is meant ("a salt bag", "the exercise book").
"""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.knowledge.matches import ARTICLES, Lookup, Match
from pipeline.knowledge.tokens import key_of

__all__ = ["Idioms", "drop_other_senses", "idioms"]

# What something is likened to; a complaint or a part of the body that is likened to another one still is one.
_LIKENESSES = frozenset({"food", "device", "factor", "drug", "nutrient", "population", "activity", "treatment"})
_ALIKE = frozenset({"like", "resemble"})
_ONE = frozenset({"a", "an", "the"})
# "As well as milk", "as soon as", "as far as": no likeness.
_NO_LIKENESS = frozenset({"well", "soon", "long", "far", "much", "many", "such", "often"})
# "Hard as a nut", "red as beef".
_LOOKS = frozenset({
    "hard", "big", "small", "thick", "thin", "soft", "cold", "hot", "stiff", "sharp", "heavy", "light", "white", "red",
    "black", "yellow", "green", "purple", "pale", "dark", "round",
})  # fmt: skip
# What is named by the thing behind it.
_NAMES_A_THING = frozenset({"food", "nutrient", "activity", "factor", "device", "drug"})


class Idioms(NamedTuple):
    """Folded: expressions that name no entity, things that do not live, carers of the ill, kinds, holders.

    kinds: what stands before examples ("drinks like tea"); holders: what a word before it says the use of ("salt bag").
    """

    expressions: frozenset[str]
    things: frozenset[str]
    carers: frozenset[str]
    kinds: frozenset[str]
    holders: frozenset[str]


@cache
def idioms() -> Idioms:
    """The lexicon in rules/context.json."""
    text = files("pipeline.knowledge").joinpath("rules").joinpath("context.json").read_text(encoding="utf-8")
    data = json.loads(text)
    expressions = frozenset(key_of(phrase) for row in data["idioms"] for phrase in row.split("|"))
    lists = ("things", "carers", "kinds", "holders")
    return Idioms(expressions, *(frozenset(key_of(word) for word in data[name].split("|")) for name in lists))


def drop_other_senses(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` (by begin) without those that the words around them make something else."""
    lexicon = idioms()
    kept: list[Match] = []
    for match in matches:
        if match.type == "anatomy":
            other = _of_a_thing(match, words, lexicon.things)
        else:
            other = _is_a_likeness(match, kept, words, lexicon.kinds) or _holds(match, words, lexicon.holders)
        if not other:
            kept.append(match)
    return kept


def _of_a_thing(match: Match, words: Sequence[str], things: frozenset[str]) -> bool:
    """Whether the part is one of what is not alive: "the neck of the bottle", "foot of a hill"."""
    behind = words[match.end : match.end + 3]
    return len(behind) == 3 and behind[0] == "of" and behind[1] in ARTICLES and behind[2] in things


def _is_a_likeness(match: Match, before: Sequence[Match], words: Sequence[str], kinds: frozenset[str]) -> bool:
    """Whether something is likened to it: "curled like a shrimp", "hard as a nut", not "drinks like tea"."""
    if match.type not in _LIKENESSES or not match.begin:
        return False
    at = match.begin - 1
    single = words[at] in _ONE
    at -= single
    if at < 0:
        return False
    if words[at] == "as":
        compared = at > 1 and words[at - 2] == "as" and words[at - 1] not in _NO_LIKENESS
        return compared or (at > 0 and words[at - 1] in _LOOKS)
    if words[at] not in _ALIKE:
        return False
    example = at and (words[at - 1] in kinds or (before and before[-1].end == at and before[-1].type == match.type))
    return not example


def _holds(match: Match, words: Sequence[str], holders: frozenset[str]) -> bool:
    """Whether it only names what the next word is for: "salt bag", "dance class"."""
    plain = match.end - match.begin == 1 and match.end < len(words)
    return plain and match.type in _NAMES_A_THING and words[match.end] in holders
