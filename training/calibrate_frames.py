"""Weigh the rule reader's candidates and calibrate its scores.

    python -m training.calibrate_frames [--corpus FOLDER] [--models FOLDER]

Fits on the train pages of the written corpus; threshold and calibration come from three folds over those
pages, strict F1 and calibration error are measured on its dev and test pages. Writes models/frames.json and
models/calibration/frames.json. Takes about five minutes on one core.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sklearn.linear_model import LogisticRegression

from pipeline.evaluation.articles import gold_articles
from pipeline.evaluation.calibration import ece, fit_isotonic, save
from pipeline.evaluation.claims import ReadClaim, read_claims, score_claims
from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.knowledge.candidates import candidates
from pipeline.knowledge.frames import EXTRACTOR, Weights, features, read_with, type_features
from pipeline.knowledge.reading import Passage, passages
from pipeline.text.agreement import agreement
from training.weights import table, vectorise

SEED = 11
C_PAIRS = 0.1
LOWEST = 0.08  # what scores lower is hopeless
MIN_COUNT = 20  # a feature rarer than this says nothing about unseen pages


def fit_types(pages: Sequence[GoldPage]) -> dict[str, dict[str, float]]:
    """Weights of words for each entity type, from the labelled arguments of `pages`."""
    rows, labels = [], []
    for page in pages:
        for claim in page.claims:
            for span, kind in ((claim.subject, claim.subject_type), (claim.object, claim.object_type)):
                rows.append(type_features(page.text[slice(*span)]))
                labels.append(kind)
    names, matrix = vectorise(rows, 2)
    model = LogisticRegression(C=1.0, max_iter=300, fit_intercept=False).fit(matrix, labels)
    return {kind: table(names, model.coef_[i]) for i, kind in enumerate(model.classes_)}


Read = Sequence[tuple[Sequence[ReadClaim], Sequence[ReadClaim]]]
"""Pages: labelled claims, and what was read at a low threshold with the raw score as confidence."""

Row = tuple[list[str], bool, float]
"""A candidate's features, whether it is right, how much it counts."""


def fit_pairs(pages: Iterable[Sequence[Row]]) -> dict[str, float]:
    """Weights of candidate features: right is what matches a labelled claim strictly, weighed by agreement."""
    rows = [row for page in pages for row in page]
    names, matrix = vectorise([row for row, _, _ in rows], MIN_COUNT)
    model = LogisticRegression(C=C_PAIRS, max_iter=200, fit_intercept=False, solver="lbfgs")
    model.fit(matrix, [right for _, right, _ in rows], sample_weight=[weight for _, _, weight in rows])
    return table(names, model.coef_[0])


def labelled_candidates(page: GoldPage, types: Weights) -> Iterable[Row]:
    """The candidates of a page, with types guessed by `types`."""
    gold = read_claims(page)
    for placed in gold_articles(page):
        for passage in passages(placed.article):
            near = [g for g in gold if overlaps(g.evidence, placed.place(passage.sentence))]
            for c in candidates(passage, types.alternatives):
                words = placed.article.words(c.subject.span), placed.article.words(c.object.span)
                best = max((fit(g, c.predicate, *words) for g in near), default=0.0)
                yield [sys.intern(name) for name in features(c, placed.article, types)], best > 0, best or 1.0


def alternatives(pages: Sequence[GoldPage]) -> dict[str, list[tuple[str, bool]]]:
    """What each cue's words stood for on `pages`: (predicate, subject on the left), the seldom ones left out."""
    seen: dict[str, Counter[tuple[str, bool]]] = {}
    for page in pages:
        gold = read_claims(page)
        for placed in gold_articles(page):
            for passage in passages(placed.article):
                near = [g for g in gold if overlaps(g.evidence, placed.place(passage.sentence))]
                for words, meaning in meanings(passage, near) if near else ():
                    seen.setdefault(words, Counter())[meaning] += 1
    often = {
        words: [meaning for meaning, n in sorted(counts.items()) if n >= 3 and n >= 0.08 * counts.total()]
        for words, counts in sorted(seen.items())
    }
    return {words: found for words, found in often.items() if found}


def meanings(passage: Passage, near: Sequence[ReadClaim]) -> set[tuple[str, tuple[str, bool]]]:
    """(cue words, what they stand for) of the cues that have both arguments of a labelled claim beside them."""
    found = set()
    for c in candidates(passage):
        if c.cue is None:
            continue
        words = [passage.article.words(a.span) for a in (c.subject, c.object)]
        forward = c.subject.span < c.cue
        for g in near:
            if min(agreement(g.subject, words[0]), agreement(g.object, words[1])) >= 0.5:
                found.add((c.source[4:], (g.predicate, forward)))
            elif min(agreement(g.subject, words[1]), agreement(g.object, words[0])) >= 0.5:
                found.add((c.source[4:], (g.predicate, not forward)))
    return found


def fit(gold: ReadClaim, predicate: str, subject: str, object_: str) -> float:
    """Mean agreement of both arguments where they and the predicate match, else 0."""
    if gold.predicate != predicate:
        return 0.0
    s, o = agreement(gold.subject, subject), agreement(gold.object, object_)
    return (s + o) / 2 if s >= 0.5 and o >= 0.5 else 0.0


def overlaps(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """True where two stretches share half of the shorter one."""
    common = min(a[1], b[1]) - max(a[0], b[0])
    return common > 0 and common * 2 >= min(a[1] - a[0], b[1] - b[0])


def read_page(page: GoldPage, weights: Weights) -> list[ReadClaim]:
    """What the rule reader reads on a page cut by its labels; confidence holds the raw score."""
    found = []
    for placed in gold_articles(page):
        for r in read_with(passages(placed.article), weights):
            words = placed.article.words(r.subject), placed.article.words(r.object)
            types = r.subject_type, r.object_type
            place = placed.place(r.evidence)
            found.append(ReadClaim(place, words[0], r.predicate, words[1], *types, confidence=r.raw_score))
    return found


def fit_weights(pages: Sequence[GoldPage]) -> tuple[Weights, Read]:
    """The weights of all `pages`, and what weights of the other folds read on each fold.

    The reader judges candidates by guesses on unseen pages, so it learns from such guesses too.
    """
    also = alternatives(pages)
    parts = [
        (fold, Weights(types=fit_types(rest), alternatives=also, threshold=LOWEST)) for fold, rest in folds(pages, 3)
    ]
    rows = {page.name: list(labelled_candidates(page, types)) for fold, types in parts for page in fold}
    read: list[tuple[list[ReadClaim], list[ReadClaim]]] = []
    for fold, types in parts:
        held_out = {page.name for page in fold}
        pair = fit_pairs(found for name, found in rows.items() if name not in held_out)
        weights = replace(types, pair=pair, threshold=LOWEST)
        read += [(read_claims(page), read_page(page, weights)) for page in fold]
    return Weights(fit_pairs(rows.values()), fit_types(pages), also), read


def folds(pages: Sequence[GoldPage], n: int) -> list[tuple[list[GoldPage], list[GoldPage]]]:
    """`n` times (held-out pages, the other pages), shuffled with a fixed seed."""
    order = sorted(pages, key=lambda p: p.name)
    random.Random(SEED).shuffle(order)
    parts = [order[i::n] for i in range(n)]
    return [(part, [p for other in parts if other is not part for p in other]) for part in parts]


def best_threshold(read: Read) -> float:
    """The score above which strict F1 over pages read at a low threshold is best, in steps of 0.02."""

    def f1(threshold: float) -> float:
        kept = [(gold, [c for c in found if (c.confidence or 0.0) >= threshold]) for gold, found in read]
        return score_claims(kept).strict.f1

    return max((step / 50 for step in range(4, 45)), key=f1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).with_name("corpus"))
    parser.add_argument("--models", type=Path, default=Path(__file__).parent.parent / "pipeline/models")
    args = parser.parse_args()
    train = load_pages(args.corpus, "train")
    weights, read = fit_weights(train)
    weights = replace(weights, threshold=best_threshold(read))
    write_weights(weights, train, args.models / "frames.json")
    kept = [row for row in score_claims(read).outcomes if row[0] >= weights.threshold]
    fitted = fit_isotonic(
        kept, extractor=EXTRACTOR, data=f"{len(train)} written pages (train part), three folds by page"
    )
    held_out = load_pages(args.corpus, "dev") + load_pages(args.corpus, "test")
    scores = score_claims([(read_claims(page), read_page(page, weights)) for page in held_out])
    outcomes = [(fitted.apply(score), right) for score, right in scores.outcomes]
    f1, error = round(scores.strict.f1, 4), round(ece(outcomes), 4)
    print(f"threshold {weights.threshold}; {len(held_out)} held-out pages: strict F1 {f1}, ECE {error}")
    save(
        fitted,
        args.models / "calibration/frames.json",
        outcomes=outcomes,
        f1=f1,
        ece=error,
        measured_on=f"{len(held_out)} written pages (dev and test part)",
        command="python -m training.calibrate_frames",
    )


def write_weights(weights: Weights, pages: Sequence[GoldPage], path: Path) -> None:
    """Write the reader's weights with their card."""
    data = {
        "card": {
            "what": "weights of the rule reader: candidate features, words by entity type, threshold",
            "data": f"{len(pages)} written pages (train part); threshold by three folds over them",
            "command": "python -m training.calibrate_frames",
        },
        "threshold": weights.threshold,
        "pair": weights.pair,
        "types": weights.types,
        "alternatives": weights.alternatives,
    }
    path.write_text(json.dumps(data, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
