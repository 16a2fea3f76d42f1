"""Group equal claims over all pages, count who says so independently, and find what contradicts it.

Copies count once: rows of one group and polarity are one wording when they stand in copies of one article
(the same cluster, and so also in one article) or when their evidence has the same words, and so on through
chains of the two. A wording has the confidence of its best row and counts for the site of that row, so a
later copy on another site adds nothing. Then, with `site_error` the chance that a whole site is wrong:

    wrong   = product over sites of (site_error + product over the site's wordings of (1 - confidence))
    support = 1 - min(1, wrong) over the affirmed rows; refute likewise over the negated ones

What is said with a "may" supports like what is said outright: `n_asserted` tells how many wordings affirm it
outright in one of their rows. A row without confidence is counted in the numbers of rows, articles, sites and
wordings, but not in support. A site is the article's site, or its file where it has none, by its name without
the suffix: a page that was saved twice, as HTML and as text, is no second voice. All of it says what the corpus
asserts, nothing of what is true.
"""

import functools
import importlib.resources
import itertools
import json
import math
import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Consolidate
from pipeline.knowledge.tokens import key_of
from pipeline.schema import TABLES
from pipeline.stage import CorpusStage, Tables, conform, content_id, from_rows
from pipeline.text.sketch import words

__all__ = ["CONSOLIDATE", "join", "opposites", "sketch", "support"]

# Best row of a group first, one without confidence last; the rest makes the order total.
_BEST_FIRST = [
    ("group_id", "ascending", "at_end"), ("confidence", "descending", "at_end"), ("source_path", "ascending", "at_end"),
    ("record", "ascending", "at_end"), ("claim_id", "ascending", "at_end"),
]  # fmt: skip
_AT_ONCE = 1 << 14  # rows turned into Python objects at a time: bounds the memory, changes no row


class _Claim(TypedDict):
    """What is used of a row of `claim_sketches`, and the number of the wording it belongs to."""

    claim_id: str
    group_id: str
    document_id: str
    site: str
    subject_id: str | None
    subject_name: str
    subject_type: str
    predicate: str
    object_id: str | None
    object_name: str
    object_type: str
    negated: bool
    certainty: str
    confidence: float | None
    terminology: str
    wording: int


@dataclass(frozen=True)
class _Group:
    """The rows of one group, summed up."""

    best: _Claim
    n_claims: int
    n_documents: int
    n_sites: int
    n_independent: int
    n_asserted: int
    example: _Claim
    support: float
    refute: float
    affirmed: bool


def sketch(tables: Tables, config: Consolidate) -> pa.Table:
    """One row of `claim_sketches` per row of `claims`, with site and cluster from its row of `documents`."""
    claims, documents, schema = tables["claims"], tables["documents"], TABLES["claim_sketches"].schema
    places = pc.index_in(claims["document_id"], value_set=documents["document_id"].combine_chunks())
    sites = documents["site"].take(places).to_pylist()
    paths = claims["source_path"].to_pylist()
    columns = {
        "site": pa.array([site or _stem(path) for site, path in zip(sites, paths, strict=True)], pa.string()),
        "wording": pa.array(
            [content_id(*words(text) or [text]) for text in claims["evidence_text"].to_pylist()], pa.string()
        ),
        "cluster_id": documents["cluster_id"].take(places),
    }
    for role in ("subject", "object"):
        spoken = pa.array([" ".join(words(text) or [text]) for text in claims[f"{role}_text"].to_pylist()], pa.string())
        columns[f"{role}_name"] = pc.coalesce(claims[f"{role}_name"], spoken)
    return conform("claim_sketches", pa.table({n: columns[n] if n in columns else claims[n] for n in schema.names}))


def _stem(path: str) -> str:
    """The source_path without its last suffix: a folder keeps files of one name apart.

    >>> _stem("crawl/page.txt")
    'crawl/page'
    """
    return str(PurePosixPath(path).with_suffix(""))


def join(sketches: pa.Table, config: Consolidate) -> dict[str, pa.Table]:
    """`claim_groups`, sorted by group_id.

    A group is named as its most confident row names it, of equally confident ones the first by
    source_path, record and claim_id; its example is the first of them that says what the group says: affirms it,
    or denies it where refute is higher. It contradicts the groups that say the opposite (`opposites`) of the
    same subject and object; groups with negated rows alone say nothing that could be opposed.
    """
    rows = itertools.groupby(_ordered(sketches), key=operator.itemgetter("group_id"))
    groups = [_sum_up(list(claims), config) for _, claims in rows]
    stated = _stated(groups)
    return {"claim_groups": from_rows("claim_groups", (_row(group, _opposed(group, stated)) for group in groups))}


def _ordered(sketches: pa.Table) -> Iterator[_Claim]:
    """The rows in the order of `_BEST_FIRST`."""
    columns = [name for name in _Claim.__annotations__ if name != "wording"]
    table = sketches.select(columns).append_column("wording", pa.array(_wordings(sketches)))
    order = pc.sort_indices(sketches, sort_keys=_BEST_FIRST)
    for begin in range(0, len(order), _AT_ONCE):
        yield from table.take(order[begin : begin + _AT_ONCE]).to_pylist()


def _wordings(sketches: pa.Table) -> npt.NDArray[np.int32]:
    """For each row the number of its independent wording; the numbers mean nothing else.

    Rows of one group and polarity belong together when they share the cluster or the evidence's words:
    the connected components of the graph from clusters to words, one edge a row.
    """
    import scipy.sparse.csgraph

    clusters, texts = _codes(sketches, "cluster_id"), _codes(sketches, "wording")
    n = len(clusters)
    graph = scipy.sparse.coo_array((np.ones(n, np.int8), (clusters, n + texts)), shape=(2 * n, 2 * n))
    _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return np.asarray(labels[clusters], np.int32)


def _codes(sketches: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """A number for each distinct value of group, polarity and the column `name`."""
    polarity = sketches["negated"].cast(pa.string())
    key = pc.binary_join_element_wise(sketches["group_id"], polarity, sketches[name], "\x1f")
    return np.asarray(key.combine_chunks().dictionary_encode().indices.to_numpy(), np.int64)


def _sum_up(claims: Sequence[_Claim], config: Consolidate) -> _Group:
    """The rows of one group, best first, as a group."""
    best_of: dict[tuple[bool, int], _Claim] = {}
    for claim in claims:
        best_of.setdefault((claim["negated"], claim["wording"]), claim)
    strength = {
        negated: support(
            [
                (c["site"], c["confidence"])
                for (n, _), c in best_of.items()
                if n is negated and c["confidence"] is not None
            ],
            site_error=config.site_error,
        )
        for negated in (False, True)
    }
    denied = np.float32(strength[True]) > np.float32(strength[False])  # as written
    return _Group(
        best=claims[0],
        n_claims=len(claims),
        n_documents=len({claim["document_id"] for claim in claims}),
        n_sites=len({claim["site"] for claim in claims}),
        n_independent=len(best_of),
        n_asserted=len({c["wording"] for c in claims if c["certainty"] == "asserted" and not c["negated"]}),
        example=next((c for c in claims if c["negated"] == denied), claims[0]),
        support=strength[False],
        refute=strength[True],
        affirmed=any(not claim["negated"] for claim in claims),
    )


def support(wordings: Iterable[tuple[str, float]], *, site_error: float) -> float:
    """Probability that at least one of independent wordings is read right, and its site not wrong as a whole.

    wordings: site and confidence of each. The order does not matter, to the last bit: products are taken
    in sorted order. With another wording the result never falls, as long as its confidence is at least
    `site_error`; below that a new site brings more doubt than it says.

    >>> round(support([("a", 0.8), ("b", 0.5)], site_error=0.05), 4)
    0.8625
    >>> support([], site_error=0.05)
    0.0
    """
    doubts: defaultdict[str, list[float]] = defaultdict(list)
    for site, confidence in wordings:
        doubts[site].append(1 - confidence)
    wrong = math.prod(sorted(site_error + math.prod(sorted(doubt)) for doubt in doubts.values()))
    return 1 - min(1.0, wrong)


@functools.cache
def opposites() -> Mapping[str, frozenset[str]]:
    """Predicate -> the predicates that say the opposite, both ways; from knowledge/rules/opposites.json."""
    file = importlib.resources.files("pipeline") / "knowledge" / "rules" / "opposites.json"
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one, others in json.loads(file.read_text(encoding="utf-8"))["opposites"].items():
        for other in others:
            found[one].add(other)
            found[other].add(one)
    return {predicate: frozenset(others) for predicate, others in found.items()}


def _arguments(group: _Group) -> tuple[str, str]:
    """What makes two groups speak of the same: concepts, else folded words."""
    best = group.best
    return best["subject_id"] or key_of(best["subject_name"]), best["object_id"] or key_of(best["object_name"])


def _stated(groups: Iterable[_Group]) -> Mapping[tuple[str, str], list[_Group]]:
    """Subject and object -> the groups that affirm something of them."""
    stated: defaultdict[tuple[str, str], list[_Group]] = defaultdict(list)
    for group in groups:
        if group.affirmed:
            stated[_arguments(group)].append(group)
    return stated


def _opposed(group: _Group, stated: Mapping[tuple[str, str], list[_Group]]) -> list[_Group]:
    """The groups that say the opposite of `group`."""
    opposite = opposites().get(group.best["predicate"], frozenset())
    if not (group.affirmed and opposite):
        return []
    return [other for other in stated[_arguments(group)] if other.best["predicate"] in opposite]


def _row(group: _Group, opposed: Sequence[_Group]) -> dict[str, object]:
    """The row of `claim_groups`. Flags follow the written, rounded numbers, so that a row agrees with itself."""
    against = max([group.refute, *(other.support for other in opposed)])
    names = (
        "group_id",
        "subject_id",
        "subject_name",
        "subject_type",
        "predicate",
        "object_id",
        "object_name",
        "object_type",
        "terminology",
    )
    return {name: value for name, value in group.best.items() if name in names} | {
        "n_claims": group.n_claims,
        "n_documents": group.n_documents,
        "n_sites": group.n_sites,
        "n_independent": group.n_independent,
        "n_asserted": group.n_asserted,
        "support": group.support,
        "refute": group.refute,
        "belief": group.support * (1 - group.refute),
        "disputed": bool(min(np.float32(group.support), np.float32(against)) > 0.5),
        "contradicts": sorted(other.best["group_id"] for other in opposed),
        "max_confidence": group.best["confidence"],
        "example_claim_id": group.example["claim_id"],
    }


CONSOLIDATE = CorpusStage(
    name="consolidate",
    inputs=("claims", "documents"),
    sketch_table="claim_sketches",
    outputs=("claim_groups",),
    sketch=sketch,
    join=join,
    config="consolidate",
)
