"""Where the articles of a dump begin, in dumps made by joining pages.

    python -m benchmarks.joins [--dumps N] [--pages FOLDER] [--every N] [--first K]

A dump is 2 to 12 articles drawn at random (fixed seed), one after the other; each dump is read twice: lines as they
stand with a blank line between articles, and without any blank line. The articles are of two kinds, never mixed:

written: the test pages of training/corpus, which no training has seen, cut to their single articles.
public: pages of FOLDER in the layout of WCXB (`benchmarks.html`), which is not part of this project: title and main
    text of those that WCXB calls articles, one article each; every second page, from the second one on.

A boundary is the start of an article, the first of the dump included. A start found is right where the first kept
character at or behind it is the first character of an article's title line (`pipeline.evaluation.segments`). So a start
in the line of a title is right, also with dropped lines above the title, and wrong where the title itself was dropped.
"inner F1" leaves out the first article of each dump, which nothing has to be found for.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.config import Clean
from pipeline.errors import InputError
from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.evaluation.segments import Rates
from pipeline.evaluation.web_pages import public_articles
from pipeline.schema import TABLES
from pipeline.stages.clean import CLEAN
from training.main_blocks import WCXB
from training.variants import page_of, rows_of, single_articles

CORPUS = Path(__file__).parent.parent / "training" / "corpus"
SEED, MOST = 12, 12


def joined(articles: Sequence[GoldPage], count: int, *, seed: int = SEED) -> tuple[list[GoldPage], list[GoldPage]]:
    """`count` dumps of 2 to 12 of the articles, with a blank line between them, and the same without blank lines."""
    rng = random.Random(seed)
    spaced, dense = [], []
    for number in range(count):
        taken = rng.sample(articles, rng.randint(2, min(MOST, len(articles))))
        rows = [row for page in taken for row in [*rows_of(page), []]]
        spaced.append(page_of(f"d{number}", rows))
        dense.append(page_of(f"d{number}", [row for row in rows if row]))
    return spaced, dense


def read_starts(dumps: Sequence[GoldPage]) -> list[tuple[set[int], set[int]]]:
    """The starts of the articles of each dump: as labelled, and as found by the clean stage."""
    rows = [
        {"source_id": str(i), "source_path": str(i), "record": 0, "url": None, "format": "txt", "text": page.text}
        for i, page in enumerate(dumps)
    ]
    out = CLEAN.run({"texts": pa.Table.from_pylist(rows, schema=TABLES["texts"].schema)}, Clean())
    kept, begins = defaultdict(list), defaultdict(list)
    for row in out["segments"].select(["source_path", "raw_start", "raw_end", "kept"]).to_pylist():
        if row["kept"]:
            kept[int(row["source_path"])].append(row["raw_start"])
    for row in out["documents"].select(["source_path", "raw_start"]).to_pylist():
        begins[int(row["source_path"])].append(row["raw_start"])
    return [
        ({start for start, _, label in page.labels if label == "title"}, _first_kept(begins[i], kept[i]))
        for i, page in enumerate(dumps)
    ]


def _first_kept(begins: Iterable[int], kept: Sequence[int]) -> set[int]:
    """The first kept character at or behind each start; -1 for a start with nothing kept behind it."""
    return {next((at for at in kept if at >= begin), -1) for begin in begins}


def rates(starts: Sequence[tuple[set[int], set[int]]], *, inner: bool = False) -> Rates:
    """Labelled and found starts of all dumps together; `inner` leaves out the first of each dump."""
    total = Rates()
    for gold, found in starts:
        first = {min(gold)} | ({min(found)} if found else set()) if inner else set()
        total.hit += len((gold & found) - first)
        total.gold += len(gold - first)
        total.predicted += len(found - first)
    return total


def table(sources: Mapping[str, Sequence[GoldPage]], count: int) -> str:
    """One row for each kind of article, with and without blank lines, and one for all."""
    rows = [
        f"{'articles':10} {'blank lines':12} {'dumps':>6} {'boundaries':>10} {'precision':>10} {'recall':>7}"
        f" {'F1':>6} {'inner F1':>9}"
    ]
    everything = []
    for name, articles in sources.items():
        for blank, dumps in zip(("with", "without"), joined(articles, count), strict=True):
            starts = read_starts(dumps)
            rows.append(_row(name, blank, starts))
            everything += starts
    rows.append(_row("all", "", everything))
    return "\n".join(rows)


def _row(name: str, blank: str, starts: Sequence[tuple[set[int], set[int]]]) -> str:
    found = rates(starts)
    return (
        f"{name:10} {blank:12} {len(starts):6} {found.gold:10} {found.precision:10.3f} {found.recall:7.3f}"
        f" {found.f1:6.3f} {rates(starts, inner=True).f1:9.3f}"
    )


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(prog="joins", description=__doc__.split("\n")[0])
    parser.add_argument("--dumps", type=int, default=50, help="dumps of each kind, each read with and without blanks")
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with ground-truth/ of WCXB")
    parser.add_argument("--every", type=int, default=2, help="every how many-th public page")
    parser.add_argument("--first", type=int, default=1, help="the first public page of these")
    options = parser.parse_args()
    written = [article for page in load_pages(CORPUS, "test") for article in single_articles(page)]
    sources = {"written": written}
    try:
        sources["public"] = public_articles(options.pages, every=options.every, first=options.first)
    except InputError as error:
        print(f"no public pages: {error}")
    counts = ", ".join(f"{len(articles)} {name}" for name, articles in sources.items())
    print(f"dumps of 2 to {MOST} articles joined, drawn from {counts}")
    print(table(sources, options.dumps))


if __name__ == "__main__":
    main()
