"""The tables in the output folder: written all or nothing, read with their schema checked.

A run first writes every table into a folder of its own beside the cache, the manifest last: that is the
point of no return. Then the files are moved into place, the manifest last again. A run that is killed
before the point leaves the old tables alone; one killed after it is completed by the next run.
"""

import contextlib
import hashlib
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import OutputError, SchemaError
from pipeline.schema import TABLES
from pipeline.stage import conform
from pipeline.store.blobs import canonical
from pipeline.store.faults import is_there, not_readable, not_written
from pipeline.store.manifest import FILE_NAME, Manifest, TableFile

__all__ = [
    "cache_path",
    "complete",
    "discard_staged",
    "is_intact",
    "lock",
    "publish",
    "read_table",
    "require_whole",
    "row_count",
    "row_groups",
    "stage_table",
    "table_path",
]

# Rows of one row group, and so of one write: fixed, because groups cut where units end would make the
# bytes depend on them. 32,768 segments of common text are about 10 MB in memory.
ROWS_PER_GROUP = 32_768
_UNTOUCHED = "the tables of the last complete run are untouched; free space on the disk and run again"


def table_path(out: Path, name: str) -> Path:
    """Where table `name` lies in the folder `out`."""
    return out / f"{name}.parquet"


def cache_path(out: Path) -> Path:
    """Where the cache of the folder `out` lies."""
    return out / ".cache" / "work.sqlite"


@contextlib.contextmanager
def lock(out: Path) -> Iterator[None]:
    """Hold the folder `out` (made where missing) for one run.

    Raises OutputError when it cannot be made or written, or when another run holds it. The lock goes
    with the process, also when that is killed.
    """
    import filelock

    try:
        (out / ".cache").mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(out / ".cache" / "lock")
        held.acquire(timeout=0)
    except filelock.Timeout:
        raise OutputError(
            f"another run is writing to {out}: wait for it, or choose another folder with --out"
        ) from None
    except OSError as error:
        raise not_written(f"to {out}", error, "choose another folder with --out") from error
    with contextlib.ExitStack() as stack:
        stack.callback(held.release)
        yield


def stage_table(out: Path, name: str, parts: Iterable[pa.Table]) -> TableFile:
    """Write table `name` to the staging folder from its rows in order, cut into parts of any size.

    Returns its entry for the manifest. Raises OutputError when the disk is full or the folder vanished.
    """
    path = _staged(out) / f"{name}.parquet"
    rows = 0
    with _writing(out, _UNTOUCHED):
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as sink:
            with pq.ParquetWriter(sink, TABLES[name].schema, compression="zstd") as writer:
                for group in _groups(name, parts):
                    writer.write_table(group, row_group_size=ROWS_PER_GROUP)
                    rows += group.num_rows
            _flush(sink.fileno())
        return TableFile(name, rows, path.stat().st_size, _sha256(path))


def publish(out: Path, manifest: Manifest) -> None:
    """Move the staged tables into place, and the manifest after them; tables that it does not name are removed."""
    with _writing(out, _UNTOUCHED):
        draft = _staged(out) / f"{FILE_NAME}.draft"
        with draft.open("w", encoding="utf-8") as sink:
            sink.write(manifest.to_json())
            sink.flush()
            _flush(sink.fileno())
        draft.replace(_staged(out) / FILE_NAME)
        _flush_folder(_staged(out))
    complete(out)


def complete(out: Path) -> None:
    """Finish moving what a killed run had staged in full; drop what it had not."""
    staged = _staged(out)
    with _writing(out, "run again to complete it"):
        if (staged / FILE_NAME).exists():
            for name in (name for name, table in TABLES.items() if table.public):
                _settle(staged, out, name, keep=_names(staged))
            _flush_folder(out)
            (staged / FILE_NAME).replace(out / FILE_NAME)
            _flush_folder(out)
    discard_staged(out)


def discard_staged(out: Path) -> None:
    """Delete the staging folder with all that is in it."""
    if _staged(out).exists():
        with _writing(out, "run again"):
            shutil.rmtree(_staged(out))


def is_intact(out: Path, written: TableFile) -> bool:
    """Whether the file of a table is there with the bytes that the manifest says were written."""
    path = table_path(out, written.name)
    try:
        return path.is_file() and path.stat().st_size == written.n_bytes and _sha256(path) == written.sha256
    except PermissionError:
        return False  # a run puts another file in its place


def read_table(
    out: Path, name: str, columns: list[str] | None = None, *, where: pc.Expression | None = None
) -> pa.Table:
    """Table `name` of the folder `out`, or some of its columns, in the schema's types.

    where: keep only the rows this holds for; the others never come together in memory.

    Raises OutputError when there is no such table, it is not there, it is damaged or of another version, or a killed
    run left it half replaced.
    """
    with _reading(out, name, columns) as path:
        table = pq.read_table(path, columns=columns, filters=where)
        return conform(name, table) if columns is None else table


def row_groups(out: Path, name: str, columns: list[str]) -> Iterator[pa.Table]:
    """Some columns of table `name`, as `read_table` gives them, a group of rows in memory at a time."""
    with _reading(out, name, columns) as path, pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, columns=columns)


def row_count(out: Path, name: str) -> int:
    """Rows of table `name`. Raises OutputError as `read_table` does."""
    with _reading(out, name, []) as path:
        return int(pq.read_metadata(path).num_rows)


def require_whole(out: Path) -> None:
    """Raise OutputError where a table is missing though one that is made of it is there."""
    there = [(name, is_there(table_path(out, name))) for name, table in TABLES.items() if table.public]
    missing = next((name for name, exists in there if not exists), None)
    last = next((name for name, exists in reversed(there) if exists), None)
    names = [name for name, _ in there]
    if missing and last and names.index(missing) < names.index(last):
        raise OutputError(f"{table_path(out, missing)} is not there, {last}.parquet is: run the pipeline again")


@contextlib.contextmanager
def _reading(out: Path, name: str, columns: list[str] | None) -> Iterator[Path]:
    """The file of table `name`, once it has these columns (None: exactly its own) in the schema's types."""
    path = _readable(out, name)
    try:
        _check_columns(path, name, columns)
        yield path
    except (OSError, pa.ArrowException, SchemaError) as error:
        raise not_readable(path, error) from error


def _check_columns(path: Path, name: str, columns: list[str] | None) -> None:
    known, found = TABLES[name].schema, pq.read_schema(path)
    for column in known.names if columns is None else columns:
        if column not in found.names or found.field(column).type != known.field(column).type:
            raise OutputError(
                f"{path} has no column {column} of type {known.field(column).type}: another version wrote it, or"
                " another program; run the pipeline again"
            )


def _readable(out: Path, name: str) -> Path:
    if not (isinstance(name, str) and name in TABLES and TABLES[name].public):
        known = ", ".join(name for name, table in TABLES.items() if table.public)
        raise OutputError(f"there is no table {name!r}; the tables are: {known}")
    if is_there(_staged(out) / FILE_NAME):
        raise OutputError(f"the last run over {out} was cut off while it replaced the tables: run again to complete it")
    path = table_path(out, name)
    if not is_there(path):
        command = f"python -m pipeline run --out {shlex.quote(str(out))}"
        raise OutputError(f"{path} is not there: run the pipeline first (make, or {command})")
    return path


def _groups(name: str, parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    rows = 0
    for part in parts:
        held.append(part)
        rows += part.num_rows
        while rows >= ROWS_PER_GROUP:
            whole = pa.concat_tables(held)
            yield canonical(whole.slice(0, ROWS_PER_GROUP))
            held = [whole.slice(ROWS_PER_GROUP)]
            rows -= ROWS_PER_GROUP
    if rows:
        yield canonical(pa.concat_tables(held))


def _settle(staged: Path, out: Path, name: str, keep: frozenset[str]) -> None:
    new = staged / f"{name}.parquet"
    if new.exists():
        new.replace(table_path(out, name))
    elif name not in keep:
        table_path(out, name).unlink(missing_ok=True)


def _names(staged: Path) -> frozenset[str]:
    import json

    return frozenset(table["name"] for table in json.loads((staged / FILE_NAME).read_text(encoding="utf-8"))["tables"])


def _staged(out: Path) -> Path:
    return out / ".cache" / "staged"


@contextlib.contextmanager
def _writing(out: Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise not_written(f"the tables to {out}", error, remedy) from error


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
