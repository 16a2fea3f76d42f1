"""Sparse 0/1 features by name, and fitted weights as small tables for a data file."""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import csr_matrix

MIN_WEIGHT = 0.03  # weights nearer to zero are left out of the file


def vectorise(rows: Sequence[Iterable[str]], min_count: int) -> tuple[list[str], csr_matrix]:
    """Feature names seen `min_count` times or more, sorted, and the rows as a sparse 0/1 matrix."""
    counts: dict[str, int] = {}
    for row in rows:
        for name in set(row):
            counts[name] = counts.get(name, 0) + 1
    names = sorted(name for name, n in counts.items() if n >= min_count)
    index = {name: i for i, name in enumerate(names)}
    indices: list[int] = []
    indptr = [0]
    for row in rows:
        indices += sorted({index[name] for name in row if name in index})
        indptr.append(len(indices))
    data = np.ones(len(indices), dtype=np.float32)
    return names, csr_matrix((data, indices, indptr), shape=(len(rows), len(names)))


def table(names: Sequence[str], weights: Iterable[float]) -> dict[str, float]:
    """Feature weights rounded for the file, those near zero left out."""
    return {n: round(float(w), 3) for n, w in zip(names, weights, strict=True) if abs(w) >= MIN_WEIGHT}
