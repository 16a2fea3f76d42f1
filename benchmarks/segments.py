"""How well written pages are cleaned, those of some writers or some part alone.

    python -m benchmarks.segments [--writers FIRST LAST [FIRST LAST ...]] [--part train|dev|test] [--pages FOLDER]
                                  [--rewritten]

Pages are named wN-pNN or sN-pNN, N being the writer. Pages that the labeller was trained on (its card names them) say
how well it has learnt them; those of writers that it does not know say how it does with new hands. The second line
tells how exactly lines are cut that hold more than one kind of text. With --rewritten the pages are scored for each way
of writing the same (`benchmarks.rewritten`), a row each, which also says how exactly headings are told from the prose
behind them on their line.
"""

import argparse
from pathlib import Path

from benchmarks.rewritten import WAYS
from pipeline.evaluation.gold import load_pages, writer_of
from pipeline.evaluation.pages import score_cleaning
from pipeline.evaluation.segments import SegmentScore

CORPUS = Path(__file__).parent.parent / "training" / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.segments", description=__doc__.split("\n")[0])
    parser.add_argument("--writers", type=int, nargs="+", default=(1, 9999), help="first and last of each range")
    parser.add_argument("--part", choices=("train", "dev", "test"), help="all parts unless given")
    parser.add_argument("--pages", type=Path, default=CORPUS, help="folder of .page files")
    parser.add_argument("--rewritten", action="store_true", help="score the same pages in other dresses")
    options = parser.parse_args()
    if len(options.writers) % 2:
        parser.error("--writers: each range has a first and a last one")
    ranges = [range(first, last + 1) for first, last in zip(options.writers[::2], options.writers[1::2], strict=True)]
    pages = [page for page in load_pages(options.pages, options.part) if any(writer_of(page.name) in r for r in ranges)]
    if not pages:
        parser.error("no page is by these writers and of this part")
    if options.rewritten:
        for name, rewritten in WAYS.items():
            scores = score_cleaning([rewritten(page) for page in pages])
            glued = scores.places["heading and prose"]
            print(f"{name:28} {_headline(scores)}, headings before prose F1 {glued.f1:.3f} of {glued.gold}", flush=True)
        return
    scores = score_cleaning(pages)
    print(f"{len(pages)} pages: {_headline(scores)}")
    print("places inside lines: "
          + ", ".join(f"{name} F1 {found.f1:.3f} ({found.hit} right of {found.gold} labelled, {found.predicted} read)"
                      for name, found in scores.places.items() if found.gold + found.predicted))  # fmt: skip


def _headline(scores: SegmentScore) -> str:
    drop = scores.drop
    return (f"drop F1 {drop.f1:.3f} (precision {drop.precision:.3f}, recall {drop.recall:.3f}),"
            f" labels {scores.accuracy:.3f}, articles F1 {scores.articles.f1:.3f},"
            f" heading against body {scores.heading_accuracy:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
