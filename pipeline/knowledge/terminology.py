"""The concepts this project knows and the words that name them, ready for lookup.

Data files: terms/*.csv (curie, name, entity_type, synonyms and xrefs separated by '|'), rules/ambiguity.json
(words that need a guard) and rules/rewrites.json (translated and lay variants). A large terminology built
by the user is one Parquet file with the same columns; see `load`.
"""

import csv
import gc
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.knowledge.compile import Builder
from pipeline.knowledge.concepts import Concept, Terminology
from pipeline.knowledge.idioms import idioms

__all__ = ["embedded", "load"]


@cache
def embedded() -> Terminology:
    """The terminology that comes with the project, read once per process."""
    return load(None)


@cache
def load(path: Path | None) -> Terminology:
    """The embedded terminology, with the concepts of a Parquet file at `path` behind it when given.

    Embedded concepts win where both know a word. Raises ConfigError when the file does not exist or a rule
    names an unknown condition or target.
    """
    folder = files("pipeline.knowledge")
    terms = sorted((f for f in folder.joinpath("terms").iterdir() if f.name.endswith(".csv")), key=lambda f: f.name)
    texts = [f.read_text(encoding="utf-8") for f in terms]
    rules = [_rules(name) for name in ("ambiguity", "rewrites", "context")]
    digest = hashlib.sha256("\x1f".join([*texts, *rules]).encode())
    builder = Builder()
    with _collector_paused():
        for text in texts:
            for concept, synonyms in _csv_rows(text):
                builder.add(concept, synonyms)
        if path is not None:
            digest.update(_bytes(path))
            for concept, keys in _parquet_rows(path):
                builder.add_folded(concept, keys)
        builder.guard(json.loads(rules[0]))
        builder.rewrite(json.loads(rules[1]))
        builder.idioms(idioms().expressions)
        return builder.build(digest.hexdigest()[:16])


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for cycles while half a million objects without any are made: that would double the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _rules(name: str) -> str:
    file = files("pipeline.knowledge").joinpath("rules").joinpath(f"{name}.json")
    return file.read_text(encoding="utf-8") if file.is_file() else "{}"


def _csv_rows(text: str) -> Iterator[tuple[Concept, list[str]]]:
    for row in csv.DictReader(text.splitlines()):
        xrefs = tuple(sorted(x for x in row["xrefs"].split("|") if x))
        yield Concept(row["curie"], row["name"], row["entity_type"], xrefs), row["synonyms"].split("|")


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ConfigError(f"terminology {path} does not exist; make terminology builds one")
    return path.read_bytes()


def _parquet_rows(path: Path) -> Iterator[tuple[Concept, list[str]]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["curie", "name", "entity_type", "xrefs", "keys"])
    columns = [column.to_pylist() for column in table.columns]
    for curie, name, entity_type, xrefs, keys in zip(*columns, strict=True):
        yield Concept(curie, name, entity_type, tuple(xrefs.split("|")) if xrefs else ()), keys.split("|")
