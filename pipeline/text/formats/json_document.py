"""A file that is one JSON document: an array of records, one record, or an object around an array of records.

The standard library's decoder reads it, an element at a time, as leniently as it reads a line: ijson, which streams by
itself, ends at NaN, a byte order mark or a raw control character, and gives "?" for half of a surrogate pair.
"""

import codecs
import json
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode, is_utf8
from pipeline.text.formats.fields import page_of
from pipeline.text.formats.record import Record
from pipeline.text.formats.unpack import can_restart, chunks, restarted

__all__ = ["opens_document", "read_document"]

_LONGEST = 1 << 26  # code points of an element; what is broken is looked for no further
_DECODER = json.JSONDecoder(strict=False)
_BLANK = frozenset(" \t\r\n\ufeff\0")


def opens_document(line: bytes) -> bool:
    """Whether a file with this first line, or so much of it, is one document rather than a record a line.

    >>> opens_document(b'[{"text": "Rest."},'), opens_document(b'{"id": 7,\\n'), opens_document(b'{"text": "Rest."}\\n')
    (True, True, False)
    """
    start = line.strip(b"\xef\xbb\xbf\0 \t\r\n")
    over = line.endswith(b"\n") and start.endswith((b"{", b"[", b",", b":"))
    return start.startswith(b"[") or (start.startswith(b"{") and over)


def read_document(
    head: bytes, stream: BinaryIO, encoding: str | None, config: Ingest
) -> Iterator[Record | RejectError]:
    """The records of a document in order; a text in an array is a record, too. What is broken ends it.

    An array that is UTF-8 and can be read twice is held an element at a time. head: what was read of `stream` before.
    encoding: the codec of the document, where `stream` is not what the file holds. Raises RejectError `empty`, and
    those of `decode`.
    """
    texts, own = _texts(head, stream)
    number = 0
    try:
        for number, value in enumerate(_values(_Text(texts), config), 1):
            if isinstance(value, dict | str):
                fields = value if isinstance(value, dict) else {config.text_field: value}
                yield page_of(fields, encoding or own, f"element {number}", config)
            else:
                what = f"element {number} holds a JSON {type(value).__name__}, not an object or a text"
                yield RejectError("json", f"{what}: mend it, or leave it: the others are read")
    except ValueError as error:
        yield RejectError("json", f"{error}, behind element {number}: mend the file; what is before is read")
    else:
        if not number:
            raise RejectError("empty", "the file holds no records: remove it or fetch it again")


def _texts(head: bytes, stream: BinaryIO) -> tuple[Iterator[str], str]:
    """The text of a stream piece by piece, and its codec."""
    if can_restart(stream):
        sound = is_utf8(chain([head], chunks(stream)))
        stream, head = restarted(stream), b""
        if sound:
            return codecs.iterdecode(chunks(stream), "utf-8"), "utf-8"
    decoded = decode(head + stream.read())
    return iter([decoded.text]), decoded.encoding


def _values(text: "_Text", config: Ingest) -> Iterator[object]:
    """The elements of an array, or of the only one with objects in an object that is no page, or what stands alone.
    Raises ValueError where the document is broken."""
    if text.sign() != "[":
        value = text.value()
        fields = value if isinstance(value, dict) and not {config.text_field, config.html_field} & value.keys() else {}
        arrays = [each for each in fields.values() if isinstance(each, list) and any(isinstance(x, dict) for x in each)]
        yield from arrays[0] if len(arrays) == 1 else [value]
    else:
        text.at += 1
        while text.sign() != "]":
            yield text.value()
            if text.sign() == ",":
                text.at += 1
            elif text.sign() != "]":
                raise text.broken("no comma and no end of the array")
        text.at += 1
    if text.sign():
        raise text.broken("more behind the end of the document")


class _Text:
    """The text of a stream from place `at` of what is held of it; what is before is let go."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces, self._held, self._before = pieces, "", 0
        self.at = 0

    def sign(self) -> str:
        """The next character that is not blank, none at the end; `at` is moved there."""
        while True:
            while self._held[self.at : self.at + 1] in _BLANK:
                self.at += 1
            if self.at < len(self._held) or not self._read_on():
                return self._held[self.at : self.at + 1]

    def value(self) -> object:
        """The value that begins here; `at` is moved behind it."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self.at)
                closed = end < len(self._held) or isinstance(value, dict | list | str)  # a number may go on
                if closed or not self._read_on():
                    self.at = end
                    return value
            except RecursionError:
                raise self.broken("nested too deeply") from None
            except json.JSONDecodeError as error:  # or its end was not read yet
                size, place = len(self._held) - self.at, self._before + error.pos
                if size >= _LONGEST or not self._read_on():
                    raise self.broken(error.msg, place) from None
                while len(self._held) - self.at <= 2 * size and self._read_on():
                    pass

    def broken(self, what: str, place: int | None = None) -> ValueError:
        """What is wrong at that place of the text, or here."""
        return ValueError(f"no JSON at character {self._before + self.at if place is None else place} ({what})")

    def _read_on(self) -> bool:
        piece = next(self._pieces, "")
        if piece:
            self._held, self._before, self.at = self._held[self.at :] + piece, self._before + self.at, 0
        return bool(piece)
