"""Merge rules and quality gates: records of several ontologies become one list of concepts.

1. A record gets an entity type from its ontology and kind (`_TYPES`); a record without one is left out.
2. Labels turned round for an index ("Arthritis, Rheumatoid") are read in natural order.
3. Terms pass the gates (`gate`): each that fails is dropped under a named reason.
4. Records of one type with equal labels, or whose label is an exact synonym of just one better placed record of
   another ontology, are one concept. The ontology that stands first in `_ORDER` gives CURIE and name; the others'
   CURIEs are its xrefs.
5. A complaint that MeSH knows by its label or exact synonym under another concept has that descriptor as xref (`mesh`).
6. A term that two concepts lay claim to stays with one: a label beats a synonym, then the order of ontologies.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from pipeline.knowledge.matches import COMPLAINTS
from pipeline.knowledge.tokens import key_of
from training.terminology.check import PATTERNS, common_words
from training.terminology.mesh import find_mesh, mesh_by_term
from training.terminology.sources import Record

__all__ = ["Entry", "gate", "merge"]

# Ontology, kind -> entity type; the kind "*" stands for any. MeSH branches without a row name no health concept
# that a sentence could be about (information science, geographicals, publication types).
_TYPES = {
    ("MESH", "disease"): "condition", ("MESH", "symptom"): "symptom", ("MESH", "anatomy"): "anatomy",
    ("MESH", "chemical_drug"): "drug", ("MESH", "food"): "food", ("MESH", "plant"): "food",
    ("MESH", "treatment_or_procedure"): "treatment", ("MESH", "test_diagnostic"): "test",
    ("MESH", "device"): "device", ("MESH", "population"): "population", ("MESH", "activity_sport"): "activity",
    ("MESH", "physiology_musculoskeletal"): "function", ("MESH", "organism"): "factor",
    ("DOID", "*"): "condition", ("MONDO", "*"): "condition", ("HP", "*"): "symptom", ("SYMP", "*"): "symptom",
    ("UBERON", "*"): "anatomy", ("MAXO", "*"): "treatment", ("FOODON", "*"): "food", ("CHEBI", "*"): "nutrient",
    ("drugcentral", "*"): "drug",
}  # fmt: skip
# Which ontology names a concept: MeSH is what public benchmarks and literature use, UBERON and HP lead in their own.
_ORDER = {
    prefix: place
    for place, prefix in enumerate(
        ("UBERON", "HP", "MESH", "DOID", "SYMP", "MONDO", "MAXO", "FOODON", "CHEBI", "drugcentral")
    )
}
_INVERTED = re.compile(r"([^,]+), ([^,]+)")
_BRACKETS = re.compile(r"[()\[\]{}<>]")
_MAX_WORDS = 8  # the longest phrase a sentence is likely to hold word for word


@dataclass
class Entry:
    """A concept being put together: terms by key (first spelling wins), xrefs, and where it ranks."""

    curie: str
    name: str
    entity_type: str
    synonyms: dict[str, str] = field(default_factory=dict)
    xrefs: set[str] = field(default_factory=set)

    @property
    def rank(self) -> tuple[int, str]:
        """Order in which concepts lay claim to terms."""
        return _ORDER[self.curie.partition(":")[0]], self.curie


def merge(records: Iterable[Record]) -> tuple[list[Entry], Counter[str]]:
    """The concepts by entity type and CURIE, and how many records and terms each rule dropped."""
    records = list(records)
    dropped: Counter[str] = Counter()
    entries = sorted(filter(None, (_entry(record, dropped) for record in records)), key=lambda e: e.rank)
    merged = _join_labels(entries, dropped)
    _add_mesh(merged, records)
    _settle(merged, dropped)
    return sorted(merged, key=lambda e: (e.entity_type, e.curie)), dropped


def _entry(record: Record, dropped: Counter[str]) -> Entry | None:
    prefix, _, local = record.curie.partition(":")
    kind = _TYPES.get((prefix, record.kind)) or _TYPES.get((prefix, "*"))
    name = _natural(record.label)
    reason = _refuse(prefix, local, kind, name)
    if reason or kind is None:
        dropped[f"record: {reason}"] += 1
        return None
    entry = Entry(record.curie, name, kind)
    for term in record.synonyms:
        text = _natural(term)
        fault = gate(text)
        if fault:
            dropped[f"term: {fault}"] += 1
        elif key_of(text) != key_of(name):
            entry.synonyms.setdefault(key_of(text), text)
    return entry


def _refuse(prefix: str, local: str, kind: str | None, name: str) -> str | None:
    if prefix not in PATTERNS or not re.fullmatch(PATTERNS[prefix], local):
        return "CURIE of another ontology or malformed"
    if kind is None:
        return "kind without an entity type"
    if "non-human" in name or name.lower().startswith(("obsolete", "abnormality of the ")):
        return "obsolete, animal or grouping label"
    fault = gate(name)
    return f"label {fault}" if fault else None


def _natural(label: str) -> str:
    """A label turned round for an index, as it is said.

    >>> _natural("Arthritis, Rheumatoid"), _natural("Diabetes Mellitus, Type 2"), _natural("knee")
    ('Rheumatoid Arthritis', 'Diabetes Mellitus, Type 2', 'knee')
    """
    turned = _INVERTED.fullmatch(label)
    if turned is None or re.match(r"(Type|Stage|Grade|Class|type|\d)", turned[2]):
        return label
    return f"{turned[2]} {turned[1]}"


def gate(term: str) -> str | None:
    """Why a term must not be looked for in text, or None.

    >>> gate("knee pain"), gate("ED"), gate("cause"), gate("bilateral"), gate("1,2-dimethyl(oxo)ethane")
    (None, 'short', 'common word', 'qualifier', 'brackets or signs')
    """
    words = key_of(term).split(" ")
    if _BRACKETS.search(term) or not term.isascii() or re.search(r"[=+;:*&%|]", term):
        return "brackets or signs"
    if len(words) == 1 and len(term) < 4:
        return "short"
    if len(words) == 1 and words[0] in common_words():
        return "common word"
    if len(words) == 1 and words[0] in _qualifiers():
        return "qualifier"
    if len(words) > _MAX_WORDS:
        return "too long"
    return None if any(len(word) > 2 for word in words) else "short"


@cache
def _qualifiers() -> frozenset[str]:
    """The keys of qualifiers.txt."""
    text = files("training.terminology").joinpath("qualifiers.txt").read_text(encoding="utf-8")
    return frozenset(key_of(line) for line in text.splitlines() if not line.startswith("#"))


def _join_labels(entries: list[Entry], dropped: Counter[str]) -> list[Entry]:
    """Rule 4; `entries` by rank."""
    by_label: dict[tuple[str, str], Entry] = {}
    by_synonym: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    kept: list[Entry] = []
    for entry in entries:
        label = (entry.entity_type, key_of(entry.name))
        target = by_label.get(label) or _only_other(by_synonym[label], entry)
        if target is None:
            kept.append(entry)
            by_label[label] = entry
            for key in entry.synonyms:
                by_synonym[entry.entity_type, key].append(entry)
            continue
        dropped["record: merged into another"] += 1
        target.xrefs.add(entry.curie)
        for key, term in entry.synonyms.items():
            if key not in target.synonyms and key != key_of(target.name):
                target.synonyms[key] = term
                by_synonym[entry.entity_type, key].append(target)
    return kept


def _only_other(owners: list[Entry], entry: Entry) -> Entry | None:
    prefix = entry.curie.partition(":")[0]
    return owners[0] if len(owners) == 1 and owners[0].curie.partition(":")[0] != prefix else None


def _add_mesh(entries: list[Entry], records: list[Record]) -> None:
    """Rule 5."""
    by_term = mesh_by_term(records)
    for entry in entries:
        known = any(curie.startswith("MESH:") for curie in (entry.curie, *entry.xrefs))
        if entry.entity_type in COMPLAINTS and not known:
            descriptor = find_mesh(entry.name, entry.synonyms.values(), by_term)
            entry.xrefs.update([descriptor] if descriptor else [])


def _settle(entries: list[Entry], dropped: Counter[str]) -> None:
    """Rule 6, over all entity types; `entries` by rank."""
    owner: dict[str, Entry] = {}
    for entry in entries:
        owner.setdefault(key_of(entry.name), entry)
    for entry in entries:
        for key in list(entry.synonyms):
            if owner.setdefault(key, entry) is not entry:
                dropped["term: claimed by another concept"] += 1
                del entry.synonyms[key]
