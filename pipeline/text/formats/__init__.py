"""Readers: bytes of a file to decoded texts, one small reader per format, listed in `READERS`.

To add a format, write a reader (`record.Reader`) and list its suffix here.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.formats.archive import ARCHIVES, DAMAGED, is_leftover
from pipeline.text.formats.columns import read_csv, read_parquet
from pipeline.text.formats.jsonl import read_jsonl
from pipeline.text.formats.plain import read_html, read_md, read_txt
from pipeline.text.formats.record import Reader, Record
from pipeline.text.formats.unpack import COMPRESSIONS, Meter, can_restart, restarted, unpacked
from pipeline.text.formats.warc import read_warc

__all__ = ["KNOWN", "READERS", "Record", "format_of", "is_leftover", "read"]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "txt": read_txt,
        "md": read_md,
        "jsonl": read_jsonl,
        "json": read_jsonl,
        "html": read_html,
        "csv": read_csv,
        "parquet": read_parquet,
        "warc": read_warc,
        "wet": read_warc,
    }
)
_HELD = 4_000_000  # code points of a member of an archive that are held
KNOWN = ", ".join(f".{kind}" for kind in (*READERS, *ARCHIVES)) + f" (also {', '.join(COMPRESSIONS)})"
# Other suffixes of the same formats; a dot parts format and compression.
_ALIASES = MappingProxyType(
    {"text": "txt", "markdown": "md", "ndjson": "jsonl", "htm": "html", "xhtml": "html", "tsv": "csv", "tgz": "tar.gz",
     "tbz2": "tar.bz2", "txz": "tar.xz", "srt": "txt", "vtt": "txt"}
)  # fmt: skip


def format_of(name: str) -> tuple[str, str] | None:
    """The format and the compression suffix (or "") that a file's name stands for; None when it is not known.

    >>> format_of("a.TXT"), format_of("b.jsonl.gz"), format_of("d.tgz"), format_of("c.docx")
    (('txt', ''), ('jsonl', '.gz'), ('tar', '.gz'), None)
    """
    *stems, last = name.lower().split(".")
    parts = [*stems, *_ALIASES.get(last, last).split(".")]
    packed = f".{parts.pop()}" if f".{parts[-1]}" in COMPRESSIONS else ""
    kind = _ALIASES.get(parts[-1], parts[-1]) if len(parts) > 1 else ""
    return (kind, packed) if kind in READERS or kind in ARCHIVES else None


def read(name: str, stream: BinaryIO, n_bytes: int, config: Ingest) -> Iterator[Record | RejectError]:
    """The records of one file in order, lost ones as the RejectError that says why.

    `name` gives the format, `n_bytes` the size of `stream`. Raises RejectError when the whole file is lost:
    `format` (unknown suffix), `large`, `truncated`, `corrupt`, `bomb`, `empty`, `binary`, `field`.
    """
    kind, packed = _format(name)
    if n_bytes > config.max_bytes:
        raise RejectError(
            "large", f"{n_bytes} bytes exceed ingest.max_bytes = {config.max_bytes}: split it or raise that"
        )
    source = unpacked(stream, packed, Meter(n_bytes, config)) if packed else stream
    yield from _not_none(
        READERS[kind](source, config) if kind in READERS else _members(kind, source, Meter(n_bytes, config), config)
    )


def _not_none(items: Iterator[Record | RejectError]) -> Iterator[Record | RejectError]:
    """`items`, of which there must be one: a table may be a header alone, an archive hold folders or leftovers."""
    first = next(items, None)
    if first is None:
        raise RejectError("empty", "no page is in it: remove it or fetch it again")
    yield first
    yield from items


def _members(kind: str, source: BinaryIO, meter: Meter, config: Ingest) -> Iterator[Record | RejectError]:
    for path, member in ARCHIVES[kind](source, meter):
        if not any(is_leftover(part) for part in path.split("/") if part not in (".", "..")):
            yield from _member(path, member, meter, config)


def _format(name: str) -> tuple[str, str]:
    found = format_of(name)
    if found is None:
        raise RejectError("format", f"this kind of file is not read: convert it to one of {KNOWN}")
    return found


def _member(path: str, member: BinaryIO | RejectError, meter: Meter, config: Ingest) -> Iterator[Record | RejectError]:
    """The records of one member of an archive; a member that is lost leaves the others.

    So all of a member is read before any of it is handed on: a small one is held, a large one is read twice.
    """
    items: Iterable[Record | RejectError] | None
    try:
        if isinstance(member, RejectError):
            raise member
        kind, packed = _format(path)
        if kind in ARCHIVES:
            raise RejectError("format", "an archive inside an archive is not read: unpack the outer one")
        stream = unpacked(member, packed, meter) if packed else member
        items = _held(_not_none(READERS[kind](stream, config)), most=_HELD if can_restart(stream) else sys.maxsize)
        items = READERS[kind](restarted(stream), config) if items is None else items
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # the disk's, not that of bzip2
            raise
        items = [RejectError("corrupt", f"it is damaged ({error}): fetch the archive again")]
    except RejectError as error:
        if error.error == "bomb":
            raise
        items = [error]
    for item in items:
        yield RejectError(item.error, f"member {path}: {item.detail}") if isinstance(item, RejectError) else item


def _held(items: Iterator[Record | RejectError], most: int) -> list[Record | RejectError] | None:
    """The items, once all are read; None where their text is longer than `most`."""
    held: list[Record | RejectError] = []
    size = 0
    for item in items:
        size += len(item.text) if isinstance(item, Record) else len(item.detail)
        if size <= most:
            held.append(item)
        else:
            held.clear()
    return held if size <= most else None
