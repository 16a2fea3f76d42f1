"""One file, one text: txt, md and html."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode
from pipeline.text.formats.record import Record, content_kind

__all__ = ["declared_charset", "read_html", "read_md", "read_txt"]

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
    """The whole stream as plain text; as HTML where it opens as an HTML document."""
    yield _whole(stream, "txt")


def read_md(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """The whole stream as Markdown."""
    yield _whole(stream, "md")


def read_html(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """The whole stream as HTML."""
    data = stream.read()
    decoded = decode(data, declared=declared_charset(data))
    yield Record(decoded.text, decoded.encoding, "html")


def _whole(stream: BinaryIO, kind: str) -> Record:
    data = stream.read()
    decoded = decode(data, declared=declared_charset(data))
    return Record(decoded.text, decoded.encoding, content_kind(decoded.text, kind))
