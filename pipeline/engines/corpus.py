"""Which rows concern which unit: of a table made of many units at once, and of a join over the whole corpus."""

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import SchemaError

__all__ = ["rows_by_unit", "rows_of_units"]


def rows_of_units(table: pa.Table) -> dict[str, pa.Table]:
    """The rows of a table that is sorted by source_path, by source_path."""
    return _runs(table, table.column("source_path"))


def rows_by_unit(joined: pa.Table, sketches: pa.Table) -> dict[str, pa.Table]:
    """The rows of `joined` by the source_path of their `member_id`; units without rows are left out.

    A member is an article (`document_id`), a passage or a line (`passages.segment_id`, `doubted.segment_id`) of
    `sketches`. Raises
    SchemaError when a member is neither.
    """
    ids, paths = _members(sketches)
    owner = paths.take(pc.index_in(joined.column("member_id"), value_set=ids))
    if owner.null_count:
        raise SchemaError("the join named a member that no sketch holds")
    order = pc.sort_indices(owner)
    return _runs(joined.take(order), owner.take(order))


def _runs(rows: pa.Table, owner: pa.ChunkedArray) -> dict[str, pa.Table]:
    """Rows by owner; those of one owner lie side by side."""
    if not len(owner):
        return {}
    runs = pc.run_end_encode(owner.combine_chunks())
    ends = runs.run_ends.to_pylist()
    return {
        path: rows.slice(start, end - start)
        for path, start, end in zip(runs.values.to_pylist(), [0, *ends], ends, strict=False)
    }


def _members(sketches: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    paths = sketches.column("source_path")
    ids, owners = list(sketches.column("document_id").chunks), list(paths.chunks)
    for name in ("passages", "doubted"):
        segments = sketches.column(name)
        owners += paths.take(pc.list_parent_indices(segments)).chunks
        ids += pc.struct_field(pc.list_flatten(segments), "segment_id").chunks
    return pa.chunked_array(ids, pa.string()), pa.chunked_array(owners, pa.string())
