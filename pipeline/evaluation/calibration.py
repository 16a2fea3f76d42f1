"""Fit and judge calibrations: from (score, right or not) on held-out pages to a probability.

`fit_isotonic` and `fit_platt` return a `Calibration`; `ece`, `brier` and `reliability` say how far its
probabilities can be believed; `save` writes it with its card.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from pipeline.models.confidence import Calibration
from pipeline.stage import content_id

__all__ = ["Bin", "Outcome", "brier", "ece", "fit_isotonic", "fit_platt", "precision_at", "reliability", "save"]

Outcome = tuple[float, bool]
"""A score or probability between 0 and 1, and whether the row was right."""


@dataclass(frozen=True)
class Bin:
    """Rows of like probability: how many, their mean probability, the share that was right."""

    n: int
    predicted: float
    observed: float


def fit_isotonic(outcomes: Sequence[Outcome], *, extractor: str, data: str) -> Calibration:
    """The best rising step function (least squares), joined by lines between the middles of its steps.

    Rows of one score count as one, by their number and the share that was right. `data` says which pages the outcomes
    come from. Needs at least one outcome.

    >>> fit_isotonic([(0.5, True), (0.5, False)], extractor="x", data="two rows").points
    ((0.5, 0.5),)
    """
    from scipy.optimize import isotonic_regression

    scores, right = _arrays(outcomes)
    _, row, n = np.unique(scores, return_inverse=True, return_counts=True)
    fitted = isotonic_regression(np.bincount(row, right) / n, weights=n).x
    points: list[tuple[float, float]] = []
    for value in np.unique(fitted):
        at = scores[fitted[row] == value]
        points.append((round(float(at.mean()), 4), round(float(value), 4)))
    return _calibration("isotonic", _rising(points), len(scores), extractor, data)


def _rising(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    kept: list[tuple[float, float]] = []
    for point in sorted(points):
        if not kept or point[0] > kept[-1][0]:
            kept.append(point)
    return tuple(kept)


def fit_platt(outcomes: Sequence[Outcome], *, extractor: str, data: str) -> Calibration:
    """A logistic curve over the score's logit, fitted by likelihood with Platt's smoothed targets."""
    from scipy.optimize import minimize

    scores, right = _arrays(outcomes)
    bounded = np.clip(scores, 1e-6, 1 - 1e-6)
    logit = np.log(bounded / (1 - bounded))
    positive = right.sum()
    target = np.where(right > 0, (positive + 1) / (positive + 2), 1 / (len(right) - positive + 2))

    def loss(parameters: np.ndarray) -> float:
        margin = parameters[0] * logit + parameters[1]
        return float(np.sum(np.logaddexp(0.0, margin) - target * margin))

    a, b = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    return _calibration("platt", ((round(float(a), 6), round(float(b), 6)),), len(scores), extractor, data)


def _calibration(kind: str, points: tuple[tuple[float, float], ...], n: int, extractor: str, data: str) -> Calibration:
    return Calibration(f"{extractor}-{content_id(kind, points, n)[:8]}", extractor, kind, points, n, data)


def _arrays(outcomes: Sequence[Outcome]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.array(sorted(outcomes), dtype=np.float64)
    return rows[:, 0], rows[:, 1]


def reliability(outcomes: Sequence[Outcome], n_bins: int = 10) -> list[Bin]:
    """Bins of equal mass, by rising probability; fewer where there are fewer rows. Rows of one probability are never
    parted, for which of them came first would say nothing: a cut among them lies before the first."""
    rows = sorted(outcomes)
    cuts = [bisect_left(rows, (rows[i * len(rows) // n_bins][0],)) for i in range(n_bins)] if rows else []
    parts = [rows[begin:end] for begin, end in pairwise([*cuts, len(rows)])]
    return [Bin(len(p), sum(c for c, _ in p) / len(p), sum(r for _, r in p) / len(p)) for p in parts if p]


def ece(outcomes: Sequence[Outcome], n_bins: int = 10) -> float:
    """Expected calibration error: mean distance of predicted from observed over the bins of `reliability`, by rows.

    >>> ece([(0.5, True), (0.5, False)], n_bins=1)
    0.0
    """
    return sum(b.n * abs(b.predicted - b.observed) for b in reliability(outcomes, n_bins)) / max(len(outcomes), 1)


def brier(outcomes: Sequence[Outcome]) -> float:
    """Mean squared distance of probability from outcome; 0.0 without rows."""
    return sum((c - r) ** 2 for c, r in outcomes) / max(len(outcomes), 1)


def precision_at(outcomes: Sequence[Outcome], threshold: float) -> tuple[int, float | None]:
    """How many rows have at least this probability, and the share of them that is right (None without rows)."""
    kept = [right for c, right in outcomes if c >= threshold]
    return len(kept), sum(kept) / len(kept) if kept else None


def save(calibration: Calibration, path: Path, *, outcomes: Sequence[Outcome] = (), **card: str | float) -> None:
    """Write a calibration as JSON; `card` adds what a reader must know: `command`, `ece`, ...

    outcomes: (probability, right) of rows on pages held out from the fit as well; their bins are stored as
    `reliability`, which the report draws.
    """
    bins = [
        {"n": b.n, "predicted": round(b.predicted, 4), "observed": round(b.observed, 4)} for b in reliability(outcomes)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**asdict(calibration), **card, "reliability": bins}, indent=1) + "\n", encoding="utf-8")
