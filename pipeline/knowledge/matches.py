"""A stretch of tokens read as a concept, and the concept that two make together."""

from collections.abc import Callable
from typing import NamedTuple

from pipeline.knowledge.concepts import Concept, Entry

__all__ = ["ARTICLES", "COMPLAINTS", "PREPOSITIONS", "Lookup", "Match", "by_place", "compose"]

Lookup = Callable[[str], Entry | None]

COMPLAINTS = frozenset({"condition", "symptom"})
PREPOSITIONS = frozenset({"of", "in", "at", "on", "to", "around", "under", "behind"})
ARTICLES = frozenset({"the", "a", "an", "your", "his", "her", "their", "my", "our", "both", "one"})


class Match(NamedTuple):
    """Tokens `begin` to `end` read as `concept` (None: read as no concept)."""

    begin: int
    end: int
    concept: Concept | None
    kind: str

    @property
    def type(self) -> str:
        """The concept's entity type, empty where there is none."""
        return self.concept.entity_type if self.concept else ""


def by_place(match: Match) -> tuple[int, int]:
    """Sort key: first token, then end."""
    return match.begin, match.end


def compose(head: Concept, part: Concept, link: str = "of") -> Concept:
    """The concept of `head` and `part`: type of the head, CURIE from the two CURIEs.

    >>> compose(Concept("HP:1", "pain", "symptom"), Concept("UBERON:2", "jaw", "anatomy")).curie
    'claimsieve:HP_1.UBERON_2'
    """
    local = [c.curie.removeprefix("claimsieve:").replace(":", "_") for c in (head, part)]
    return Concept(f"claimsieve:{local[0]}.{local[1]}", f"{head.name} {link} {part.name}", head.entity_type)
