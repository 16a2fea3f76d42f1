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

__all__ = ["Measured", "Point", "Sureness", "cards", "measured", "sureness"]

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
    """One calibration: what it was fitted on, its error, the points of its reliability (none where not stored)."""

    id: str
    extractor: str
    data: str
    n: int
    error: float | None
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
    return tuple(_measured(card) for card in cards() if card["id"] in used)


def cards() -> Sequence[Mapping[str, Any]]:
    """The calibration files that come with the package, in order of their names."""
    folder = resources.files("pipeline.models").joinpath("calibration")
    if not folder.is_dir():
        return []
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def _measured(card: Mapping[str, Any]) -> Measured:
    points = [Point(point["n"], point["predicted"], point["observed"]) for point in card.get("reliability", ())]
    return Measured(card["id"], card["extractor"], card["data"], card["n"], card.get("ece"), tuple(points))


def sureness(out: Path) -> Sureness:
    """How sure the claims in `out` are."""
    column = columns(out, "claims", "confidence").column("confidence")
    counts = [0] * _BINS
    for value in column.drop_null().to_pylist():
        counts[min(int(value * _BINS), _BINS - 1)] += 1
    return Sureness(tuple(counts), column.null_count)
