"""Whose a folder is: what tells the output of a run from folders that hold something else."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.schema import TABLES
from pipeline.store.faults import is_there
from pipeline.store.manifest import FILE_NAME
from pipeline.store.tables import cache_path, table_path

__all__ = ["foreign", "holds_tables", "knows_runs"]

_MARK = b"claimsieve.table"  # a key of every schema of ours


def knows_runs(out: Path) -> bool:
    """Whether the folder `out` has a manifest or cache. Raises OutputError as `is_there` does."""
    return is_there(out / FILE_NAME) or is_there(cache_path(out))


def holds_tables(folder: Path) -> bool:
    """Whether a folder is the output of a run; with a manifest of that name alone it may be a web site."""
    marks = (cache_path(folder),), (folder / FILE_NAME, table_path(folder, "sources"))
    return any(all(os.access(path, os.F_OK) for path in paths) for paths in marks)


def foreign(out: Path) -> list[Path]:
    """Files with the names of tables that are none of ours, in a folder that knows of no run.

    Raises OutputError as `is_there` does.
    """
    if knows_runs(out):
        return []
    paths = [table_path(out, name) for name, table in TABLES.items() if table.public]
    return [path for path in paths if is_there(path) and not _is_ours(path)]


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False
