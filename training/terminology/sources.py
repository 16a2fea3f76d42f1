"""Read release files of ontologies into one kind of record.

Readers by file name: `*.parquet` (columns curie, label, synonyms, semantic_type), `*.obo` and `*.owl` as released
(read by pronto, a training dependency), and MeSH descriptors as released by the NLM (`desc*.xml`, also `.gz`).
Other files are left alone.
"""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pyarrow.parquet as pq

__all__ = ["Record", "read_folder"]

# MeSH tree branch -> kind; the longest prefix wins (https://meshb.nlm.nih.gov/treeView).
_MESH_TREES = {
    "A": "anatomy", "A18": "plant", "B": "organism", "B01.650": "plant", "C": "disease", "C23": "symptom",
    "D": "chemical_drug", "E01": "test_diagnostic", "E02": "treatment_or_procedure", "E03": "treatment_or_procedure",
    "E04": "treatment_or_procedure", "E06": "treatment_or_procedure", "E07": "device", "F03": "disease",
    "G10": "physiology_musculoskeletal", "G11": "physiology_musculoskeletal", "I03": "activity_sport",
    "J02": "food", "M01": "population",
}  # fmt: skip
_PARQUET_COLUMNS = ("curie", "label", "synonyms", "semantic_type")


class Record(NamedTuple):
    """One term of an ontology: its CURIE, label, synonyms, and the kind its ontology gives it (may be empty)."""

    curie: str
    label: str
    synonyms: tuple[str, ...]
    kind: str


def read_folder(folder: Path) -> Iterator[Record]:
    """The records of all known files in `folder`, files by name, rows in file order."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".parquet":
            yield from _read_parquet(path)
        elif path.suffix in (".obo", ".owl"):
            yield from _read_ontology(path)
        elif re.fullmatch(r"desc.*\.xml(\.gz)?", path.name):
            yield from _read_mesh(path)


def _read_parquet(path: Path) -> Iterator[Record]:
    names = pq.read_schema(path).names
    if not set(_PARQUET_COLUMNS) <= set(names):
        return
    table = pq.read_table(path, columns=list(_PARQUET_COLUMNS))
    for curie, label, synonyms, kind in zip(*(column.to_pylist() for column in table.columns), strict=True):
        if label:
            yield Record(curie, label, tuple(synonyms or ()), kind or "")


def _read_ontology(path: Path) -> Iterator[Record]:
    from pronto.ontology import Ontology  # a training dependency, heavy to import

    for term in sorted(Ontology(path).terms(), key=lambda term: term.id):
        if term.name and not term.obsolete:
            exact = sorted(s.description for s in term.synonyms if s.scope == "EXACT")
            yield Record(term.id, term.name, tuple(exact), "")


def _read_mesh(path: Path) -> Iterator[Record]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as handle:
        for _, element in ElementTree.iterparse(handle):
            if element.tag == "DescriptorRecord":
                yield _mesh_record(element)
                element.clear()


def _mesh_record(element: ElementTree.Element) -> Record:
    label = element.findtext("DescriptorName/String", "")
    terms = {e.text or "" for e in element.iterfind("ConceptList/Concept/TermList/Term/String")}
    trees = sorted(e.text or "" for e in element.iterfind("TreeNumberList/TreeNumber"))
    return Record(f"MESH:{element.findtext('DescriptorUI', '')}", label, tuple(sorted(terms - {label})), _kind(trees))


def _kind(trees: list[str]) -> str:
    """The kind of the first tree number that has one."""
    for tree in trees:
        for length in range(len(tree), 0, -1):
            if tree[:length] in _MESH_TREES:
                return _MESH_TREES[tree[:length]]
    return ""
