"""Promises of the lines of a site: dropped where several of its pages doubt them, and nowhere else."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_deduplicate import SMALL, corpora, shuffled, tables

from pipeline.config import Deduplicate
from pipeline.engines.corpus import rows_by_unit
from pipeline.stage import Tables, from_rows
from pipeline.stages.deduplicate import SITE_REASON, join, mark, sketch
from pipeline.text.sketch import words

LINE = "Clip this and read it at supper 1"


def corpus(scores: list[float], *, label: str = "body", line: str = LINE, folders: int = 1) -> dict[str, pa.Table]:
    """One article per score, in turns over some folders: `line`, kept with this score, between two lines of its own."""
    articles = [
        [f"first{i} of its kind", line.replace("1", str(i)), f"last{i} of its kind"] for i in range(len(scores))
    ]
    found = tables(articles)
    segments = found["segments"].to_pylist()
    for i, score in enumerate(scores):
        segments[3 * i + 1] |= {"score": score, "label": label}
    documents = found["documents"].to_pylist()
    for row in (*segments, *documents):
        row["source_path"] = f"folder{int(row['document_id'][4:7]) % folders}/{row['source_path']}"
    return {
        "documents": pa.Table.from_pylist(documents, found["documents"].schema),
        "segments": pa.Table.from_pylist(segments, found["segments"].schema),
    }


def compared(found: Tables, config: Deduplicate = SMALL) -> dict[str, pa.Table]:
    return mark({**found, **join(sketch(found, config), config)}, config)


def dropped(found: Tables) -> list[str]:
    return [row["segment_id"] for row in found["segments"].to_pylist() if row["reason"] == SITE_REASON]


def test_a_doubted_line_on_three_pages_is_the_site_s() -> None:
    result = compared(corpus([0.7, 0.6, 0.75]))
    rows = [row for row in result["segments"].to_pylist() if row["reason"] == SITE_REASON]
    assert len(rows) == 3
    assert {(row["label"], row["kept"], row["text"][:4]) for row in rows} == {("repeat", False, "Clip")}
    before = corpus([0.7, 0.6, 0.75])["documents"].to_pylist()
    for old, new in zip(before, result["documents"].to_pylist(), strict=True):
        size = len("".join(LINE.split()))
        assert old["n_chars_kept"] - new["n_chars_kept"] == new["n_chars_dropped"] - old["n_chars_dropped"] == size


@pytest.mark.parametrize(
    ("scores", "label", "folders"),
    [
        ([0.7, 0.6], "body", 1),
        ([0.98, 0.99, 0.97, 0.98], "heading", 1),
        ([0.7, 0.6, 0.7], "heading", 1),  # sure text stands below it
        ([0.7, 0.6, 0.7, 0.7], "body", 2),
    ],
    ids=["two pages", "a shared heading nobody doubts", "a doubted heading over sure text", "two pages in each folder"],
)
def test_other_lines_stay(scores: list[float], label: str, folders: int) -> None:
    found = corpus(scores, label=label, folders=folders)
    assert dropped(compared(found)) == []


def test_a_line_that_is_sure_on_one_page_stays_there() -> None:
    found = corpus([0.5, 0.5, 0.5, 0.99])
    assert dropped(compared(found)) == [f"page{i:03}.txt:1" for i in range(3)]


def test_copies_of_one_article_are_one_page() -> None:
    found = tables([["Some words of an article", LINE]] * 4)
    segments = [row | {"score": 0.5 if row["position"] else 1.0} for row in found["segments"].to_pylist()]
    found["segments"] = pa.Table.from_pylist(segments, found["segments"].schema)
    assert dropped(compared(found)) == []


def test_lines_of_one_site_are_counted_over_its_folders_and_not_with_other_sites() -> None:
    found = corpus([0.6] * 6, folders=3)
    documents = [
        row | {"site": f"{int(row['document_id'][4:7]) // 3}.example"} for row in found["documents"].to_pylist()
    ]
    sites = {**found, "documents": pa.Table.from_pylist(documents, found["documents"].schema)}
    assert dropped(compared(found)) == []
    assert len(dropped(compared(sites))) == 6
    assert dropped(compared(sites, Deduplicate(site_pages=4))) == []


def test_a_title_that_is_the_site_s_is_no_title() -> None:
    found = corpus([0.5] * 3, label="title")
    segments = found["segments"].to_pylist()
    documents = [
        row
        | {"title": LINE, "title_start": segments[3 * i + 1]["raw_start"], "title_end": segments[3 * i + 1]["raw_end"]}
        for i, row in enumerate(found["documents"].to_pylist())
    ]
    found["documents"] = pa.Table.from_pylist(documents, found["documents"].schema)
    result = compared(found)["documents"].to_pylist()
    assert [(row["title"], row["title_start"], row["title_end"]) for row in result] == [(None, None, None)] * 3


@settings(deadline=None, max_examples=100)
@given(corpora(), st.data())
def test_of_equal_words_that_are_kept_some_are_read(articles: list[list[str]], data: st.DataObject) -> None:
    """Whatever is dropped as its site's: nothing kept repeats what is read nowhere."""
    shared = data.draw(st.lists(st.sampled_from([LINE, "Ring us"]), max_size=2))
    found = tables([*([*article, *shared] for article in articles), [*shared, *articles[-1]]])
    segments = found["segments"].to_pylist()
    for row in segments:
        folder = "ab"[int(row["document_id"][4:7]) % 2]
        row |= {"source_path": f"{folder}/{row['source_path']}", "score": data.draw(st.sampled_from([0.6, 0.99]))}
    paths = {row["document_id"]: row["source_path"] for row in segments}
    documents = [
        row | {"source_path": paths.get(row["document_id"], row["source_path"])}
        for row in found["documents"].to_pylist()
    ]
    result = compared(
        {name: from_rows(name, rows) for name, rows in (("documents", documents), ("segments", segments))}
    )
    rows = {row["segment_id"]: row for row in result["segments"].to_pylist()}
    for row in rows.values():
        if first := row["duplicate_of"]:
            assert row["kept"]
            assert (rows[first]["kept"], rows[first]["duplicate_of"]) == (True, None)
            assert words(row["text"])[0] in words(rows[first]["text"])


@pytest.mark.parametrize("alike", [False, True], ids=["a passage", "in an article of the same words"])
def test_what_one_site_repeats_is_read_on_another(alike: bool) -> None:
    found = corpus([0.6, 0.6, 0.6, 0.99])
    segments, documents = found["segments"].to_pylist(), found["documents"].to_pylist()
    for i in range(3) if alike else [1]:
        segments[9 + i]["text"] = segments[i]["text"]
    for row in (*segments[9:], documents[3]):
        row["source_path"] = f"other/{row['source_path']}"
    result = compared({"documents": from_rows("documents", documents), "segments": from_rows("segments", segments)})
    assert dropped(result) == [f"page{i:03}.txt:1" for i in range(3)]
    copies = {row["segment_id"]: row["duplicate_of"] for row in result["segments"].to_pylist() if row["duplicate_of"]}
    assert copies == ({f"page003.txt:{i}": f"page000.txt:{i}" for i in (0, 2)} if alike else {})


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0.25, 1, width=32), min_size=1, max_size=8), st.integers(1, 3), st.data())
def test_neither_order_nor_split_of_the_sources_changes_a_row(
    scores: list[float], folders: int, data: st.DataObject
) -> None:
    found = corpus(scores, folders=folders)
    whole = compared(found)
    plain = sketch(found, SMALL)
    joined = join(shuffled(plain, data.draw(st.lists(st.integers(0, 99), min_size=1))), SMALL)
    assert joined["duplicates"].equals(join(plain, SMALL)["duplicates"])
    units = rows_by_unit(joined["duplicates"], plain)
    marked = []
    for path in found["documents"]["source_path"].to_pylist():
        own = {name: table.filter(pc.equal(table["source_path"], path)) for name, table in found.items()}
        marked.append(mark({**own, "duplicates": units.get(path, joined["duplicates"].slice(0, 0))}, SMALL))
    for name in ("documents", "segments"):
        assert whole[name].to_pylist() == [row for part in marked for row in part[name].to_pylist()]
