"""What a reader hands on: one decoded text, or the reason why one record is lost."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.escaped import unescaped

__all__ = ["Reader", "Record", "content_kind", "opens_page"]

# Comments can be read in one way only, else each more doubles the ways to read the ones before. Single characters are
# repeated possessively, groups are not: Python 3.11.2 matches those wrongly.
_COMMENT = r"<!--[^-]*+(?:-(?!->)[^-]*+)*-->\s*+"
_HTML = re.compile(rf"\ufeff?\s*(?:<\?xml[^>]*>\s*)?(?:{_COMMENT})*<(?:!doctype\s+html|html)\b", re.I)

_NAMES = "(?:p|div|h[1-6]|[uod]l|table|section|article|main|header|blockquote|figure|body)"
_BLOCK = re.compile(rf"\ufeff?\s*+<{_NAMES}(?:\s[^<>]*+)?>", re.I)
_EDGE = re.compile(rf"<(?P<end>/?){_NAMES}(?:\s[^<>]*+)?>", re.I)
_LINE_BREAK = re.compile(r"<br\s*+/?>", re.I)
# So many such tags, and more than two for a line feed, tell the lines of a text. Where each line ends in one, line
# feeds tell them too.
_BREAKS, _FOR_ONE = 3, 2
_OUTSIDE = 0.1  # share of a piece of HTML that may stand in no block; where more does, line breaks tell its paragraphs


@dataclass(frozen=True)
class Record:
    """One text.

    kind: what the text is: txt, md or html. encoding: see `decode`. url, fetched_at, title, author, published: as the
    record says. base: None where the text is whole; else this is a stretch of a text too long to be held, and `base`
    code points of it come before. more: another stretch of the same text follows.
    """

    text: str
    encoding: str
    kind: str = "txt"
    url: str | None = None
    fetched_at: str | None = None
    base: int | None = None
    more: bool = False
    title: str | None = None
    author: str | None = None
    published: str | None = None


# A reader takes a stream of unpacked bytes and yields the file's records in order; a lost record is yielded as the
# RejectError that says why, a lost file is raised.
Reader = Callable[[BinaryIO, Ingest], Iterator[Record | RejectError]]


def content_kind(text: str, kind: str = "txt") -> str:
    """`html` where the text opens as an HTML document, whatever its file was called, or is a piece of one: plain text
    by its name, it opens with a block, closes some, and nearly all of it stands in blocks, or tags break its
    lines, be they escaped; else `kind`.

    >>> [content_kind(text) for text in ("<!DOCTYPE html><p>Hi", "a <html> tag is", "<p>Hi</p>", "<p> is a tag")]
    ['html', 'txt', 'html', 'txt']
    """
    if kind == "txt" and (inner := unescaped(text)):
        text = inner.text
    piece = kind == "txt" and ((_BLOCK.match(text) is not None and _is_in_blocks(text)) or _is_broken_by_tags(text))
    return "html" if piece or opens_page(text) else kind


def opens_page(text: str) -> bool:
    """Whether the text opens as an HTML document."""
    return _HTML.match(text[:4096]) is not None


def _is_broken_by_tags(text: str) -> bool:
    return "<" in text and len(_LINE_BREAK.findall(text)) >= max(_BREAKS, _FOR_ONE * text.strip().count("\n") + 1)


def _is_in_blocks(text: str) -> bool:
    """Whether some block is closed, and nearly all text lies between the edges of blocks."""
    depth = outside = at = closed = 0
    for edge in _EDGE.finditer(text):
        outside += 0 if depth else len(text[at : edge.start()].strip())
        depth = max(depth - 1, 0) if edge["end"] else depth + 1
        closed += bool(edge["end"])
        at = edge.end()
    outside += 0 if depth else len(text[at:].strip())
    return closed > 0 and outside <= _OUTSIDE * len(text)
