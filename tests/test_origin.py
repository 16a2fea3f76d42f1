"""Where articles come from: title, url, site, author and date, each found again at the place that is given."""

import html
import json
import re
import string
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Clean
from pipeline.evaluation.gold import load_pages
from pipeline.schema import TABLES
from pipeline.stages.clean import CLEAN
from pipeline.text.bylines import Said, author_in, date_in
from pipeline.text.credits import main_heading, with_credits
from pipeline.text.html import extract
from pipeline.text.metadata import Found, Metadata
from pipeline.text.origin import Words, origin
from pipeline.text.repair import repair_line

CORPUS = Path(__file__).parent.parent / "training" / "corpus"
CASES, CREDITS = (
    [json.loads(line) for line in (Path(__file__).parent / "cases" / name).read_text("utf-8").splitlines()]
    for name in ("bylines.jsonl", "credits.jsonl")
)
COLUMNS = ("title", "url", "site", "author", "published")
PAGE = """<html><head><title>Rest and backs | Knee Guardian</title>
<meta property="og:site_name" content="Knee Guardian">
<link rel="canonical" href="https://knee.example/rest"><meta name="author" content="Ada Reed">
<meta property="article:published_time" content="2019-03-04T10:00:00+01:00"></head>
<body><h1>Rest &amp; backs</h1><p>Long rest in bed makes a sore back worse, and walking helps it.</p></body></html>"""


def documents(text: str, kind: str = "txt", url: str | None = None, **said: str) -> list[dict[str, object]]:
    """The rows of one source; said: what its record says of it."""
    row = {"source_id": "s", "source_path": "a", "record": 0, "url": url, "format": kind, "text": text, **said}
    table = pa.Table.from_pylist([row], schema=TABLES["texts"].schema)
    return CLEAN.run({"texts": table}, Clean())["documents"].to_pylist()


def check(row: dict[str, object], text: str) -> None:
    for name in COLUMNS:
        value, start, end = row[name], row[f"{name}_start"], row[f"{name}_end"]
        assert (start is None) == (end is None)
        if start is None:
            assert value is None or name in ("url", "site")
            continue
        raw = text[start:end]
        assert raw
        if name == "published":
            assert date_in(raw).value == value
        elif name != "site":
            assert repair_line(raw).text.strip() == value


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(row, id=row["label"], marks=[pytest.mark.xfail(strict=True)] if row["status"] == "fail" else [])
        for row in CASES
    ],
)
def test_bylines(case: dict[str, object]) -> None:
    found = {"author": author_in(case["input"]), "published": date_in(case["input"])}
    assert {name: said.value for name, said in found.items() if said} == case["expected"]


def test_an_html_page_says_where_it_comes_from() -> None:
    [row] = documents(PAGE, "html")
    assert [row[name] for name in COLUMNS[1:]] == [
        "https://knee.example/rest",
        "knee.example",
        "Ada Reed",
        "2019-03-04",
    ]
    assert [PAGE[row[f"{name}_start"] : row[f"{name}_end"]] for name in COLUMNS[1:]] == [
        "https://knee.example/rest", "knee.example", "Ada Reed", "2019-03-04",
    ]  # fmt: skip
    check({**row, "title_start": None, "title_end": None, "title": None}, PAGE)


def test_the_record_goes_before_the_page_and_has_no_place() -> None:
    [row] = documents(PAGE, "html", "https://www.Crawl.example/1")
    for name, value in (("url", "https://www.Crawl.example/1"), ("site", "crawl.example")):
        assert (row[name], row[f"{name}_start"], row[f"{name}_end"]) == (value, None, None)


TOLD = {"title": "Backs &amp; beds | Knee Guardian", "author": "by Jo  Hall", "published": "Mon, 2 May 2020 10:00"}


def test_what_the_record_says_goes_before_the_page_and_has_no_place() -> None:
    for text, kind in ((PAGE, "html"), ("Rest\n\nBy Ada Reed | May 1, 2019\n\nRest helps a sore back a lot.\n", "txt")):
        [row] = documents(text, kind, **TOLD)
        assert [row[name] for name in ("title", "author", "published")] == ["Backs & beds", "Jo Hall", "2020-05-02"]
        assert {row[f"{name}_{end}"] for name in ("title", "author", "published") for end in ("start", "end")} == {None}


def test_what_is_of_no_use_in_a_record_is_left_to_the_page() -> None:
    [row], [told] = (
        documents(PAGE, "html", **said)
        for said in ({}, {"author": "https://social.example/ada", "published": "03/04/2019"})
    )
    assert told == row
    [row] = documents(PAGE, "html", title="Backs")
    assert (row["title"], row["author"], row["published"]) == ("Backs", "Ada Reed", "2019-03-04")


def test_what_the_record_says_it_says_of_its_first_article() -> None:
    pages = [page.text for page in load_pages(CORPUS, "dev")[:6]]
    alone = documents("\n\n".join(pages))
    rows = documents("\n\n".join(pages), **TOLD)
    assert len(rows) > 1
    assert [row["title"] for row in rows] == ["Backs & beds", *(row["title"] for row in alone[1:])]
    assert rows[1:] == alone[1:]


def test_a_page_without_an_address_has_the_name_of_its_site() -> None:
    page = PAGE.replace('<link rel="canonical" href="https://knee.example/rest">', "")
    for url in (None, "page-7"):
        [row] = documents(page, "html", url)
        assert (row["url"], row["site"]) == (url, "Knee Guardian")
        assert page[row["site_start"] : row["site_end"]] == "Knee Guardian"


def test_a_record_of_plain_text_has_the_host_of_its_address_for_site() -> None:
    [row] = documents("Rest helps a sore back.", url="https://health.example:8080/backs?page=2")
    assert (row["site"], row["site_start"], row["site_end"]) == ("health.example", None, None)


def test_what_a_page_says_is_mended() -> None:
    page = PAGE.replace("Ada Reed", "JosÃ© Reed").replace("<h1>Rest &amp; backs</h1>", "")
    page = page.replace("Rest and backs | Knee Guardian", "Donâ€™t rest &amp; sit")
    [row] = documents(page, "html")
    assert (row["title"], row["author"]) == ("Don’t rest & sit", "José Reed")
    assert page[row["author_start"] : row["author_end"]] == "JosÃ© Reed"


@pytest.mark.parametrize("told", ["https://social.example/ada.reed", "@adareed"])
def test_an_address_is_no_author(told: str) -> None:
    page = Metadata(author=Found(told, 5, 5 + len(told)))
    byline = Words("By Ada Reed", 100, None)
    assert [origin(None, page, [], lines)["author"] for lines in ([byline], [])] == ["Ada Reed", None]


@pytest.mark.parametrize("case", CREDITS, ids=[case["label"] for case in CREDITS])
def test_a_page_says_who_and_when_beside_its_heading(case: dict[str, str]) -> None:
    [row] = documents(case["input"], "html")
    assert [row["title"], row["author"], row["published"]] == case["expected"]
    check(row, case["input"])


HTML = st.lists(
    st.sampled_from(
        ["<h1>", "</h1>", "<h2>Sore backs", "<p class=author>", "<a rel=author>", "<br>", "</p>", "Jo &amp; Hall",
         "By Jo", "Jo <b>Hall</b>", "May 1, 2020", "1&nbsp;May 2020", " – ", "|", "é", "Sore backs", "<title>",
         "</title>", '<meta name=author content="Site">', '<meta property="og:site_name" content="Site">']
    ),
    max_size=16,
).map("".join)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(HTML)
def test_whatever_the_page_what_is_shown_of_it_stands_where_it_is_said_to(page: str) -> None:
    found = extract(page)
    heading = main_heading(found.blocks, found.meta.title)
    assert heading == -1 or found.blocks.tag[heading] in ("h1", "h2", "h3")
    meta = with_credits(page, found.meta, found.blocks, heading)
    for told in (meta.author, meta.published):
        if told:
            raw = re.sub("<[^>]*>", "", page[told.raw_start : told.raw_end])
            assert html.unescape(raw) == told.value or date_in(html.unescape(raw)).value == told.value


def test_a_page_of_nothing_but_markup_is_cleaned() -> None:
    assert [row["title"] for row in documents("<br>", "html")] == [None]


@pytest.mark.parametrize("page", load_pages(CORPUS, "dev")[::3], ids=lambda page: page.name)
def test_columns_are_found_at_their_places(page) -> None:
    rows = documents(page.text)
    assert rows
    for row in rows:
        check(row, page.text)


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["Back pain: what helps?", "By Ada Reed | Updated: March 3, 2021", "2019-03-04  Author: Âµ Reed &amp; Son"]
        ),
        st.text(string.printable + "â€™éÂµ（）：　", max_size=60),
    ),
    max_size=8,
).map("\n".join)


@settings(deadline=None, max_examples=60)
@given(LINES)
def test_any_text_keeps_the_places_of_its_columns(text: str) -> None:
    for row in documents(text):
        for name in COLUMNS:
            start, end = row[f"{name}_start"], row[f"{name}_end"]
            if start is not None:
                assert row["raw_start"] <= start < end <= row["raw_end"]
                if name == "published":
                    assert date_in(repair_line(text[start:end]).text).value == row[name]


@given(st.text(string.ascii_letters + string.digits + " .,:/-|()年月日by", max_size=80))
def test_what_is_said_stands_where_it_is_said(text: str) -> None:
    author, day = author_in(text), date_in(text)
    assert author is None or text[author.start : author.end] == author.value
    assert day is None or date_in(text[day.start : day.end]).value == day.value


@pytest.mark.parametrize(
    ("head", "title", "url"),
    [
        ("Title: Sore knees\n\nURL Source: https://www.joints.example/knees\n\nMarkdown:\n", "Sore knees", True),
        ('---\ntitle: "Sore knees"\nurl: https://www.joints.example/knees\n---\n', "Sore knees", True),
        ("Sore knees\nSource: https://www.joints.example/knees\n", "Sore knees", True),
        ("https://www.joints.example/knees\nSore knees\n", None, True),
        ("<https://www.joints.example/knees>\n\n", None, True),
        ("Sore knees\nhttps://www.joints.example/knees\n", "Sore knees", True),
        ("Sore knees\nhttps://www.joints.example/knees and more\n", "Sore knees", False),
        ("Sore knees\nSource: Joints Weekly, https://www.joints.example/knees\n", "Sore knees", False),
    ],
)
def test_the_head_of_a_crawled_text_says_where_it_is_from(head: str, title: str, url: bool) -> None:
    text = head + "\nA sore knee needs rest for some days. Ice relieves the pain of a sore knee.\n"
    [row] = documents(text)
    assert row["title"] == title
    assert title is None or text[row["title_start"] : row["title_end"]] == title
    assert row["url"] == ("https://www.joints.example/knees" if url else None)
    assert row["site"] == ("joints.example" if url else None)
    for name in ("url", "site") if url else ():
        assert text[row[f"{name}_start"] : row[f"{name}_end"]].removeprefix("www.") == row[name]


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("md", "---\ntitle: Sore knees\nurl: https://www.joints.example/\n---\n\n{}", {"url", "title"}),
        ("md", "---\ntitle: Sore knees\nauthor: Ada Reed\n---\n\n{}", {"author", "title"}),
        ("md", "---\ntitle: Sore knees\ndate: 2021-02-03\n---\n\n{}", {"published", "title"}),
        ("md", "---\nurl: https://joints.example/a\ntitle: Sore knees\n---\n\n{}", {"url", "title"}),
        ("md", "Sore knees\n==========\n\n{}", {"title"}),
        ("html", "<h1><span>Sore knees</span></h1><p><i>By Ada Reed</i></p><p><i>May 1, 2020</i></p><p>{}</p>",
         {"title", "author", "published"}),
    ],
)  # fmt: skip
def test_no_marks_behind_a_value_are_taken_for_part_of_it(kind: str, text: str, values: set[str]) -> None:
    text = text.format("A sore knee needs rest for some days. Ice relieves the pain of a sore knee.")
    [row] = documents(text, kind)
    assert {name for name in values if row[name] is None} == set()
    for name in values:
        raw = text[row[f"{name}_start"] : row[f"{name}_end"]]
        assert raw == row[name] or date_in(raw) == (row[name], 0, len(raw))


def test_an_address_in_the_text_is_not_its_own() -> None:
    [row] = documents("Sore knees\n\nRest helps a sore knee.\n\nSource: https://joints.example/knees\n")
    assert row["url"] is None


def test_a_title_that_is_the_whole_page_is_read_in_no_time() -> None:
    """No part of it is tried against every other: this would take minutes."""
    told = Found("a - " * 100_000 + "|", 0, 400_001)
    assert origin(None, Metadata(title=told), [], [])["title"] == told.value


@pytest.mark.parametrize("words", ["Posted by", "By", "- by", "Author", "Reporter", "Text", "By Jo", "By Jo reporter"])
@pytest.mark.parametrize("run", [" ", "\t", "\u3000", "- ", "by ", "a"])
def test_a_byline_is_read_in_no_time(words: str, run: str) -> None:
    """White space behind a word is not shared out between two parts of a pattern, which would take hours."""
    text = words + run * 200_000 + "12.03.2019"
    assert author_in(text) is None or date_in(text) == Said("2019-03-12", len(text) - 10, len(text))
