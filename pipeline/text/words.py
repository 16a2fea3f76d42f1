"""How the words of a part relate to the words around it: repeats, overlap, shared topic."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Tokens", "tokens", "word_matrix"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@cache
def _function_words() -> frozenset[str]:
    """Most words of a sentence, few of a keyword list or a headline."""
    return frozenset(resources.files("pipeline.text").joinpath("function_words.txt").read_text("utf-8").split())


_MARK = "\x01"  # parts the texts where they are handled as one
_WINDOW = 8  # parts on each side that count as the same topic; TextTiling's blocks (Hearst 1997) are about as long


@dataclass(frozen=True)
class Tokens:
    """Lower-case runs of letters and digits.

    part, word: the part and the word id of each. vocabulary: the words by id. keys: each part's words, joined.
    """

    part: Ints
    word: Ints
    vocabulary: list[str]
    keys: list[bytes]


def tokens(texts: Sequence[str]) -> Tokens:
    """The words of some parts. Only ASCII letters are lowered and only ASCII marks part words: bytes are quick."""
    import pyarrow as pa

    raw = _MARK.join(texts).encode("utf-8", "surrogatepass").translate(_plain())
    rows = raw.split(_MARK.encode()) if texts else []
    if len(rows) != len(texts):
        return tokens([text.replace(_MARK, " ") for text in texts])
    words = [row.split() for row in rows]
    codes = pa.array([word for row in words for word in row], pa.binary()).dictionary_encode()
    part = np.repeat(np.arange(len(rows)), np.fromiter(map(len, words), np.int64, len(rows)))
    names = [word.decode("utf-8", "replace") for word in codes.dictionary.to_pylist()]
    return Tokens(part, np.asarray(codes.indices, np.int64), names, [b"".join(row) for row in words])


@cache
def _plain() -> bytes:
    """A byte table: ASCII capitals to small letters, other ASCII but letters, digits and U+0001 to blanks."""
    return bytes(c if c > 127 or c == 1 or chr(c).isalnum() else 32 for c in bytes(range(256)).lower())


def word_matrix(words: Tokens, source: Ints, cuts: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
    """Columns about words, one row per part; only parts of the same source are compared."""
    from scipy.sparse import csr_matrix

    n, part, word, vocabulary = len(source), words.part, words.word, words.vocabulary
    function = np.array([w in _function_words() for w in vocabulary], bool)
    total = np.maximum(np.bincount(part, minlength=n), 1)
    content = ~function[word] if len(word) else np.zeros(0, bool)
    cells = csr_matrix(
        (np.ones(content.sum(), np.float32), (part[content], word[content])), (n, max(len(vocabulary), 1))
    )
    cells.data[:] = 1
    own = np.maximum(np.asarray(cells.sum(1)).ravel(), 1)
    columns: dict[str, npt.NDArray[np.generic]] = {"function_words": np.bincount(part[~content], minlength=n) / total}
    for step in (-2, -1, 1, 2):
        shared = _shared(cells, _shift(cells, source, step))
        columns[f"shared{step:+d}"] = shared / own
        columns[f"covers{step:+d}"] = shared / np.maximum(_shifted(own, source, step), 1)
    after, before = _band(source, range(1, _WINDOW + 1)), _band(source, range(-_WINDOW, 0))
    below, above = after @ cells, before @ cells
    columns["in_below"] = np.asarray(cells.multiply(below > 0).sum(1)).ravel() / own
    columns["in_above"] = np.asarray(cells.multiply(above > 0).sum(1)).ravel() / own
    columns["topic_shift"] = _cosine(below, above)
    columns |= _repeats(words.keys, source, cuts)
    return np.column_stack([np.asarray(c, np.float32) for c in columns.values()]), tuple(columns)


def _band(source: Ints, steps: range) -> "csr_matrix":
    """The matrix that sums, for each part, the parts `steps` away in the same source."""
    from scipy.sparse import csr_matrix

    n = len(source)
    rows, columns = [], []
    for step in steps:
        row = np.arange(max(0, -step), min(n, n - step))
        same = source[row] == source[row + step] if len(row) else np.zeros(0, bool)
        rows.append(row[same])
        columns.append(row[same] + step)
    row, column = np.concatenate(rows), np.concatenate(columns)
    return csr_matrix((np.ones(len(row), np.float32), (row, column)), (n, n))


def _shift(cells: "csr_matrix", source: Ints, step: int) -> "csr_matrix":
    return _band(source, range(step, step + 1)) @ cells


def _shifted(values: npt.NDArray[np.float32], source: Ints, step: int) -> npt.NDArray[np.float32]:
    return np.asarray(_band(source, range(step, step + 1)) @ values)


def _shared(cells: "csr_matrix", others: "csr_matrix") -> npt.NDArray[np.float32]:
    return np.asarray(cells.multiply(others).sum(1)).ravel()


def _cosine(first: "csr_matrix", second: "csr_matrix") -> npt.NDArray[np.float32]:
    dot = np.asarray(first.multiply(second).sum(1)).ravel()
    norms = np.sqrt(
        np.asarray(first.multiply(first).sum(1)).ravel() * np.asarray(second.multiply(second).sum(1)).ravel()
    )
    return np.asarray(dot / np.maximum(norms, 1e-6))


def _repeats(keys: Sequence[bytes], source: Ints, cuts: Sequence[str]) -> dict[str, npt.NDArray[np.generic]]:
    """How often the same words stand in the source, before and in all; the same first words, of parts cut off."""
    places = list(zip(source.tolist(), keys, strict=True))
    heads = [(s, key[:12]) for s, key in places]
    count, head_count = Counter(places), Counter(head for head, cut in zip(heads, cuts, strict=True) if cut)
    seen: dict[tuple[int, bytes], int] = {}
    last: dict[tuple[int, bytes], int] = {}
    earlier, distance = np.zeros(len(places)), np.full(len(places), 99.0)
    for i, key in enumerate(places):
        if count[key] > 1:
            earlier[i] = seen.get(key, 0)
            seen[key] = int(earlier[i]) + 1
            distance[i] = i - last.get(key, i - 99)
            last[key] = i
    return {
        "same": np.array([min(count[key], 20) for key in places]),
        "same_before": np.minimum(earlier, 20),
        "same_distance": np.minimum(distance, 99),
        "same_head": np.array([min(head_count[head], 20) if cut else 0 for head, cut in zip(heads, cuts, strict=True)]),
    }
