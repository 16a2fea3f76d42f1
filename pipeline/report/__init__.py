"""The page that shows what a run found."""

import html
from pathlib import Path

__all__ = ["FILE_NAME", "write"]

FILE_NAME = "report.html"


def write(out: Path, raw: Path) -> Path:
    """Write report.html into the folder `out` from its tables, read from the pages in `raw`; its path."""
    from pipeline.store import count

    counts = count(out)
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(str(value))}</td></tr>" for name, value in vars(counts).items())
    path = out / FILE_NAME
    draft = out / ".cache" / FILE_NAME
    draft.write_text(f"<!doctype html><meta charset='utf-8'><title>claimsieve</title><table>{rows}</table>\n", encoding="utf-8")
    draft.replace(path)
    return path
