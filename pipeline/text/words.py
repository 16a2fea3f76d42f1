"""How the words of a part relate to the words around it: repeats, overlap, shared topic."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["tokens", "word_matrix"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Function words: most words of a sentence, few of a keyword list or a headline.
_FUNCTION = frozenset(
    "a an and are as at be because been but by can could did do does for from had has have he her his how i if in into is "
    "it its many may more most must no not of on one or other our out she should so some such than that the their them then "
    "there these they this to too up very was we were what when which while who why will with without would you your".split()
)
_WINDOW = 8  # parts on each side that count as the same topic; TextTiling's blocks (Hearst 1997) are about as long


def tokens(texts: Sequence[str]) -> tuple[Ints, Ints, list[str]]:
    """(part of each token, id of each token, the words by id): lower-case runs of letters and digits."""
    table = {c: " " for c in range(128) if not chr(c).isalnum()}
    rows = "\n".join(text.lower().translate(table) for text in texts).split("\n") if texts else []
    vocabulary: dict[str, int] = {}
    ids: list[int] = []
    lengths = []
    for row in rows:
        words = row.split()
        lengths.append(len(words))
        ids += [vocabulary.setdefault(word, len(vocabulary)) for word in words]
    return np.repeat(np.arange(len(rows)), lengths), np.array(ids, np.int64), list(vocabulary)


def word_matrix(texts: Sequence[str], source: Ints) -> tuple[Floats, tuple[str, ...]]:
    """Columns about words, one row per part; only parts of the same source are compared."""
    from scipy.sparse import csr_matrix

    n = len(texts)
    part, word, vocabulary = tokens(texts)
    function = np.array([w in _FUNCTION for w in vocabulary], bool)
    total = np.maximum(np.bincount(part, minlength=n), 1)
    content = ~function[word] if len(word) else np.zeros(0, bool)
    cells = csr_matrix((np.ones(content.sum(), np.float32), (part[content], word[content])), (n, max(len(vocabulary), 1)))
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
    columns |= _repeats(texts, source)
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
    norms = np.sqrt(np.asarray(first.multiply(first).sum(1)).ravel() * np.asarray(second.multiply(second).sum(1)).ravel())
    return np.asarray(dot / np.maximum(norms, 1e-6))


def _repeats(texts: Sequence[str], source: Ints) -> dict[str, npt.NDArray[np.generic]]:
    """How often the same words, or the same first words, stand in the source, before and in all."""
    seen: dict[tuple[int, str], int] = {}
    last: dict[tuple[int, str], int] = {}
    whole, n = [], len(texts)
    earlier, distance = np.zeros(n), np.full(n, 99.0)
    for i, text in enumerate(texts):
        key = (int(source[i]), "".join(c for c in text.lower() if c.isalnum()) or text)
        whole.append(key)
        earlier[i] = seen.get(key, 0)
        seen[key] = int(earlier[i]) + 1
        if key in last:
            distance[i] = i - last[key]
        last[key] = i
    heads = [(key[0], key[1][:12]) for key in whole]
    count: dict[tuple[int, str], int] = {}
    for head in heads:
        count[head] = count.get(head, 0) + 1
    return {
        "same": np.minimum([seen[key] for key in whole], 20),
        "same_before": np.minimum(earlier, 20),
        "same_distance": np.minimum(distance, 99),
        "same_head": np.minimum([count[head] for head in heads], 20),
    }
