"""Rows of the tables in a folder, for what may be missing and may be large."""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import TABLES
from pipeline.store import is_there, read_table, sized, table_path

__all__ = ["columns", "one_of", "sized_segments"]


def columns(out: Path, name: str, *wanted: str, where: pc.Expression | None = None) -> pa.Table:
    """Some columns of table `name`, enumerations as plain strings; no rows where the table is not there.

    where: keep only the rows this holds for.
    """
    if is_there(table_path(out, name)):
        return _plain(read_table(out, name, columns=list(wanted), where=where))
    schema = TABLES[name].schema
    return _plain(pa.schema([schema.field(column) for column in wanted]).empty_table())


def sized_segments(out: Path, *wanted: str) -> pa.Table:
    """Some columns of `segments`, as `columns` gives them, and n: characters of its text that are not white space."""
    schema = TABLES["segments"].schema
    none = pa.schema([*(schema.field(column) for column in wanted), pa.field("n", pa.int64())]).empty_table()
    groups = sized(out, wanted) if is_there(table_path(out, "segments")) else ()
    return pa.concat_tables([_plain(none), *map(_plain, groups)])


def one_of(column: str, values: Collection[str]) -> pc.Expression:
    """That `column` is one of `values`."""
    return pc.field(column).isin(pa.array(values, pa.string()))


def _plain(table: pa.Table) -> pa.Table:
    """`table` with each dictionary-encoded column as strings: what joins, groups and sorts like any other."""
    types = [field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in table.schema]
    return pa.table(
        [column.cast(type) for column, type in zip(table.columns, types, strict=True)], names=table.schema.names
    )
