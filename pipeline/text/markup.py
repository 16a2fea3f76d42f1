"""Cut HTML into tags and text, by place.

Parsers that build a tree (lxml, lexbor, html5lib) forget where a text stood, and the standard library's takes
nearly three times as long; so tags are cut by one expression that follows the tokeniser of the HTML
standard (section 13.2.5), its rules for broken input included: quotes count after `=` only, a tag, comment or
script that is never closed runs to the end. No stretch is tried twice, so hostile input costs no more than its
length.
"""

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import NamedTuple

__all__ = ["TEXT", "Tag", "attributes", "character_reference", "is_even", "text_runs", "tokens"]

TEXT = "#text"
# Elements whose content is no markup to the standard, and two whose content is no text of the page (svg, template).
_OPAQUE = frozenset({"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp", "svg", "template"})
_TAG = re.compile(
    r"<(?:([a-zA-Z][^\s/>]*)((?:[^>=]++|=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|(?![\"'])))*+)>?"
    r"|/([a-zA-Z][^\s/>]*)[^>]*+>?|(!--)|[!?/][^>]*+>?)"
)
_OPENS, _CLOSES, _COMMENTS = 2, 3, 4  # the last group of `_TAG` that matched
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)\s*(?:=\s*(?:\"([^\"]*)\"?|'([^']*)'?|([^\s>]+)))?")
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*;?)")
# White space of HTML (a no-break space is none), and references: where text differs from its source.
_UNEVEN = re.compile(r"[ \t\n\r\f]{2,}|[\t\n\r\f]|" + _REFERENCE.pattern)


class Tag(NamedTuple):
    """One piece of a page, `begin:end`.

    name: of the element, lower case; TEXT for text between tags, "" for comments and the like. attributes: their
    raw text. closing: an end tag. For an opaque element (script, title, ...) the piece is the whole element and
    `content` the place of what is inside.
    """

    begin: int
    end: int
    name: str = ""
    attributes: str = ""
    closing: bool = False
    content: tuple[int, int] | None = None


def tokens(page: str) -> Iterator[Tag]:
    """The page from start to end, each character in exactly one piece.

    >>> [tag.name for tag in tokens("<p>1 < 2</p><script>if (a<b)</script>")]
    ['p', '#text', 'p', 'script']
    """
    make, opaque = tuple.__new__, _OPAQUE  # half the time of Tag(...), which is called for each piece
    at = 0
    while True:
        for match in _TAG.finditer(page, at):
            begin, end = match.span()
            if at < begin:
                yield make(Tag, (at, begin, TEXT, "", False, None))
            at = end
            kind = match.lastindex
            if kind == _OPENS:
                name, raw = match.group(1, 2)
                name = name.lower()
                if name in opaque:
                    tag = _opaque(page, begin, end, name, raw)
                    yield tag
                    at = tag.end
                    break
                yield make(Tag, (begin, end, name, raw, False, None))
            elif kind == _CLOSES:
                yield make(Tag, (begin, end, match[3].lower(), "", True, None))
            elif kind == _COMMENTS:
                close = page.find("-->", begin + 2)  # `<!-->` is a whole comment
                at = len(page) if close < 0 else close + 3
                yield make(Tag, (begin, at, "", "", False, None))
                break
            else:
                yield make(Tag, (begin, end, "", "", False, None))
        else:
            if at < len(page):
                yield Tag(at, len(page), TEXT)
            return


def _opaque(page: str, begin: int, end: int, name: str, raw: str) -> Tag:
    inner = _closing(page, name, end)
    close = page.find(">", inner)
    return Tag(begin, len(page) if close < 0 else close + 1, name, raw, content=(end, inner))


def _closing(page: str, name: str, at: int) -> int:
    """Where the end tag of an opaque element begins, else the end of the page."""
    while (at := page.find("</", at)) >= 0:
        after = at + 2 + len(name)
        if page[at + 2 : after].lower() == name and not page[after : after + 1].isalnum():
            return at
        at += 2
    return len(page)


def attributes(raw: str) -> dict[str, str]:
    """A tag's attributes, references decoded; the first of two of the same name counts.

    >>> attributes(' class="a b" HIDDEN href=/x')
    {'class': 'a b', 'hidden': '', 'href': '/x'}
    """
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(raw):
        found.setdefault(match[1].lower(), html.unescape(match[2] or match[3] or match[4] or ""))
    return found


def character_reference(raw: str) -> tuple[str, int]:
    """What a reference stands for, and how many of its characters it takes; ("", 0) when it is none.

    >>> character_reference("&eacute;"), character_reference("&notit;"), character_reference("&x;")
    (('é', 8), ('¬', 4), ('', 0))
    """
    if raw.startswith("&#"):
        return html.unescape(raw), len(raw)
    for length in range(len(raw), 2, -1):
        if raw[1:length] in html5:
            return html5[raw[1:length]], length
    return "", 0


def is_even(text: str) -> bool:
    """True when `text` is in source what it is to a reader."""
    return _UNEVEN.search(text) is None


def text_runs(page: str, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
    """The text `begin:end` of the page in runs (begin, end, words): references decoded, blanks made single.

    A run of the same length as its words goes one to one; any other stands for the whole of its source.
    """
    at = begin
    for match in _UNEVEN.finditer(page, begin, end):
        first, last = match.span()
        words = " "
        if page[first] == "&":
            words, length = character_reference(match.group())
            last = first + length
        if first < last:
            if at < first:
                yield at, first, page[at:first]
            yield first, last, words
            at = last
    if at < end:
        yield at, end, page[at:end]
