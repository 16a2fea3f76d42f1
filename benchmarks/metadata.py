"""How often title, author and day of publication of web pages are found, beside trafilatura, on the same pages.

    python -m benchmarks.metadata [--pages FOLDER]

FOLDER is as in `benchmarks.html`. A title is right that has the same words in the same order (case and marks aside), an
author who has the same names in any order, a day that is the same. F1 counts what is right against what pages have and
what is said of them; pages have no author or day where their labels name none. The rules for lines around the main
heading (`pipeline/text/credits.py`) were written with the pages 0, 2, 4, ... in view, so the others have columns of
their own.
"""

import argparse
import importlib.util
import re
import sys
import unicodedata
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pipeline.config import Clean
from pipeline.errors import InputError
from pipeline.evaluation.segments import Rates
from pipeline.evaluation.web_pages import WebPage, by_name, load_web_pages, read_web_pages, words_of
from pipeline.stages.clean import CLEAN
from training.main_blocks import WCXB

_BETWEEN_NAMES = re.compile(r"[,;&]|\band\b")


class Said(NamedTuple):
    """What is said of a page, "" where nothing is."""

    title: str
    author: str
    published: str


def claimsieve(pages: Sequence[WebPage]) -> dict[str, Said]:
    """The columns of `documents`, by the name of the page."""
    documents = CLEAN.run({"texts": read_web_pages(pages)}, Clean())["documents"]
    columns = [documents[name].to_pylist() for name in ("source_path", *Said._fields)]
    return {
        path.partition(".")[0]: Said(*(value or "" for value in said)) for path, *said in zip(*columns, strict=True)
    }


def trafilatura(pages: Sequence[WebPage]) -> dict[str, Said]:
    """What `extract_metadata` of trafilatura says of each page as claimsieve has decoded it."""
    from trafilatura import extract_metadata

    found = {name: extract_metadata(html) for name, html in by_name(read_web_pages(pages)).items()}
    return {name: Said(one.title or "", one.author or "", one.date or "") for name, one in found.items() if one}


def _words(text: str) -> str:
    return " ".join(words_of(unicodedata.normalize("NFKC", text)))


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(_words, _BETWEEN_NAMES.split(text))))


_READ: Mapping[str, Callable[[str], Hashable]] = MappingProxyType(
    {"title": _words, "author": _names, "published": lambda day: day[:10]}
)


def rates(pages: Sequence[WebPage], said: Mapping[str, Said]) -> dict[str, Rates]:
    """By column how many pages have a value, how many are said to have one, and how many of these are right."""
    nothing = Said("", "", "")
    counts = {column: Rates() for column in _READ}
    for page in pages:
        for column, read in _READ.items():
            gold, found = read(getattr(page, column)), read(getattr(said.get(page.name, nothing), column))
            counts[column].gold += bool(gold)
            counts[column].predicted += bool(found)
            counts[column].hit += bool(gold) and gold == found
    return counts


def table(pages: Sequence[WebPage]) -> str:
    """A row for claimsieve and for trafilatura: F1 of each column over all pages, and over every second."""
    groups = {f"all ({len(pages)})": pages, f"second ({len(pages[1::2])})": pages[1::2]}
    heads = [f"{column}, {group}" for group in groups for column in _READ]
    rows = ["  ".join([f"{'':12}", *heads])]
    for name, find in (("claimsieve", claimsieve), ("trafilatura", trafilatura)):
        if find is trafilatura and importlib.util.find_spec("trafilatura") is None:
            rows.append(f"{name:12}  not installed")
            continue
        said = find(pages)
        figures = [found.f1 for group in groups.values() for found in rates(group, said).values()]
        rows.append(
            "  ".join([f"{name:12}", *(f"{f1:{len(head)}.3f}" for f1, head in zip(figures, heads, strict=True))])
        )
    return "\n".join(rows)


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.metadata", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/")
    options = parser.parse_args()
    try:
        pages = load_web_pages(options.pages)
    except InputError as error:
        sys.exit(str(error))
    print(f"F1 of what {len(pages)} pages of {options.pages.name} say of themselves\n{table(pages)}")


if __name__ == "__main__":
    main()
