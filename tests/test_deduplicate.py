"""Promises of deduplicate: only true copies are joined, one of each counts, however the sources came."""

import itertools
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Deduplicate
from pipeline.schema import TABLES
from pipeline.stage import Tables, content_id, empty, from_rows
from pipeline.stages.deduplicate import DEDUPLICATE, join, mark, sketch
from pipeline.text.sketch import MINHASH, band_hashes, shingles, words

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases" / "duplicates.jsonl").read_text().splitlines()]
VOCABULARY = [f"word{i}" for i in range(400)]
SMALL = Deduplicate(min_shingles=5, min_passage_words=4, max_bucket=3)


def tables(articles: list[list[str]], *, dropped: tuple[str, ...] = (), prefix: str = "page") -> dict[str, pa.Table]:
    """documents and segments of articles given as lists of kept paragraphs; article i is source i."""
    documents, segments = [], []
    for i, paragraphs in enumerate(articles):
        path = f"{prefix}{i:03}.txt"
        start = 0
        for position, text in enumerate([*paragraphs, *dropped]):
            kept = position < len(paragraphs)
            segments.append({
                "segment_id": f"{path}:{position}", "document_id": path, "source_id": path, "source_path": path,
                "record": 0, "position": position, "raw_start": start, "raw_end": start + len(text), "text": text,
                "alignment": None, "label": "body" if kept else "legal", "kept": kept, "reason": "test", "score": 1.0,
                "duplicate_of": None,
            })  # fmt: skip
            start += len(text) + 1
        documents.append({
            "document_id": path, "source_id": path, "source_path": path, "record": 0, "url": None, "site": None,
            "title": None, "language": "en", "language_score": 1.0, "raw_start": 0, "raw_end": start,
            "n_chars_kept": sum(len(p.replace(" ", "")) for p in paragraphs), "n_chars_dropped": 0, "repairs": [],
            "cluster_id": content_id(path), "duplicate_of": None, "is_representative": True,
        })  # fmt: skip
    return {"documents": from_rows("documents", documents), "segments": from_rows("segments", segments)}


def run(articles: Tables, config: Deduplicate = SMALL) -> dict[str, pa.Table]:
    joined = join(sketch(articles, config), config)
    return {**joined, **mark({**articles, **joined}, config)}


def rows(table: pa.Table, kind: str) -> list[dict[str, object]]:
    return [row for row in table.to_pylist() if row["kind"] == kind]


def shuffled(table: pa.Table, order: list[int]) -> pa.Table:
    places = sorted(range(len(table)), key=lambda i: (order[i % len(order)] * 7919 + i * 104729) % 10007)
    return table.take(pa.array(places, pa.int64()))


def jaccard(one: list[str], other: list[str]) -> tuple[float, float]:
    a, b = ({*itertools.pairwise(t)} for t in (words(" ".join(one)), words(" ".join(other))))
    return len(a & b) / len(a | b), len(a & b) / min(len(a), len(b))


paragraph = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=40).map(" ".join)


@st.composite
def corpora(draw: st.DrawFn) -> list[list[str]]:
    """Articles, some of them edited copies, parts or chains of one another."""
    made = draw(st.lists(st.lists(paragraph, max_size=4), min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 8))):
        source = [list(p.split()) for p in draw(st.sampled_from(made))]
        for text in source:
            for _ in range(draw(st.integers(0, 2))):
                text[draw(st.integers(0, len(text) - 1))] = draw(st.sampled_from(VOCABULARY))
        paragraphs = [" ".join(p) for p in source]
        extra = draw(st.lists(paragraph, max_size=2))
        made.append(draw(st.sampled_from([paragraphs, paragraphs + extra, paragraphs[1:], extra + paragraphs[::-1]])))
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case: dict) -> None:
    config = Deduplicate(**case["input"].get("config", {}))
    result = run(tables(case["input"]["articles"], dropped=tuple(case["input"].get("dropped", ()))), config)
    found = {
        "documents": [row["duplicate_of"] and int(row["duplicate_of"][4:7]) for row in result["documents"].to_pylist()],
        "passages": {
            row["segment_id"][4:7].lstrip("0").rjust(1, "0") + row["segment_id"][11:]:
            row["duplicate_of"][4:7].lstrip("0").rjust(1, "0") + row["duplicate_of"][11:]
            for row in result["segments"].to_pylist() if row["duplicate_of"]
        },
        "methods": sorted({row["method"] for row in rows(result["duplicates"], "document")}),
    }  # fmt: skip
    assert found == case["expected"], case["comment"]


@settings(deadline=None, max_examples=60)
@given(corpora(), st.data())
def test_sketch_and_mark_do_not_care_how_the_sources_were_split(articles: list[list[str]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(articles)))
    whole, first, second = tables(articles), tables(articles[:cut]), tables(articles[cut:], prefix="rest")
    both = {name: pa.concat_tables([first[name], second[name]]) for name in first}
    parts = [sketch(part, SMALL) for part in (first, second)]
    assert sketch(both, SMALL).to_pylist() == [row for part in parts for row in part.to_pylist()]
    joined = join(pa.concat_tables(parts), SMALL)
    marked = [mark({**part, **joined}, SMALL) for part in (first, second)]
    for name, table in mark({**both, **joined}, SMALL).items():
        assert table.to_pylist() == [row for part in marked for row in part[name].to_pylist()]
    assert len(sketch(whole, SMALL)) == len(articles)


@settings(deadline=None, max_examples=60)
@given(corpora(), st.lists(st.integers(0, 1000), min_size=1))
def test_rows_do_not_depend_on_the_order_of_the_input(articles: list[list[str]], order: list[int]) -> None:
    given_tables = tables(articles)
    plain = sketch(given_tables, SMALL)
    mixed = {**given_tables, "segments": shuffled(given_tables["segments"], order)}
    assert sketch(mixed, SMALL).to_pylist() == plain.to_pylist()
    assert join(shuffled(plain, order), SMALL)["duplicates"].equals(join(plain, SMALL)["duplicates"])


@settings(deadline=None, max_examples=100)
@given(corpora())
def test_each_member_is_truly_alike_its_representative_or_a_part_of_it(articles: list[list[str]]) -> None:
    found = rows(run(tables(articles))["duplicates"], "document")
    for row in found:
        member, representative = (articles[int(str(row[key])[4:7])] for key in ("member_id", "representative_id"))
        if row["method"] == "exact" and row["member_id"] != row["representative_id"]:
            assert words(" ".join(member)) == words(" ".join(representative))
        elif row["member_id"] != row["representative_id"]:
            similarity, containment = jaccard(member, representative)
            assert (row["similarity"], row["containment"]) == (pytest.approx(similarity), pytest.approx(containment))
            parts = [articles[int(str(r["member_id"])[4:7])] for r in found if r["cluster_id"] == row["cluster_id"]]
            assert (
                similarity >= SMALL.min_jaccard
                or containment >= SMALL.min_containment
                or any(
                    jaccard(part, representative)[1] >= SMALL.min_containment
                    and jaccard(part, member)[0] >= SMALL.min_jaccard
                    for part in parts
                    if part not in (member, representative) and len(words(" ".join(part))) > 1
                )
            )


@settings(deadline=None, max_examples=100)
@given(corpora())
def test_one_article_of_each_cluster_counts(articles: list[list[str]]) -> None:
    result = run(tables(articles))
    documents = result["documents"].to_pylist()
    counting: dict[str, list[str]] = {}
    for row in documents:
        assert row["is_representative"] == (row["duplicate_of"] is None)
        counting.setdefault(row["cluster_id"], [])
        if row["is_representative"]:
            counting[row["cluster_id"]].append(row["document_id"])
    assert all(len(representatives) == 1 for representatives in counting.values())
    for row in documents:
        assert (row["duplicate_of"] or row["document_id"]) == counting[row["cluster_id"]][0]
    for kind in ("document", "passage"):
        clusters: dict[object, list[object]] = {}
        for row in rows(result["duplicates"], kind):
            clusters.setdefault(row["cluster_id"], []).append(row["member_id"])
            assert row["cluster_id"] != row["member_id"]
        for cluster_id, members in clusters.items():
            assert len(members) > 1
            assert cluster_id == content_id(*sorted(map(str, members)))


@settings(deadline=None, max_examples=60)
@given(corpora())
def test_equal_articles_are_always_found(articles: list[list[str]]) -> None:
    documents = run(tables(articles))["documents"].to_pylist()
    clusters: dict[tuple[str, ...], set[str]] = {}
    for row, paragraphs in zip(documents, articles, strict=True):
        if tokens := tuple(words(" ".join(paragraphs))):
            clusters.setdefault(tokens, set()).add(row["cluster_id"])
    assert all(len(ids) == 1 for ids in clusters.values())


def test_a_chain_of_small_edits_does_not_join_unlike_articles() -> None:
    articles = [[" ".join(VOCABULARY[i : i + 100])] for i in range(0, 200, 20)]
    result = run(tables(articles))
    documents = result["documents"].to_pylist()
    counting = [articles[i] for i, row in enumerate(documents) if row["is_representative"]]
    assert 1 < len(counting) < len(articles)
    assert all(jaccard(one, other)[0] < SMALL.min_jaccard for one, other in itertools.combinations(counting, 2))
    assert all(row["similarity"] >= SMALL.min_jaccard - 1e-6 for row in rows(result["duplicates"], "document"))


def test_a_crowded_passage_still_finds_the_copies_of_its_first_article() -> None:
    phrase = " ".join(VOCABULARY[:30])
    articles = [[phrase, " ".join(VOCABULARY[40 * i : 40 * i + 5])] for i in range(10)]
    result = run(tables(articles), Deduplicate(min_shingles=5, max_bucket=2, min_passage_words=4))
    assert sum(row["is_representative"] for row in result["documents"].to_pylist()) == 1


def test_no_articles_no_rows() -> None:
    result = run({"documents": empty("documents"), "segments": empty("segments")})
    assert {name: len(table) for name, table in result.items()} == {"duplicates": 0, "documents": 0, "segments": 0}
    assert result["duplicates"].schema == TABLES["duplicates"].schema


def test_sketches_carry_the_signature_version_that_is_installed() -> None:
    import rensa

    assert f"rminhash-{rensa.RMinHash.ALGORITHM_VERSION}" == MINHASH
    assert MINHASH in DEDUPLICATE.version
    # A change of any hash would make sketches of different days incomparable: it needs a new version.
    full = shingles(words("Ginger tea may relieve the nausea."), 2)
    assert full.tolist() == GINGER_SHINGLES
    assert band_hashes([full], bands=2, rows=4).tolist() == GINGER_BANDS


GINGER_SHINGLES = [
    2358851510809014844, 2988310962741796955, 3179440211567142133, 7023145833295206081, 8632536432110601146,
]  # fmt: skip
GINGER_BANDS = [[7343960554194142171, 7270773221458970108]]
