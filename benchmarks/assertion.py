"""How right it is whether claims are denied or doubted, given their labelled arguments.

    python -m benchmarks.assertion [--dumps FOLDER]

On the labelled claims of the test pages of training/corpus (or of FOLDER, with raw/, labels/ and claims/), and on
made-up sentences in varied wordings: those of a hand that no training has seen, and those of another, on which it was
fitted how much the cue words and the network count. One row for each, with precision and recall of denied and of
doubted claims and the share that is right.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.evaluation.attributes import gold_readings
from pipeline.evaluation.claims import Rate
from pipeline.evaluation.gold import load_dumps, load_pages
from pipeline.knowledge.assertion import assertion_of
from pipeline.knowledge.evidence import Sentence, place
from training.fit_attributes import CORPUS, MADE_UP, example, made_up

Row = tuple[Sentence, tuple[bool, bool]]  # a claim, whether it is denied and whether it is doubted


def labelled(dumps: Path | None) -> list[Row]:
    """The labelled claims of the test pages, or of dumps."""
    folders = [dumps / name for name in ("raw", "labels", "claims")] if dumps else []
    pages = load_dumps(*folders) if dumps else load_pages(CORPUS, "test")
    return [
        (place(article, reading), (claim.negated, claim.certainty == "hedged"))
        for page in pages
        for claim, article, reading in gold_readings(page)
    ]


def sentences(part: str) -> list[Row]:
    """The made-up sentences of a part."""
    rows = made_up(MADE_UP / f"{part}.jsonl")
    return [(example(row), (bool(row["negated"]), row["certainty"] == "hedged")) for row in rows]


def line(name: str, rows: Sequence[Row]) -> str:
    """A row of the table."""
    found = [(assertion_of(sentence), meant) for sentence, meant in rows]
    cells = [_cells((said[i], meant[i]) for said, meant in found) for i in (0, 1)]
    return f"{name:40} {len(rows):6}  {'  '.join(cells)}"


def _cells(pairs: Iterable[tuple[bool, bool]]) -> str:
    both = list(pairs)
    rate = Rate(sum(a and b for a, b in both), sum(a for a, _ in both), sum(b for _, b in both))
    right = sum(a == b for a, b in both) / max(len(both), 1)
    return f"{rate.precision:9.3f} {rate.recall:6.3f} {right:6.3f}"


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.assertion", description=__doc__.split("\n")[0])
    parser.add_argument("--dumps", type=Path, help="folder with raw/, labels/ and claims/")
    options = parser.parse_args()
    head = "precision recall  right"
    print(f"{'':40} {'claims':>6}    {'denied':22}  {'doubted':22}\n{'':47}  {head}  {head}")
    print(line(str(options.dumps) if options.dumps else "test pages", labelled(options.dumps)), flush=True)
    for part, name in (("test", "made up, by a hand that is new"), ("dev", "made up, weights fitted on them")):
        print(line(name, sentences(part)), flush=True)


if __name__ == "__main__":
    main()
