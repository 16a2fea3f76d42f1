"""One JSON object a line."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode, is_wide
from pipeline.text.formats.fields import page_of
from pipeline.text.formats.record import Record

__all__ = ["read_jsonl"]

_REMEDY = "mend the line, or leave it: the other records are read"


def read_jsonl(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record for each line that is not blank; a broken line is a rejection that names its number.

    Raises RejectError `empty`, `format` where the file is one JSON document rather than lines, and, for UTF-16 and
    UTF-32, those of `decode`.
    """
    n_records = 0
    lines, encoding = _lines(stream)
    for number, line in enumerate(lines, start=1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not line.strip(b"\0 \t\r\n"):
            continue
        if n_records == 0 and line.strip() in (b"[", b"{"):
            raise RejectError("format", "this is one JSON document, not a record a line: rewrite it as JSON lines")
        n_records += 1
        yield _record(line, number, encoding, config)
    if not n_records:
        raise RejectError("empty", "the file holds no records: remove it or fetch it again")


def _lines(stream: BinaryIO) -> tuple[Iterable[bytes], str | None]:
    """The lines as UTF-8, or as they are; with the codec of them all where it had to be known to find their ends."""
    first = stream.readline()
    if not is_wide(first):
        return chain([first], stream), None
    decoded = decode(first + stream.read())
    return decoded.text.encode().split(b"\n"), decoded.encoding


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
