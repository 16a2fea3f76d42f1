"""Find files, read them, decode them; what cannot be read becomes a row of `rejects`.

Left out in silence, for they are no pages: names that begin with a dot, `~` or `__`, or end in `~`; what editors,
downloads and operating systems leave behind (`is_leftover`); papers that come with a folder rather than from a
site (`_PAPERS`, in the top folder only); and folders of tables that a run wrote. Every other file is read or rejected.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from pipeline.config import Ingest
from pipeline.errors import PASSING, InputError, RejectError
from pipeline.stage import Stage, Tables, content_id, from_rows
from pipeline.text.formats import KNOWN, Record, format_of, is_leftover, read

__all__ = ["INGEST", "find_files", "is_utf8", "printable"]

_PAPERS = re.compile(
    r"(?:readme|licen[cs]e|copying|notice|sources|changelog|makefile|dockerfile)(?:\.(?:md|txt|rst))?$", re.I
)
_ESCAPE = re.compile(r"\\x[0-9a-f]{2}")  # as `printable` writes a byte
_LARGE = 4 << 20  # bytes of a file, as stored, from which it is read in parts
_PART = 4_000_000  # code points of a part
# A record, or why it is lost, with its index; None for a whole file that is lost.
_Item = tuple[int | None, Record | RejectError]


@dataclass(frozen=True)
class _File:
    """One row of the `files` table."""

    source_path: str
    file_path: str
    sha256: str
    n_bytes: int


def _none(folder: Path) -> bool:
    return False


def find_files(raw: Path, left_out: Callable[[Path], bool] = _none) -> pa.Table:
    """The `files` table of the folder `raw`, sorted by source_path.

    Links are followed, each folder once; folders in it that are to be `left_out` are passed over in silence. A file
    that cannot be opened is listed with an empty sha256, and rejected when it is read. Raises InputError: the folder is
    missing, is no folder, or holds nothing readable.
    """
    if not _is_there(raw):
        raise InputError(
            f"raw folder {raw} does not exist: create it and put pages in it, or point RAW= (--raw) elsewhere"
        )
    if not raw.is_dir():
        raise InputError(f"raw folder {raw} is a file: name the folder that holds it")
    if not os.access(raw, os.R_OK | os.X_OK):
        raise InputError(f"raw folder {raw} cannot be opened: check its permissions")
    rows = [_listed(path, raw) for path in _walk(raw, raw, set(), left_out)]
    if not any(format_of(row["source_path"]) for row in rows):
        raise InputError(
            f"raw folder {raw} holds no file of a known format ({KNOWN}): put pages in it, or choose another"
        )
    return from_rows("files", sorted(rows, key=lambda row: str(row["source_path"])))


def _is_there(raw: Path) -> bool:
    try:
        return raw.exists()
    except OSError as error:
        reason = f"cannot be opened ({error.strerror}): check the permissions of the folders above it"
        raise InputError(f"raw folder {raw} {reason}") from None


def _walk(folder: Path, raw: Path, seen: set[Path], left_out: Callable[[Path], bool]) -> Iterator[Path]:
    seen.add(folder.resolve())
    for path in sorted(folder.iterdir()):
        if is_leftover(path.name) or (folder == raw and _PAPERS.match(path.name)):
            continue
        if not os.access(path, os.R_OK | os.X_OK) or not path.is_dir():
            yield path
        elif path.resolve() not in seen and not left_out(path):
            yield from _walk(path, raw, seen, left_out)


def _listed(path: Path, raw: Path) -> dict[str, Any]:
    sha256, n_bytes = "", 0
    if os.access(path, os.R_OK) and path.is_file():
        with contextlib.suppress(OSError), path.open("rb") as stream:
            sha256, n_bytes = hashlib.file_digest(stream, "sha256").hexdigest(), stream.tell()
    name = printable(path.relative_to(raw).as_posix())
    # Tables hold UTF-8 only; as it is shown, a path that is none could be that of another file.
    # In full, for workers elsewhere; a folder above that is no UTF-8 is left out.
    file_path = next((p for p in (str(path.absolute()), str(path)) if is_utf8(p)), "")
    return {"source_path": name, "file_path": file_path, "sha256": sha256, "n_bytes": n_bytes}


def is_utf8(name: str) -> bool:
    """Whether a file's name, as Python gives it, is UTF-8 where it lies."""
    return os.fsencode(name).decode("utf-8", "replace") == name


def printable(name: str) -> str:
    """A file's name as text, no two alike: bytes that are not UTF-8 are written as \\xNN.

    Backslashes are doubled where there are such bytes, or where the name itself could be taken for one that has some.
    """
    if _ESCAPE.search(name) or not is_utf8(name):
        name = name.replace("\\", r"\\")
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _run(tables: Tables, config: Ingest) -> dict[str, pa.Table]:
    rows = _Rows()
    files = [_File(**row) for row in tables["files"].to_pylist()]
    for copies in _copies(files):
        known: list[_Item] = []
        for file in copies:
            items = _read(file, config, known)
            known = known or (items if any(isinstance(item, Record) for _, item in items) else [])
            rows.add(file, items)
    return rows.tables()


class _Rows:
    """The rows of the three tables, as they are gathered."""

    def __init__(self) -> None:
        self.sources: list[dict[str, Any]] = []
        self.texts: list[dict[str, Any]] = []
        self.rejects: list[dict[str, Any]] = []

    def add(self, file: _File, items: Iterable[_Item]) -> None:
        """The rows of some records of a file, each with its index."""
        for index, item in items:
            if isinstance(item, RejectError):
                self.rejects.append(_reject_row(file, index, item))
            elif index is not None:
                self.texts.append(_text_row(file, index, item))
                if not item.more:
                    self.sources.append(_source_row(file, index, item))

    def tables(self) -> dict[str, pa.Table]:
        """The tables that they make."""
        return {name: _sorted(name, rows) for name, rows in vars(self).items()}


def _parts(tables: Tables, config: Ingest) -> Iterator[dict[str, pa.Table]] | None:
    """The rows of large files, a part at a time; None where they are small enough for `_run`."""
    files = [_File(**row) for row in tables["files"].to_pylist()]
    if sum(file.n_bytes for file in files) <= _LARGE:
        return None
    return (part for file in files for part in _file_parts(file, config))


def _file_parts(file: _File, config: Ingest) -> Iterator[dict[str, pa.Table]]:
    """The file is read twice: a failure half-way loses all of it, so that no half of it is used.

    Raises RejectError for a failure that comes when it is read again, and so is not its bytes'.
    """
    rows, size, begun = _Rows(), 0, False
    with _rejecting(file) as lost, _open(file) as stream:
        for _ in read(file.source_path, stream, file.n_bytes, config):
            pass
        stream.seek(0)
        for index, item in _numbered(read(file.source_path, stream, file.n_bytes, config)):
            own = len(item.text) if isinstance(item, Record) else len(item.detail)
            if size and size + own > _PART:
                yield rows.tables()
                rows, size, begun = _Rows(), 0, True
            rows.add(file, [(index, item)])
            size += own
    if begun and lost:
        raise RejectError(PASSING, f"the file changed while it was read ({lost[0].detail}): run again")
    rows.add(file, [(None, error) for error in lost])
    yield rows.tables()


def _copies(files: Iterable[_File]) -> list[list[_File]]:
    """Files that are read alike and hold the same bytes, together, so that they are decoded once."""
    groups: dict[tuple[object, ...], list[_File]] = {}
    for file in files:
        same = (file.sha256, format_of(file.source_path)) if file.sha256 else (file.source_path,)
        groups.setdefault(same, []).append(file)
    return list(groups.values())


def _read(file: _File, config: Ingest, known: list[_Item]) -> list[_Item]:
    """The file's records, numbered, `known` ones from a copy if there are any.

    A failure half-way loses the whole file, so that no half of it is used.
    """
    items: list[_Item] = []
    with _rejecting(file) as lost, _open(file) as stream:
        items = known or list(_numbered(read(file.source_path, stream, file.n_bytes, config)))
    return [(None, error) for error in lost] or items


@contextlib.contextmanager
def _rejecting(file: _File) -> Iterator[list[RejectError]]:
    """A list that takes the reason why a file is lost, if one is; that could be listed, and is no more to be read, may
    be read by the next run."""
    lost: list[RejectError] = []
    try:
        yield lost
    except RejectError as error:
        lost.append(error)
    except OSError as error:
        reason = error.strerror or str(error)
        if file.sha256 and error.errno:
            lost.append(RejectError(PASSING, f"the file could be listed, but not read ({reason}): run again"))
        else:
            lost.append(RejectError("unreadable", f"the file cannot be read ({reason}): check its permissions"))


def _open(file: _File) -> BinaryIO:
    """The file's bytes, once they are still those that were listed: rows and cache go by the listed hash."""
    path = Path(file.file_path)
    if not path.is_file():
        if file.file_path and file.sha256:
            raise RejectError(PASSING, "no file lies there any more: put it back, or leave it, and run again")
        if file.file_path and path.is_dir():
            raise RejectError(
                "unreadable", "the folder cannot be opened, so nothing in it was read: check its permissions"
            )
        raise RejectError(
            "unreadable", "no file lies there (a dangling link, a device, or a name that is not UTF-8): mend it"
        )
    stream = path.open("rb")
    if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
        stream.close()
        raise RejectError(PASSING, "the file could not be listed, or changed while the run went on: run again")
    stream.seek(0)
    return stream


def _numbered(items: Iterable[Record | RejectError]) -> Iterator[_Item]:
    """Each record with its index; the stretches of one text are one record."""
    index = 0
    for item in items:
        yield index, item
        index += not (isinstance(item, Record) and item.more)


def _source_row(file: _File, index: int, item: Record) -> dict[str, Any]:
    return {
        "source_id": content_id(file.source_path, file.sha256, index),
        "source_path": file.source_path,
        "sha256": file.sha256,
        "n_bytes": file.n_bytes,
        "format": (format_of(file.source_path) or ("", ""))[0],
        "encoding": item.encoding,
        "n_chars": (item.base or 0) + len(item.text),
        "url": item.url,
        "fetched_at": item.fetched_at,
        "record": index,
    }


def _text_row(file: _File, index: int, item: Record) -> dict[str, Any]:
    return {
        "source_id": content_id(file.source_path, file.sha256, index),
        "source_path": file.source_path,
        "record": index,
        "url": item.url,
        "format": item.kind,
        "raw_base": item.base,
        "title": item.title,
        "author": item.author,
        "published": item.published,
        "text": item.text,
    }


def _reject_row(file: _File, index: int | None, error: RejectError) -> dict[str, Any]:
    return {
        "source_path": file.source_path,
        "record": index,
        "stage": "ingest",
        "error": error.error,
        # It may quote what the file holds, and JSON can hold half a surrogate pair.
        "detail": error.detail.encode("utf-8", "backslashreplace").decode("utf-8"),
    }


def _sorted(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    rows.sort(key=lambda row: (row["source_path"], -1 if row["record"] is None else row["record"]))
    return from_rows(name, rows)


INGEST = Stage("ingest", ("files",), ("sources", "texts", "rejects"), _run, "ingest", parts=_parts, together=8)
