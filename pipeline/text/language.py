"""The language of texts, by py3langid, many texts at a time.

py3langid counts features on a walk of an automaton, byte by byte in Python, which took a fifth of the time that
cleaning takes. Here all texts take each step together. The tables, and what is made of the counts, are py3langid's.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["languages"]

Ints = npt.NDArray[np.int64]
_FEW = 24  # texts; fewer are walked one after the other, for a step takes its time even with one text


def languages(texts: Sequence[str]) -> list[tuple[str, float]]:
    """ISO 639-1 code of each text and its probability, rounded to four digits.

    >>> [code for code, _ in languages(["Rest helps against back pain.", "Ruhe hilft gegen Schmerzen im Rücken."])]
    ['en', 'de']
    """
    identifier, visits = _identifier()
    if len(texts) >= _FEW:
        visits.update(_counted(identifier, texts))
    found = [identifier.classify(text) for text in texts]
    visits.clear()
    return [(str(language), round(float(score), 4)) for language, score in found]


@cache
def _identifier() -> "tuple[LanguageIdentifier, dict[bytes, Counter[int]]]":
    """The identifier, and the counts that it takes for texts (by their bytes) instead of walking over them."""
    from py3langid import langid

    known: dict[bytes, Counter[int]] = {}

    class Identifier(langid.LanguageIdentifier):  # type: ignore[misc]
        """Takes what is known of a text."""

        def _raw_score(self, text: bytes) -> Any:
            visits = known.get(text)
            return self._sparse_score(visits, self.nb_ptc) if visits else super()._raw_score(text)

    identifier = Identifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.nb_ptc = identifier.nb_ptc.astype(np.float32)  # as it is computed with; stored in half the digits
    return identifier, known


def _counted(identifier: "LanguageIdentifier", texts: Sequence[str]) -> dict[bytes, "Counter[int]"]:
    """For each text, as the bytes that the identifier makes of it, how often each feature occurs, in their order."""
    rows = sorted({identifier._encode(text) for text in texts}, key=lambda row: (-len(row), row))
    sizes = np.array([len(row) for row in rows])
    steps = int(sizes[0])
    data = np.zeros((len(rows), steps), np.int64)
    data[np.arange(steps) < sizes[:, None]] = np.frombuffer(b"".join(rows), np.uint8)
    data = np.ascontiguousarray(data.T)
    moves, places, features = _tables()
    going = len(rows) - np.searchsorted(sizes[::-1], np.arange(steps), side="right")  # texts that are longer
    state = np.zeros(len(rows), np.int64)
    for step, count in enumerate(going.tolist()):
        state[:count] = moves[places[state[:count]] + data[step, :count]]
        data[step] = state
    seen = np.ascontiguousarray(features[data].T)
    found = (row[:size] for row, size in zip(seen, sizes.tolist(), strict=True))
    return {row: Counter(features[features >= 0].tolist()) for row, features in zip(rows, found, strict=True)}


@cache
def _tables() -> tuple[Ints, Ints, Ints]:
    """Next state by place and byte, place of each state, feature of each state (-1 for none)."""
    identifier, _ = _identifier()
    places = np.asarray(identifier.tk_row, np.int64) << 8
    return np.asarray(identifier.tk_nextmove), places, np.asarray(identifier.tk_output, np.int64)
