"""HTML that was escaped as a whole: read as what it is, each character with its place in the escaped text."""

from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.blocks import Page, read_pages
from pipeline.text.escaped import unescaped
from pipeline.text.formats.record import content_kind

TAGS = [
    "<p>",
    "</p>",
    "<br>",
    "<b>",
    "</b>",
    "<nav>",
    "</nav>",
    "<h1>",
    "<time>2020-01-02</time>",
    "<a href='x'>",
    "</a>",
]
WORDS = ["Rest", " helps. ", "\n", " & ", "&amp;", "&nbsp;", "&eacute;", '"', "'", "Â°", "\u00a0", "<title>Ice</title>"]
PIECES = st.sampled_from(TAGS + WORDS)


def read(text: str) -> Page:
    [page] = read_pages([text], main_text_threshold=0.8)
    return page


def of_lines(page: Page) -> list[tuple[int, int, str, list[int] | range]]:
    """Start, end, words and alignment of each line, kept or dropped."""
    out = page.dropped
    rows = [(line.start, line.end, line.repair.text, line.repair.alignment) for line in page.lines]
    rows += zip(out.start, out.end, out.text, out.alignment, strict=True)
    return [(start, end, text, range(len(text) + 1) if at is None else [*at]) for start, end, text, at in sorted(rows)]


@given(st.lists(PIECES, max_size=40))
def test_escaped_html_reads_as_html_with_places_in_the_escaped_text(pieces: list[str]) -> None:
    plain = "".join(["<p>Knee</p><p>", *pieces])
    raw = escape(plain)
    page, inner = read(raw), read(plain)
    for (start, end, text, at), (begin, stop, words, place) in zip(of_lines(page), of_lines(inner), strict=True):
        assert text == words
        assert [unescape(raw[: start + each]) for each in at] == [unescape(escape(plain[: begin + i])) for i in place]
        assert raw[start:end] == escape(plain[begin:stop])
    assert [raw[a:b] for a, b in page.markup] == [escape(plain[a:b]) for a, b in inner.markup]
    assert [line.raw for line in page.lines] == [raw[line.start : line.end] for line in page.lines]
    assert page.factors == inner.factors and page.dropped.label == inner.dropped.label
    for name in ("title", "heading", "author", "published"):
        found, same = getattr(page.meta, name), getattr(inner.meta, name)
        assert (found is None) == (same is None)
        assert not found or raw[found.raw_start : found.raw_end] == escape(plain[same.raw_start : same.raw_end])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("&lt;p&gt;Rest helps.&lt;/p&gt;\n&lt;p&gt;So does ice.&lt;/p&gt;", "html"),
        ("&#60;p&#62;Rest helps.&#60;/p&#62;", "txt"),  # too seldom to be looked for
        ("&lt;!DOCTYPE html&gt;&lt;html&gt;&lt;body&gt;&lt;p&gt;Rest.", "html"),
        ("Rest&lt;br/&gt;Ice&lt;br/&gt;Heat&lt;br/&gt;Wait", "html"),
        ("The tags &lt;p&gt;, &lt;b&gt; and &lt;i&gt; are old.", "txt"),
        ("A ratio &lt; 3, p &lt;0.05, n &lt; 40", "txt"),
    ],
)
def test_what_is_escaped_html(text: str, kind: str) -> None:
    assert content_kind(text) == kind


def test_html_that_shows_tags_is_not_unescaped() -> None:
    assert unescaped("<p>Write &lt;p&gt;, &lt;b&gt;, &lt;i&gt; and &lt;u&gt;.</p>") is None


@pytest.mark.parametrize(
    "sign", ["&lt;", "&LT;", "&lT;", "&gT;", "&Amp;", "&Quot;", "&APOS;", "&#X3C;", "&#x003c;", "&amp;"]
)
def test_each_character_has_its_place_however_a_name_is_written(sign: str) -> None:
    found = unescaped("&lt;p&gt;Rest&lt;br&gt;Ice&LT;br&GT;" + sign + "b&gt; helps&lt;/p&gt;")
    assert found is not None
    assert len(found.places) == len(found.text) + 1
    assert found.text.startswith("<p>Rest<br>Ice<br>" + unescape(sign))
