"""The second look at an article's claims: a model over the network's scores and what else is read around them.

The network scores each pair for itself. The judge knows that coordinated claims support one another, that of a chain
only the links are meant, that a sentence or heading holds a cue for the predicate, what the words around the arguments
say (`wording`), and how common a predicate is between arguments of two types. Its margin is the mean of a linear
model's and of boosted trees', which together do better than either; a claim's score is half that, half the network's
own. It is fitted on pages that the network was not trained on, so it is less sure of itself than the network;
`training/reader/judge.py` makes its weights.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.models.onnx import open_model
from pipeline.models.reader.decode import Found
from pipeline.models.reader.surroundings import Page, describe
from pipeline.models.reader.windows import Line
from pipeline.models.reader.wording import Pair, load_wording
from pipeline.schema import ENTITY_TYPES, PREDICATES

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["Judge", "facts_of", "load_judge"]

_FOLDER = Path(__file__).parent
_TYPE = {name: i for i, name in enumerate(ENTITY_TYPES)}
# Share of the network's own score: on the real folds .5 read .500, .3 and 0 .498 and .494, and was calibrated best.
_TRUST = 0.5
_FIRM = 6.0  # margins beyond are as good as this
_PREDICATE = {name: i for i, name in enumerate(PREDICATES)}
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judge:
    """weights: of the facts by name, with `bias` the linear half; trees: the other half, "rows" of facts to "score";
    prior: (predicates, types, types) log share of each predicate among claims between two types.
    """

    weights: dict[str, float]
    bias: float
    prior: Floats
    trees: "InferenceSession"

    def judge(self, lines: Sequence[Line], claims: Sequence[Found], min_score: float) -> list[Found]:
        """The claims of one article with the new probability as their score, those below `min_score` left out."""
        if not claims:
            return []
        names, rows = facts_of(lines, claims, self.prior)
        linear = rows @ np.array([self.weights[name] for name in names]) + self.bias
        trees = self.trees.run(None, {"rows": rows.astype(np.float32)})[0][:, 0]
        scores = 1 / (1 + np.exp(-(1 - _TRUST) * (linear + trees) / 2 - _TRUST * rows[:, names.index("score")]))
        return [replace(c, score=float(s)) for c, s in zip(claims, scores, strict=True) if s >= min_score]


def facts_of(lines: Sequence[Line], claims: Sequence[Found], prior: Floats) -> tuple[list[str], Floats]:
    """Names of the facts and a row of them for each claim (at least one) of an article."""
    page = Page(lines, claims)
    rows = [describe(page, claim) | {"prior": _prior(claim, prior)} | _wording(page, claim) for claim in claims]
    return list(rows[0]), np.array([list(row.values()) for row in rows])


def _wording(page: Page, claim: Found) -> dict[str, float]:
    """How far the words around the arguments speak for the predicate, for none, and for it before all others."""
    pair = Pair(claim.evidence, claim.subject, claim.object, claim.subject_type, claim.object_type)
    margins = load_wording().margins(page.lines, page.above[claim.evidence[0]], pair)
    own = 1 + _PREDICATE[claim.predicate]
    other = float(np.delete(margins[1:], own - 1).max())
    for_it = float(margins[own])
    values = np.clip([for_it, float(margins[0]), for_it - other, max(for_it, other)], -_FIRM, _FIRM)
    return dict(zip(("wording", "wording_none", "wording_lead", "wording_any"), values.tolist(), strict=True))


def _prior(claim: Found, prior: Floats) -> float:
    return float(prior[_PREDICATE[claim.predicate], _TYPE[claim.subject_type], _TYPE[claim.object_type]])


@cache
def load_judge(folder: Path = _FOLDER) -> Judge:
    """The shipped judge, or that of another folder."""
    row = json.loads((folder / "judge.json").read_text(encoding="utf-8"))
    return Judge(row["weights"], row["bias"], np.array(row["prior"]), open_model(folder / "judge.onnx"))
