"""Cluster sets of shingles that are truly alike.

Pairs that share a bucket (a MinHash band, a passage) are only candidates: each is checked on the sets
themselves. Measured while the project was prepared: clusters chained from unchecked pairs are right in
1 of 100 cases.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import Deduplicate
from pipeline.text.sketch import Hashes, overlaps

if TYPE_CHECKING:
    import scipy.sparse

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

    Every member reaches `min_jaccard` or `min_containment` with its representative itself, or `min_jaccard` with a
    member that is a part of the representative: an edited copy of an article goes where the article goes, also
    where that is a dump. The result depends on the order of `sets` alone, never on that of `buckets`.
    """
    places = np.arange(len(sets))
    clusters = Clusters(places, np.ones(len(sets)), np.ones(len(sets)))
    edges = [np.empty((0, 3), np.int64), *_edges(buckets, sets, config)]
    pairs = np.concatenate(edges)
    edited = _graph(pairs[pairs[:, 2] == 1], len(sets))
    for members in _components(_graph(pairs, len(sets))):
        _settle(members, clusters, edited, sets, config)
    return clusters


def _edges(buckets: pa.Table, sets: Sequence[Hashes], config: Deduplicate) -> Iterator[_Ints]:
    """Checked pairs of sets, as arrays of three columns, the last 1 where they reach `min_jaccard`."""
    for one, others in _candidates(buckets, config.max_bucket):
        jaccard, _, alike = _compare(one, others, sets, config)
        yield np.column_stack([np.full(alike.sum(), one), others[alike], jaccard[alike] >= config.min_jaccard])


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


def _graph(pairs: _Ints, size: int) -> "scipy.sparse.csr_array":
    """The pairs, both ways."""
    import scipy.sparse

    one, other = np.concatenate([pairs[:, :2], pairs[:, 1::-1]]).T
    return scipy.sparse.csr_array((np.ones(len(one), np.int8), (one, other)), shape=(size, size))


def _components(graph: "scipy.sparse.csr_array") -> list[_Ints]:
    """Connected components of two sets or more, the members of each in order."""
    import scipy.sparse.csgraph

    if not graph.nnz:
        return []
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return [part for part in parts if len(part) > 1]


def _settle(
    members: _Ints, clusters: Clusters, edited: "scipy.sparse.csr_array", sets: Sequence[Hashes], config: Deduplicate
) -> None:
    """Give the copies of the first member to it, then those of the first one left over, and so on.

    edited: the pairs that reach `min_jaccard`. What is so paired with a part of the first member goes to it too.
    """
    while len(members) > 1:
        first, rest = int(members[0]), members[1:]
        jaccard, containment, alike = _compare(first, rest, sets, config)
        inside = rest[containment >= config.min_containment].tolist()
        parts = [i for i in inside if len(sets[i]) <= len(sets[first])]
        theirs = alike | np.isin(rest, edited[parts].indices)
        copies = rest[theirs]
        clusters.representative[copies] = first
        clusters.jaccard[copies] = jaccard[theirs]
        clusters.containment[copies] = containment[theirs]
        members = rest[~theirs]
