"""What counting lines over a site adds to the cleaning: made-up sites of joined written pages.

    python -m benchmarks.site_lines [--pages FOLDER] [--articles N] [--sites N]

A site is the furniture of one written page (what its gold labels drop before, between and after the text) around the
articles of N others, which are labelled on their own and then compared as `deduplicate` does. Printed for sites whose
articles keep their headings, and for sites that put the headings of the one page over all articles: drop F1 before
and after, the lines taken, and those of them that gold keeps. No page of the train part is used. In the second kind
of site headings stand over articles they do not fit, so the labeller doubts them more than a real site's.
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.config import Clean, Deduplicate
from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.evaluation.segments import SegmentScore, score_segments
from pipeline.schema import KEPT_LABELS, TABLES
from pipeline.stage import Tables
from pipeline.stages.clean import CLEAN
from pipeline.stages.deduplicate import SITE_REASON, join, mark, sketch

# A line of a page: its text, and its labels with their place in the line.
Line = tuple[str, list[tuple[int, int, str]]]
_BETWEEN = 6  # lines of furniture put between the text, at most


def lines_of(page: GoldPage) -> list[Line]:
    """The lines of a page."""
    lines: list[Line] = []
    start = 0
    for text in page.text.split("\n")[:-1]:
        end = start + len(text)
        lines.append((text, [(a - start, b - start, label) for a, b, label in page.labels if start <= a and b <= end]))
        start = end + 1
    return lines


def labels(line: Line) -> set[str]:
    """The labels that stand in a line."""
    return {label for _, _, label in line[1]}


def around(page: GoldPage) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines before the first kept one, those from it to the last, and those behind."""
    lines = lines_of(page)
    kept = [i for i, line in enumerate(lines) if labels(line) & set(KEPT_LABELS)]
    return lines[: kept[0]], lines[kept[0] : kept[-1] + 1], lines[kept[-1] + 1 :]


def made_site(name: str, look: GoldPage, articles: Sequence[GoldPage], *, headings: bool) -> list[GoldPage]:
    """The pages of a site that has the furniture of `look`, and with `headings` its headings over all articles."""
    head, text, foot = around(look)
    between = [line for line in text if labels(line) and not labels(line) & set(KEPT_LABELS)][:_BETWEEN]
    pages = []
    for number, article in enumerate(articles):
        lines = list(around(article)[1])
        if headings:
            places = [i for i, line in enumerate(lines) if labels(line) == {"heading"}]
            for i, line in zip(places, (line for line in text if labels(line) == {"heading"}), strict=False):
                lines[i] = line
        step = max(1, len(lines) // (len(between) + 1))
        for i, line in enumerate(between):
            lines.insert((i + 1) * step + i, line)
        pages.append(_page(f"{name}/{number}", [*head, *lines, *foot]))
    return pages


def _page(name: str, lines: Sequence[Line]) -> GoldPage:
    text, placed = "", []
    for line, own in lines:
        placed += [(len(text) + start, len(text) + end, label) for start, end, label in own]
        text += line + "\n"
    return GoldPage(name, text, tuple(placed), ())


def scored(pages: Sequence[GoldPage], tables: Tables) -> SegmentScore:
    """The cleaning of the pages against gold."""
    columns = ["source_path", "raw_start", "raw_end", "label", "kept"]
    segments, starts = ({page.name: [] for page in pages} for _ in range(2))
    for row in tables["segments"].select(columns).to_pylist():
        segments[row["source_path"]].append(row)
    for row in tables["documents"].select(columns[:2]).to_pylist():
        starts[row["source_path"]].append(row["raw_start"])
    return score_segments(pages, segments.values(), starts.values())


def measure(pages: Sequence[GoldPage], config: Deduplicate) -> None:
    """Clean and compare the pages, and print what the comparison changes."""
    rows = [
        {"source_id": p.name, "source_path": p.name, "record": 0, "url": None, "format": "txt", "text": p.text}
        for p in pages
    ]
    alone = CLEAN.run({"texts": pa.Table.from_pylist(rows, schema=TABLES["texts"].schema)}, Clean())
    together = mark({**alone, **join(sketch(alone, config), config)}, config)
    before, after = (scored(pages, tables).drop for tables in (alone, together))
    gold = {page.name: page for page in pages}
    taken = [row for row in together["segments"].to_pylist() if row["reason"] == SITE_REASON]
    wrong = Counter(row["text"] for row in taken if _label(gold[row["source_path"]], row) in KEPT_LABELS)
    print(f"  drop F1 {before.f1:.3f} -> {after.f1:.3f}, precision {before.precision:.3f} -> {after.precision:.3f},"
          f" recall {before.recall:.3f} -> {after.recall:.3f}")  # fmt: skip
    print(f"  {len(taken)} lines taken, {wrong.total()} of them of the article:", *wrong.most_common(5), sep="\n    ")


def _label(page: GoldPage, row: dict[str, int]) -> str:
    """The gold label that most of a segment has."""
    sizes: Counter[str] = Counter()
    for start, end, label in page.labels:
        sizes[label] += max(0, min(end, row["raw_end"]) - max(start, row["raw_start"]))
    return sizes.most_common(1)[0][0]


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.site_lines", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"), help="folder of .page files")
    parser.add_argument("--articles", type=int, default=4, help="pages of a site")
    parser.add_argument("--sites", type=int, default=30)
    options = parser.parse_args()
    pages = [page for part in ("dev", "test") for page in load_pages(options.pages, part)]
    single = [page for page in pages if sum(label == "title" for _, _, label in page.labels) == 1]
    looks = sorted(pages, key=lambda page: page.name)[:: max(1, len(pages) // options.sites)][: options.sites]
    for headings in (False, True):
        rng = random.Random(5)
        made = []
        for look in looks:
            articles = rng.sample([page for page in single if page is not look], options.articles)
            made.append(made_site(look.name, look, articles, headings=headings))
        print(
            f"{len(made)} sites, {options.articles} articles each,", "one set of headings" if headings else "their own"
        )
        measure([page for site in made for page in site], Deduplicate())


if __name__ == "__main__":
    main()
