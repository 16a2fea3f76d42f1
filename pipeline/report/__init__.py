"""The page that shows what a run found: one file that needs no network and runs no script.

The same tables give the same bytes. Its size is bounded whatever the corpus: lists are cut, with a word on how
much more there is and in which table it stands.
"""

from pathlib import Path

__all__ = ["FILE_NAME", "write"]

FILE_NAME = "report.html"


def write(out: Path) -> Path:
    """Write report.html into the folder `out` from the tables in it; returns its path.

    A table that is not there yet (the run stopped at an earlier stage) leaves its part of the page empty.
    Raises OutputError when there are no tables at all, or the page cannot be written.
    """
    from pipeline.errors import OutputError
    from pipeline.report.page import render

    path, draft = out / FILE_NAME, out / ".cache" / FILE_NAME
    page = render(out)
    try:
        draft.parent.mkdir(exist_ok=True)
        draft.write_text(page, encoding="utf-8", newline="\n")
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; free space and run again") from error
    return path
