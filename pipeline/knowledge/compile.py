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
        self._unresolved: list[str] = []

    def add(self, concept: Concept, synonyms: Iterable[str]) -> None:
        """A concept under its name and synonyms; `hip-joint` is also known as `hipjoint`."""
        for term in (concept.name, *synonyms):
            if not term:
                continue
            guard = Guard(case=frozenset({term, term + "s"})) if _ACRONYM.match(term) else None
            self._put(key_of(term), Entry(concept, "exact", guard))
            if _HYPHEN.search(term):
                self._put(key_of(_HYPHEN.sub("", term)), Entry(concept, "exact", guard))

    def _put(self, key: str, entry: Entry) -> None:
        if key and not any(e.concept == entry.concept and e.guard == entry.guard for e in self._entries.get(key, ())):
            self._entries[key].append(entry)

    def guard(self, rules: Mapping[str, Any]) -> None:
        """Put guards on ambiguous words (the rows of ambiguity.json)."""

    def rewrite(self, rules: Mapping[str, Any]) -> None:
        """Add translated and lay variants (rewrites.json): `parts` of terms, then whole `phrases`."""
        self._add_parts(rules.get("parts", ()))
        for row in rules.get("phrases", ()):
            guard = guard_from(row["guard"], f"rewrites.json, {row['from']}") if "guard" in row else None
            entry = self._target(row["to"], row.get("type"), guard)
            if entry is None:
                self._unresolved.append(f"{row['from']} -> {row['to']}")
                continue
            for variant in row["from"].split("|"):
                self._entries[key_of(variant)].insert(0, entry) if guard else self._put_first(key_of(variant), entry)

    def _put_first(self, key: str, entry: Entry) -> None:
        """A variant that is a term in its own right stays one: a rewrite without guard comes after it."""
        self._put(key, entry)

    def _target(self, target: str, entity_type: str | None, guard: Guard | None) -> Entry | None:
        for entry in self._entries.get(key_of(target), ()):
            if entry.concept is not None and entity_type in (None, entry.concept.entity_type):
                return Entry(entry.concept, "rewrite", guard)
        return None

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

    def build(self, version: str) -> Terminology:
        """The finished lookup."""
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for key in self._entries:
            first, _, rest = key.partition(" ")
            lengths[first].add(1 + rest.count(" ") + bool(rest))
        return Terminology(
            version,
            {key: tuple(entries) for key, entries in self._entries.items()},
            {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()},
            tuple(self._unresolved),
        )
