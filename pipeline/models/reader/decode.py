"""From the reader's scores to claims: choose spans to pair, then the best pairs that do not repeat each other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.models.reader.windows import Line, Window
from pipeline.schema import ENTITY_TYPES, PREDICATES
from pipeline.text.agreement import agreement, content_words

__all__ = ["Decoding", "Found", "choose_spans", "claims_of"]

_PREDICATES = tuple(PREDICATES)


@dataclass(frozen=True)
class Decoding:
    """How scores become claims.

    spans: most spans paired in one window. min_span: least probability of a paired span. weight: exponent of
    the spans' probabilities in a claim's score, so that of two runs that fit a claim the better one stands.
    min_score: claims below it are not returned. agreement: two claims of one sentence and predicate whose
    arguments share this much (F1 of content words) are one claim, the better is kept; the scorer's own bound.
    """

    spans: int = 96
    min_span: float = 0.04
    weight: float = 0.25
    min_score: float = 0.05
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


def claims_of(
    window: Window,
    lines: Sequence[Line],
    spans: tuple[np.ndarray, np.ndarray, np.ndarray],
    scores: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    decoding: Decoding,
) -> list[Found]:
    """Claims of one window, best first within a sentence.

    scores: relation (spans, spans, 1 + predicates) probabilities, `none` first; flags (spans, spans, 2)
    probabilities; allowed (spans, spans); types (spans, types) logits.
    """
    begin, stop, span_score = spans
    relation, flags, allowed, types = scores
    if not len(begin):
        return []
    best = relation[:, :, 1:]
    score = best * ((span_score[:, None] * span_score[None, :]) ** decoding.weight)[..., None]
    score = np.where(allowed[..., None], score, 0.0)
    subject, object_, predicate = np.nonzero(score >= decoding.min_score)
    order = np.lexsort((predicate, object_, subject, -score[subject, object_, predicate]))
    words = [_content(lines, window, a, b) for a, b in zip(begin, stop, strict=True)]
    kept: dict[int, list[tuple[int, int, int]]] = {}
    found = []
    for at in order:
        i, j, p = int(subject[at]), int(object_[at]), int(predicate[at])
        later = i if begin[i] >= begin[j] else j
        sentence = int(window.sentence[begin[later]])
        rivals = kept.setdefault(sentence, [])
        if any(_same(words, (i, j, p), rival, decoding.agreement) for rival in rivals):
            continue
        rivals.append((i, j, p))
        found.append(
            Found(
                _place(window, begin[i], stop[i]),
                _place(window, begin[j], stop[j]),
                _evidence(window, sentence),
                ENTITY_TYPES[int(types[i].argmax())],
                ENTITY_TYPES[int(types[j].argmax())],
                _PREDICATES[p],
                float(flags[i, j, 0]),
                float(flags[i, j, 1]),
                float(score[i, j, p]),
                (float(best[i, j, p]), float(span_score[i]), float(span_score[j])),
            )
        )
    return found


def _same(words: list[Counter[str]], a: tuple[int, int, int], b: tuple[int, int, int], bound: float) -> bool:
    return agreement(words[a[0]], words[b[0]]) >= bound and agreement(words[a[1]], words[b[1]]) >= bound


def _content(lines: Sequence[Line], window: Window, begin: int, stop: int) -> Counter[str]:
    return content_words(lines[int(window.line[begin])].text[int(window.start[begin]) : int(window.end[stop])])


def _place(window: Window, begin: int, stop: int) -> tuple[int, int, int]:
    return int(window.line[begin]), int(window.start[begin]), int(window.end[stop])


def _evidence(window: Window, sentence: int) -> tuple[int, int, int]:
    words = np.nonzero(window.sentence == sentence)[0]
    return _place(window, words[0], words[-1])
