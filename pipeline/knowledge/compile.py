"""Turn concepts and rules into the lookup that recognition walks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.knowledge.concepts import Concept, Entry, Terminology
from pipeline.knowledge.guards import Guard, guard_from
from pipeline.knowledge.tokens import key_of

__all__ = ["Builder"]

# Spellings that are read as acronyms: they match in their own letter case only (and with a plural s).
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]{1,4}$")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")


class Builder:
    """Collects readings key by key; the first reading added is the best one."""

    def __init__(self) -> None:
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        self._folded: dict[str, tuple[Entry, ...]] = {}
        self._guarded: set[str] = set()
        self._unresolved: list[str] = []

    def add(self, concept: Concept, synonyms: Iterable[str]) -> None:
        """A concept under its name and synonyms; `hip-joint` is also known as `hipjoint`."""
        for term in (concept.name, *synonyms):
            if not term:
                continue
            entry = _cased(concept, term) if _ACRONYM.match(term) else Entry(concept, "exact")
            self._put(key_of(term), entry)
            if _HYPHEN.search(term):
                self._put(key_of(_HYPHEN.sub("", term)), entry)

    def add_folded(self, concept: Concept, keys: Iterable[str]) -> None:
        """A concept of a large terminology: `keys` are its terms, folded; an acronym stands as it is after "=".

        They are kept apart: rules speak of embedded terms only, and whose key has readings already gets one more.
        """
        plain = (Entry(concept, "exact"),)
        for key in keys:
            entries = plain
            if key[0] == "=":
                key, entries = key_of(key[1:]), (_cased(concept, key[1:]),)
            self._folded[key] = self._folded[key] + entries if key in self._folded else entries

    def _put(self, key: str, entry: Entry) -> None:
        if key and not any(e.concept == entry.concept and e.guard == entry.guard for e in self._entries.get(key, ())):
            self._entries[key].append(entry)

    def guard(self, rules: Mapping[str, Any]) -> None:
        """Replace the readings of ambiguous words by those of ambiguity.json, in its order.

        A reading of type null, or of a type that no concept of this word has, stands for no concept.
        """
        for row in rules.get("words", ()):
            key = key_of(row["word"])
            known = {e.concept.entity_type: e.concept for e in self._entries.get(key, ()) if e.concept}
            self._entries[key] = [
                Entry(known.get(reading["type"]), "exact", _guard(reading, f"ambiguity.json, {row['word']}"))
                for reading in row["readings"]
            ]
            self._guarded.add(key)

    def rewrite(self, rules: Mapping[str, Any]) -> None:
        """Add translated and lay variants (rewrites.json): `parts` of terms, then whole `phrases`.

        A variant that is a term in its own right, or an ambiguous word, stays so unless the rule has a guard;
        a guarded rule also narrows an unguarded reading of the same concept.
        """
        self._add_parts(rules.get("parts", ()))
        for row in rules.get("phrases", ()):
            guard = _guard(row, f"rewrites.json, {row['from']}")
            key = key_of(row["from"])
            concept = self._target(row["to"], row.get("type"))
            if concept is None:
                self._unresolved.append(f"{row['from']} -> {row['to']}")
            elif guard is not None:
                rest = [e for e in self._entries.get(key, ()) if e.guard or e.concept != concept]
                self._entries[key] = [Entry(concept, "rewrite", guard), *rest]
            elif key not in self._guarded:
                self._put(key, Entry(concept, "rewrite"))

    def _target(self, target: str, entity_type: str | None) -> Concept | None:
        concepts = (entry.concept for entry in self._entries.get(key_of(target), ()))
        return next((c for c in concepts if c is not None and entity_type in (None, c.entity_type)), None)

    def _add_parts(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Each term that holds the words `to` is also known with `from` in their place."""
        by_word: defaultdict[str, list[str]] = defaultdict(list)
        wanted = {key_of(row["to"]).split(" ")[0] for row in rows}
        for key in self._entries:
            for word in wanted.intersection(key.split(" ")):
                by_word[word].append(key)
        for row in rows:
            target = key_of(row["to"])
            pattern = re.compile(rf"(?<!\S){re.escape(target)}(?!\S)")
            for key in by_word[target.split(" ")[0]]:
                if key == target or not pattern.search(key):
                    continue
                for variant in row["from"].split("|"):
                    self._add_variant(pattern.sub(key_of(variant), key), key)

    def _add_variant(self, variant: str, key: str) -> None:
        if variant not in self._entries:
            self._entries[variant] = [
                Entry(e.concept, "rewrite", e.guard) for e in self._entries[key] if e.concept is not None
            ]

    def idioms(self, expressions: Iterable[str]) -> None:
        """Read fixed expressions as no entity; one that a term is named by stays the term."""
        for key in expressions:
            if key not in self._entries:
                self._entries[key] = [Entry(None, "exact")]

    def build(self, version: str) -> Terminology:
        """The finished lookup."""
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        entries = self._folded | {key: tuple(entries) for key, entries in self._entries.items()}
        for key in (self._folded.keys() & self._entries.keys()) - self._guarded:
            entries[key] += self._folded[key]
        for key in entries:
            first, _, rest = key.partition(" ")
            lengths[first].add(1 + rest.count(" ") + bool(rest))
        return Terminology(
            version,
            entries,
            {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()},
            tuple(self._unresolved),
        )


def _cased(concept: Concept, term: str) -> Entry:
    return Entry(concept, "exact", Guard(case=frozenset({term, term + "s"})))


def _guard(row: Mapping[str, Any], where: str) -> Guard | None:
    return guard_from(row["guard"], where) if "guard" in row else None
