"""Web archives: WARC (pages as fetched) and WET (their text, as Common Crawl publishes it).

fastwarc cuts the stream into records, strictly: its lenient mode passes over damaged bytes without a word. Encodings
are undone here: fastwarc takes a gzip body that breaks off for a whole one, and unpacks it whatever it swells to.
"""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode, is_utf8, is_wide
from pipeline.text.formats.plain import declared_charset
from pipeline.text.formats.record import Record, content_kind
from pipeline.text.formats.unpack import Meter, unpacked

if TYPE_CHECKING:
    from fastwarc.warc import HeaderMap, WarcRecord

__all__ = ["read_warc"]

_KINDS = ("response", "resource", "conversion")
_PAGES = ("text/html", "application/xhtml+xml", "text/plain")
_ENCODINGS = {"gzip": ".gz", "x-gzip": ".gz", "zstd": ".zst"}
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# The size of a chunk, in hexadecimal digits; some servers pad it, and an extension may follow (RFC 9112, 7.1.1).
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*+(?:;[^\r\n]*+)?\r\n")
_HEADER = 1 << 20  # bytes; some servers send cookies and policies beyond fastwarc's own limit of 32 KiB


class _Forward:
    """A stream as fastwarc wants one: it asks for the place even where it never seeks."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._place += len(data)
        return data

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        raise io.UnsupportedOperation(f"seek to {offset} from {whence}")

    def close(self) -> None:
        """The stream stays open: who opened it closes it."""


def read_warc(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record for each page fetched with success, in the order of the archive.

    Passed over, for they are no pages: requests, metadata, answers other than 200, images, scripts and other
    types. Chunks, gzip and Zstandard are undone. A record that is cut, damaged or packed otherwise is lost alone;
    where no record begins at the end of the one before it, what comes after is lost, and one rejection says so.
    Raises RejectError `corrupt` where it is no web archive, and `empty` where it holds no page.
    """
    from fastwarc.warc import ArchiveIterator

    empty, last = True, ""
    try:
        for entry in ArchiveIterator(_Forward(stream), parse_http=False, max_header_len=_HEADER, stream_detect=False):
            last = _named(entry)
            page = _page(entry, config)
            if page is not None:
                empty = False
                yield page
    except OSError as error:
        if error.errno:  # the disk's, not fastwarc's
            raise
        if not last:
            raise RejectError("corrupt", f"this is no web archive ({error}): fetch it again") from error
        empty = False
        yield RejectError(
            "corrupt", f"what comes after {last} is damaged ({error}), and lost from there on: fetch the archive again"
        )
    if empty:
        raise RejectError("empty", "the archive holds no page fetched with success: remove it")


def _page(entry: "WarcRecord", config: Ingest) -> Record | RejectError | None:
    if not (entry.headers.get("Content-Length") or "").strip().isdecimal():
        return _lost(entry, "corrupt", "its header breaks off or gives no length: fetch the archive again")
    if _type(entry) not in _KINDS:
        return None
    http, why = _http(entry)
    if why:
        return _lost(entry, "corrupt", f"its HTTP header cannot be read ({why}): fetch the archive again")
    # A header that is a status alone is empty, and so false.
    said = (entry.headers if http is None else http).get("Content-Type") or "text/html"
    kind = said.partition(";")[0].strip().lower()
    if kind not in _PAGES or (http is not None and http.status_code != 200):
        return None
    size, packed = entry.content_length, entry.reader.read()
    if len(packed) < size:
        return _lost(entry, "truncated", "it is cut short: fetch the archive again")
    try:
        body = packed if http is None else _body(packed, http, config)
        decoded = decode(body, declared=_charset(said) or declared_charset(body))
    except RejectError as error:
        return _lost(entry, error.error, error.detail)
    found = content_kind(decoded.text, "txt" if kind == "text/plain" else "html")
    return Record(decoded.text, decoded.encoding, found, _address(entry), entry.headers.get("WARC-Date"))


def _http(entry: "WarcRecord") -> tuple["HeaderMap | None", str]:
    """The HTTP header of a record that has one, or why it cannot be read."""
    if _type(entry) == "response" and (_address(entry) or "").startswith(("http:", "https:")):
        entry.is_http = True  # whatever its content type says
    if not entry.is_http:
        return None, ""
    try:
        entry.parse_http(max_header_len=_HEADER, quirks_mode=True)  # lines may end without a carriage return
    except OSError as error:
        return None, str(error)
    return (entry.http_headers, "") if entry.http_headers.status_code else (None, "it has no status")


def _lost(entry: "WarcRecord", error: str, detail: str) -> RejectError:
    return RejectError(error, f"{_named(entry)}: {detail}")


def _named(entry: "WarcRecord") -> str:
    return f"the record of {_address(entry)} at byte {entry.stream_pos} (unpacked)"


def _type(entry: "WarcRecord") -> str:
    """The record's type; fastwarc's own wants the field's name in one case only."""
    return (entry.headers.get("WARC-Type") or "").strip().lower()


def _address(entry: "WarcRecord") -> str | None:
    """The page's address; WARC 1.0 shows it in angle brackets in its grammar, and some write them."""
    return (entry.headers.get("WARC-Target-URI") or "").strip("<> ") or None


def _body(body: bytes, http: "HeaderMap", config: Ingest) -> bytes:
    # Crawlers undo these and leave the header; so both are undone only where the bytes bear it out.
    if "chunked" in (http.get("Transfer-Encoding") or "").lower():
        body = _without_chunks(body)
    encoding = (http.get("Content-Encoding") or "").strip().lower()
    if encoding in _ENCODINGS and body.startswith((_GZIP, _ZSTANDARD)):
        return unpacked(io.BytesIO(body), _ENCODINGS[encoding], Meter(len(body), config)).read()
    if encoding in ("br", "deflate") and not _is_plain(body):
        raise RejectError("format", f"it is packed with {encoding}, which is not read: rewrite the archive without it")
    return body


def _is_plain(body: bytes) -> bool:
    """Whether a body is not packed: packed bytes begin with no tag, and hardly ever are sound UTF-8."""
    return body.lstrip()[:1] == b"<" or is_wide(body) or is_utf8((body,))


def _without_chunks(body: bytes) -> bytes:
    """`body` itself where it does not begin with the size of a chunk. Raises RejectError `truncated`.

    Read here, for fastwarc takes a chunk's extension for damage.
    """
    chunk, at, found = _CHUNK.match(body), 0, []
    if chunk is None:
        return body
    while chunk and (size := int(chunk[1], 16)):
        found.append(body[chunk.end() : chunk.end() + size])
        at = chunk.end() + size + 2
        if body[at - 2 : at] != b"\r\n":
            raise RejectError("truncated", f"its chunks break off or are damaged at byte {at - 2}: fetch it again")
        chunk = _CHUNK.match(body, at)
    if chunk is None and at < len(body):
        raise RejectError("truncated", f"its chunks break off or are damaged at byte {at}: fetch it again")
    return b"".join(found)


def _charset(content_type: str) -> str | None:
    return content_type.lower().partition("charset=")[2].partition(";")[0].strip("\"' ") or None
