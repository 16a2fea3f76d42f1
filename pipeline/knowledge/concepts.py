"""What a terminology is made of: concepts, readings of a word, and the compiled lookup."""

from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.knowledge.guards import Guard

__all__ = ["Concept", "Entry", "Terminology"]

# How sure a reading is, by how it was come by. A translated variant is a little less sure than a term, a
# phrase put together from two terms less than either; the figures order mentions and are no probabilities.
SCORES = {"exact": 1.0, "abbreviation": 0.95, "rewrite": 0.9, "composed": 0.8}


class Concept(NamedTuple):
    """One concept: CURIE, preferred name, entity type, the same concept elsewhere (CURIEs, sorted)."""

    curie: str
    name: str
    entity_type: str
    xrefs: tuple[str, ...] = ()


class Entry(NamedTuple):
    """One reading of a key: the concept (None: known to be no concept), how it was come by, its guard."""

    concept: Concept | None
    kind: str
    guard: Guard | None = None

    @property
    def score(self) -> float:
        """How sure the reading is, 0 to 1: a translated variant is a little less sure than a term."""
        return SCORES[self.kind]


@dataclass(frozen=True, eq=False)
class Terminology:
    """Keys (folded words joined by spaces) with their readings, best first.

    `lengths`: for the first word of a key, the lengths in words of the keys that begin with it, longest first.
    `version`: "embedded" or "large" and a hash of the terms and rules it was made from. `unresolved`: rules whose
    target no concept is named by. One equals itself alone.
    """

    version: str
    entries: dict[str, tuple[Entry, ...]] = field(repr=False)
    lengths: dict[str, tuple[int, ...]] = field(repr=False)
    unresolved: tuple[str, ...] = ()
