"""Promises of HTML reading: text as a browser would show it, each character with its place, nothing left over."""

import json
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.elements import described
from pipeline.text.html import extract
from pipeline.text.markup import attributes, character_reference, pieces

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
<p>Rest <a href=/ice>and ice</a> help.<div hidden><p>Not shown</div></article></body></html>"""

LINKED = '<script type="application/ld+json">{"@type": "WebPage", '


def check_places(page):
    """Blocks and markup tile the page; each character of a block stands where its alignment says."""
    result = extract(page)
    blocks = result.blocks
    spans = sorted([*zip(blocks.start, blocks.end, strict=True), *result.markup])
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(begin < end for begin, end in spans)
    covered = "".join(page[begin:end] for begin, end in spans)
    assert "".join(covered.split()) == "".join(page.split())
    assert all(text and text == text.strip() for text in blocks.text)
    assert all(0 <= share <= 1 for share in (*blocks.linked, *blocks.emphasised))
    assert all(around < number for number, around in enumerate(blocks.elements.parent))
    for start, end, text, alignment in zip(blocks.start, blocks.end, blocks.text, blocks.alignment, strict=True):
        raw = page[start:end]
        if alignment is None:
            assert raw == text
            continue
        places = alignment.tolist()
        assert len(places) == len(text) + 1
        assert (places[0], places[-1]) == (0, len(raw))
        assert all(a <= b for a, b in pairwise(places))
        for char, at in zip(text, places, strict=False):
            assert raw[at] in (char, "&") or (char == " " and raw[at] in " \t\r\n\f>") or char in "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
    return result


def around(blocks, text):
    """The tags and names of the elements around a block, outermost first."""
    found, element = [], blocks.element[blocks.text.index(text)]
    while element >= 0:
        found.append((blocks.elements.name[element], blocks.elements.names[element]))
        element = blocks.elements.parent[element]
    return found[::-1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case, request):
    if case["status"] == "fail":
        request.applymarker(pytest.mark.xfail(strict=True, reason=case["comment"]))
    blocks = check_places(case["input"]).blocks
    assert [[*row] for row in zip(blocks.tag, blocks.text, strict=True)] == case["expected"]


def test_a_page_says_what_it_is():
    result = check_places(PAGE)
    meta = result.meta
    values = {name: found and found.value for name, found in vars(meta).items()}
    assert values == {
        "heading": None,  # is found among the lines
        "title": "Sore knees",
        "url": "https://joints.example/knees",
        "site": "Joint Site",
        "author": "A. Lee, B. Roy",
        "published": "2023-05-01",
    }
    assert PAGE[meta.url.raw_start : meta.url.raw_end] == meta.url.value
    assert PAGE[meta.published.raw_start : meta.published.raw_end] == meta.published.value


@pytest.mark.parametrize(
    ("page", "name", "value"),
    [
        ('<meta name="author" content="[]">', "author", "author"),
        ('<link rel="canonical" id="//a.b" href="[]">', "url", "//a.b"),
        ('<link rel="canonical" href="[]">', "url", "https://a.b/?id=3&section=5&copy=2"),
        ('<link rel="canonical" href="/a"><meta property="og:url" content="[]">', "url", "https://a.b/a"),
        ('<link rel="canonical" href="[]">', "url", "/a"),
        ('<link rel=amphtml href="//a.b/canonical"><link rel="Me CANONICAL" href="[]">', "url", "https://a.b/a"),
        ('<meta property="article:author" content="//a.b/lee"><meta name="dc.creator" content="[]">', "author", "Lee"),
        ('<meta name="date" content="1614816000"><meta name="dc.date" content="[]">', "published", "2021-03-04"),
        ('<meta name="date" content="20210304"><meta name="date" content="[]">', "published", "2021-03-04"),
        ('<time class="updated" datetime="2022-05-01">May</time><time datetime="[]">', "published", "2021-03-04"),
        ('<time class="published updated" datetime="[]">March</time>', "published", "2021-03-04"),
        ('<div class="comment-list"><p>Lee, <time datetime="2022-05-01">May</time></div><time datetime="[]">',
         "published", "2021-03-04"),
        (LINKED + '"about": "headline", "headline": "[]"}</script>', "title", "headline"),
        (LINKED + '"publisher": {"logo": {"url": "name"}, "name": "[]"}}</script>', "site", "name"),
        (LINKED + '"author": [{"@type": "Person", "name": "[]"}]}</script>', "author", "Person"),
    ],
)  # fmt: skip
def test_of_what_a_page_says_the_best_counts(page, name, value):
    at, page = page.index("[]"), page.replace("[]", value)
    found = getattr(check_places(page).meta, name)
    assert (found.value, found.raw_start, found.raw_end) == (value, at, at + len(value))


@pytest.mark.parametrize(
    "page",
    [
        LINKED + '"author": "Ada &amp; Lee"}</script>',
        '<meta name="author" content="Ada &amp; Lee">',
    ],
)
def test_references_in_what_a_page_says_are_read(page):
    assert check_places(page).meta.author.value == "Ada & Lee"


def test_a_time_of_a_change_is_no_date():
    assert check_places('<time class="updated" datetime="2022-05-01">May</time>').meta.published is None


def test_blocks_say_where_they_stand():
    blocks = check_places(PAGE).blocks
    assert blocks.text == ["Sore knees | Joint Site", "Home", "About", "Sore knees", "Rest and ice help.", "Not shown"]
    rest = blocks.text.index("Rest and ice help.")
    assert blocks.tag[rest] == "p"
    assert blocks.depth[rest] == 4
    assert around(blocks, "Rest and ice help.") == [("html", ""), ("body", "post wide"), ("article", "main"), ("p", "")]
    assert blocks.linked[rest] == pytest.approx(6 / 15)
    assert blocks.linked[blocks.text.index("Home")] == 1
    assert blocks.hidden == [False, False, False, False, False, True]
    assert blocks.emphasised == [0] * 6


def test_emphasis_is_counted_to_its_last_end():
    blocks = check_places("<p>Ice <b>or <i>heat</i> helps</b> <em>now</em><p><b>Rest<p>Sleep</b><p>Walk").blocks
    assert blocks.emphasised == pytest.approx([14 / 17, 1, 1, 0])


PIECES = st.sampled_from([
    "<p>", "</p>", "<div class='x'>", "</div>", '<a href="/">', "</a>", "<b>", "</b>", "<br/>", "<li>", "<td>",
    "<table>", "</table>", "<title>", "</title>", "<script>", "</script>", "<!--", "-->", "<!doctype html>", "<style>",
    "<svg>", "<svg/>", "</svg>", "<p title='a>b'>", "<?xml ?>", "</", '<a b="', "<1", "</title", "&amp;", "&#8217;",
    "&nbsp;", "&notit;", "&#x110000;", "&ngE;", "&", "<", ">", "'", "=", "word", " ", "\n\n", "\t", "\xa0", '"',
    "e\u0301", "😀", "\ufeff", "\0", "--!>", "<sup>", "</sup>", "10",
    "<h1>", "</h1>", "<br>", "<p hidden>",
])  # fmt: skip


@given(st.sampled_from(["", '<?xml version="1.0"?>']), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40))
def test_any_page_keeps_its_places(start, page):
    check_places(start + "".join(page))


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join))
def test_pieces_follow_one_another(page):
    cut = pieces(page)
    assert len(cut.texts) == len(cut.tags) + 1 == len(cut.names) + 1
    assert "".join(map("".join, zip(cut.texts, [*cut.tags, ""], strict=True))) == page
    assert cut.ends[-1] == len(page)


ATTRIBUTES = st.sampled_from([
    " ", "\n", "=", '"', "'", "/", ">", "&amp;", "id", "CLASS", "class", "role", "itemprop", "data-class", "hidden",
    "style", "display: none", 'class="a b"', " class='c'", " id=d", 'href="/?a=b"', "\xa0", "é",
])  # fmt: skip


@given(st.lists(st.lists(ATTRIBUTES, max_size=8).map("".join), max_size=5))
def test_what_tags_are_called_is_what_their_attributes_say(written):
    raws = [tag[2:-1] for tag in pieces("".join(f"<p {raw}>" for raw in written)).tags]
    names = [" ".join(said[name] for name in ("id", "class", "role", "itemprop") if name in said).lower()
             for said in map(attributes, raws)]  # fmt: skip
    assert [name for name, _ in described(raws)] == names


@pytest.mark.parametrize(
    ("attributes", "hides"),
    [
        ("hidden", True), ("HIDDEN=''", True), ("id=a hidden=until-found", True), ("style='Display:NONE'", True),
        ("ARIA-HIDDEN='True'", True), ("aria-hidden=true", True), ("style='color: red; visibility : hidden'", True),
        ("title='The hidden cost of sugar'", False), ("data-x='display: none of these'", False),
        ("alt='visibility: hidden, aria-hidden=true'", False), ("aria-hidden=false", False), ("data-hidden", False),
        ("class='a hidden b'", False), ("class=hidden", False), ("style='overflow: hidden'", False),
    ],
)  # fmt: skip
def test_the_attributes_that_hide_an_element(attributes, hides):
    assert extract(f"<div {attributes}><p>Rest helps.</p></div><p>Ice too.</p>").blocks.hidden == [hides, False]


@given(st.lists(ATTRIBUTES, max_size=8).map("".join))
def test_what_an_attribute_says_in_words_hides_nothing(said):
    words = said.replace("'", "").replace("&amp;", "")
    assert described([f" title='hidden {words} display: none'"]) == [("", False)]


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["Z", "Cc"]), min_size=1))
def test_plain_text_is_one_block(text):
    blocks = extract(f"<p>{text}</p>").blocks
    assert (blocks.text, blocks.alignment) == ([text], [None])


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<b><div>", "<a b='", "<!--", "<", "</div>", "<td><p></table>", "&", "<script>", "<p/", "<svg a='",
     "<svg a=/>", "<div><time datetime=x>", "x<sup>1", "<sup>1</sup>"],
)  # fmt: skip
def test_a_hostile_page_is_read(unit):
    check_places(unit * 20_000 + "end")


@pytest.mark.parametrize(
    ("raw", "expected"), [("&lt", ("<", 3)), ("&#65;", ("A", 5)), ("&#x41", ("A", 5)), ("&", ("", 0))]
)
def test_references(raw, expected):
    assert character_reference(raw) == expected


@given(st.integers(0, 10**8), st.sampled_from(["", ";"]), st.integers(0, 9))
def test_references_by_number_are_those_of_the_standard_library_however_long(number, end, zeros):
    for mark, digits in (("&#", f"{number}"), ("&#x", f"{number:x}"), ("&#X", f"{number:X}")):
        raw = f"{mark}{'0' * zeros}{digits}{end}"
        assert character_reference(raw) == (unescape(raw), len(raw))
        longer = f"{mark}{'0' * 5000}{digits}{end}"
        assert character_reference(longer) == (unescape(raw), len(longer))
