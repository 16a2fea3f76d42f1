"""What a stage is, and the check that its rows fit their schema.

A `Stage` is a pure function over Arrow tables plus one frozen config section. It works on any number of
sources at a time and must not care how they were split: `run(a + b) == run(a) + run(b)`.

A `CorpusStage` compares all sources: `sketch` (same law) cuts the slim columns it needs out of each
source's tables, `join` sees all sketches at once, `mark` (same law) writes what the join found back into
a source's own tables.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.errors import SchemaError
from pipeline.schema import TABLES

__all__ = [
    "CorpusStage", "Stage", "Tables", "conform", "content_id", "content_ids", "empty", "from_rows",
]  # fmt: skip

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Stage:
    """One step: `run(tables, config)` takes the tables named in `inputs`, returns those in `outputs`.

    `config` names the section of `Config` that it is given. `version` is raised when its rows change for
    the same input, so that cached rows of an older version are not reused. `parts(tables, config)`: the rows of `run`
    in order, some at a time, for input that is too large to be held at once; None where it is not that large.
    `check(config)` raises ConfigError for settings that no run can use; it is called before work starts.
    `together`: how many files are worth taking in one call. One of `clean` costs 15 ms, and 2 ms for each page of 5 KB,
    so 64 pages cost a fifth of what they do one by one; a stage that takes long over a page says less, for what a
    call is at work on is lost where the run is killed.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    run: Callable[[Tables, Any], dict[str, pa.Table]]
    config: str
    version: str = "1"
    parts: Callable[[Tables, Any], Iterator[dict[str, pa.Table]] | None] | None = None
    check: Callable[[Any], None] | None = None
    together: int = 64


@dataclass(frozen=True)
class CorpusStage:
    """A step over all sources, in three parts.

    `sketch(tables, config)` takes `inputs` of some sources and returns the slim table `sketch_table`;
    `join(sketches, config)` takes all of them and returns the tables `outputs`;
    `mark(tables, config)` takes `marks` of some sources plus the joined `outputs` rows that concern them
    and returns `marks` with the joined columns filled; None where nothing is written back.
    """

    name: str
    inputs: tuple[str, ...]
    sketch_table: str
    outputs: tuple[str, ...]
    sketch: Callable[[Tables, Any], pa.Table]
    join: Callable[[pa.Table, Any], dict[str, pa.Table]]
    config: str
    marks: tuple[str, ...] = ()
    mark: Callable[[Tables, Any], dict[str, pa.Table]] | None = None
    version: str = "1"


def content_id(*fields: object) -> str:
    """Id of a row: blake2b (16 bytes, hexadecimal) of its fields joined by U+001F.

    >>> content_id("a", 1) == content_id("a", "1") != content_id("a1")
    True
    """
    return content_ids(["\x1f".join(map(str, fields))])[0]


def content_ids(*fields: Iterable[object]) -> list[str]:
    """`content_id` of many rows, each field a column.

    >>> content_ids(["a", "b"], [1, 2]) == [content_id("a", 1), content_id("b", 2)]
    True
    """
    rows = map("\x1f".join, zip(*(map(str, column) for column in fields), strict=True))
    return [hashlib.blake2b(row.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() for row in rows]


def empty(name: str) -> pa.Table:
    """The table `name` with no rows."""
    return TABLES[name].schema.empty_table()


def from_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows (mappings that hold every column) as the table `name`, checked by `conform`."""
    return conform(name, pa.Table.from_pylist(list(rows), schema=TABLES[name].schema))


def conform(name: str, table: pa.Table) -> pa.Table:
    """`table` itself once its column names, types and nulls are those of `name`; else `SchemaError`.

    Types are compared before anything is converted: `cast` would turn a float into an int quietly, and
    `from_pylist` lets nulls into columns that must not hold any.
    """
    schema = TABLES[name].schema
    if table.schema.names != schema.names:
        raise SchemaError(f"table {name}: columns {table.schema.names}, expected {schema.names}")
    for field in schema:
        column = table.column(field.name)
        if column.type != field.type:
            raise SchemaError(f"table {name}, column {field.name}: type {column.type}, expected {field.type}")
        if not field.nullable and column.null_count:
            raise SchemaError(
                f"table {name}, column {field.name}: {column.null_count} nulls in a column that holds none"
            )
    return table.replace_schema_metadata(schema.metadata).cast(schema)
