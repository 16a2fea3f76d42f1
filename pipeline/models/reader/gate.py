"""The gate before the second half of the reader: which pairs of spans are worth asking about.

The second half looks at the words around each pair, which costs much, and few pairs of likely arguments come near a
claim. The gate tells from what the first half knows of each span, and from where the two stand, whether a pair may: a
product of two projections of the spans, a weight for each way to stand, and how sure the spans are. It is fitted to the
second half's own answers (training/reader/gate.py), so it holds for the weights it was fitted with.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.models.onnx import open_model
from pipeline.models.reader.windows import KINDS, Window

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["STANDINGS", "Gate", "load_gate", "log_odds", "standing"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Pairs = tuple[Ints, Ints]  # indices of subjects and of objects among the spans
Spans = tuple[Ints, Ints, npt.NDArray[np.float64]]  # first word, last word, probability

_FOLDER = Path(__file__).parent
_APART = (3, 5, 7, 10, 15, 23, 41)  # words; bounds of the distances that are told apart in a line
_LINES, _SECTIONS = 3, 4  # lines and sections apart that are told apart
_SENTENCE, _LINE, _BODY = 0, len(_APART) + 1, 2 * (len(_APART) + 1)  # first number of each way to stand
_ELSEWHERE = _BODY + _LINES
_HEADING = _ELSEWHERE + 1
_TITLE = _HEADING + _SECTIONS
_WAYS = _TITLE + 1
STANDINGS = 2 * _WAYS


@dataclass(frozen=True)
class Gate:
    """The weights, as an ONNX model."""

    model: "InferenceSession"

    def odds(self, window: Window, spans: Spans, hidden: Floats, pairs: Pairs) -> Floats:
        """(pairs) log odds that the second half will find a claim. hidden: (spans, hidden) of the first half."""
        given = {"hidden": hidden, "sure": log_odds(spans[2]), "place": standing(window, spans, pairs)}
        odds: Floats = self.model.run(None, given | {"subject": pairs[0], "object": pairs[1]})[0]
        return odds


def log_odds(probability: npt.NDArray[np.float64]) -> Floats:
    """Log odds of probabilities, which may be 1."""
    odds: Floats = np.log(probability / (1 - probability + 1e-6)).astype(np.float32)
    return odds


def standing(window: Window, spans: Spans, pairs: Pairs) -> Ints:
    """(pairs) how the two stand, below STANDINGS: words apart in a sentence or in a line; lines apart in a section;
    in another section; under a heading, the nearest or a further one; under the title; and which of them is first.
    """
    begin, stop = spans[:2]
    forward = begin[pairs[0]] < begin[pairs[1]]
    earlier, later = np.where(forward, pairs[0], pairs[1]), np.where(forward, pairs[1], pairs[0])

    def apart(values: Ints) -> Ints:
        difference: Ints = values[begin[later]] - values[begin[earlier]]
        return difference

    lines, sections, kind = apart(window.line), apart(window.section), window.word_kind[begin[earlier]]
    words = np.digitize(begin[later] - stop[earlier], _APART) + np.where(apart(window.sentence) == 0, _SENTENCE, _LINE)
    far = np.where(sections == 0, _BODY + np.minimum(lines, _LINES) - 1, _ELSEWHERE)
    far = np.where(kind == KINDS["heading"], _HEADING + np.minimum(sections, _SECTIONS - 1), far)
    far = np.where(kind == KINDS["title"], _TITLE, far)
    way: Ints = np.where(lines == 0, words, far) + _WAYS * forward
    return way


@cache
def load_gate(folder: Path = _FOLDER) -> Gate | None:
    """The shipped gate, or that of another folder; None where there is none yet."""
    path = folder / "gate.onnx"
    return Gate(open_model(path)) if path.exists() else None
