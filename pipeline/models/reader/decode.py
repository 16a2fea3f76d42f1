"""From the reader's scores to claims: choose spans to pair, then the best pairs that do not repeat each other."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from pipeline.models.reader.windows import KINDS, Line, Window
from pipeline.schema import ENTITY_TYPES, PREDICATES
from pipeline.text.agreement import bag_f1, content_words

__all__ = [
    "NEAR",
    "Decoding",
    "Found",
    "FoundSpan",
    "Scored",
    "choose_pairs",
    "choose_spans",
    "claims_of",
    "near_words",
    "spans_of",
]

NEAR = 64  # words of the later span's sentence that a pair sees; what the network was trained with

_PREDICATES = tuple(PREDICATES)


@dataclass(frozen=True)
class Decoding:
    """How scores become claims.

    spans: most spans paired in one window. min_span: least probability of a paired span. min_near, min_apart,
    min_far: least product of two spans' probabilities to be paired within a sentence; from the sentence before, a
    heading or a title; from further away. Far pairs are many and rarely right: on pages not trained on .3 costs
    .001 of strict F1 against .1.
    min_odds: least log odds by which the gate lets a pair through: a sixth of all, and of those that score .2 or more
    99 in 100, on pages that it was not fitted on.
    weight: exponent of the spans' probabilities in a claim's score, so that of two runs that fit a claim the better
    one stands.
    together: exponent of how common the two types are with the predicate, against the network's own probabilities of
    each; of .3, .5, .7 and 1 the one with most types right on unseen pages.
    sure: least probability of an argument that is told of though it be in no claim.
    min_score: claims below it are not returned; of those below .1 on test articles two of 1,827 came to be written,
    none of them right.
    agreement: two claims of one sentence whose arguments share this much (F1 of content words) are one claim, the
    better is kept; the scorer's own bound.
    """

    spans: int = 96
    min_span: float = 0.04
    min_near: float = 0.02
    min_apart: float = 0.1
    min_far: float = 0.3
    min_odds: float = -4.0
    weight: float = 0.25
    together: float = 0.3
    sure: float = 0.5
    min_score: float = 0.08
    agreement: float = 0.5


@dataclass(frozen=True)
class Found:
    """One claim; subject and object are (line, start, end) in code points of the line's text."""

    subject: tuple[int, int, int]
    object: tuple[int, int, int]
    evidence: tuple[int, int, int]
    subject_type: str
    object_type: str
    predicate: str
    negated: float
    hedged: float
    score: float
    parts: tuple[float, float, float]


@dataclass(frozen=True)
class FoundSpan:
    """A sure argument, in a claim or not; place is (line, start, end) in code points of the line's text."""

    place: tuple[int, int, int]
    entity_type: str
    score: float


@dataclass(frozen=True)
class Scored:
    """A window's scores. begin, stop, probability: (spans); types: (spans, 13) logits. subject, object: (pairs)
    indices of spans; relation: (pairs, 1 + predicates) probabilities, `none` first; flags: (pairs, 2)
    probabilities of negated and hedged; allowed: (pairs).
    """

    begin: np.ndarray
    stop: np.ndarray
    probability: np.ndarray
    types: np.ndarray
    subject: np.ndarray
    object: np.ndarray
    relation: np.ndarray
    flags: np.ndarray
    allowed: np.ndarray


def choose_spans(
    argument: np.ndarray, allowed: np.ndarray, decoding: Decoding
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First word, last word and probability of the likeliest spans.

    argument: (words, widths) logits; allowed: (words, widths) bool. Ties fall to the earlier, shorter span.
    """
    probability = np.where(allowed, 1 / (1 + np.exp(-argument.astype(np.float64))), 0.0)
    flat = probability.ravel()
    order = np.argsort(-flat, kind="stable")[: decoding.spans]
    order = order[flat[order] >= decoding.min_span]
    begin, width = np.divmod(order, argument.shape[1])
    return begin, begin + width, flat[order]


def choose_pairs(
    window: Window, spans: tuple[np.ndarray, np.ndarray, np.ndarray], decoding: Decoding
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of subjects and objects of the ordered pairs worth scoring.

    The later span stands in a sentence that is read here; see `Decoding` for the other's place.
    """
    begin, stop, probability = spans
    sentence, kind, core = window.sentence[begin], window.word_kind[begin], window.core[begin]
    # Rows are the earlier span, columns the later.
    apart = stop[:, None] < begin[None, :]
    gap = sentence[None, :] - sentence[:, None]
    heads = (gap == 1) | (kind[:, None] != KINDS["body"])
    least = np.where(gap == 0, decoding.min_near, np.where(heads, decoding.min_apart, decoding.min_far))
    reached = probability[:, None] * probability[None, :] >= least
    earlier, later = np.nonzero(apart & core[None, :] & reached)
    return np.concatenate([earlier, later]), np.concatenate([later, earlier])


def near_words(window: Window, begin: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """(spans, words) True for the words of each span's sentence, NEAR of them at most, most of them before it."""
    place = np.arange(len(window.sentence))
    low = np.maximum(stop - NEAR * 3 // 4, 0)[:, None]
    home = window.sentence[begin][:, None] == window.sentence
    inside: np.ndarray = home & (place >= low) & (place < low + NEAR)
    return inside


def claims_of(
    window: Window, lines: Sequence[Line], scored: Scored, decoding: Decoding, types: np.ndarray | None = None
) -> list[Found]:
    """Claims of one window, the best first.

    types: (predicates, 13, 13) log share of two types with each predicate; without it each type is chosen alone.
    """
    chances = scored.relation[:, 1:]
    sure = scored.probability
    weight = (sure[scored.subject] * sure[scored.object]) ** decoding.weight
    score = chances * (weight * scored.allowed)[:, None]
    pair, predicate = np.nonzero(score >= decoding.min_score)
    order = np.lexsort((predicate, scored.object[pair], scored.subject[pair], -score[pair, predicate]))
    alike = _alike(window, lines, scored, decoding.agreement)
    kept: dict[int, list[tuple[int, int]]] = {}
    found = []
    for at in order:
        p, q = int(pair[at]), int(predicate[at])
        i, j = int(scored.subject[p]), int(scored.object[p])
        sentence = int(window.sentence[max(scored.begin[i], scored.begin[j])])
        rivals = kept.setdefault(sentence, [])
        if any(alike(i, subject) and alike(j, object_) for subject, object_ in rivals):
            continue
        rivals.append((i, j))
        kinds = scored.types[i][:, None] + scored.types[j]
        if types is not None:
            kinds = kinds + decoding.together * types[q]
        subject_type, object_type = np.unravel_index(int(kinds.argmax()), kinds.shape)
        found.append(
            Found(
                _place(window, scored.begin[i], scored.stop[i]),
                _place(window, scored.begin[j], scored.stop[j]),
                _evidence(window, sentence),
                ENTITY_TYPES[subject_type],
                ENTITY_TYPES[object_type],
                _PREDICATES[q],
                float(scored.flags[p, 0]),
                float(scored.flags[p, 1]),
                float(score[p, q]),
                (float(chances[p, q]), float(sure[i]), float(sure[j])),
            )
        )
    return found


def spans_of(
    window: Window, spans: tuple[np.ndarray, np.ndarray, np.ndarray], types: np.ndarray, decoding: Decoding
) -> list[FoundSpan]:
    """The sure arguments of the sentences that are read here, the likelier of two that overlap; types: (spans, 13)."""
    taken = np.zeros(len(window.sentence), dtype=bool)
    found = []
    for begin, stop, probability, logits in zip(*spans, types, strict=True):
        if probability >= decoding.sure and window.core[begin] and not taken[begin : stop + 1].any():
            taken[begin : stop + 1] = True
            kind = ENTITY_TYPES[int(logits.argmax())]
            found.append(FoundSpan(_place(window, begin, stop), kind, float(probability)))
    return found


def _alike(window: Window, lines: Sequence[Line], scored: Scored, bound: float) -> Callable[[int, int], bool]:
    """Whether two of the spans say the same."""

    @cache
    def content(i: int) -> Counter[str]:
        line, start, end = _place(window, scored.begin[i], scored.stop[i])
        return content_words(lines[line].text[start:end])

    return cache(lambda i, j: bag_f1(content(i), content(j)) >= bound)


def _place(window: Window, begin: int, stop: int) -> tuple[int, int, int]:
    return int(window.line[begin]), int(window.start[begin]), int(window.end[stop])


def _evidence(window: Window, sentence: int) -> tuple[int, int, int]:
    words = np.nonzero(window.sentence == sentence)[0]
    return _place(window, words[0], words[-1])
