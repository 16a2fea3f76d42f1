"""One JSON object a line, or one document."""

import io
import json
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode, is_wide
from pipeline.text.formats.fields import page_of
from pipeline.text.formats.json_document import opens_document, read_document
from pipeline.text.formats.record import Record

__all__ = ["read_jsonl"]

_HEAD = 1 << 16  # bytes of the first line by which a document is told
_REMEDY = "mend the line, or leave it: the other records are read"


def read_jsonl(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record for each line that is not blank; a broken line is a rejection that names its number. A file that opens
    like one document is read as such, whatever its name.

    Raises RejectError `empty`, and, for documents, UTF-16 and UTF-32, those of `decode`.
    """
    n_records = 0
    first, encoding = stream.readline(_HEAD), None
    if is_wide(first):  # the codec of all lines had to be known to find their ends
        decoded = decode(first + stream.read())
        stream, encoding = io.BytesIO(decoded.text.encode()), decoded.encoding
        first = stream.readline(_HEAD)
    if not opens_document(first):  # a document may be one line, too long to be held
        first += stream.readline() if first and not first.endswith(b"\n") else b""
    for number, line in enumerate(chain([first], stream), start=1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not line.strip(b"\0 \t\r\n"):
            continue
        if n_records == 0 and opens_document(line):
            yield from read_document(line, stream, encoding, config)
            return
        n_records += 1
        yield _record(line, number, encoding, config)
    if not n_records:
        raise RejectError("empty", "the file holds no records: remove it or fetch it again")


def _record(line: bytes, number: int, encoding: str | None, config: Ingest) -> Record | RejectError:
    try:
        fields, own = _parse(line)
    except ValueError as error:
        return RejectError("json", f"line {number} is no JSON ({error}): {_REMEDY}")
    except RejectError as error:
        return RejectError(error.error, f"line {number}: {error.detail}")
    if not isinstance(fields, dict):
        return RejectError("json", f"line {number} holds a JSON {type(fields).__name__}, not an object: {_REMEDY}")
    return page_of(fields, encoding or own, f"line {number}", config)


def _parse(line: bytes) -> tuple[object, str]:
    import orjson

    try:
        return orjson.loads(line), "utf-8"
    except (
        orjson.JSONDecodeError
    ):  # bytes that are not UTF-8, half a surrogate pair, NaN: the standard library reads on
        decoded = decode(line)
    try:
        return json.loads(decoded.text, strict=False), decoded.encoding
    except RecursionError:
        raise ValueError("nested too deeply") from None
