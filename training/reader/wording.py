"""Fit the model of the words around two arguments: `python -m training.reader.wording` (two minutes of one core).

Learns from the labelled arguments of the corpus pages that the network learns from: ordered pairs of one sentence, and
of a sentence with its title, nearest heading, line before and what stands before it on its line. Writes
pipeline/models/reader/wording.npz.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import SGDClassifier

from pipeline.models.reader import wording
from pipeline.models.reader.wording import Pair, clues
from pipeline.schema import ENTITY_TYPES
from pipeline.text.sentences import sentences
from training.reader.corpus import network_pages
from training.reader.data import Article, articles_of
from training.weights import vectorise

_OUT = Path(wording.__file__).with_name("wording.npz")
_MIN_COUNT = 6  # rarer clues are chance
_CLUES = 12_000  # with the largest weights; all 93,000 do no better
_NEAR_SHARE, _FAR_SHARE = 0.7, 0.35  # of the unrelated pairs within a sentence and across that are shown
_ALPHA, _ROUNDS = 6e-6, 6  # scikit-learn's penalty and passes; not tuned
_Place = tuple[int, int, int]


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=_OUT)
    args = parser.parse_args()
    rng = random.Random(0)
    rows, labels = [], []
    for page in network_pages():
        for article in articles_of(page):
            for pair, above, predicate in _pairs(article, rng):
                rows.append(list(clues(article.lines, above, pair)))
                labels.append(predicate)
    names, matrix = vectorise(rows, _MIN_COUNT)
    model = SGDClassifier(
        loss="log_loss", alpha=_ALPHA, max_iter=_ROUNDS, tol=None, random_state=0, average=True
    ).fit(matrix, labels)  # fmt: skip
    best = np.sort(np.argsort(-np.abs(model.coef_).max(0), kind="stable")[:_CLUES])
    weights = model.coef_[:, best].T
    scale = np.abs(weights).max(0) / 127
    np.savez_compressed(
        args.out,
        clues=np.array([names[i] for i in best]),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=model.intercept_.astype(np.float32),
    )
    print(f"{len(labels)} pairs, {len(best)} clues; {args.out.name}: {args.out.stat().st_size} bytes")


def _pairs(article: Article, rng: random.Random) -> Iterator[tuple[Pair, int | None, int]]:
    """Ordered pairs of labelled arguments, the line of the heading above, and the predicate's number (0: none)."""
    types: dict[_Place, str] = {}
    for r in article.relations:
        types |= {r.subject: ENTITY_TYPES[r.subject_type], r.object: ENTITY_TYPES[r.object_type]}
    labelled = {(r.subject, r.object): r.predicate for r in article.relations}
    above = None
    for number, line in enumerate(article.lines):
        for start, end in sentences(line.text) or [(0, len(line.text))]:
            here = sorted(p for p in types if p[0] == number and start <= p[1] < end)
            reach = {above, number - 1, 0} - {number, None}
            around = sorted(p for p in types if p[0] in reach or (p[0] == number and p[1] < start))
            for subject, object_ in _ordered(here, around):
                predicate = labelled.get((subject, object_), 0)
                share = _NEAR_SHARE if subject in here and object_ in here else _FAR_SHARE
                if predicate or rng.random() < share:
                    place = (number, start, end)
                    yield Pair(place, subject, object_, types[subject], types[object_]), above, predicate
        above = above if line.label == "body" else number


def _ordered(here: list[_Place], around: list[_Place]) -> Iterator[tuple[_Place, _Place]]:
    yield from ((a, b) for a in here for b in here if a != b and (a[1] >= b[2] or b[1] >= a[2]))
    for a in here:
        for b in around:
            yield from ((a, b), (b, a))


if __name__ == "__main__":
    main()
