"""Arrow tables as bytes whose content depends on the rows alone, not on how they were put together."""

from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import TABLES

__all__ = ["canonical", "in_order", "pack", "unpack"]


def canonical(table: pa.Table) -> pa.Table:
    """The same rows in one chunk, each dictionary in order of first appearance.

    Rows that reach the store in other batches, or from other processes, carry other dictionaries and
    chunks; Parquet and IPC would write those down.
    """
    columns = [_encode(column, field.type) for column, field in zip(table.columns, table.schema, strict=True)]
    return cast(pa.Table, pa.table(columns, schema=table.schema).combine_chunks())


def in_order(name: str, table: pa.Table) -> pa.Table:
    """Rows of table `name` sorted by its `Table.sort` columns, nulls last; ties keep their order."""
    keys = TABLES[name].sort
    plain = pa.table({key: _decode(table.column(key)) for key in keys})
    return cast(pa.Table, table.take(pc.sort_indices(plain, sort_keys=[(key, "ascending") for key in keys])))


def pack(table: pa.Table) -> bytes:
    """`table` as an Arrow IPC stream, buffers compressed with zstd, column descriptions left out.

    On one thread, for most tables are small and handing buffers over takes longer than compressing them.
    """
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
    plain = canonical(table).cast(pa.schema([field.remove_metadata() for field in table.schema]))
    with pa.ipc.new_stream(sink, plain.schema, options=options) as writer:
        writer.write_table(plain)
    return cast(bytes, sink.getvalue().to_pybytes())


def unpack(data: bytes) -> pa.Table:
    """The table that `pack` turned into `data`, without column descriptions."""
    with pa.ipc.open_stream(data, options=pa.ipc.IpcReadOptions(use_threads=False)) as reader:
        return reader.read_all()


def _encode(column: pa.ChunkedArray, type: pa.DataType) -> pa.ChunkedArray:
    return _decode(column).dictionary_encode().cast(type) if pa.types.is_dictionary(type) else column


def _decode(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
