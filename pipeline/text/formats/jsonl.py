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
from pipeline.text.formats.json_document import AROUND, is_document, pages_in, read_document
from pipeline.text.formats.record import Record

__all__ = ["read_jsonl"]

_HEAD = 1 << 16  # bytes by which a document is told
_REMEDY = "mend the line, or leave it: the other records are read"


def read_jsonl(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record for each line that is not blank, or one for each page in an array within its object, as an API
    answers; a comma behind a line is none of it. A broken line is a rejection that names its number. A file that begins
    like one document is read as such, whatever its name.

    Raises RejectError `empty`, and, for documents, UTF-16 and UTF-32, those of `decode`.
    """
    head, encoding = stream.read(_HEAD), None
    if is_wide(head):  # the codec of all lines had to be known to find their ends
        decoded = decode(head + stream.read())
        stream, encoding = io.BytesIO(decoded.text.encode()), decoded.encoding
        head = stream.read(_HEAD)
    if is_document(head, more=len(head) == _HEAD):
        yield from read_document(head, stream, encoding, config)
        return
    if not head.endswith(b"\n"):
        head += stream.readline()
    empty = True
    for number, each in enumerate(chain(io.BytesIO(head), stream), start=1):
        line = each.strip(AROUND).removesuffix(b",")
        if line:
            empty = False
            yield from _records(line, number, encoding, config)
    if empty:
        raise RejectError("empty", "the file holds no records: remove it or fetch it again")


def _records(line: bytes, number: int, encoding: str | None, config: Ingest) -> Iterator[Record | RejectError]:
    place = f"line {number}"
    try:
        fields, own = _parse(line)
    except ValueError as error:
        yield RejectError("json", f"{place} is no JSON ({error}): {_REMEDY}")
    except RejectError as error:
        yield RejectError(error.error, f"{place}: {error.detail}")
    else:
        if pages := pages_in(fields, config):
            for at, page in enumerate(pages, 1):
                yield _record(page, encoding or own, f"{place}, element {at},", config)
        else:
            yield _record(fields, encoding or own, place, config)


def _record(fields: object, encoding: str, place: str, config: Ingest) -> Record | RejectError:
    if not isinstance(fields, dict):
        return RejectError("json", f"{place} holds a JSON {type(fields).__name__}, not an object: {_REMEDY}")
    return page_of(fields, encoding, place, config)


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
