"""Promises of HTML reading: text as a browser would show it, each character with its place, nothing left over."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.html import extract
from pipeline.text.markup import character_reference, tokens

CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases/html.jsonl").read_text("utf-8").split("\n")
    if line
]  # fmt: skip
PAGE = """<!doctype html><html><head><title>Sore knees | Joint Site</title>
<meta property="og:site_name" content="Joint&nbsp;Site"><link rel="canonical" href="https://joints.example/knees">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Sore knees", "datePublished": "2023-05-01",
"author": [{"name": "A. Lee"}, {"name": "B. Roy"}]}</script><style>p > a {color: red}</style></head>
<body class="post wide"><nav><a href=/>Home</a><a href=/a>About</a></nav><article id=main><h1>Sore knees</h1>
<p>Rest <a href=/ice>and ice</a> help.<p hidden>Not shown</article></body></html>"""


def check_places(page):
    """Blocks and markup tile the page; each character of a block stands where its alignment says."""
    result = extract(page)
    spans = sorted([(b.raw_start, b.raw_end) for b in result.blocks] + list(result.markup))
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(begin < end for begin, end in spans)
    covered = "".join(page[begin:end] for begin, end in spans)
    assert "".join(covered.split()) == "".join(page.split())
    for block in result.blocks:
        assert block.text
        assert block.text == block.text.strip()
        assert 0 <= block.link_density <= 1
        raw = page[block.raw_start : block.raw_end]
        if block.alignment is None:
            assert raw == block.text
            continue
        assert len(block.alignment) == len(block.text) + 1
        assert (block.alignment[0], block.alignment[-1]) == (0, len(raw))
        assert all(a <= b for a, b in pairwise(block.alignment))
        for char, at in zip(block.text, block.alignment, strict=False):
            assert raw[at] in (char, "&") or (char == " " and raw[at] in " \t\r\n\f")
    return result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case, request):
    if case["status"] == "fail":
        request.applymarker(pytest.mark.xfail(strict=True, reason=case["comment"]))
    blocks = check_places(case["input"]).blocks
    assert [[block.tag, block.text] for block in blocks] == case["expected"]


def test_a_page_says_what_it_is():
    result = check_places(PAGE)
    meta = result.meta
    values = {name: found and found.value for name, found in vars(meta).items()}
    assert values == {
        "title": "Sore knees",
        "url": "https://joints.example/knees",
        "site": "Joint Site",
        "author": "A. Lee, B. Roy",
        "published": "2023-05-01",
    }
    assert PAGE[meta.url.raw_start : meta.url.raw_end] == meta.url.value
    assert PAGE[meta.published.raw_start : meta.published.raw_end] == meta.published.value


def test_blocks_say_where_they_stand():
    blocks = {block.text: block for block in check_places(PAGE).blocks}
    assert list(blocks) == ["Sore knees | Joint Site", "Home", "About", "Sore knees", "Rest and ice help.", "Not shown"]
    rest = blocks["Rest and ice help."]
    assert (rest.tag, rest.path[-3:], rest.names) == ("p", ("body", "article", "p"), ("post wide", "main"))
    assert rest.link_density == pytest.approx(6 / 15)
    assert blocks["Home"].link_density == 1
    assert [text for text, block in blocks.items() if block.hidden] == ["Not shown"]


PIECES = st.sampled_from([
    "<p>", "</p>", "<div class='x'>", "</div>", '<a href="/">', "</a>", "<b>", "</b>", "<br/>", "<li>", "<td>",
    "<table>", "</table>", "<title>", "</title>", "<script>", "</script>", "<!--", "-->", "<!doctype html>", "<style>",
    "<svg>", "</svg>", "<p title='a>b'>", "<?xml ?>", "</", '<a b="', "<1", "</title", "&amp;", "&#8217;", "&nbsp;",
    "&notit;", "&#x110000;", "&ngE;", "&", "<", ">", "'", "=", "word", " ", "\n\n", "\t", "\xa0", '"', "e\u0301", "😀",
    "\ufeff", "\0",
])  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join))
def test_any_page_keeps_its_places(page):
    check_places(page)


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join))
def test_pieces_follow_one_another(page):
    pieces = list(tokens(page))
    assert "".join(page[piece.begin : piece.end] for piece in pieces) == page


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["Z", "Cc"]), min_size=1))
def test_plain_text_is_one_block(text):
    [block] = extract(f"<p>{text}</p>").blocks
    assert (block.text, block.alignment) == (text, None)


@pytest.mark.parametrize(
    "unit", ["<div>", "<b><div>", "<a b='", "<!--", "<", "</div>", "<td><p></table>", "&", "<script>", "<p/"]
)
def test_a_hostile_page_is_read(unit):
    check_places(unit * 20_000 + "end")


@pytest.mark.parametrize(
    ("raw", "expected"), [("&lt", ("<", 3)), ("&#65;", ("A", 5)), ("&#x41", ("A", 5)), ("&", ("", 0))]
)
def test_references(raw, expected):
    assert character_reference(raw) == expected
