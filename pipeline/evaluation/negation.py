"""Negation on the public clinical test: chapmanbe/negex, rsAnnotations (sentence, marked concept, label).

One row a line, tab-separated: number, report type, concept, sentence, Negated|Affirmed, temporality, experiencer.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.evaluation.claims import Rate
from pipeline.knowledge.context import context_of
from pipeline.knowledge.cues import find_cues

__all__ = ["negation_rows", "score_negation"]


def score_negation(path: Path) -> Rate:
    """Precision, recall and F1 of "negated" over the rows whose concept stands in its sentence."""
    hits = gold = found = 0
    for concept, sentence, negated in negation_rows(path):
        place = re.search(r"\s+".join(map(re.escape, concept.split())), sentence, re.IGNORECASE)
        if place is None:
            continue
        said = context_of(place.start(), place.end(), find_cues(sentence)).negated
        hits += said and negated
        gold += negated
        found += said
    return Rate(hits, found, gold)


def negation_rows(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Concept, sentence, and whether the concept is negated there, row by row."""
    for line in path.read_text(encoding="utf-8").splitlines():
        _, _, concept, sentence, label, *_ = line.split("\t")
        yield concept, sentence, label == "Negated"
