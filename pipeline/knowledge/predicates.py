"""Cue lexicon: words that state a relation, with the predicate they stand for and which side the subject is on.

The cues are data (rules/predicate_cues.json), written by reading the train part of the written corpus.
"""

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

__all__ = ["Cue", "find_predicates"]


@dataclass(frozen=True)
class Cue:
    """Deciding words: where they stand (code points), their predicate, and whether the subject is on the left."""

    start: int
    end: int
    predicate: str
    forward: bool


# A sentence is asked about once for each of its claims, and by several readers.
@lru_cache(maxsize=1024)
def find_predicates(text: str) -> tuple[Cue, ...]:
    """All cues of `text` by start; among overlapping cues the longest stays, then every predicate it has.

    >>> [(c.predicate, c.forward) for c in find_predicates("The pain is caused by a herniated disc.")]
    [('causes', False)]
    """
    lowered = text.lower() if len(text.lower()) == len(text) else text
    found = [
        Cue(*_trim(lowered, *match.span()), predicate, forward)
        for pattern, predicate, forward in _lexicon()
        for match in pattern.finditer(lowered)
    ]
    kept: list[Cue] = []
    for cue in sorted(found, key=lambda c: (c.start - c.end, c.start)):
        if all(cue.end <= k.start or cue.start >= k.end or (cue.start, cue.end) == (k.start, k.end) for k in kept):
            kept.append(cue)
    return tuple(sorted(kept, key=lambda c: (c.start, c.end)))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    words = text[start:end]
    return start + len(words) - len(words.lstrip()), start + len(words.rstrip())


@cache
def _lexicon() -> tuple[tuple[re.Pattern[str], str, bool], ...]:
    text = resources.files("pipeline.knowledge").joinpath("rules/predicate_cues.json").read_text(encoding="utf-8")
    return tuple(
        (_compile(entry["patterns"]), entry["predicate"], entry["direction"] == "forward")
        for entry in json.loads(text)["cues"]
    )


def _compile(patterns: list[str]) -> re.Pattern[str]:
    # Longest first, so that "is caused by" is tried before "caused by".
    alternatives = sorted(patterns, key=len, reverse=True)
    body = "|".join(pattern.replace(" ", r"\s+").replace(r"\s+?", r"\s?") for pattern in alternatives)
    return re.compile(rf"(?<![\w-])(?:{body})(?![\w])")
