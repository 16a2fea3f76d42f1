"""What the reader's claims say of public sentences: how strong a cause they state, whether they give advice.

Sets: junwang4/correlation-to-causation-exaggeration (0 none, 1 correlational, 2 conditional causal, 3 direct
causal) and junwang4/detecting-health-advice (0 none, 1 weak, 2 strong). Their sentences come from press releases and
abstracts, which the reader was not made for; nothing here was fitted on them.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.config import Extract
from pipeline.knowledge.attributes import attributes_of
from pipeline.knowledge.reading import Article, Segment, passages
from pipeline.models import reader
from pipeline.models.confidence import calibration_for

__all__ = ["Statement", "advice_level", "causal_level", "macro_f1", "read_statements", "score_sentences"]

_CAUSAL = frozenset(
    {"causes", "treats", "relieves", "prevents", "worsens", "improves", "impairs", "affects", "risk_factor_for"}
)
_CORRELATIONAL = frozenset({"associated_with", "prevalent_in", "symptom_of", "complication_of", "diagnoses"})
_ADVICE = frozenset({"recommended_for", "advised_against_for"})
_LEAST = Extract.min_confidence
# Every so many sentences are read: about 1,600 in all, half a minute.
_STEP = 10


class Statement(NamedTuple):
    """What of a claim the two tasks look at."""

    predicate: str
    hedged: bool
    negated: bool


def score_sentences(paths: Sequence[Path], level: Callable[[Sequence[Statement]], int], step: int = _STEP) -> float:
    """Macro F1 of `level` over every `step`-th sentence of the files (columns sentence and label)."""
    rows = [row for path in paths for row in _rows(path)][::step]
    return macro_f1([(label, level(read_statements(sentence))) for sentence, label in rows])


def read_statements(sentence: str) -> list[Statement]:
    """The claims that the shipped reader finds in a sentence that stands alone."""
    calibration = calibration_for(reader.EXTRACTOR)
    article = Article((Segment(sentence, "body", (), False),))
    found = []
    for reading in reader.read(passages(article)):
        if calibration is not None and calibration.apply(reading.raw_score) >= _LEAST:
            said = attributes_of(article, reading)
            found.append(Statement(reading.predicate, said.certainty == "hedged", said.negated))
    return found


def causal_level(statements: Sequence[Statement]) -> int:
    """The strongest thing said: 3 a cause, 2 a hedged one, 1 a correlation or sign, 0 none of these."""
    levels = [0]
    for statement in statements:
        if statement.predicate in _CAUSAL:
            levels.append(2 if statement.hedged else 3)
        elif statement.predicate in _CORRELATIONAL:
            levels.append(1)
    return max(levels)


def advice_level(statements: Sequence[Statement]) -> int:
    """2 where something is recommended or advised against, 1 where that is hedged, 0 else."""
    advice = [statement for statement in statements if statement.predicate in _ADVICE]
    return max((1 if statement.hedged else 2 for statement in advice), default=0)


def macro_f1(pairs: Sequence[tuple[int, int]]) -> float:
    """Mean over the labels of F1, from (label, predicted) pairs.

    >>> macro_f1([(0, 0), (1, 1), (1, 0)])
    0.6666666666666666
    """
    right, labelled, predicted = Counter[int](), Counter[int](), Counter[int]()
    for label, guess in pairs:
        right[label] += label == guess
        labelled[label] += 1
        predicted[guess] += 1
    return sum(2 * right[k] / (labelled[k] + predicted[k]) for k in labelled) / len(labelled) if labelled else 0.0


def _rows(path: Path) -> Iterator[tuple[str, int]]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            yield row["sentence"], int(row["label"])
