"""Tables with a page a row: CSV (also with tabs, semicolons or bars) and Parquet."""

import contextlib
import csv
import datetime
import io
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode, is_utf8
from pipeline.text.formats.fields import page_of, says
from pipeline.text.formats.record import Record
from pipeline.text.formats.unpack import Meter, can_restart, chunks, restarted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_csv", "read_parquet"]

_DELIMITERS = ",\t;|"
_BATCH = 256  # rows of a Parquet file in memory at once: pages run to megabytes


def read_csv(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record a row; the first row names the fields, and the delimiter is the one that makes the text field one.

    A row with broken quotes or more cells than the header is a rejection that names its lines: a quote left open takes
    all that follows into its row. Raises RejectError `field` where the header has neither the text nor the HTML field,
    or has one of them twice, and those of `decode`.
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
        began = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield RejectError("csv", f"{_place(began, rows.line_num)} is lost ({error}): mend its quotes")
            continue
        if row is None:
            return
        place = _place(began, rows.line_num)
        if not header:
            header = row
            _check_once(header, config)
        elif len(row) > len(header):
            yield RejectError("csv", f"{place} has {len(row)} cells, the header {len(header)}: mend its quotes")
        elif row:
            yield page_of(dict(zip(header, row, strict=False)), encoding, place, config)


def _place(first: int, last: int) -> str:
    return f"line {last}" if first >= last else f"the row of lines {first} to {last}"


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


def _check_once(names: Sequence[str], config: Ingest) -> None:
    for name in (config.text_field, config.html_field):
        if names.count(name) > 1:
            raise RejectError(
                "field", f"{names.count(name)} columns are called {name!r}: rename all but the one with the page"
            )


def read_parquet(stream: BinaryIO, config: Ingest) -> Iterator[Record | RejectError]:
    """One record a row; only fields that a record is made of are read, a batch of rows at a time.

    Raises RejectError `corrupt`, `field` (neither the text nor the HTML field is there, or one is twice) and `bomb`.
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
        _check_once(names, config)
        number = 0
        for batch in file.iter_batches(_BATCH, columns=[name for name in names if name in wanted or says(name)]):
            meter.add(batch.nbytes)
            columns = {name: _values(batch.column(at)) for at, name in enumerate(batch.schema.names)}
            for row in zip(*columns.values(), strict=True):
                number += 1
                yield page_of(dict(zip(columns, row, strict=True)), "utf-8", f"row {number}", config)
    except (pa.ArrowException, OSError, OverflowError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RejectError("corrupt", f"this is no Parquet file, or it is damaged ({reason}): fetch it again") from error


def _values(column: "pa.Array") -> list[object]:
    """The values of a column; those of a text column as bytes where one of them is not UTF-8. Times of a zone that is
    known by another name are in UTC; null is what Python has no value for, as a day of the year 55,000."""
    import pyarrow as pa

    with contextlib.suppress(LookupError, OverflowError, ValueError, pa.ArrowException):
        try:
            return list(column.to_pylist())
        except UnicodeDecodeError:
            return list(column.cast(pa.large_binary()).to_pylist())
    return [_value(each) for each in column]


def _value(scalar: "pa.Scalar") -> object:
    import pyarrow as pa

    try:
        try:
            return scalar.as_py()
        except (LookupError, pa.ArrowInvalid):  # the latter where no zones are installed at all
            time = scalar.cast(pa.timestamp(scalar.type.unit)).as_py()
            return time.replace(tzinfo=datetime.UTC)
    except (OverflowError, ValueError, pa.ArrowException):
        return None
