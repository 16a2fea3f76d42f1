"""Which MeSH descriptor a disease of another ontology is: the one that has its label, or its exact synonyms, as a term.

Ontologies of diseases name tumours "cancer of X" or "X cancer", MeSH "X Neoplasms"; the Disease Ontology maps the one
to the other, and so does `find_mesh`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pipeline.knowledge.tokens import key_of
from training.terminology.sources import Record

__all__ = ["find_mesh", "mesh_by_term"]

# Kinds that a complaint may have in MeSH; disorders of behaviour and supplementary records stand without one.
_KINDS = frozenset({"disease", "symptom", "untyped", "behavior", "other_F", ""})


def mesh_by_term(records: Iterable[Record]) -> dict[str, frozenset[str]]:
    """The CURIEs of the MeSH complaints among `records` by their folded labels and entry terms."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.curie.startswith("MESH:") and record.kind in _KINDS:
            for term in (record.label, *record.synonyms):
                found[key_of(term)].add(record.curie)
    return {key: frozenset(curies) for key, curies in found.items()}


def find_mesh(name: str, synonyms: Iterable[str], by_term: Mapping[str, frozenset[str]]) -> str | None:
    """The descriptor that has `name` as a term, else the only one that has a synonym; None for none or several.

    >>> by_term = {"breast neoplasm": frozenset({"MESH:D001943"})}
    >>> find_mesh("breast cancer", [], by_term), find_mesh("sore thumb", [], by_term)
    ('MESH:D001943', None)
    """
    named = _descriptors([name], by_term)
    found = named or _descriptors(synonyms, by_term)
    return next(iter(found)) if len(found) == 1 else None


def _descriptors(terms: Iterable[str], by_term: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    for term in terms:
        key = key_of(term)
        found |= by_term.get(key) or by_term.get(_as_neoplasm(key), frozenset())
    return found


def _as_neoplasm(key: str) -> str:
    return f"{key.removesuffix('cancer')}neoplasm" if key.split(" ")[-1] == "cancer" else key
