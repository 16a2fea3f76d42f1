"""Expressions in which a medical word means something else: "on the other hand", "the head of the department"."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from pipeline.knowledge.matches import ARTICLES, Lookup, Match
from pipeline.knowledge.tokens import key_of

__all__ = ["Idioms", "drop_parts_of_things", "idioms"]


class Idioms(NamedTuple):
    """Fixed expressions that name no entity, things with parts that do not live, those who care for the ill; folded."""

    expressions: frozenset[str]
    things: frozenset[str]
    carers: frozenset[str]


@cache
def idioms() -> Idioms:
    """The lexicon in rules/context.json."""
    text = files("pipeline.knowledge").joinpath("rules").joinpath("context.json").read_text(encoding="utf-8")
    data = json.loads(text)
    expressions = frozenset(key_of(phrase) for row in data["idioms"] for phrase in row.split("|"))
    things, carers = (frozenset(key_of(word) for word in data[name].split("|")) for name in ("things", "carers"))
    return Idioms(expressions, things, carers)


def drop_parts_of_things(matches: Sequence[Match], words: Sequence[str], lookup: Lookup) -> list[Match]:
    """`matches` without the anatomy of what is not alive ("the neck of the bottle", "foot of a hill")."""
    things = idioms().things
    return [match for match in matches if match.type != "anatomy" or not _of_a_thing(match, words, things)]


def _of_a_thing(match: Match, words: Sequence[str], things: frozenset[str]) -> bool:
    behind = words[match.end : match.end + 3]
    return len(behind) == 3 and behind[0] == "of" and behind[1] in ARTICLES and behind[2] in things
