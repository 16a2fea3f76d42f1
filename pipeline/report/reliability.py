"""How often a row that is "80 % sure" is right: what the calibrations behind the confidences were measured at."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from pipeline.report.rows import columns
from pipeline.report.words import percent

__all__ = ["Measured", "Point", "Sureness", "describe", "measured", "sureness"]

_BINS = 10
_ASKED = 0.8


@dataclass(frozen=True)
class Point:
    """Rows of like confidence on held-out pages: how many, their mean confidence, the share that was right."""

    n: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Measured:
    """One calibration: what it was fitted on (`n` readings of `data`), its mean error, on what that was measured.

    points: rows of like confidence there; none where the card does not tell.
    """

    id: str
    extractor: str
    data: str
    n: int
    error: float | None
    judged_on: str
    points: tuple[Point, ...]

    @property
    def sentence(self) -> str:
        """What became of the rows nearest to 80 % sure."""
        point = min(self.points, key=lambda p: (abs(p.predicted - _ASKED), -p.predicted))
        rows = "row" if point.n == 1 else "rows"
        return f"Of {point.n} {rows} given {percent(point.predicted)} on average, {percent(point.observed)} were right."


@dataclass(frozen=True)
class Sureness:
    """Rows of `claims` by confidence: counts in ten equal steps from 0 to 1, and rows that have none."""

    counts: tuple[int, ...]
    n_without: int


def measured(out: Path) -> tuple[Measured, ...]:
    """The calibrations that the claims in `out` were given their confidence by."""
    used = pc.unique(columns(out, "claims", "calibration_id").column("calibration_id")).to_pylist()
    return tuple(describe(card) for card in _cards() if card["id"] in used)


def describe(card: Mapping[str, Any]) -> Measured:
    """What a calibration's file (`evaluation.calibration.save` writes it) says of itself."""
    points = tuple(Point(point["n"], point["predicted"], point["observed"]) for point in card.get("reliability", ()))
    return Measured(
        id=card["id"],
        extractor=card["extractor"],
        data=card["data"],
        n=card["n"],
        error=card.get("ece"),
        judged_on=card.get("ece_data", "held-out pages"),
        points=points,
    )


def _cards() -> Sequence[Mapping[str, Any]]:
    folder = resources.files("pipeline.models").joinpath("calibration")
    if not folder.is_dir():
        return []
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def sureness(out: Path) -> Sureness:
    """How sure the claims in `out` are."""
    column = columns(out, "claims", "confidence").column("confidence")
    counts = [0] * _BINS
    for value in column.drop_null().to_pylist():
        counts[min(int(value * _BINS), _BINS - 1)] += 1
    return Sureness(tuple(counts), column.null_count)
