"""Compare the embedded identifiers with ontology tables: `python -m training.terminology.confirm FOLDER`.

An identifier is confirmed when the ontology has it and its label or one of its synonyms is one of our terms for the
concept, both folded. FoodOn calls a food "beef food product" or "coriander (whole or pieces)": the words it adds are
left off. `claimsieve:` identifiers are our own and there is nothing to confirm.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from pipeline.knowledge.tokens import key_of
from training.terminology.check import Row, read_terms
from training.terminology.sources import Record, read_folder

__all__ = ["confirm"]

_FOODON_WORDS = re.compile(r"( food product| \([^)]*\))$")


def confirm(rows: Iterable[Row], records: Iterable[Record]) -> Iterator[tuple[str, str, Row]]:
    """For each identifier and xref of `rows`: it, and whether it is `confirmed`, `disagrees`, `unknown` or `own`."""
    known: dict[str, set[str]] = {}
    for record in records:
        keys = known.setdefault(record.curie, set())
        keys.update(map(key_of, (record.label, _FOODON_WORDS.sub("", record.label), *record.synonyms)))
    for row in rows:
        terms = set(map(key_of, row.terms))
        for curie in (row.curie, *row.xrefs):
            yield curie, _verdict(curie, terms, known), row


def _verdict(curie: str, terms: set[str], known: dict[str, set[str]]) -> str:
    if curie.startswith("claimsieve:"):
        return "own"
    if curie not in known:
        return "unknown"
    return "disagrees" if terms.isdisjoint(known[curie]) else "confirmed"


def main(arguments: list[str]) -> int:
    """Print what is not confirmed, then the shares; exit status 1 when an identifier is unknown or disagrees."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m training.terminology.confirm FOLDER (of ontology files)")
        return 2
    rows = read_terms(Path(str(files("pipeline.knowledge"))) / "terms")
    counts: Counter[str] = Counter()
    for curie, verdict, row in confirm(rows, read_folder(Path(arguments[0]))):
        counts[verdict] += 1
        if verdict in ("unknown", "disagrees"):
            print(f"{row.where}: {row.name!r}: {curie} {verdict}")
    foreign = sum(counts.values()) - counts["own"]
    print(
        f"{len(rows)} concepts, {counts['own']} with an identifier of our own; of {foreign} identifiers of ontologies"
    )
    for verdict in ("confirmed", "disagrees", "unknown"):
        print(f"  {verdict}: {counts[verdict]} ({counts[verdict] / max(1, foreign):.1%})")
    return int(counts["disagrees"] + counts["unknown"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
