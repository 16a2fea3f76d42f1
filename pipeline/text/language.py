"""The language of texts, by py3langid, many texts at a time.

py3langid counts features on a walk of an automaton, byte by byte in Python, which took a fifth of the time that
cleaning takes. Here all texts take each step together, and one product of matrices weighs what was counted. The tables,
and what is made of the weights, are py3langid's.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["UNDETERMINED", "codes", "languages"]

UNDETERMINED = "und"
"""Code of a language that cannot be told (ISO 639-2), as of a line of five words."""
# Probability below which it cannot: one-line English files scored .07 to .27 as Italian, Latin or Irish.
_SURE = 0.5

Ints = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
_FEW = 24  # texts; fewer are walked one after the other, for a step takes its time even with one text
_TOGETHER = 1024  # texts that are walked at once; bounds memory


def languages(texts: Sequence[str]) -> list[tuple[str, float]]:
    """ISO 639-1 code of each text, UNDETERMINED where none is likelier than not, and the probability of the likeliest,
    rounded to four digits.

    >>> [code for code, _ in languages(["Rest helps against back pain.", "Ruhe hilft gegen Schmerzen im Rücken."])]
    ['en', 'de']
    """
    identifier, known = _identifier()
    rows = sorted({identifier._encode(text) for text in texts}, key=lambda row: (-len(row), row))
    for begin in range(0, len(rows), _TOGETHER):
        known.update(_scores(identifier, rows[begin : begin + _TOGETHER]))
    found = [identifier.classify(text) for text in texts]
    known.clear()
    return [(str(language) if score >= _SURE else UNDETERMINED, round(float(score), 4)) for language, score in found]


def codes() -> frozenset[str]:
    """All that `languages` may call a text."""
    return frozenset({UNDETERMINED, *map(str, _identifier()[0].nb_classes)})


@cache
def _identifier() -> "tuple[LanguageIdentifier, dict[bytes, Scores]]":
    """The identifier, and the scores that it takes for texts (by their bytes) instead of walking over them."""
    from py3langid import langid

    known: dict[bytes, Scores] = {}

    class Identifier(langid.LanguageIdentifier):  # type: ignore[misc]
        """Takes what is known of a text."""

        def _raw_score(self, text: bytes) -> Any:
            return known[text].copy() if text in known else super()._raw_score(text)

    identifier = Identifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.nb_ptc = identifier.nb_ptc.astype(np.float32)  # as it is computed with; stored in half the digits
    return identifier, known


def _scores(identifier: "LanguageIdentifier", rows: Sequence[bytes]) -> dict[bytes, Scores]:
    """For each text, as the bytes that the identifier makes of it and longest first, what it scores before they are
    made probabilities; texts without a feature are left out."""
    from scipy.sparse import csr_matrix

    text, feature, times = _visits(rows) if len(rows) >= _FEW else _visits_of_few(identifier, rows)
    counts = csr_matrix((times, (text, feature)), (len(rows), len(identifier.nb_ptc)))
    some = np.flatnonzero(np.diff(counts.indptr)).tolist()
    scores = counts.log1p() @ identifier.nb_ptc + identifier.nb_pc
    return {rows[i]: scores[i] for i in some}


def _visits_of_few(identifier: "LanguageIdentifier", rows: Sequence[bytes]) -> tuple[Ints, Ints, Scores]:
    """Text, feature and how often it occurs there, as py3langid counts."""
    from py3langid.langid import visit_counts

    tables = identifier.tk_nextmove, identifier._rowbase, identifier.tk_output
    found = [(i, *item) for i, row in enumerate(rows) for item in (visit_counts(*tables, row) or {}).items()]
    text, feature, times = np.array(found, np.int64).reshape(-1, 3).T
    return text, feature, times.astype(np.float32)


def _visits(rows: Sequence[bytes]) -> tuple[Ints, Ints, Scores]:
    """The same, all texts at a time; a feature comes as often as it occurs."""
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
        data[step, count:] = 0
    found = features[data]
    at, text = np.nonzero(found >= 0)
    return text, found[at, text], np.ones(len(text), np.float32)


@cache
def _tables() -> tuple[Ints, Ints, Ints]:
    """Next state by place and byte, place of each state, feature of each state (-1 for none)."""
    identifier, _ = _identifier()
    places = np.asarray(identifier.tk_row, np.int64) << 8
    return np.asarray(identifier.tk_nextmove), places, np.asarray(identifier.tk_output, np.int64)
