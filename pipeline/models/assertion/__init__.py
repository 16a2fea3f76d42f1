"""Whether a sentence denies a claim, or doubts it: a small encoder that reads it with both arguments marked.

"It is not true that X causes Y", "few doctors believe that X helps Y", "X helps Y? A fairy tale.": what a sentence says
of a claim shows in the order of its words, and in more wordings than cue words cover. The arguments themselves are not
read, only where they stand, so that what is usually said of garlic and cancer does not count. `CARD.md` says how the
network is trained and how well it does. One claim is read at a time, so its answer does not depend on others.
"""

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.models.onnx import shipped
from pipeline.models.tokenizer import SHIPPED, open_tokenizer
from pipeline.schema import PREDICATES

if TYPE_CHECKING:
    from pipeline.knowledge.evidence import Sentence

__all__ = ["KINDS", "MIX", "OBJECT", "SPREAD", "SUBJECT", "Mix", "evidence_of", "log_odds", "mixed"]

_MODEL = "assertion/weights.onnx"
MIX = "mix"
"""Where the file of the network says what its answer counts (`Mix`), by flag."""
SUBJECT, OBJECT = 1, 2
"""What stands for the arguments: tokens of BERT's vocabulary that no text has."""
SPREAD = 6.0
"""Log odds; a surer answer counts as much."""
KINDS = ("heading", "previous", "evidence", "following")
"""Where a token is from."""
_CLS, _SEP = 101, 102
_LONGEST, _BEFORE = 110, 30  # tokens of a sentence that are read, and before the first argument where it is longer
_AROUND = 20  # tokens of the heading, and of the sentences before and behind
_NEAR_HEADING, _NEAR = 200, 160  # characters that surely hold them
_PREDICATES = tuple(PREDICATES)


class Mix(NamedTuple):
    """What the log odds of the network and of the cue words count, and what is added, also where no cue is there."""

    network: float
    cues: float
    none: float
    bias: float


@lru_cache(maxsize=1024)
def log_odds(claim: "Sentence") -> tuple[float, float]:
    """The log odds that the claim is denied, and that it is doubted."""
    tokens, kinds, predicate = evidence_of(claim)
    given = {"tokens": np.array([tokens]), "kinds": np.array([kinds]), "predicate": np.array([predicate])}
    [[[denied, doubted]]] = shipped(_MODEL).run(None, given)
    return round(float(denied), 4), round(float(doubted), 4)


def mixed(flag: str, network: float, cues: float, *, known: bool) -> float:
    """The log odds of `negation` or `hedge` by both answers. known: whether there are cue words."""
    mix = _mix()[flag]
    said = mix.network * _cut(network) + mix.cues * _cut(cues) + mix.bias
    return said if known else said + mix.none


def _cut(odds: float) -> float:
    return max(-SPREAD, min(SPREAD, odds))


@cache
def _mix() -> dict[str, Mix]:
    said = json.loads(shipped(_MODEL).get_modelmeta().custom_metadata_map[MIX])
    return {flag: Mix(*each) for flag, each in said.items()}


def evidence_of(claim: "Sentence") -> tuple[list[int], list[int], int]:
    """Tokens of a claim with what is around it, their kinds (indices of `KINDS`), and the index of its predicate."""
    tokens, kinds = [_CLS], [0]
    around = _ids(claim.heading[:_NEAR_HEADING])[:_AROUND], _ids(claim.previous[-_NEAR:])[-_AROUND:]
    behind = _ids(claim.following[:_NEAR])[:_AROUND]
    for kind, ids in enumerate((*around, _marked(claim), behind)):
        tokens += [*ids, _SEP]
        kinds += [kind] * (len(ids) + 1)
    return tokens, kinds, _PREDICATES.index(claim.predicate)


def _marked(claim: "Sentence") -> list[int]:
    """The sentence with a mark for each argument; of a long one what is around the first of them."""
    places = sorted((span, mark) for span, mark in ((claim.subject, SUBJECT), (claim.object, OBJECT)) if span)
    found: list[int] = []
    at = 0
    for (begin, end), mark in places:
        found += [*_ids(claim.text[at:begin]), mark]
        at = max(at, end)
    found += _ids(claim.text[at:])
    first = next((i for i, token in enumerate(found) if token in (SUBJECT, OBJECT)), 0)
    start = max(0, min(first - _BEFORE, len(found) - _LONGEST))
    return found[start : start + _LONGEST]


def _ids(text: str) -> list[int]:
    ids: list[int] = open_tokenizer(SHIPPED).encode(text, add_special_tokens=False).ids
    return ids
