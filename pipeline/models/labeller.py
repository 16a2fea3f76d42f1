"""The labeller: what kind of text each part of a page is.

A small gradient-boosted model over the features of `pipeline.text.features`, trained on the written corpus
(`labeller/card.md` says how and how well). Its rows do not depend on which sources are labelled together.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import Features, PartTable, cues, features

if TYPE_CHECKING:
    from lightgbm import Booster

__all__ = ["Labels", "label_parts", "probabilities"]

_KEPT = len(KEPT_LABELS)
MODEL_REASON = "model:labeller"


@dataclass(frozen=True)
class Labels:
    """Label, probability of it, and reason of each part: the id of the rule behind it, or the model's."""

    label: list[str]
    score: list[float]
    reason: list[str]


@cache
def _booster() -> "Booster":
    from lightgbm import Booster

    packed = resources.files("pipeline.models").joinpath("labeller").joinpath("weights.txt.gz").read_bytes()
    return Booster(model_str=gzip.decompress(packed).decode("utf-8"))


def probabilities(rows: Features) -> npt.NDArray[np.float64]:
    """Probability of each label (columns in the order of `LABELS`) for each row."""
    if not len(rows.values):
        return np.zeros((0, len(LABELS)))
    return np.asarray(_booster().predict(rows.values, num_threads=1))


def label_parts(parts: PartTable, *, drop_threshold: float) -> Labels:
    """The labels of parts; dropped are those whose drop labels together reach `drop_threshold`."""
    rows = features(parts)
    chance = probabilities(rows)
    kept, dropped = chance[:, :_KEPT], chance[:, _KEPT:]
    drop = dropped.sum(1) >= drop_threshold
    best = np.where(drop, dropped.argmax(1) + _KEPT, kept.argmax(1)) if len(chance) else np.zeros(0, np.int64)
    label = [LABELS[i] for i in best]
    score = [round(float(p), 4) for p in chance[np.arange(len(best)), best]]
    return Labels(label, score, [_reason(name, fired) for name, fired in zip(label, rows.rules, strict=True)])


def _reason(label: str, fired: npt.NDArray[np.bool_]) -> str:
    """The first rule that fired and speaks for the label."""
    for i in np.flatnonzero(fired):
        if cues()[i].label == label:
            return f"rule:{cues()[i].id}"
    return MODEL_REASON
