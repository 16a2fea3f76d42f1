"""Cluster sets of shingles that are truly alike.

Pairs that share a bucket (a MinHash band, a passage) are only candidates: each is checked on the sets
themselves. Measured while the project was prepared: clusters chained from unchecked pairs are right in
1 of 100 cases.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import Deduplicate
from pipeline.text.sketch import Hashes, overlaps

__all__ = ["Clusters", "cluster"]

_AT_ONCE = 4096  # articles compared with one other at a time: bounds the memory, changes no row
# Counted first and joined second, lest a bucket of 100,000 be paired with itself before it is seen to be
# crowded: each article of a crowded one is compared with the first of them only.
_COUNT = (
    "CREATE TEMP TABLE sized AS SELECT hash, count(*) AS n, min(item) AS first FROM bucket GROUP BY hash HAVING n > 1"
)
_NARROW = "CREATE TEMP TABLE narrow AS SELECT hash, item FROM bucket JOIN sized USING (hash) WHERE n <= $most"
_PAIR = """
    SELECT DISTINCT one, other FROM (
        SELECT a.item AS one, b.item AS other FROM narrow a JOIN narrow b USING (hash) WHERE a.item < b.item
        UNION ALL
        SELECT first, item FROM bucket JOIN sized USING (hash) WHERE n > $most AND item > first
    ) ORDER BY one, other
"""

_Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Clusters:
    """For each set the place of its representative, and how alike the two are (itself and 1 without copies)."""

    representative: _Ints
    jaccard: _Floats
    containment: _Floats


def cluster(buckets: pa.Table, sets: Sequence[Hashes], config: Deduplicate) -> Clusters:
    """Clusters of `sets`, which stand in order of preference: the first of a cluster represents it.

    buckets: rows of `hash` (uint64) and `item` (int64, place in `sets`), distinct; only sets that share a
    hash are compared. Each set in `buckets` holds at least one shingle, sorted and distinct.

    Every member reaches `min_jaccard` or `min_containment` with its representative itself. The result
    depends on the order of `sets` alone, never on that of `buckets`.
    """
    places = np.arange(len(sets))
    clusters = Clusters(places, np.ones(len(sets)), np.ones(len(sets)))
    for members in _components(list(_edges(buckets, sets, config)), len(sets)):
        _settle(members, clusters, sets, config)
    return clusters


def _edges(buckets: pa.Table, sets: Sequence[Hashes], config: Deduplicate) -> Iterator[_Ints]:
    """Checked pairs of sets, as arrays of two columns."""
    for one, others in _candidates(buckets, config.max_bucket):
        _, _, alike = _compare(one, others, sets, config)
        yield np.column_stack([np.full(alike.sum(), one), others[alike]])


def _candidates(buckets: pa.Table, most: int) -> Iterator[tuple[int, _Ints]]:
    """Each set with those after it that share a bucket, in order; a few may come in several parts."""
    import duckdb

    with tempfile.TemporaryDirectory() as spill:
        offline = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        with contextlib.closing(duckdb.connect(config={"temp_directory": spill, **offline})) as connection:
            connection.register("bucket", buckets)
            connection.execute(_COUNT)
            connection.execute(_NARROW, {"most": most})
            for batch in connection.sql(_PAIR, params={"most": most}).to_arrow_reader():
                one, other = batch["one"].to_numpy(), batch["other"].to_numpy()
                cuts = np.flatnonzero(np.diff(one)) + 1
                yield from zip(one[[0, *cuts]].tolist(), np.split(other, cuts), strict=True)


def _compare(one: int, others: _Ints, sets: Sequence[Hashes], config: Deduplicate) -> tuple[_Floats, _Floats, _Flags]:
    """Jaccard and containment of a set with each of `others`, and whether that makes them copies."""
    parts = [others[i : i + _AT_ONCE] for i in range(0, len(others), _AT_ONCE)]
    shared = np.concatenate([overlaps(sets[one], [sets[i] for i in part.tolist()]) for part in parts])
    sizes = np.fromiter((len(sets[i]) for i in others.tolist()), np.int64, len(others))
    jaccard = shared / (sizes + len(sets[one]) - shared)
    containment = shared / np.minimum(sizes, len(sets[one]))
    return jaccard, containment, (jaccard >= config.min_jaccard) | (containment >= config.min_containment)


def _components(edges: Sequence[_Ints], size: int) -> list[_Ints]:
    """Connected components of two sets or more, the members of each in order."""
    import scipy.sparse.csgraph

    if not edges:
        return []
    pairs = np.concatenate(edges)
    graph = scipy.sparse.coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _settle(members: _Ints, clusters: Clusters, sets: Sequence[Hashes], config: Deduplicate) -> None:
    """Give the copies of the first member to it, then those of the first one left over, and so on."""
    while len(members) > 1:
        first, rest = int(members[0]), members[1:]
        jaccard, containment, alike = _compare(first, rest, sets, config)
        copies = rest[alike]
        clusters.representative[copies] = first
        clusters.jaccard[copies] = jaccard[alike]
        clusters.containment[copies] = containment[alike]
        members = rest[~alike]
