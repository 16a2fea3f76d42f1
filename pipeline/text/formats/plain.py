"""One file, one text: txt, md and html.

A long text that is UTF-8 is handed on in stretches, so that its size does not matter. Any other text, and HTML, is
read whole, for its codec or its structure shows only then.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.cuts import article_cut
from pipeline.text.decode import decode, is_utf8
from pipeline.text.formats.record import Record, content_kind, opens_page
from pipeline.text.formats.unpack import can_restart, chunks, restarted

__all__ = ["STRETCH", "declared_charset", "read_html", "read_md", "read_txt"]

# Code points of a stretch of a long text: some thousand articles. It ends in its last part, before the line that most
# looks like an article's first, else behind a blank line, a line's end or a blank.
STRETCH = 4_000_000
_LAST = 200_000
_STEP = 1 << 20
# Where HTML names its codec: within the first 1024 bytes, says the HTML standard; crawls stretch that.
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w:.-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w:.-]+)", re.I)


def declared_charset(data: bytes) -> str | None:
    """The codec that HTML bytes name in a meta element or an XML declaration.

    >>> declared_charset(b'<meta http-equiv="Content-Type" content="text/html; charset=gb2312">')
    'gb2312'
    """
    match = _CHARSET.search(data[:8192])
    return (match[1] or match[2]).decode("ascii", "replace") if match else None


def read_txt(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """The stream as plain text; as HTML where it opens as an HTML document or is a piece of one."""
    return _text(stream, "txt")


def read_md(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """The stream as Markdown; as HTML where it opens as an HTML document."""
    return _text(stream, "md")


def read_html(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """The whole stream as HTML."""
    data = stream.read()
    decoded = decode(data, declared=declared_charset(data))
    yield Record(decoded.text, decoded.encoding, "html")


def _text(stream: BinaryIO, kind: str) -> Iterator[Record]:
    data = stream.read(STRETCH + 1)
    long = len(data) > STRETCH and not opens_page(data[:4096].decode("utf-8", "replace"))
    if long and can_restart(stream):
        sound = is_utf8(chain([data], chunks(stream)))
        stream, data = restarted(stream), b""
        if sound:
            yield from _stretches(codecs.iterdecode(chunks(stream), "utf-8"), "utf-8", kind)
            return
    data += stream.read()
    decoded = decode(data, declared=declared_charset(data))
    kind = content_kind(decoded.text, kind)
    if kind == "html":
        yield Record(decoded.text, decoded.encoding, kind)
    else:
        steps = range(0, len(decoded.text), _STEP)
        yield from _stretches((decoded.text[at : at + _STEP] for at in steps), decoded.encoding, kind)


def _stretches(texts: Iterable[str], encoding: str, kind: str) -> Iterator[Record]:
    base, held = 0, ""
    for text in texts:
        held += text
        while len(held) > STRETCH:
            end = _end(held)
            yield Record(held[:end], encoding, kind, base=base, more=True)
            base, held = base + end, held[end:]
    yield Record(held, encoding, kind, base=base or None)


def _end(text: str) -> int:
    first = max(0, STRETCH - _LAST)
    cut = article_cut(text[first:STRETCH])
    if cut:
        return first + cut
    for mark in ("\n\n", "\n", " "):
        at = text.rfind(mark, first, STRETCH)
        if at >= 0:
            return at + len(mark)
    return STRETCH
