"""The rule reader: candidates from cues and frames, weighed by a small logistic regression.

`read` is a `Reader`. Its weights (models/frames.json, training/calibrate_frames.py) come from the train part
of the written corpus; it has no machinery at run time but a dictionary look-up and a sum.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources

from pipeline.knowledge.attributes import sigmoid
from pipeline.knowledge.candidates import Argument, Candidate, candidates
from pipeline.knowledge.reading import Article, Passage, Reading, Span

__all__ = ["EXTRACTOR", "Weights", "features", "guess_type", "read", "read_with", "score", "type_features"]

EXTRACTOR = "frames-1"


@dataclass(frozen=True, eq=False)  # equal only to itself, so that look-ups can be cached by it
class Weights:
    """What the reader has learned: weight of each feature, of each word for each entity type, threshold."""

    pair: Mapping[str, float] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    alternatives: Mapping[str, Sequence[tuple[str, bool]]] = field(default_factory=dict)
    threshold: float = 0.5


def read(passages: Sequence[Passage]) -> list[Reading]:
    """Claims of the passages, best first within a passage; raw_score is the regression's probability."""
    return read_with(passages, _weights())


def read_with(passages: Sequence[Passage], weights: Weights) -> list[Reading]:
    """`read` with weights that are being tried out."""
    return [reading for passage in passages for reading in _read_one(passage, weights)]


def _read_one(passage: Passage, weights: Weights) -> list[Reading]:
    found = candidates(passage, weights.alternatives)
    scored = [(score(c, passage.article, weights), index, c) for index, c in enumerate(found)]
    chosen: list[Reading] = []
    for value, _, candidate in sorted(scored, key=lambda row: (-row[0], row[1])):
        if value < weights.threshold:
            break
        reading = _reading(passage, candidate, value, weights)
        if not any(_rivals(reading, other) for other in chosen):
            chosen.append(reading)
    return chosen


def _rivals(a: Reading, b: Reading) -> bool:
    """Two readings of the same words: both arguments overlap, in either order."""
    return (_overlap(a.subject, b.subject) and _overlap(a.object, b.object)) or (
        _overlap(a.subject, b.object) and _overlap(a.object, b.subject)
    )


def _overlap(a: Span, b: Span) -> bool:
    return a.segment == b.segment and a.start < b.end and b.start < a.end


def _reading(passage: Passage, candidate: Candidate, value: float, weights: Weights) -> Reading:
    types = [guess_type(passage.article, a.span, weights)[0] for a in (candidate.subject, candidate.object)]
    return Reading(
        evidence=passage.sentence, subject=candidate.subject.span, subject_type=types[0],
        predicate=candidate.predicate, object=candidate.object.span, object_type=types[1],
        raw_score=value, extractor=EXTRACTOR, cues=(candidate.source,), cue=candidate.cue,
    )  # fmt: skip


def score(candidate: Candidate, article: Article, weights: Weights) -> float:
    """Probability that the candidate is a claim, 0 to 1."""
    return sigmoid(sum(weights.pair.get(name, 0.0) for name in features(candidate, article, weights)))


def features(candidate: Candidate, article: Article, weights: Weights) -> list[str]:
    """Names of the candidate's features, each worth 1."""
    predicate = candidate.predicate
    found = ["bias", f"p={predicate}", *candidate.features]
    types = []
    for role, argument in (("s", candidate.subject), ("o", candidate.object)):
        kind, sure = guess_type(article, argument.span, weights)
        types.append(kind)
        found += [f"{predicate}|{role}={kind}", f"{role}sure={int(sure * 4)}|{kind}", *_shape(article, argument, role)]
        held = list(_mentioned(article, argument, role))
        found += [*held, *(f"{predicate}|{name}" for name in held)]
    kind = candidate.source.partition(":")[0]
    found += [f"{predicate}|{types[0]}|{types[1]}", f"{kind}|{predicate}|{types[0]}|{types[1]}"]
    return found + [f"{kind}|between={word}" for word in _between(article, candidate)]


def _between(article: Article, candidate: Candidate) -> list[str]:
    """The words between the arguments where they share a segment, their order, and how many they are."""
    first, second = sorted((candidate.subject.span, candidate.object.span))
    if first.segment != second.segment or first.end > second.start:
        return ["elsewhere"]
    words = _WORD.findall(article.segments[first.segment].text[first.end : second.start].lower())
    order = "so" if first == candidate.subject.span else "os"
    found = [f"{candidate.predicate}|{order}|{word}" for word in dict.fromkeys(words[:8])]
    return [*found, f"n={min(len(words), 12)}", f"{candidate.predicate}|{order}"]


_WORD = re.compile(r"\w+")


def _shape(article: Article, argument: Argument, role: str) -> Iterable[str]:
    span = argument.span
    text = article.segments[span.segment].text
    words = _WORD.findall(article.words(span).lower())
    before, after = text[max(0, span.start - 20) : span.start].split(), text[span.end : span.end + 20].split()
    yield f"{role}prev={before[-1].lower() if before else '^'}"
    yield f"{role}next={after[0].lower() if after else '$'}"
    yield f"{role}touch={text[span.end : span.end + 1]}"
    yield f"{role}len={min(len(words), 8)}"
    if words:
        yield f"first={words[0]}"
        yield f"last={words[-1]}"


def type_features(words: str) -> list[str]:
    """What a phrase's type is guessed from: its words, its last and first word, its ending."""
    found = _WORD.findall(words.lower())
    if not found:
        return ["bias"]
    return [
        "bias",
        *(f"w={w}" for w in found),
        f"l={found[-1]}",
        f"f={found[0]}",
        f"e={found[-1][-4:]}",
        f"e={found[-1][-3:]}",
    ]


def guess_type(article: Article, span: Span, weights: Weights) -> tuple[str, float]:
    """The likeliest entity type of a phrase and its probability; a mention that is the phrase decides."""
    for mention in article.segments[span.segment].mentions:
        if mention.start == span.start and span.end == mention.end:
            return mention.entity_type, 1.0
    return _guess(article.words(span), weights)


def _mentioned(article: Article, argument: Argument, role: str) -> Iterator[str]:
    """How the known entities lie in a phrase: it is one, it ends or begins with one, it holds one, it has none."""
    span = argument.span
    found = "none"
    for mention in article.segments[span.segment].mentions:
        if mention.start >= span.end or mention.end <= span.start:
            continue
        same = mention.start == span.start, mention.end == span.end
        cut = mention.start < span.start or mention.end > span.end
        found = "cut" if cut else "whole" if all(same) else "tail" if same[1] else "head" if same[0] else "inside"
        yield f"{role}in={mention.entity_type}|{found}"
    yield f"{role}known={found}"


@lru_cache(maxsize=1 << 15)
def _guess(words: str, weights: Weights) -> tuple[str, float]:
    names = type_features(words)
    sums = {kind: sum(table.get(name, 0.0) for name in names) for kind, table in weights.types.items()}
    top = max(sums.values(), default=0.0)
    total = sum(math.exp(value - top) for value in sums.values())
    best = max(sums, key=lambda kind: (sums[kind], kind), default="factor")
    return best, 1.0 / total if total else 0.0


@cache
def _weights() -> Weights:
    text = resources.files("pipeline.models").joinpath("frames.json").read_text(encoding="utf-8")
    data = json.loads(text)
    also = {words: tuple((name, forward) for name, forward in found) for words, found in data["alternatives"].items()}
    return Weights(data["pair"], data["types"], also, data["threshold"])
