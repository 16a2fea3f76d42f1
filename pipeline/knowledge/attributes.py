"""The details of a claim: denied, doubted, by how much, for whom, who says so, on what evidence.

Whether it is denied or doubted says `pipeline.knowledge.assertion`. The stretches that may be a quantity, a qualifier
or an attribution are offered by rules (rules/attributes.json); where they stand relative to the two arguments is
weighed by small logistic regressions (models/attributes.json, fitted on the train part of the written corpus by
training/fit_attributes.py). A claim that no rule speaks of has no quantity, qualifier or attribution.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pipeline.knowledge.assertion import assertion_of
from pipeline.knowledge.evidence import WORD, Place, Sentence, patterns, place, weights, where
from pipeline.knowledge.reading import Article, Reading

__all__ = [
    "FIELDS",
    "Attributes",
    "attributes_of",
    "offer_features",
    "offers",
    "picked",
    "read_attributes",
    "sigmoid",
]

FIELDS = ("quantity", "qualifier", "attribution")


@dataclass(frozen=True)
class Attributes:
    """What was found; None where nothing is said. cues: the words behind `negated` and `certainty`."""

    negated: bool
    certainty: str
    quantity: str | None
    qualifier: str | None
    attribution: str | None
    evidence_type: str
    cues: tuple[str, ...] = ()


def attributes_of(article: Article, reading: Reading) -> Attributes:
    """The attributes of a reading; `negated` and `certainty` as the reader says where it says so."""
    return read_attributes(place(article, reading), reading.negated, reading.certainty)


def read_attributes(claim: Sentence, negated: bool | None = None, certainty: str | None = None) -> Attributes:
    """The attributes of a claim; `negated` and `certainty` as given where they are."""
    meant = assertion_of(claim)
    attribution = picked("attribution", claim)
    negated = meant.denied if negated is None else negated
    certainty = ("hedged" if meant.doubted else "asserted") if certainty is None else certainty
    return Attributes(
        negated=negated,
        certainty=certainty,
        quantity=picked("quantity", claim),
        qualifier=picked("qualifier", claim),
        attribution=attribution,
        evidence_type=evidence_type(claim, attribution),
        cues=(meant.denial if negated else ()) + (meant.doubt if certainty == "hedged" else ()),
    )


def picked(field: str, claim: Sentence) -> str | None:
    """The likeliest stretch offered as `quantity`, `qualifier` or `attribution`, None where none is likely."""
    table = weights()["fields"][field]
    best: tuple[float, str] | None = None
    for words, names in offer_features(field, claim):
        value = sum(table.get(name, 0.0) for name in names)
        if best is None or value > best[0]:
            best = value, words
    return best[1] if best and sigmoid(best[0]) >= weights()["thresholds"][field] else None


def sigmoid(value: float) -> float:
    """Logistic function, safe for any value."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))


def offer_features(field: str, claim: Sentence) -> Iterator[tuple[str, list[str]]]:
    """Each stretch offered as `field`, with the names of its features."""
    here = offers(field, claim.text)
    for kind, start, end in here:
        words = claim.text[start:end]
        stands = where(claim, start, end)
        yield words, _offer_names(kind, stands, (claim.text[:start], words), claim, len(here))
    if field == "attribution":
        for kind, start, end in offers(field, claim.previous):
            words = claim.previous[start:end]
            yield words, _offer_names(kind, "previous", (claim.previous[:start], words), claim, len(here))


def _offer_names(kind: str, where: str, offer: tuple[str, str], claim: Sentence, n: int) -> list[str]:
    """offer: the text before it, and its words."""
    before = WORD.findall(offer[0].lower()) or ["^"]
    tokens = WORD.findall(offer[1].lower()) or [""]
    return [
        "bias", f"k={kind}", f"w={where}", f"{kind}@{where}", f"{kind}|{claim.predicate}", f"p={claim.predicate}",
        f"n={min(n, 5)}", f"len={min(len(tokens), 10)}", f"first={tokens[0]}", f"last={tokens[-1]}",
        f"first2={' '.join(tokens[:2])}", f"before={before[-1]}", f"{kind}|len={min(len(tokens), 10)}",
    ]  # fmt: skip


@lru_cache(maxsize=4096)
def offers(field: str, text: str) -> tuple[tuple[str, int, int], ...]:
    """Stretches of a text that may be a `quantity`, `qualifier` or `attribution`: (kind, start, end)."""
    found: dict[Place, str] = {}
    for kind, pattern in patterns(field):
        for match in pattern.finditer(text):
            span = match.span("span") if "span" in pattern.groupindex else match.span()
            found.setdefault(_strip(text, *span), kind)
    return tuple((kind, a, b) for (a, b), kind in found.items() if b - a > 1)


def _strip(text: str, start: int, end: int) -> Place:
    words = text[start:end]
    return start + len(words) - len(words.lstrip(" ,")), start + len(words.rstrip(" ,.;:"))


def evidence_type(claim: Sentence, attribution: str | None) -> str:
    """study, tradition, expert or anecdote by the words of who says it, else none."""
    if attribution is None:
        return "none"
    return next((kind for kind, pattern in patterns("evidence") if pattern.search(attribution)), "none")
