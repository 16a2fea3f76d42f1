"""Check the embedded terminology: `python -m training.terminology.check` prints what is wrong, exit 1 if anything is.

A term is compared as the recogniser compares it (`key_of`), so that two spellings of one key count as one.
"""

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from pipeline.knowledge.guards import guard_from
from pipeline.knowledge.tokens import key_of
from pipeline.schema import ENTITY_TYPES

__all__ = ["ACRONYM", "HEADER", "PATTERNS", "Row", "ambiguous_words", "common_words", "problems", "read_terms"]

HEADER = ["curie", "name", "entity_type", "synonyms", "xrefs"]
# Local identifiers as the Bioregistry gives them (bioregistry.io, patterns of the prefixes used here);
# `claimsieve` is this project's own prefix for a concept that no open ontology at hand names.
PATTERNS = {
    "MESH": r"[CD]\d{6,9}", "MONDO": r"\d{7}", "DOID": r"\d+", "HP": r"\d{7}", "SYMP": r"\d{7}",
    "UBERON": r"\d{7}", "MAXO": r"\d{7}", "FOODON": r"\d{8}", "CHEBI": r"\d+", "drugcentral": r"\d+",
    "claimsieve": r"[a-z0-9]+(?:-[a-z0-9]+)*",
}  # fmt: skip
_CURIE = re.compile("|".join(f"(?:{prefix}:{local})" for prefix, local in PATTERNS.items()))
# Read in its own letter case only, as pipeline.knowledge.compile does.
ACRONYM = re.compile(r"[A-Z][A-Z0-9]{1,4}")


class Row(NamedTuple):
    """One concept of a terms file, and where it stands (`file:line`)."""

    curie: str
    name: str
    entity_type: str
    synonyms: tuple[str, ...]
    xrefs: tuple[str, ...]
    where: str

    @property
    def terms(self) -> tuple[str, ...]:
        """The name, then the synonyms."""
        return (self.name, *self.synonyms)


def read_terms(folder: Path) -> list[Row]:
    """The rows of terms/*.csv, files in order of name. Raises ValueError for a file with another header."""
    rows: list[Row] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.reader(handle)
            if next(reader, None) != HEADER:
                raise ValueError(f"{path.name}: the header must be {','.join(HEADER)}")
            for cells in reader:
                rows.append(_row(cells, f"{path.name}:{reader.line_num}"))
    return rows


def _row(cells: list[str], where: str) -> Row:
    if len(cells) != len(HEADER):
        raise ValueError(f"{where}: {len(cells)} cells, expected {len(HEADER)}")
    curie, name, entity_type, synonyms, xrefs = cells
    return Row(curie, name, entity_type, _list(synonyms), _list(xrefs), where)


def _list(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def ambiguous_words(path: Path) -> dict[str, list[Mapping[str, object]]]:
    """The readings of each word in rules/ambiguity.json, by the word's key."""
    table = json.loads(path.read_text(encoding="utf-8"))
    return {key_of(row["word"]): row["readings"] for row in table["words"]}


@cache
def common_words() -> frozenset[str]:
    """The keys of English verbs and function words (common_words.txt): no term without a guard is spelt so."""
    text = files("training.terminology").joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(key_of(line) for line in text.splitlines() if line and not line.startswith("#"))


def problems(folder: Path, ambiguity: Path) -> list[str]:
    """Everything wrong with the terms in `folder` and the table `ambiguity`, one sentence each, in file order."""
    rows = read_terms(folder)
    guarded = ambiguous_words(ambiguity)
    types = _types_by_key(rows)
    return [
        *_wrong_rows(rows),
        *_wrong_order(rows),
        *_repeats(rows),
        *_two_types(types, guarded),
        *_common_words(rows, guarded),
        *_wrong_readings(types, guarded),
    ]


def _types_by_key(rows: list[Row]) -> dict[str, dict[str, str]]:
    """For each key the entity types it has, each with the place of the row that gives it."""
    types: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        for term in row.terms:
            types[key_of(term)].setdefault(row.entity_type, f"{row.where} ({row.name})")
    return types


def _wrong_rows(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.entity_type not in ENTITY_TYPES or not row.where.startswith(f"{row.entity_type}.csv"):
            yield f"{row.where}: entity type {row.entity_type!r} does not belong into this file"
        for curie in (row.curie, *row.xrefs):
            if not _CURIE.fullmatch(curie):
                yield f"{row.where}: {curie!r} is no well-formed CURIE of a known prefix"
        for term in row.terms:
            if term != term.strip() or not key_of(term):
                yield f"{row.where}: term {term!r} is empty or has space around it"


def _wrong_order(rows: list[Row]) -> Iterator[str]:
    last = ("", "", "")
    for row in rows:
        here = (row.entity_type, row.name.lower(), row.curie)
        if row.entity_type == last[0] and here < last:
            yield f"{row.where}: {row.name!r} is out of order"
        last = here


def _repeats(rows: list[Row]) -> Iterator[str]:
    for curie, count in Counter(row.curie for row in rows).items():
        if count > 1:
            yield f"{curie} names {count} concepts"
    owners: dict[tuple[str, str], Row] = {}
    for row in rows:
        seen: set[tuple[str, bool]] = set()
        for term in row.terms:
            key = key_of(term)
            owner = owners.setdefault((row.entity_type, key), row)
            if owner is not row:
                yield f"{row.where}: {term!r} also names {owner.name!r} ({owner.where})"
            if (key, bool(ACRONYM.fullmatch(term))) in seen:
                yield f"{row.where}: {term!r} repeats another spelling of the same words"
            seen.add((key, bool(ACRONYM.fullmatch(term))))


def _two_types(types: Mapping[str, Mapping[str, str]], guarded: Mapping[str, object]) -> Iterator[str]:
    for key, places in types.items():
        if len(places) > 1 and key not in guarded:
            yield f"{key!r} has {len(places)} types and no row in the ambiguity table: {', '.join(places.values())}"


def _common_words(rows: list[Row], guarded: Mapping[str, object]) -> Iterator[str]:
    for row in rows:
        for term in row.terms:
            if key_of(term) in common_words() and key_of(term) not in guarded and not ACRONYM.fullmatch(term):
                yield f"{row.where}: the common word {term!r} has no guard"


def _wrong_readings(
    types: Mapping[str, Mapping[str, str]], guarded: Mapping[str, list[Mapping[str, object]]]
) -> Iterator[str]:
    for key, readings in guarded.items():
        for reading in readings:
            guard_from(reading.get("guard", {}), f"ambiguity.json, {key}")  # type: ignore[arg-type]
            if reading["type"] is not None and reading["type"] not in types.get(key, {}):
                yield f"ambiguity.json: {key!r} has a reading as {reading['type']} but no such concept"
        left_out = types.get(key, {}).keys() - {reading["type"] for reading in readings}
        if left_out:
            yield f"ambiguity.json: {key!r} has no reading as {', '.join(sorted(left_out))}"


def main() -> int:
    """Print the problems and the number of concepts; exit status 1 when there is a problem."""
    knowledge = Path(str(files("pipeline.knowledge")))
    found = problems(knowledge / "terms", knowledge / "rules" / "ambiguity.json")
    rows = read_terms(knowledge / "terms")
    for sentence in found:
        print(sentence)
    print(f"{len(rows)} concepts, {sum(len(r.terms) for r in rows)} terms, {len(found)} problems")
    for entity_type, count in sorted(Counter(row.entity_type for row in rows).items()):
        print(f"  {entity_type}: {count}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
