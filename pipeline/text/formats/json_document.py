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

__all__ = ["AROUND", "is_document", "pages_in", "read_document"]

# What may stand around a record: a byte order mark where files were joined, the mark before each record of RFC 7464.
AROUND = b"\xef\xbb\xbf\x1e\0 \t\r\n"

_LONGEST = 1 << 26  # code points of an element; what is broken is looked for no further
_DECODER = json.JSONDecoder(strict=False)
_BLANK = frozenset(AROUND.decode())
_MARKS = b"\xef\xbb\xbf\x1e\0"  # before a record; of a document lines that are objects are indented
_TOKEN = len("-Infinity")  # the longest that JSON has besides strings and numbers


def is_document(head: bytes, *, more: bool = False) -> bool:
    """Whether a file that begins so is one document rather than a record a line. more: it goes on behind `head`.

    It opens an array, or an object that its first line does not close. Where something is wrong with it, or it is over
    and more comes behind, while other lines are objects, it is lines: the first of them is broken, or no record.

    >>> is_document(b'[{"text": "Rest."},'), is_document(b'{"id": 7,\\n'), is_document(b'{"text": "Rest."}\\n')
    (True, True, False)
    >>> is_document(b'[INFO] 2 pages\\n{"text": "Rest."}\\n'), is_document(b'{"text": "cut,\\n{"text": "Rest."}\\n')
    (False, False)
    """
    first, *others = head.lstrip(AROUND).split(b"\n")
    over = others and first.rstrip().endswith((b"{", b"[", b",", b":"))
    if not first.startswith(b"[") and not (first.startswith(b"{") and over and _state(first) != "whole"):
        return False
    if _state(head, slack=_TOKEN if more else 0) != "broken":
        return True
    states = [_state(line) if line.strip(_MARKS).startswith(b"{") else "" for line in others]
    return not ("whole" in states or (more and states[-1:] == ["open"]))


def _state(data: bytes, *, slack: int = 0) -> str:
    """What lines hold: a `whole` JSON value, an `open` one, which wants nothing but more, or one that is `broken`.

    slack: how many characters of the end may be a part of something. A comma may stand behind.
    """
    text = data.strip(AROUND).removesuffix(b",").decode("utf-8", "replace")
    try:
        _, end = _DECODER.raw_decode(text)
    except RecursionError:
        return "open"
    except json.JSONDecodeError as error:
        closed = error.pos < len(text) - slack and not error.msg.startswith("Unterminated string")
        return "broken" if closed else "open"
    return "whole" if end == len(text) else "broken"


def pages_in(value: object, config: Ingest) -> list[object] | None:
    """The array with pages of an object that is none itself, as an API answers; None where there is not just one."""
    names = {config.text_field, config.html_field}
    if not isinstance(value, dict) or names & value.keys():
        return None
    arrays = [
        array
        for array in value.values()
        if isinstance(array, list) and any(isinstance(each, dict) and names & each.keys() for each in array)
    ]
    return arrays[0] if len(arrays) == 1 else None


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
    """The elements of an array, or of that within an object (`pages_in`), or what stands alone.

    Raises ValueError where the document is broken.
    """
    if text.sign() != "[":
        value = text.value()
        yield from pages_in(value, config) or [value]
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
