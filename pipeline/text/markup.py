"""Cut HTML into tags and text, by place.

Parsers that build a tree (lxml, lexbor, html5lib) forget where a text stood, and the standard library's takes many
times as long; so a page is split by one expression that follows the tokeniser of the HTML standard (section
13.2.5), its rules for broken input included: quotes count after `=` only, a tag, comment or script that is never
closed runs to the end. No stretch is tried twice, so hostile input costs no more than its length.
"""

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from html.entities import html5
from itertools import compress
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "TITLE", "Pieces", "attribute_place", "attribute_value", "attributes", "character_reference", "content", "decoded",
    "pieces", "references",
]  # fmt: skip

# Single characters are repeated possessively, groups are not: Python 3.11.2 matches those wrongly. Nothing behind a
# group can fail, so none is tried again either way.
_ATTRIBUTES = r"[^>=]*+(?:=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))?[^>=]*+)*"
# Elements whose content is no markup to the standard, and two whose content is no text of the page (svg, template).
TITLE = "#title"
_OPAQUE = "script|style|title|textarea|iframe|noembed|noframes|xmp|svg|template"
_CONTENT = r"(?:[^<]++|<(?!/(?ai:\2)(?![^\W_])))*(?:<[^>]*+>?)?"


def _tags(empty: str) -> re.Pattern[str]:
    """Any tag. empty: what stands behind the names of the opaque elements that `/>` leaves without content."""
    return re.compile(
        # The two letters only spare other names the comparison.
        r"(<(?:(?=[sStTiInNxX][cCtTiIeEfFoOmMvV])((?ai:" + _OPAQUE + r"))(?![^\s/>])"
        r"(?:" + empty + _ATTRIBUTES + r">?(?:(?<=/>)|" + _CONTENT + r")|" + _ATTRIBUTES + r">?" + _CONTENT + r")"
        r"|(/?[a-zA-Z][^\s/>]*+)" + _ATTRIBUTES + r">?"
        # `<!-->` is a whole comment, `<!--!>` is none.
        r"|!(?=--)(?:--(?=!))?(?:[^-]++|-(?!-!?>))*(?:--!?>)?"
        r"|[!?/][^>]*+>?))"
    )


_TAG = _tags("(?<=(?ai:svg))")
_XML_TAG = _tags("")
_XML = re.compile(r"\s*<\?xml\s")  # XML knows no element that `/>` does not end
_START = re.compile(r"<[^\s/>]+" + _ATTRIBUTES + ">?")
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)\s*(?:=\s*(?:\"([^\"]*)\"?|'([^']*)'?|([^\s>]+)))?")
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*;?)")
# In the value of an attribute a name without its semicolon counts only where the name is over and no `=` follows, so
# that the address `?a=1&copy=2` stays as it is.
_ATTRIBUTE_REFERENCE = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z][A-Za-z0-9]*+(?:;|(?!=)))")

_DIGITS = 7  # of the last code point, 1114111
_LONGEST = 34  # characters of a reference by name: those of "&CounterClockwiseContourIntegral;" and one to spare


class Pieces(NamedTuple):
    """A page cut up: a text, a tag, a text, a tag, ..., a text; texts may be empty.

    texts: one more than tags. tags: from `<` to `>`; an element without markup inside (script, style, ...), a comment
    or a declaration is one tag. names: of each tag, as written, a slash before that of an end tag; "" for elements
    without markup inside, None for comments and declarations; TITLE and its end for a title. ends: where each piece
    ends, texts and tags in their order. xml: whether `/>` ends any element, as the page calls itself XML.
    """

    texts: list[str]
    tags: list[str]
    names: list[str | None]
    ends: npt.NDArray[np.int64]
    xml: bool


def pieces(page: str) -> Pieces:
    """The page from start to end, each character in exactly one piece.

    >>> found = pieces("<p>1 < 2</p><script>if (a<b)</script>")
    >>> found.texts, found.names
    (['', '1 < 2', '', ''], ['p', '/p', ''])
    """
    xml = _XML.match(page) is not None
    found = (_XML_TAG if xml else _TAG).split(page)
    texts, tags, names = found[::4], found[1::4], found[3::4]
    titles = []
    opaque = found[2::4]
    for i in compress(range(len(opaque)), opaque):
        names[i] = ""
        if opaque[i].lower() == "title":
            titles.append(i)
    if titles:
        texts, tags, names = _with_titles(texts, tags, names, titles)
    sizes = np.empty(len(texts) + len(tags), np.int64)
    sizes[::2] = np.fromiter(map(len, texts), np.int64, len(texts))
    sizes[1::2] = np.fromiter(map(len, tags), np.int64, len(tags))
    return Pieces(texts, tags, names, np.cumsum(sizes), xml)


def _with_titles(
    texts: list[str], tags: list[str], names: list[str | None], titles: list[int]
) -> tuple[list[str], list[str], list[str | None]]:
    """Each title as start tag, text and end tag."""
    all_texts, all_tags, all_names, at = [], [], [], 0
    for i in titles:
        tag = tags[i]
        begin, end = content(tag)
        all_texts += [*texts[at : i + 1], tag[begin:end]]
        all_tags += [*tags[at:i], tag[:begin], tag[end:]]
        all_names += [*names[at:i], TITLE, f"/{TITLE}"]
        at = i + 1
    return all_texts + texts[at:], all_tags + tags[at:], all_names + names[at:]


def content(tag: str) -> tuple[int, int]:
    """Where the content of an element without markup inside stands in it.

    >>> content("<title>Sore knees</title>")
    (7, 17)
    """
    start = _START.match(tag)
    begin = start.end() if start else len(tag)
    name = tag[1:].partition(">")[0].split()[0].split("/")[0].lower()
    end = begin
    while (end := tag.find("</", end)) >= 0:
        after = end + 2 + len(name)
        if tag[end + 2 : after].lower() == name and not tag[after : after + 1].isalnum():
            return begin, end
        end += 2
    return begin, len(tag)


def attributes(raw: str) -> dict[str, str]:
    """A tag's attributes, references decoded; the first of two of the same name counts.

    >>> attributes(' class="a b" HIDDEN href=/x')
    {'class': 'a b', 'hidden': '', 'href': '/x'}
    """
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(raw):
        value = double or single or bare
        found.setdefault(name.lower(), attribute_value(value))
    return found


def attribute_value(raw: str) -> str:
    """The value of an attribute, as it is written, with its character references replaced.

    >>> attribute_value("/?id=3&section=5&amp;copy=2")
    '/?id=3&section=5&copy=2'
    """
    return _ATTRIBUTE_REFERENCE.sub(_referred, raw) if "&" in raw else raw


def _referred(match: re.Match[str]) -> str:
    return character_reference(match[0])[0] if match[1].startswith("#") else html5.get(match[1], match[0])


def attribute_place(raw: str, name: str) -> tuple[int, int]:
    """Where the value of the first attribute of that name, lower case, is written; (0, 0) without one.

    >>> attribute_place(' name="author" content="author"', "content")
    (24, 30)
    """
    found = next((match for match in _ATTRIBUTE.finditer(raw) if match[1].lower() == name), None)
    return found.span(found.lastindex) if found and found.lastindex and found.lastindex > 1 else (0, 0)


@lru_cache(maxsize=1024)
def character_reference(raw: str) -> tuple[str, int]:
    """What a reference stands for, and how many of its characters it takes; ("", 0) when it is none.

    A number with more digits than any code point has stands for U+FFFD, and is not counted: Python refuses long ones.

    >>> character_reference("&eacute;"), character_reference("&notit;"), character_reference("&x;")
    (('é', 8), ('¬', 4), ('', 0))
    """
    if raw.startswith("&#"):
        sign = raw[:3].rstrip("0123456789")
        digits = raw[len(sign) :].rstrip(";").lstrip("0") or "0"
        return "\ufffd" if len(digits) > _DIGITS else html.unescape(f"{sign}{digits};"), len(raw)
    for length in range(min(len(raw), _LONGEST), 2, -1):
        if raw[1:length] in html5:
            return html5[raw[1:length]], length
    return "", 0


def references(text: str) -> Iterator[tuple[int, int, str]]:
    """The character references in a text: begin, end, and the characters each stands for."""
    for match in _REFERENCE.finditer(text):
        words, length = character_reference(match.group())
        if length:
            yield match.start(), match.start() + length, words


def decoded(text: str) -> str:
    """A text with its character references replaced.

    >>> decoded("Rest &amp; ice")
    'Rest & ice'
    """
    parts, at = [], 0
    for begin, end, words in references(text) if "&" in text else ():
        parts += [text[at:begin], words]
        at = end
    return "".join([*parts, text[at:]])
