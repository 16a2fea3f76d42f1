"""How well the open web is cleaned where it comes as text: the visible lines of public articles, without their markup.

    python -m benchmarks.web_lines [--pages FOLDER] [--first 0|1]

FOLDER is that of `benchmarks.html`. Of each line of four words or more it is known whether it is main text; other lines
do not count. The pages are on any subject. Every second one is read, from the second one on: the labeller has been told
what is main text of the others (`--first 0`).
"""

import argparse
import sys
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.pages import score_cleaning
from pipeline.evaluation.web_pages import load_web_pages
from training.main_blocks import WCXB
from training.public import lines_of, public_page


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(prog="web_lines", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/")
    parser.add_argument("--first", type=int, choices=(0, 1), default=1, help="the first page; every second one is read")
    options = parser.parse_args()
    try:
        pages = load_web_pages(options.pages, every=2, first=options.first)
    except InputError as error:
        sys.exit(str(error))
    texts = lines_of([page for page in pages if page.kind == "article"])
    scores = score_cleaning([public_page(f"{i:03}", lines) for i, lines in enumerate(texts)])
    drop = scores.drop
    kept = 1 - (drop.predicted - drop.hit) / max(1, scores.characters - drop.gold)
    print(f"{len(texts)} articles: main text kept {kept:.3f}; dropped F1 {drop.f1:.3f}"
          f" (precision {drop.precision:.3f}, recall {drop.recall:.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
