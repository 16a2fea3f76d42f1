"""Find terms that are the name of another concept: `python -m training.terminology.labels [FOLDER] [--accept]`.

FOLDER holds ontology files (../shared/ontologies unless given). A synonym is suspect when an ontology has it as the
label of a concept that its row does not refer to, and as no label or synonym of one that it does: dimenhydrinate is
another drug than meclizine. Someone looks at each pair: two different things get a row each; where everyday words mean
one thing ("nail", "fingernail") the pair goes into same_things.csv, which --accept writes with all that is left.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from pipeline.knowledge.tokens import key_of
from training.terminology.check import PATTERNS, Row, read_terms
from training.terminology.sources import Record, read_folder

__all__ = ["Pair", "accepted", "suspects"]

_SAME = Path(__file__).with_name("same_things.csv")
_HEADER = ["entity_type", "name", "term"]


class Pair(NamedTuple):
    """A synonym of a row that is the label of other concepts; `others` are their CURIEs."""

    entity_type: str
    name: str
    term: str
    others: tuple[str, ...]


def suspects(rows: Iterable[Row], records: Iterable[Record]) -> Iterator[Pair]:
    """The synonyms of `rows` that only another concept of `records` is labelled with, in the order of the rows."""
    known: defaultdict[str, set[str]] = defaultdict(set)
    labelled: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        known[record.curie].update(map(key_of, (*_label(record), *record.synonyms)))
        if record.curie.partition(":")[0] in PATTERNS:
            for label in _label(record):
                labelled[key_of(label)].add(record.curie)
    for row in rows:
        own = {row.curie, *row.xrefs}
        names = set().union(*(known[curie] for curie in own if curie in known))
        for term in row.synonyms:
            others = labelled.get(key_of(term), set())
            if others and key_of(term) not in names:
                yield Pair(row.entity_type, row.name, term, tuple(sorted(others)))


def _label(record: Record) -> tuple[str, ...]:
    """A label, and how MeSH's "Carcinoma, Hepatocellular" reads in running text."""
    head, comma, rest = record.label.partition(", ")
    return (record.label, f"{rest} {head}") if comma and ", " not in rest else (record.label,)


def accepted() -> frozenset[tuple[str, str, str]]:
    """The pairs that someone looked at and found to be one thing: entity type, name of the row, term."""
    with _SAME.open(encoding="utf-8", newline="") as handle:
        _, *rows = csv.reader(handle)
    return frozenset((entity_type, name, term) for entity_type, name, term in rows)


def main(arguments: list[str]) -> int:
    """Print the pairs nobody accepted, or accept them; exit status 1 when there are any, 2 without a folder."""
    parser = argparse.ArgumentParser(prog="training.terminology.labels", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/ontologies"))
    parser.add_argument("--accept", action="store_true", help="write all pairs that are left into same_things.csv")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"{options.folder} is no folder; give one that holds ontology files")
        return 2
    rows = read_terms(Path(str(files("pipeline.knowledge"))) / "terms")
    pairs = list(suspects(rows, read_folder(options.folder)))
    if options.accept:
        with _SAME.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerows([_HEADER, *(pair[:3] for pair in pairs)])
        return 0
    left = [pair for pair in pairs if pair[:3] not in accepted()]
    for pair in left:
        print(f"{pair.entity_type}.csv: {pair.term!r} of {pair.name!r} is the label of {', '.join(pair.others)}")
    print(f"{len(pairs)} terms are the label of another concept, {len(left)} of them not accepted")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
