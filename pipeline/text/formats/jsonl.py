"""One JSON object a line."""

import json
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode
from pipeline.text.formats.fields import page_of
from pipeline.text.formats.record import Record

__all__ = ["read_jsonl"]

_REMEDY = "mend the line, or leave it: the other records are read"


def read_jsonl(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record for each line that is not blank; a broken line is a rejection that names its number.

    Raises RejectError `empty`, and `format` where the file is one JSON document rather than lines.
    """
    n_records = 0
    for number, line in enumerate(stream, start=1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not line.strip(b"\0 \t\r\n"):
            continue
        if n_records == 0 and line.strip() in (b"[", b"{"):
            raise RejectError("format", "this is one JSON document, not a record a line: rewrite it as JSON lines")
        n_records += 1
        yield _record(line, number, config)
    if not n_records:
        raise RejectError("empty", "the file holds no records: remove it or fetch it again")


def _record(line: bytes, number: int, config: Ingest) -> Record | RejectError:
    try:
        fields, encoding = _parse(line)
    except ValueError as error:
        return RejectError("json", f"line {number} is no JSON ({error}): {_REMEDY}")
    except RejectError as error:
        return RejectError(error.error, f"line {number}: {error.detail}")
    if not isinstance(fields, dict):
        return RejectError("json", f"line {number} holds a JSON {type(fields).__name__}, not an object: {_REMEDY}")
    return page_of(fields, encoding, f"line {number}", config)


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
