"""How well the open web is cleaned where it comes as text: the visible lines of public articles, without their markup.

    python -m benchmarks.web_lines [--pages FOLDER] [--first 0|1] [--markdown]

FOLDER is that of `benchmarks.html`. Of each line of four words or more it is known whether it is main text; other lines
do not count. The pages are on any subject. Every second one is read, from the second one on: the labeller has been told
what is main text of the others (`--first 0`). With `--markdown` lines have the marks that their elements stand for.
"""

import argparse
import sys
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.pages import score_cleaning
from pipeline.evaluation.web_pages import load_web_pages, words_of
from training.main_blocks import WCXB
from training.public import lines_of, public_page

_LINKED = 0.95  # share of a line that lies in links, from which on all of it is written as one


def _marked(line: str, tag: str, linked: float) -> str:
    """A line as a crawler that makes Markdown of pages would write it."""
    place = "-".join(words_of(line))  # of what it is about, as addresses of pages are
    whole = linked >= _LINKED and not {"[", "]"} & {*line}
    words = f"[{line}](https://site.example/{place})" if whole else line
    heading = len(tag) == 2 and tag[0] == "h" and tag[1].isdigit()
    return f"{'#' * int(tag[1])} {words}" if heading else f"*   {words}" if tag == "li" else words


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(prog="web_lines", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/")
    parser.add_argument("--first", type=int, choices=(0, 1), default=1, help="the first page; every second one is read")
    parser.add_argument("--markdown", action="store_true", help="headings, items and links with their marks")
    options = parser.parse_args()
    try:
        pages = load_web_pages(options.pages, every=2, first=options.first)
    except InputError as error:
        sys.exit(str(error))
    articles = [page for page in pages if page.kind == "article"]
    texts = lines_of(articles, _marked) if options.markdown else lines_of(articles)
    scores = score_cleaning([public_page(f"{i:03}", lines) for i, lines in enumerate(texts)])
    drop = scores.drop
    kept = 1 - (drop.predicted - drop.hit) / max(1, scores.characters - drop.gold)
    print(f"{len(texts)} articles: main text kept {kept:.3f}; dropped F1 {drop.f1:.3f}"
          f" (precision {drop.precision:.3f}, recall {drop.recall:.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
