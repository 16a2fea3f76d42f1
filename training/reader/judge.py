"""Fit the judge that looks at the network's claims again, and its calibration.

    python -m training.reader.judge --extra FOLDER [--out FOLDER]

It learns from claims that the network read on pages it was not trained on: the pages of `unseen_pages`, read
with the shipped weights, and the pages of --extra as `folds.jsonl` holds them, read by networks trained without the
fold (`python -m training.reader --cross-validate` writes it). Prints the figures of the folds, each judged by one
fitted without it, and of the written test pages, which neither network nor judge has learned from, by raw score and
as the extract stage would write them; writes judge.json, judge.onnx, the shares of types and the calibration. Takes
seven minutes.
"""

import argparse
import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from pipeline.config import Extract
from pipeline.evaluation.calibration import Outcome, ece, fit_platt, precision_at, save
from pipeline.evaluation.gold import load_pages
from pipeline.models import reader
from pipeline.models.confidence import Calibration
from pipeline.models.onnx import open_model
from pipeline.models.reader.decode import Decoding, Found
from pipeline.models.reader.judge import Floats, Judge, facts_of
from pipeline.models.reader.network import TYPES, load
from pipeline.schema import ENTITY_TYPES, PREDICATES
from training.reader.corpus import CORPUS, extra_pages, network_pages, unseen_pages
from training.reader.crossval import Judged, folds, right, scores
from training.reader.data import Article, articles_of
from training.trees import mean, to_onnx

__all__ = ["FOLDS", "read_folds", "write_folds"]

FOLDS = Path(__file__).with_name("folds.jsonl")
_REGISTERS = CORPUS.with_name("corpus_registers.csv")
_FOLDER = Path(reader.__file__).parent
_CALIBRATION = _FOLDER.parent / "calibration" / "reader.json"
_STRENGTH = 0.03  # C of scikit-learn; .003 does as well on the folds and on w106 to w117 left out, within chance
_TREES: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.04, "num_leaves": 31, "min_data_in_leaf": 80, "bagging_fraction": 0.8,
    "bagging_freq": 1, "feature_fraction": 0.4, "lambda_l2": 10, "deterministic": True, "num_threads": 1,
    "verbose": -1,
}  # fmt: skip
# On w106 to w117 left out .003 better than 150 trees of 15 leaves; 600 trees, or 63 leaves, are no better. The mean
# over seeds is less a matter of luck.
_ROUNDS, _FORESTS = 300, 3
_EXTRA_WEIGHT = 8  # a real page counts eight times; four and sixteen times do as well within chance
_SMOOTH = 0.3  # claims added to each predicate between two types
_THRESHOLDS = (0.14, 0.16, 0.18, 0.2, 0.22, 0.24)


def main() -> None:
    """Read the options, fit, report and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", type=Path, required=True, help="folder of the labelled pages that folds.jsonl is of")
    parser.add_argument("--out", type=Path, default=_FOLDER)
    args = parser.parse_args()
    shares = Shares.of(article for page in network_pages() for article in articles_of(page))
    prior, types = shares.predicates(), shares.types()
    np.save(args.out / TYPES, types)
    extra = [article for page in extra_pages(args.extra) for article in articles_of(page)]
    real = read_folds(FOLDS, extra)
    written = _read((article for page in unseen_pages() for article in articles_of(page)), types)
    test = _read((article for page in load_pages(CORPUS, "test") for article in articles_of(page)), types)
    parts = [
        _again(fit([*written, *_without(real, part) * _EXTRA_WEIGHT], prior), [real[i] for i in part])
        for part in folds(extra)
    ]
    fitted = fit([*written, *real * _EXTRA_WEIGHT], prior)
    _report("folds", [row for part in parts for row in part])
    _report("the same folds before", real)
    _report("written pages alone, read on the folds", _again(fit(written, prior), real))
    _report("test", _again(fitted, test))
    _report("test before", test)
    _save(fitted, args.out)
    curve = _calibrate(parts)
    _report("folds as shipped", [row for part in parts for row in _confident(part, curve)], thresholds=(0.0,))
    shipped = _confident(_again(fitted, test), curve)
    _report("test as shipped", shipped, thresholds=(0.0,))
    _detail("folds", [row for part in parts for row in _confident(part, curve)])
    _detail("test", shipped)
    sure = [(curve.apply(score), ok) for score, ok in _outcomes(shipped)]
    print(f"test: ECE {ece(sure):.3f}, precision at .8: {precision_at(sure, 0.8)}")
    registers = dict(csv.reader(_REGISTERS.open(encoding="utf-8")))
    for register in ("garbled", "fluent"):
        _report(f"of these {register}", [r for r in shipped if registers.get(r[0].page) == register], thresholds=(0.0,))


@dataclass(frozen=True)
class Shares:
    """How many labelled claims each predicate has between two types: (predicates, types, types)."""

    counts: Floats

    @classmethod
    def of(cls, articles: Iterable[Article]) -> "Shares":
        """Counted over the labelled claims of the articles."""
        counts = np.full((len(PREDICATES), len(ENTITY_TYPES), len(ENTITY_TYPES)), _SMOOTH)
        for article in articles:
            for r in article.relations:
                counts[r.predicate - 1, r.subject_type, r.object_type] += 1
        return cls(counts)

    def predicates(self) -> Floats:
        """Log share of each predicate among the claims between two types."""
        share: Floats = np.log(self.counts / self.counts.sum(0)).round(2)
        return share

    def types(self) -> npt.NDArray[np.float32]:
        """Log share of two types among the claims with a predicate."""
        share = np.log(self.counts / self.counts.sum((1, 2), keepdims=True)).round(2)
        return share.astype(np.float32)


@dataclass(frozen=True)
class Fitted:
    """A judge and its trees as ONNX, as they are written."""

    judge: Judge
    trees: bytes


def fit(judged: Judged, prior: Floats) -> Fitted:
    """Logistic regression over the facts, each scaled to unit spread, which the weights then take in; and trees."""
    rows, truth = [], []
    names: list[str] = []
    for article, found in judged:
        if found:
            names, facts = facts_of(article.lines, found, prior)
            rows.append(facts)
            truth += right(article, found)
    table = np.vstack(rows)
    scaler = StandardScaler().fit(table)
    model = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(scaler.transform(table), truth)
    weights = model.coef_[0] / scaler.scale_
    bias = round(float(model.intercept_[0] - weights @ scaler.mean_), 5)
    boosters = [
        lightgbm.train(_TREES | {"seed": seed}, lightgbm.Dataset(table.astype(np.float32), truth), _ROUNDS)
        for seed in range(_FORESTS)
    ]
    trees = to_onnx(mean(boosters))
    named = {n: round(float(w), 5) for n, w in zip(names, weights, strict=True)}
    return Fitted(Judge(named, bias, prior, open_model(trees)), trees)


def _read(articles: Iterable[Article], types: npt.NDArray[np.float32]) -> list[tuple[Article, list[Found]]]:
    network = replace(load(), types=types)
    return [(article, network.read(article.lines)[0]) for article in articles]


def _again(fitted: Fitted, judged: Judged) -> Judged:
    judge = fitted.judge.judge
    return [(article, judge(article.lines, found, Decoding.min_score)) for article, found in judged]


def _without(judged: Judged, part: Sequence[int]) -> list[tuple[Article, Sequence[Found]]]:
    return [row for i, row in enumerate(judged) if i not in part]


def _calibrate(parts: Sequence[Judged]) -> Calibration:
    """Fit the curve on all folds and save it; its error is of curves fitted without the fold they are measured on."""
    rows = [_outcomes(part) for part in parts]
    data = "extra pages, folds of articles, network and judge fitted without the fold"
    held_out: list[Outcome] = []
    for i, part in enumerate(rows):
        rest = [row for j, other in enumerate(rows) if j != i for row in other]
        curve = fit_platt(rest, extractor=reader.EXTRACTOR, data=data)
        held_out += [(curve.apply(score), ok) for score, ok in part]
    everything = [row for part in rows for row in part]
    error = ece(held_out)
    print(f"calibration: ECE {error:.3f}, precision at .8: {precision_at(held_out, 0.8)}")
    fitted = fit_platt(everything, extractor=reader.EXTRACTOR, data=data)
    save(
        fitted,
        _CALIBRATION,
        outcomes=held_out,
        ece=round(error, 4),
        ece_data="the same folds, the curve fitted without the fold",
        command="python -m training.reader.judge --extra FOLDER",
    )
    return fitted


def _confident(judged: Judged, curve: Calibration) -> list[tuple[Article, list[Found]]]:
    """The claims that the extract stage would write."""
    least = Extract.min_confidence
    return [(article, [f for f in found if curve.apply(f.score) >= least]) for article, found in judged]


def _outcomes(judged: Judged) -> list[Outcome]:
    return [(claim.score, ok) for a, found in judged for claim, ok in zip(found, right(a, found), strict=True)]


def _report(name: str, judged: Judged, thresholds: Sequence[float] = _THRESHOLDS) -> None:
    for threshold in thresholds:
        result = scores(judged, threshold)
        print(
            f"{name}{f' at {threshold}' if threshold else ''}:"
            f" strict {result.strict.f1:.3f} (precision {result.strict.precision:.3f}),"
            f" pair {result.pair.f1:.3f}, evidence {result.evidence.f1:.3f}"
        )


def _detail(name: str, judged: Judged) -> None:
    result = scores(judged, 0.0)
    types = ", ".join(f"{what} {result.on_matches[what]:.3f}" for what in ("subject_type", "object_type"))
    print(f"{name}: recall {result.strict.recall:.3f}; right on matches: {types}")
    print(*(f"  {p} {rate.f1:.2f} ({rate.labelled})" for p, rate in result.predicates.items()), sep="\n")


def _save(fitted: Fitted, folder: Path) -> None:
    judge = fitted.judge
    row = {"weights": judge.weights, "bias": judge.bias, "prior": judge.prior.tolist()}
    (folder / "judge.json").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (folder / "judge.onnx").write_bytes(fitted.trees)


def write_folds(judged: Judged, path: Path = FOLDS) -> None:
    """One line a claim: page and number of the article, places, types, predicate, scores."""
    rows = [
        [
            a.page, a.index, f.subject, f.object, f.evidence, f.subject_type, f.object_type, f.predicate,
            *(round(x, 4) for x in (f.negated, f.hedged, f.score)), [round(x, 5) for x in f.parts],
        ]
        for a, found in judged
        for f in found
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def read_folds(path: Path, articles: Sequence[Article]) -> list[tuple[Article, list[Found]]]:
    """The claims of `write_folds` by article, those that the network would return. They hold no words: the labelled
    pages must be at hand."""
    found: dict[tuple[str, int], list[Found]] = {(a.page, a.index): [] for a in articles}
    for line in path.read_text(encoding="utf-8").splitlines():
        page, index, subject, object_, evidence, subject_type, object_type, predicate, neg, hedge, score, parts = (
            json.loads(line)
        )
        places = tuple(subject), tuple(object_), tuple(evidence)
        claim = Found(*places, subject_type, object_type, predicate, neg, hedge, score, tuple(parts))
        if score >= Decoding.min_score:
            found[page, index].append(claim)
    return [(a, found[a.page, a.index]) for a in articles]


if __name__ == "__main__":
    main()
