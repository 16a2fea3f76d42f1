"""Readers: bytes of a file to decoded texts, one small reader per format, listed in `READERS`.

To add a format, write a reader (`record.Reader`) and list its suffix here.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.formats.jsonl import read_jsonl
from pipeline.text.formats.plain import read_html, read_md, read_txt
from pipeline.text.formats.record import Reader, Record
from pipeline.text.formats.unpack import COMPRESSIONS, Meter, unpacked

__all__ = ["READERS", "Record", "format_of", "read"]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "txt": read_txt,
        "md": read_md,
        "jsonl": read_jsonl,
        "html": read_html,
    }
)
# Other suffixes of the same formats.
_ALIASES = MappingProxyType({"text": "txt", "markdown": "md", "ndjson": "jsonl", "htm": "html", "xhtml": "html"})


def format_of(name: str) -> tuple[str, str] | None:
    """The format and the compression suffix (or "") that a file's name stands for; None when it is not known.

    >>> format_of("a.TXT"), format_of("b.jsonl.gz"), format_of("c.docx")
    (('txt', ''), ('jsonl', '.gz'), None)
    """
    stem = name.lower()
    packed = next((suffix for suffix in COMPRESSIONS if stem.endswith(suffix)), "")
    suffix = stem.removesuffix(packed).rpartition(".")[2] if "." in stem.removesuffix(packed) else ""
    kind = _ALIASES.get(suffix, suffix)
    return (kind, packed) if kind in READERS else None


def read(name: str, stream: BinaryIO, n_bytes: int, config: Ingest) -> Iterator[Record | RejectError]:
    """The records of one file in order, lost ones as the RejectError that says why.

    `name` gives the format, `n_bytes` the size of `stream`. Raises RejectError when the whole file is lost:
    `format` (unknown suffix), `large`, `truncated`, `corrupt`, `bomb`, `empty`, `binary`.
    """
    found = format_of(name)
    if found is None:
        known = ", ".join(f".{kind}" for kind in READERS)
        raise RejectError(
            "format", f"this kind of file is not read: convert it to one of {known} (also .gz, .zst, .bz2, .xz)"
        )
    if n_bytes > config.max_bytes:
        raise RejectError(
            "large", f"{n_bytes} bytes exceed ingest.max_bytes = {config.max_bytes}: split it or raise that"
        )
    kind, packed = found
    source = unpacked(stream, packed, Meter(n_bytes, config)) if packed else stream
    yield from READERS[kind](source, config)
