"""Tables with a page a row: CSV (also with tabs, semicolons or bars) and Parquet."""

import csv
import io
import sys
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode, is_utf8
from pipeline.text.formats.fields import page_of
from pipeline.text.formats.record import Record
from pipeline.text.formats.unpack import Meter, can_restart, chunks, restarted

__all__ = ["read_csv", "read_parquet"]

_DELIMITERS = ",\t;|"
_BATCH = 256  # rows of a Parquet file in memory at once: pages run to megabytes


def read_csv(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record a row; the first row names the fields, and the delimiter is the one that makes the text field one.

    A row with broken quotes or more cells than the header is a rejection that names its line. Raises RejectError
    `field` where the header has neither the text nor the HTML field, and those of `decode`.
    """
    csv.field_size_limit(sys.maxsize)  # the default of 128 KiB is less than a long page
    lines, encoding = _lines(stream)
    head = next(lines, "").removeprefix("\ufeff")
    blank = []
    while head and not head.strip("\r\n"):
        blank.append(head)
        head = next(lines, "")
    rows = csv.reader(chain(blank, [head], lines), delimiter=_delimiter(head, config), strict=True)
    header: list[str] = []
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield RejectError("csv", f"line {rows.line_num} is no CSV ({error}): mend its quotes")
            continue
        if row is None:
            return
        if not header:
            header = row
        elif len(row) > len(header):
            yield RejectError(
                "csv", f"line {rows.line_num} has {len(row)} cells, the header {len(header)}: mend its quotes"
            )
        elif row:
            yield page_of(dict(zip(header, row, strict=False)), encoding, f"line {rows.line_num}", config)


def _lines(stream: BinaryIO) -> tuple[Iterator[str], str]:
    """The lines of a text, with their ends, and its codec; UTF-8 is read line by line, any other codec whole."""
    if can_restart(stream):
        sound = is_utf8(chunks(stream))
        stream = restarted(stream)
        if sound:
            return (piece for line in stream for piece in io.StringIO(line.decode(), newline="")), "utf-8"
    decoded = decode(stream.read())
    return io.StringIO(decoded.text, newline=""), decoded.encoding


def _delimiter(text: str, config: Ingest) -> str:
    head = text.strip("\r\n")
    for delimiter in _DELIMITERS:
        if {config.text_field, config.html_field} & {cell.strip('"') for cell in head.split(delimiter)}:
            return delimiter
    raise RejectError(
        "field",
        f"the header has no field {config.text_field!r} or {config.html_field!r} (it is: {head[:200]}): "
        "set ingest.text_field or ingest.html_field to the field with the page",
    )


def read_parquet(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record a row; only the fields that the settings name are read, a batch of rows at a time.

    Raises RejectError `corrupt`, `field` (neither the text nor the HTML field is there) and `bomb`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = stream if stream.seekable() else io.BytesIO(stream.read())
    meter = Meter(source.seek(0, io.SEEK_END), config)
    wanted = (config.text_field, config.html_field, config.url_field, config.fetched_field)
    try:
        file = pq.ParquetFile(source)
        names = file.schema_arrow.names
        if not {config.text_field, config.html_field} & set(names):
            raise RejectError(
                "field",
                f"no column {config.text_field!r} or {config.html_field!r} (it has: {', '.join(names[:8])}): "
                "set ingest.text_field or ingest.html_field to the column with the page",
            )
        number = 0
        for batch in file.iter_batches(_BATCH, columns=[name for name in wanted if name in names]):
            meter.add(batch.nbytes)
            for row in batch.to_pylist():
                number += 1
                yield page_of(row, "utf-8", f"row {number}", config)
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RejectError("corrupt", f"this is no Parquet file, or it is damaged ({reason}): fetch it again") from error
