"""Find copies: articles that are equal or nearly so, and passages repeated across articles. Nothing is deleted.

Only kept segments are compared, so that the furniture of a site makes no two of its articles alike. Two
articles are copies when their words are equal, or when their true sets of word shingles reach
`min_jaccard` (the same text, edited) or `min_containment` (one is a part of the other). Candidates come
from shared MinHash bands and shared passages; every one is checked on the shingles before it counts. A
cluster is a connected set of checked pairs in which each member is also a copy of the representative
itself, or an edited copy of a part of it, so that a chain of small edits never joins unlike articles.

Which copy counts: the one with most kept characters, since who reads that one alone misses least; of
equally long ones the first by source_path, record and raw_start, an order that neither the run nor its
workers choose. (A date would serve better only if most pages told theirs.) Of a passage, the occurrence
in a representative article counts, among those the one in the first article by the same order. Passages of
a copy that stand nowhere else are no repeats: a page built on the same template, or a leaflet with one `not`
more, says in them what its representative does not (`pipeline.text.repeated_passages`).

Lines that a site puts on many of its pages (`pipeline.text.site_lines`) are not counted once but dropped: they
become `repeat`, wherever the labeller had kept them with some doubt. Where others keep the same words, one of those
counts.
"""

import itertools
import operator
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Deduplicate
from pipeline.schema import TABLES
from pipeline.stage import CorpusStage, Tables, conform, content_id, from_rows
from pipeline.text.near_duplicates import Clusters, cluster
from pipeline.text.repeated_passages import Passages, passage_hashes, repeated, runs
from pipeline.text.site_lines import lines_of, repeated_lines, site_keys
from pipeline.text.sketch import MINHASH, Hashes, band_hashes, shingles

__all__ = ["DEDUPLICATE", "SITE_REASON", "join", "mark", "sketch"]

_KEEPER_ORDER = [
    ("n_chars_kept", "descending"), ("source_path", "ascending"), ("record", "ascending"), ("raw_start", "ascending"),
]  # fmt: skip
SITE_REASON = "site:repeated-line"
# Chance that a line so dropped is none of the article's: between what joined written pages give whose headings differ
# (70 of 70) and what they give where all share foreign ones (69 of 108); `python -m benchmarks.site_lines`.
_SITE_SCORE = 0.9
_Ints = npt.NDArray[np.int64]
_Sameness = tuple[float, float, str]  # similarity, containment, method


def sketch(tables: Tables, config: Deduplicate) -> pa.Table:
    """One row of `sketches` per row of `documents`, made from its rows of `segments`."""
    documents, schema = tables["documents"], TABLES["sketches"].schema
    lines = lines_of(tables["segments"])
    articles = [lines.get(document_id, []) for document_id in documents["document_id"].to_pylist()]
    segments = [[(line.segment_id, line.words) for line in article if line.kept] for article in articles]
    labels = dict(zip(*(tables["segments"][name].to_pylist() for name in ("segment_id", "label")), strict=True))
    tokens = [list(itertools.chain.from_iterable(t for _, t in article)) for article in segments]
    sets = [shingles(article, config.shingle_words) for article in tokens]
    columns = {
        "exact": [content_id(*article) if article else "" for article in tokens],
        "shingles": [np.unique((full >> np.uint64(32)).astype(np.uint32)) for full in sets],
        "bands": _bands(sets, config),
        "passages": [_passages(article, labels, config) for article in segments],
        "lines": [
            [{"hash": line.hash, "chance": line.chance} for line in article if line.words] for article in articles
        ],
        "doubted": [
            [{"segment_id": line.segment_id, "hash": line.hash} for line in article if line.doubted]
            for article in articles
        ],
    }
    table = documents.select([name for name in schema.names if name not in columns])
    for name, values in columns.items():
        table = table.append_column(schema.field(name), pa.array(values, schema.field(name).type))
    return conform("sketches", table)


def _passages(
    article: Sequence[tuple[str, list[str]]], labels: Mapping[str, str], config: Deduplicate
) -> list[dict[str, object]]:
    """The kept segments of an article that have words; labels: of all segments."""
    worded = [(key, tokens) for key, tokens in article if tokens]
    hashes = passage_hashes([(labels[key], tokens) for key, tokens in worded], config.min_passage_words)
    return [
        {"segment_id": key, "hash": value, "n_words": len(tokens)}
        for (key, tokens), value in zip(worded, hashes, strict=True)
    ]


def _bands(sets: Sequence[Hashes], config: Deduplicate) -> list[Hashes]:
    """Band hashes of each set; none for one too small to be compared by shingles."""
    large = [i for i, full in enumerate(sets) if len(full) >= config.min_shingles]
    bands: list[Hashes] = [np.empty(0, np.uint64)] * len(sets)
    hashes = band_hashes([sets[i] for i in large], bands=config.bands, rows=config.rows)
    for i, row in zip(large, hashes, strict=True):
        bands[i] = row
    return bands


def join(sketches: pa.Table, config: Deduplicate) -> dict[str, pa.Table]:
    """`duplicates`, sorted: every member of every cluster of copies, and the doubted lines that are their site's.

    similarity and containment are those of the member with its representative. method: `exact` where
    their words are equal, `minhash` where only their shingles are alike, `passage` for passages, `site` for
    lines; the representative has the method of its nearest copy.
    """
    order = pc.sort_indices(sketches, sort_keys=_KEEPER_ORDER)
    slim = sketches.drop_columns(["shingles"]).take(order)
    views = _views(sketches["shingles"])
    twin = _first_equal(slim["exact"].combine_chunks())
    passages = Passages.of(slim["passages"].combine_chunks())
    buckets = _buckets(slim["bands"].combine_chunks(), passages, twin, config.min_passage_words)
    clusters = cluster(buckets, [views[i] for i in order.to_pylist()], config)
    representative = clusters.representative[twin]
    lines = [*_line_rows(slim, representative, config)]
    # What is dropped as its site's can count for no copy: the same words of another page are read there.
    theirs = pa.array([row["member_id"] for row in lines], pa.string())
    dropped = pc.is_in(passages.segment_id, value_set=theirs).to_numpy(zero_copy_only=False)
    rows = [
        *_document_rows(slim["document_id"].to_pylist(), clusters, twin),
        *_passage_rows(passages, repeated(passages, representative, twin, config.min_passage_words, dropped)),
        *lines,
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


def _buckets(bands: pa.Array, passages: Passages, twin: _Ints, min_words: int) -> pa.Table:
    """hash, item: the bands and long passages of every article that is to be compared by shingles.

    Left out: an article equal to an earlier one (it goes where that one goes) and one without bands.
    """
    lengths = pc.list_value_length(bands).to_numpy()
    places = np.arange(len(twin))
    long = passages.n_words >= min_words
    article = np.concatenate([np.repeat(places, lengths), passages.article[long]])
    hashes = np.concatenate([bands.flatten().to_numpy(), passages.hash[long]])
    compared = ((twin == places) & (lengths > 0))[article]
    return pa.table({"hash": hashes[compared], "item": article[compared]}).group_by(["hash", "item"]).aggregate([])


def _document_rows(ids: Sequence[str], clusters: Clusters, twin: _Ints) -> Iterator[dict[str, object]]:
    """Rows of the clusters of two articles or more. twin: the first article with the same words."""
    representative = clusters.representative[twin]
    order = np.argsort(representative, kind="stable")
    for members in runs(order, representative):
        methods = ["exact" if twin[i] == members[0] else "minhash" for i in members]
        methods[0] = min(methods[1:])
        alike = [(float(clusters.jaccard[t]), float(clusters.containment[t])) for t in twin[members]]
        found = [(*both, method) for both, method in zip(alike, methods, strict=True)]
        yield from _cluster_rows("document", [ids[i] for i in members], found)


def _passage_rows(passages: Passages, repeats: _Ints) -> Iterator[dict[str, object]]:
    """Rows of the passages that occur twice or more. repeats: for each passage the one that counts."""
    order = np.lexsort((repeats != np.arange(len(repeats)), repeats))
    for members in runs(order, repeats):
        ids = passages.segment_id.take(pa.array(members)).to_pylist()
        yield from _cluster_rows("passage", ids, [(1.0, 1.0, "passage")] * len(ids))


def _line_rows(articles: pa.Table, representative: _Ints, config: Deduplicate) -> Iterator[dict[str, object]]:
    """Rows of the doubted lines that are their site's; of each line one cluster."""
    site = site_keys(articles["site"], articles["source_path"]).combine_chunks()

    def flat(name: str) -> pa.Table:
        column = articles[name].combine_chunks()
        article = np.repeat(np.arange(len(column)), pc.list_value_length(column).to_numpy())
        cells = column.flatten()
        fields = {field.name: cells.field(field.name) for field in cells.type}
        return pa.table({"site": site.take(pa.array(article)), "article": representative[article], **fields})

    members: dict[tuple[str, int], list[str]] = {}
    for row in flat("doubted").to_pylist():
        members.setdefault((row["site"], row["hash"]), []).append(row["segment_id"])
    for row in repeated_lines(flat("lines"), config).to_pylist():
        ids = members.get((row["site"], row["hash"]), [])
        yield from _cluster_rows("line", ids, [(1.0, 1.0, "site")] * len(ids))


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
    theirs = pc.is_in(segments["segment_id"], found.filter(pc.equal(kind, "line"))["member_id"].combine_chunks())
    if pc.any(theirs).as_py():
        documents = _without(documents, segments.filter(theirs))
        segments = _dropped(segments, theirs)
    return {"documents": conform("documents", documents), "segments": conform("segments", segments)}


def _dropped(segments: pa.Table, which: pa.ChunkedArray) -> pa.Table:
    """`segments`, those in `which` as lines of their site."""
    for name, value in (("label", "repeat"), ("kept", False), ("reason", SITE_REASON), ("score", _SITE_SCORE)):
        kind = segments[name].type
        plain = segments[name].cast(kind.value_type) if pa.types.is_dictionary(kind) else segments[name]
        segments = _replace(segments, name, pc.if_else(which, pa.scalar(value, plain.type), plain).cast(kind))
    return segments


def _without(documents: pa.Table, dropped: pa.Table) -> pa.Table:
    """`documents`, counts and title without the segments `dropped`, which were kept."""
    sizes: dict[str, int] = {}
    titles: dict[str, list[tuple[int, int]]] = {}
    columns = ("document_id", "text", "raw_start", "raw_end")
    for document_id, text, start, end in zip(*(dropped[name].to_pylist() for name in columns), strict=True):
        sizes[document_id] = sizes.get(document_id, 0) + sum(map(len, text.split()))
        titles.setdefault(document_id, []).append((start, end))
    gone = pa.array([sizes.get(key, 0) for key in documents["document_id"].to_pylist()], pa.int64())
    documents = _replace(documents, "n_chars_kept", pc.subtract(documents["n_chars_kept"], gone))
    documents = _replace(documents, "n_chars_dropped", pc.add(documents["n_chars_dropped"], gone))
    begins = zip(documents["document_id"].to_pylist(), documents["title_start"].to_pylist(), strict=True)
    headless = [
        begin is not None and any(start <= begin < end for start, end in titles.get(key, ())) for key, begin in begins
    ]
    for name in ("title", "title_start", "title_end"):
        empty = pa.scalar(None, documents[name].type)
        documents = _replace(documents, name, pc.if_else(pa.array(headless, pa.bool_()), empty, documents[name]))
    return documents


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
    version=f"3-{MINHASH}",
)
