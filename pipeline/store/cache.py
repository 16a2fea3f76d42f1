"""What was computed before, by content: one SQLite file that survives being killed.

A result is the set of tables that one step made of one unit (a source file, or the corpus). Its key is a
hash of everything it was made from, so a result is never stale, only unused. Only the parent process
writes, one transaction a batch, in write-ahead mode: a killed run loses at most the batch at hand.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.store.faults import is_there

__all__ = ["Cache", "Ref", "digest", "lack", "open_cache"]

# Raised when the tables below change, or how a table is packed; a cache of another layout is dropped, never converted.
_LAYOUT = 2
# SQLite holds at most 1 GB in one value; a table larger than this lies in several.
_PART_BYTES = 64 << 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    key BLOB PRIMARY KEY, step TEXT NOT NULL, unit TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tables (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, rows INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS tables_by_key ON tables (key, name);
CREATE TABLE IF NOT EXISTS parts (
    id INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (id, part)
);
CREATE INDEX IF NOT EXISTS results_by_unit ON results (unit);
"""


@dataclass(frozen=True, slots=True)
class Ref:
    """One cached table: where its bytes lie, the hash of its content, how many rows it has."""

    id: int
    digest: bytes
    rows: int


def digest(*parts: bytes | str) -> bytes:
    """blake2b (16 bytes) over the parts, each preceded by its length."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.digest()


class Cache:
    """The open cache of one output folder. Made by `open_cache`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def find(self, key: bytes) -> dict[str, Ref] | None:
        """The tables of the result `key`, or None where it was never stored."""
        if self._db.execute("SELECT 1 FROM results WHERE key = ?", (key,)).fetchone() is None:
            return None
        rows = self._db.execute("SELECT name, id, digest, rows FROM tables WHERE key = ?", (key,))
        return {name: Ref(*rest) for name, *rest in rows}

    def load(self, ref: Ref) -> bytes:
        """The packed table behind `ref`."""
        data = b"".join(
            row[0] for row in self._db.execute("SELECT data FROM parts WHERE id = ? ORDER BY part", (ref.id,))
        )
        if digest(data) != ref.digest:
            raise sqlite3.DatabaseError("a stored table is not what was written")
        return data

    def put(self, results: Iterable[tuple[bytes, str, str, Mapping[str, tuple[bytes, int]]]]) -> None:
        """Store results in one transaction: each (key, step, unit, {table: (packed bytes, rows)})."""
        with self._db:
            for key, step, unit, tables in results:
                self._db.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", (key, step, unit))
                for name, (data, rows) in tables.items():
                    self._put_table(key, name, data, rows)

    def versions(self, unit: str, table: str) -> list[Ref]:
        """Every stored version of a unit's table, whichever step and key made it, newest first."""
        rows = self._db.execute(
            "SELECT t.id, t.digest, t.rows FROM results r JOIN tables t USING (key)"
            " WHERE r.unit = ? AND t.name = ? ORDER BY t.id DESC",
            (unit, table),
        )
        return [Ref(*row) for row in rows]

    def prune(self, used: Iterable[bytes]) -> int:
        """Delete all results but those named; their number. Their pages are given back to the disk."""
        with self._db:
            self._db.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY) WITHOUT ROWID")
            self._db.executemany("INSERT OR IGNORE INTO used VALUES (?)", ((key,) for key in used))
            gone = self._db.execute("DELETE FROM results WHERE key NOT IN (SELECT key FROM used)").rowcount
            self._db.execute(
                "DELETE FROM parts WHERE id IN (SELECT id FROM tables WHERE key NOT IN (SELECT key FROM used))"
            )
            self._db.execute("DELETE FROM tables WHERE key NOT IN (SELECT key FROM used)")
            self._db.execute("DROP TABLE used")
        if gone:
            # As a script, since `execute` would stop after the first page.
            self._db.executescript("PRAGMA incremental_vacuum")
        return gone

    def _put_table(self, key: bytes, name: str, data: bytes, rows: int) -> None:
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO tables (key, name, digest, rows) VALUES (?, ?, ?, ?)",
            (key, name, digest(data), rows),
        )
        if cursor.rowcount:
            for part, start in enumerate(range(0, max(len(data), 1), _PART_BYTES)):
                chunk = memoryview(data)[start : start + _PART_BYTES]
                self._db.execute("INSERT INTO parts VALUES (?, ?, ?)", (cursor.lastrowid, part, chunk))


@contextlib.contextmanager
def open_cache(path: Path, *, read_only: bool = False) -> Iterator[Cache]:
    """The cache in the file `path`, made where it is missing.

    Raises OutputError when the file cannot be opened or written (full disk, damage), also from within
    the `with` block.
    """
    try:
        if not read_only and _layout(path) not in (0, _LAYOUT):
            path.unlink()
        with contextlib.closing(_connect(path, read_only)) as db:
            yield Cache(db)
    except sqlite3.DatabaseError as error:
        raise OutputError(f"cache {path}: {error}; {_remedy(error)}") from error


def lack(path: Path, n_units: int) -> str:
    """What is wrong with the cache in the file `path`, with the remedy: "" where it opens and has results of at least
    so many source files.

    Reads no result: damage inside one shows when that is loaded. Raises OutputError where it may not be looked at.
    """
    if not is_there(path):
        return f"the cache {path} is missing; run again"
    try:
        with contextlib.closing(_connect(path, read_only=True)) as db:
            found = db.execute("SELECT COUNT(DISTINCT unit) FROM results WHERE unit != ''").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return f"cache {path}: {error}; {_remedy(error)}"
    return "" if found >= n_units else f"the cache {path} is incomplete; run again"


def _remedy(error: sqlite3.DatabaseError) -> str:
    name = getattr(error, "sqlite_errorname", "SQLITE_CORRUPT")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return "check the permissions of the file and its folder"
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return "free space on the disk and run again"
    return "delete the file and run the pipeline again (finished work is redone)"


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only:
        # Beside a file in write-ahead mode SQLite makes others, unless told that nothing can change it.
        fixed = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
        return sqlite3.connect(f"{path.resolve().as_uri()}?{'immutable=1' if fixed else 'mode=ro'}", uri=True)
    db = sqlite3.connect(path)
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(_SCHEMA)
    db.execute(f"PRAGMA user_version = {_LAYOUT}")
    return db


def _layout(path: Path) -> int:
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
