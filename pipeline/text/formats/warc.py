"""Web archives: WARC (pages as fetched) and WET (their text, as Common Crawl publishes it).

warcio reads the records. fastwarc is faster, but its releases since 1.0 abort the process on a stream that cannot
seek; encodings are undone here, for warcio takes a body that breaks off for a whole one.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode
from pipeline.text.formats.plain import declared_charset
from pipeline.text.formats.record import Record, content_kind
from pipeline.text.formats.unpack import Meter, unpacked

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord

__all__ = ["read_warc"]

_KINDS = ("response", "resource", "conversion")
_PAGES = ("text/html", "application/xhtml+xml", "text/plain")
_ENCODINGS = {"gzip": ".gz", "x-gzip": ".gz", "zstd": ".zst"}
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def read_warc(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record for each page fetched with success, in the order of the archive.

    Passed over, for they are no pages: requests, metadata, answers other than 200, images, scripts and other
    types. Chunks, gzip and Zstandard are undone. A record that is cut, damaged or packed otherwise is lost alone.
    Raises RejectError `corrupt` where it is no web archive, and `empty` where it holds no page.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    empty = True
    try:
        for entry in ArchiveIterator(stream):
            page = _page(entry, config) if entry.rec_type in _KINDS else None
            if page is not None:
                empty = False
                yield page
    # On headers it did not expect warcio fails with whatever it trips over.
    except (ArchiveLoadFailed, AttributeError, EOFError, LookupError, TypeError, ValueError) as error:
        reason = str(error)[:100]
        raise RejectError("corrupt", f"this is no web archive, or it is damaged ({reason}): fetch it again") from error
    if empty:
        raise RejectError("empty", "the archive holds no page fetched with success: remove it")


def _page(entry: "ArcWarcRecord", config: Ingest) -> Record | RejectError | None:
    http = entry.http_headers
    kind = (http.get_header("Content-Type") if http else entry.content_type) or "text/html"
    if kind.partition(";")[0].strip().lower() not in _PAGES or (http and http.get_statuscode() != "200"):
        return None
    address = entry.rec_headers.get_header("WARC-Target-URI")
    try:
        body = _body(entry, config)
        decoded = decode(body, declared=_charset(kind) or declared_charset(body))
    except RejectError as error:
        return RejectError(error.error, f"the record of {address}: {error.detail}")
    found = content_kind(decoded.text, "txt" if kind.startswith("text/plain") else "html")
    return Record(decoded.text, decoded.encoding, found, address, entry.rec_headers.get_header("WARC-Date"))


def _body(entry: "ArcWarcRecord", config: Ingest) -> bytes:
    from warcio.bufferedreaders import ChunkedDataReader

    body = b"".join(iter(lambda: entry.raw_stream.read(1 << 20), b""))
    if entry.raw_stream.limit:
        raise RejectError("truncated", "it is cut short: fetch the archive again")
    if entry.http_headers is None:
        return body
    # Crawlers undo these and leave the header; so both are undone only where the bytes bear it out.
    if "chunked" in (entry.http_headers.get_header("Transfer-Encoding") or "").lower():
        body = ChunkedDataReader(io.BytesIO(body)).read()
    encoding = (entry.http_headers.get_header("Content-Encoding") or "").strip().lower()
    if encoding in _ENCODINGS and body.startswith((_GZIP, _ZSTANDARD)):
        return unpacked(io.BytesIO(body), _ENCODINGS[encoding], Meter(len(body), config)).read()
    if encoding in ("br", "deflate") and not body.lstrip()[:1] == b"<":
        raise RejectError("format", f"it is packed with {encoding}, which is not read: rewrite the archive without it")
    return body


def _charset(content_type: str) -> str | None:
    return content_type.lower().partition("charset=")[2].partition(";")[0].strip("\"' ") or None
