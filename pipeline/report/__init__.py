"""The page that shows what a run found: one file that needs no network and runs no script.

The same tables give the same bytes. Its size is bounded whatever the corpus: lists are cut, with a word on how
much more there is and in which table it stands.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.store import Manifest

__all__ = ["FILE_NAME", "check_place", "is_current", "remove", "write"]

FILE_NAME = "report.html"
_STAMP = b"<!-- tables "  # begins the last line of every report


def write(out: Path) -> Path:
    """Write report.html into the folder `out` from the tables in it; returns its path.

    A table that is not there yet (the run stopped at an earlier stage) leaves its part of the page empty.
    Raises OutputError when there are no tables at all, some are damaged, or the page cannot be written.
    """
    from pipeline.report.page import render
    from pipeline.store import not_written, read_manifest, require_whole

    path, draft = out / FILE_NAME, out / ".cache" / FILE_NAME
    manifest = read_manifest(out)
    require_whole(out)
    page = render(out) + (_stamp(manifest) if manifest is not None else "")
    try:
        draft.parent.mkdir(exist_ok=True)
        draft.write_text(page, encoding="utf-8", newline="\n")
        draft.replace(path)
    except OSError as error:
        raise not_written(str(path), error, "free space on the disk and run again") from error
    return path


def is_current(out: Path, manifest: "Manifest") -> bool:
    """Whether report.html in the folder `out` was written from the tables of this manifest."""
    path = out / FILE_NAME
    try:
        return path.is_file() and path.read_bytes().endswith(_stamp(manifest).encode())
    except PermissionError:
        return False  # a run puts another file in its place


def check_place(out: Path) -> None:
    """Raise ConfigError where a run would replace a report.html that no run wrote."""
    from pipeline.errors import ConfigError
    from pipeline.store import is_there, knows_runs

    path = out / FILE_NAME
    if not knows_runs(out) and is_there(path) and not (path.is_file() and _STAMP in path.read_bytes()):
        raise ConfigError(f"{path} is of no run and a run would replace it: choose another folder, or move it away")


def remove(out: Path) -> None:
    """Remove report.html from the folder `out`, where there is one. Raises OutputError when it cannot be removed."""
    from pipeline.store import not_written

    try:
        (out / FILE_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise not_written(f"to {out}", error, "run again") from None


def _stamp(manifest: "Manifest") -> str:
    """The last line of a page: which tables it shows. No clock, for a copied folder's times say nothing."""
    return f"{_STAMP.decode()}{manifest.fingerprint()} -->\n"
