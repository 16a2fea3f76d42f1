"""Find copies: articles that are equal or nearly so, and passages repeated across articles. Nothing is deleted.

Only kept segments are compared, so that the furniture of a site makes no two of its articles alike. Two
articles are copies when their words are equal, or when their true sets of word shingles reach
`min_jaccard` (the same text, edited) or `min_containment` (one is a part of the other). Candidates come
from shared MinHash bands and shared passages; every one is checked on the shingles before it counts. A
cluster is a connected set of checked pairs in which each member is also a copy of the representative
itself, so that a chain of small edits never joins unlike articles.

Which copy counts: the one with most kept characters, since who reads that one alone misses least; of
equally long ones the first by source_path, record and raw_start, an order that neither the run nor its
workers choose. (A date would serve better only if most pages told theirs.) Of a passage, the occurrence
in a representative article counts, among those the one in the first article by the same order.
"""

import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Deduplicate
from pipeline.schema import TABLES
from pipeline.stage import CorpusStage, Tables, conform, content_id, from_rows
from pipeline.text.near_duplicates import Clusters, cluster
from pipeline.text.sketch import MINHASH, Hashes, band_hashes, fingerprint, shingles, words

__all__ = ["DEDUPLICATE", "join", "mark", "sketch"]

_KEEPER_ORDER = [
    ("n_chars_kept", "descending"), ("source_path", "ascending"), ("record", "ascending"), ("raw_start", "ascending"),
]  # fmt: skip
_Ints = npt.NDArray[np.int64]
_Sameness = tuple[float, float, str]  # similarity, containment, method


@dataclass(frozen=True)
class _Passages:
    """Every passage of every article, articles in keeper order, passages in reading order."""

    segment_id: pa.Array
    hash: npt.NDArray[np.uint64]
    article: _Ints


def sketch(tables: Tables, config: Deduplicate) -> pa.Table:
    """One row of `sketches` per row of `documents`, made from its kept rows of `segments`."""
    documents, schema = tables["documents"], TABLES["sketches"].schema
    kept = _kept_words(tables["segments"])
    segments = [kept.get(document_id, []) for document_id in documents["document_id"].to_pylist()]
    tokens = [list(itertools.chain.from_iterable(t for _, t in article)) for article in segments]
    sets = [shingles(article, config.shingle_words) for article in tokens]
    columns = {
        "exact": [content_id(*article) if article else "" for article in tokens],
        "shingles": [np.unique((full >> np.uint64(32)).astype(np.uint32)) for full in sets],
        "bands": _bands(sets, config),
        "passages": [
            [{"segment_id": key, "hash": fingerprint(t)} for key, t in article if len(t) >= config.min_passage_words]
            for article in segments
        ],
    }
    table = documents.select([name for name in schema.names if name not in columns])
    for name, values in columns.items():
        table = table.append_column(schema.field(name), pa.array(values, schema.field(name).type))
    return conform("sketches", table)


def _kept_words(segments: pa.Table) -> dict[str, list[tuple[str, list[str]]]]:
    """document_id -> its kept segments in reading order, each as segment_id and words."""
    columns = ["document_id", "raw_start", "segment_id", "text"]
    rows = segments.filter(segments["kept"]).select(columns).sort_by([(name, "ascending") for name in columns[:2]])
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for document_id, _, segment_id, text in zip(*(rows[name].to_pylist() for name in columns), strict=True):
        found.setdefault(document_id, []).append((segment_id, words(text)))
    return found


def _bands(sets: Sequence[Hashes], config: Deduplicate) -> list[Hashes]:
    """Band hashes of each set; none for one too small to be compared by shingles."""
    large = [i for i, full in enumerate(sets) if len(full) >= config.min_shingles]
    bands: list[Hashes] = [np.empty(0, np.uint64)] * len(sets)
    hashes = band_hashes([sets[i] for i in large], bands=config.bands, rows=config.rows)
    for i, row in zip(large, hashes, strict=True):
        bands[i] = row
    return bands


def join(sketches: pa.Table, config: Deduplicate) -> dict[str, pa.Table]:
    """`duplicates`, sorted: every member of every cluster of two or more, its representative included.

    similarity and containment are those of the member with its representative. method: `exact` where
    their words are equal, `minhash` where only their shingles are alike, `passage` for passages; the
    representative has the method of its nearest copy.
    """
    order = pc.sort_indices(sketches, sort_keys=_KEEPER_ORDER)
    slim = sketches.drop_columns(["shingles"]).take(order)
    views = _views(sketches["shingles"])
    twin = _first_equal(slim["exact"].combine_chunks())
    passages = _passages(slim["passages"].combine_chunks())
    buckets = _buckets(slim["bands"].combine_chunks(), passages, twin)
    clusters = cluster(buckets, [views[i] for i in order.to_pylist()], config)
    rows = [
        *_document_rows(slim["document_id"].to_pylist(), clusters, twin),
        *_passage_rows(passages, clusters.representative[twin]),
    ]
    rows.sort(key=operator.itemgetter(*TABLES["duplicates"].sort))
    return {"duplicates": from_rows("duplicates", rows)}


def _views(column: pa.ChunkedArray) -> list[Hashes]:
    """The lists of a list column, each a view of the column's memory."""
    views: list[Hashes] = []
    for chunk in column.chunks:
        ends = np.cumsum(pc.list_value_length(chunk).to_numpy())
        views += np.split(chunk.flatten().to_numpy(), ends[:-1])[: len(chunk)]
    return views


def _first_equal(exact: pa.Array) -> _Ints:
    """For each article the first with the same words; one without words is equal to itself only."""
    codes = exact.dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    wordless = pc.equal(exact, "").to_numpy(zero_copy_only=False)
    return np.where(wordless, np.arange(len(codes)), first[codes] if len(codes) else codes)


def _passages(column: pa.Array) -> _Passages:
    articles = np.repeat(np.arange(len(column)), pc.list_value_length(column).to_numpy())
    flat = column.flatten()
    return _Passages(flat.field("segment_id"), flat.field("hash").to_numpy(), articles)


def _buckets(bands: pa.Array, passages: _Passages, twin: _Ints) -> pa.Table:
    """hash, item: the bands and passages of every article that is to be compared by shingles.

    Left out: an article equal to an earlier one (it goes where that one goes) and one without bands.
    """
    lengths = pc.list_value_length(bands).to_numpy()
    places = np.arange(len(twin))
    article = np.concatenate([np.repeat(places, lengths), passages.article])
    hashes = np.concatenate([bands.flatten().to_numpy(), passages.hash])
    compared = ((twin == places) & (lengths > 0))[article]
    return pa.table({"hash": hashes[compared], "item": article[compared]}).group_by(["hash", "item"]).aggregate([])


def _document_rows(ids: Sequence[str], clusters: Clusters, twin: _Ints) -> Iterator[dict[str, object]]:
    """Rows of the clusters of two articles or more. twin: the first article with the same words."""
    representative = clusters.representative[twin]
    order = np.argsort(representative, kind="stable")
    for members in _runs(order, representative):
        methods = ["exact" if twin[i] == members[0] else "minhash" for i in members]
        methods[0] = min(methods[1:])
        alike = [(float(clusters.jaccard[t]), float(clusters.containment[t])) for t in twin[members]]
        found = [(*both, method) for both, method in zip(alike, methods, strict=True)]
        yield from _cluster_rows("document", [ids[i] for i in members], found)


def _passage_rows(passages: _Passages, representative: _Ints) -> Iterator[dict[str, object]]:
    """Rows of the passages that occur twice or more."""
    in_copy = (representative != np.arange(len(representative)))[passages.article]
    order = np.lexsort((in_copy, passages.hash))  # stable: then by article and in reading order
    for members in _runs(order, passages.hash):
        ids = passages.segment_id.take(pa.array(members)).to_pylist()
        yield from _cluster_rows("passage", ids, [(1.0, 1.0, "passage")] * len(ids))


def _runs(order: _Ints, key: npt.NDArray[np.generic]) -> list[_Ints]:
    """`order` cut where `key` changes, runs of one left out."""
    ordered = key[order]
    return [run for run in np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1) if len(run) > 1]


def _cluster_rows(kind: str, ids: Sequence[str], found: Sequence[_Sameness]) -> Iterator[dict[str, object]]:
    """Rows of one cluster; its representative comes first."""
    cluster_id = content_id(*sorted(ids))
    for member_id, (similarity, containment, method) in zip(ids, found, strict=True):
        yield {
            "kind": kind,
            "member_id": member_id,
            "cluster_id": cluster_id,
            "representative_id": ids[0],
            "similarity": similarity,
            "containment": containment,
            "method": method,
        }


def mark(tables: Tables, config: Deduplicate) -> dict[str, pa.Table]:
    """`documents` and `segments` with the columns filled that say which copy counts.

    `tables` holds both and the rows of `duplicates` whose members are among them. An article without
    copies is a cluster of its own. A segment is a duplicate where its passage's representative is another.
    """
    found = tables["duplicates"]
    kind = found["kind"].cast(pa.string())
    documents, segments = tables["documents"], tables["segments"]
    cluster_id, representative = _looked_up(documents["document_id"], found.filter(pc.equal(kind, "document")))
    alone = pa.array([content_id(key) for key in documents["document_id"].to_pylist()], pa.string())
    duplicate_of = _if_other(representative, documents["document_id"])
    documents = _replace(documents, "cluster_id", pc.coalesce(cluster_id, alone))
    documents = _replace(documents, "duplicate_of", duplicate_of)
    documents = _replace(documents, "is_representative", pc.is_null(duplicate_of))
    _, representative = _looked_up(segments["segment_id"], found.filter(pc.equal(kind, "passage")))
    segments = _replace(segments, "duplicate_of", _if_other(representative, segments["segment_id"]))
    return {"documents": conform("documents", documents), "segments": conform("segments", segments)}


def _looked_up(ids: pa.ChunkedArray, duplicates: pa.Table) -> tuple[pa.Array, pa.Array]:
    """cluster_id and representative_id of each of `ids`, null where it has no copies."""
    places = pc.index_in(ids, value_set=duplicates["member_id"].combine_chunks())
    return duplicates["cluster_id"].take(places), duplicates["representative_id"].take(places)


def _if_other(representative: pa.ChunkedArray, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """The representative where it is another than the row itself, else null."""
    return pc.if_else(pc.not_equal(representative, ids), representative, pa.scalar(None, pa.string()))


def _replace(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)


DEDUPLICATE = CorpusStage(
    name="deduplicate",
    inputs=("documents", "segments"),
    sketch_table="sketches",
    outputs=("duplicates",),
    sketch=sketch,
    join=join,
    config="deduplicate",
    marks=("documents", "segments"),
    mark=mark,
    version=f"1-{MINHASH}",
)
