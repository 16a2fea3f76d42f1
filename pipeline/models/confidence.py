"""From a reader's raw score to a probability: calibration tables, one a reader, fitted on held-out pages.

A table is a JSON file in `calibration/` with its card: `id`, `extractor` (whose scores it fits), `kind`,
`points`, `n` (outcomes it was fitted on), `data` (which), `ece` (after, on pages held out again), `command`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

__all__ = ["Calibration", "calibration_for"]


@dataclass(frozen=True)
class Calibration:
    """A monotone map of scores to probabilities.

    kind `isotonic`: `points` are (score, probability) with both rising; between them it is linear.
    kind `platt`: one point (a, b); probability = 1 / (1 + exp(-(a * logit(score) + b))) (Platt, 1999, with the
    logit of the score in place of the margin).
    """

    id: str
    extractor: str
    kind: str
    points: tuple[tuple[float, float], ...]
    n: int
    data: str

    def apply(self, score: float) -> float:
        """The probability for a raw score between 0 and 1.

        >>> Calibration("x", "r", "isotonic", ((0.2, 0.1), (0.6, 0.5)), 10, "").apply(0.4)
        0.3
        """
        if self.kind == "platt":
            a, b = self.points[0]
            return 1.0 / (1.0 + math.exp(-(a * _logit(score) + b)))
        return _between(self.points, score)


def _logit(score: float) -> float:
    bounded = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _between(points: tuple[tuple[float, float], ...], score: float) -> float:
    if score <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if score <= x1:
            return round(y0 + (y1 - y0) * (score - x0) / (x1 - x0), 9)
    return points[-1][1]


def calibration_for(extractor: str) -> Calibration | None:
    """The table fitted to this reader's scores, None when there is none."""
    return _tables().get(extractor)


@cache
def _tables() -> Mapping[str, Calibration]:
    folder = resources.files("pipeline.models").joinpath("calibration")
    if not folder.is_dir():
        return {}
    rows = [json.loads(f.read_text(encoding="utf-8")) for f in folder.iterdir() if f.name.endswith(".json")]
    return {
        row["extractor"]: Calibration(
            row["id"], row["extractor"], row["kind"], tuple((x, y) for x, y in row["points"]), row["n"], row["data"]
        )
        for row in rows
    }
