"""Web pages with their main text, in the layout of WCXB, and the measure of main text that comes with it.

WCXB is the Web Content Extraction Benchmark of Murrough Foley (CC BY 4.0); its pages are no part of this project.
"""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.config import Ingest
from pipeline.errors import InputError
from pipeline.evaluation.gold import GoldPage
from pipeline.stages.ingest import INGEST, find_files

__all__ = [
    "WebPage", "by_name", "load_web_pages", "public_articles", "read_web_pages", "word_f1", "words_of",
    "write_web_pages",
]  # fmt: skip

_WORD = re.compile(r"\w+")
_KEYS = ("main_content", "title", "author", "publish_date")


@dataclass(frozen=True)
class WebPage:
    """A page with its main text: id, kind ("article", "forum", ...), packed bytes of the file; its title, author and
    day of publication, "" where it has none."""

    name: str
    kind: str
    main: str
    packed: bytes
    title: str = ""
    author: str = ""
    published: str = ""


def load_web_pages(folder: Path, *, every: int = 1, first: int = 0) -> list[WebPage]:
    """The pages `first`, `first + every`, ... of `folder` in the order of their ids.

    `folder` holds `html/ID.html.gz` and `ground-truth/ID.json`. Raises InputError where there is none of the latter,
    OSError or ValueError where a file is missing or damaged.
    """
    pages = []
    for path in _truths(folder)[first::every]:
        found = json.loads(path.read_text(encoding="utf-8"))
        kind = found["_internal"]["page_type"]["primary"]
        packed = (folder / "html" / f"{path.stem}.html.gz").read_bytes()
        main, *said = (found["ground_truth"].get(key) or "" for key in _KEYS)
        pages.append(WebPage(path.stem, kind, main, packed, *said))
    return pages


def _truths(folder: Path) -> list[Path]:
    paths = sorted((folder / "ground-truth").glob("*.json"))
    if not paths:
        raise InputError(f"{folder} holds no ground-truth/*.json: name the folder of WCXB with --pages")
    return paths


def write_web_pages(pages: Sequence[WebPage], folder: Path) -> None:
    """Pages as files `ID.html.gz`."""
    for page in pages:
        Path(folder, f"{page.name}.html.gz").write_bytes(page.packed)


def read_web_pages(pages: Sequence[WebPage]) -> pa.Table:
    """What `ingest` makes of pages: the `texts` table, without those that it rejects."""
    with tempfile.TemporaryDirectory() as folder:
        write_web_pages(pages, Path(folder))
        return INGEST.run({"files": find_files(Path(folder))}, Ingest())["texts"]


def by_name(texts: pa.Table) -> dict[str, str]:
    """The decoded source of each page of `read_web_pages`, by its name."""
    rows = texts.select(["source_path", "text"]).to_pylist()
    return {row["source_path"].partition(".")[0]: row["text"] for row in rows}


def words_of(text: str) -> list[str]:
    """The words of a text as WCXB counts them: runs of \\w in lower case."""
    return _WORD.findall(text.lower())


def word_f1(found: str, main: str) -> float:
    """F1 of the words of `found` against those of `main`, both as bags; 1 where both are empty.

    >>> word_f1("Rest helps. Buy now", "rest helps")
    0.6666666666666666
    """
    have, want = Counter(words_of(found)), Counter(words_of(main))
    if not have and not want:
        return 1.0
    return 2 * (have & want).total() / (have.total() + want.total())


def public_articles(
    folder: Path, *, every: int = 2, first: int = 1, kinds: Container[str] = ("article",)
) -> list[GoldPage]:
    """The pages of these kinds among WCXB's pages `first`, `first + every`, ...: the title's line, then the main text.

    A title that stands in the first five lines of the main text is not said twice. Raises as `load_web_pages`.
    """
    pages = []
    for path in _truths(folder)[first::every]:
        found = json.loads(path.read_text(encoding="utf-8"))
        truth = found["ground_truth"]
        title, main = (" ".join((truth.get("title") or "").split()), truth.get("main_content") or "")
        if found["_internal"]["page_type"]["primary"] not in kinds or not title or not main.strip():
            continue
        lines = main.splitlines()
        head = [i for i, line in enumerate(lines[:5]) if line.strip().lower() == title.lower()]
        text = "\n".join([title, *lines[: head[0]], *lines[head[0] + 1 :]] if head else [title, "", *lines]) + "\n"
        pages.append(GoldPage(path.stem, text, ((0, len(title), "title"),), ()))
    return pages
