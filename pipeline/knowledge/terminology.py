"""The concepts this project knows and the words that name them, ready for lookup.

Data files: terms/*.csv (curie, name, entity_type, synonyms and xrefs separated by '|'), rules/ambiguity.json
(words that need a guard) and rules/rewrites.json (translated and lay variants). A large terminology built
by the user is one Parquet file with the same columns; see `load`.

A terminology's version is a hash of what these hold, "embedded-" or "large-" before it: of the terms and rules, and of
the rows of the Parquet file whatever its compression. Rows that name concepts name it, so that they can be told from
those of other terms.
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.knowledge.compile import Builder
from pipeline.knowledge.concepts import Concept, Terminology
from pipeline.knowledge.idioms import idioms
from pipeline.memory import collector_paused

__all__ = ["configured", "embedded", "load", "version_of"]

# Enough to tell the terminologies of one project apart, few enough to be read out.
_DIGITS = 8
_PARQUET = ("curie", "name", "entity_type", "xrefs", "keys")
_Columns = list[list[str]]


def embedded() -> Terminology:
    """The terminology that comes with the project."""
    return load(None)


def configured(setting: str) -> Terminology:
    """The terminology that `tag.terminology` asks for: the embedded one where it is empty. Raises as `load` does."""
    return load(_path(setting))


def version_of(setting: str) -> str:
    """The version of `configured(setting)`, without making it.

    Raises ConfigError when the setting names no file that `make terminology` could have written.
    """
    path = _path(setting)
    return _version(_texts(), [] if path is None else _parquet_columns(path))


def load(path: Path | None) -> Terminology:
    """The embedded terminology, with the concepts of a Parquet file at `path` behind it when given.

    Embedded concepts win where both know a word. It is made once per process, and again when the file has changed.
    Raises ConfigError when the file does not exist or is of another kind, or a rule names an unknown condition or
    target.
    """
    return _load(path, _changed(path) if path else 0)


def _changed(path: Path) -> int:
    """When a file was last written; ConfigError where there is none."""
    if not path.is_file():
        wrong = "is no file" if path.exists() else "does not exist"
        raise ConfigError(f"tag.terminology: {path} {wrong}; make terminology builds one")
    return path.stat().st_mtime_ns


@cache
def _load(path: Path | None, changed: int) -> Terminology:
    terms, rules = texts = _texts()
    builder = Builder()
    with collector_paused():
        for text in terms:
            for concept, synonyms in _csv_rows(text):
                builder.add(concept, synonyms)
        columns = [] if path is None else _parquet_columns(path)
        for concept, keys in _parquet_rows(columns):
            builder.add_folded(concept, keys)
        builder.guard(json.loads(rules["ambiguity"]))
        builder.rewrite(json.loads(rules["rewrites"]))
        builder.idioms(idioms().expressions)
        return builder.build(_version(texts, columns))


def _path(setting: str) -> Path | None:
    return Path(setting) if setting else None


def _version(texts: tuple[list[str], dict[str, str]], columns: _Columns) -> str:
    terms, rules = texts
    digest = hashlib.sha256("\x1f".join([*terms, *rules.values()]).encode())
    for column in columns:
        digest.update("\x1f".join(column).encode())
    return f"{'large' if columns else 'embedded'}-{digest.hexdigest()[:_DIGITS]}"


# Once a process: the version of a run is that of the terms its rows were made with.
@cache
def _texts() -> tuple[list[str], dict[str, str]]:
    """The embedded terms, file by file, and the rules that decide which of them words name, by rule file."""
    folder = files("pipeline.knowledge").joinpath("terms")
    terms = sorted((f for f in folder.iterdir() if f.name.endswith(".csv")), key=lambda f: f.name)
    rules = {name: _rules(name) for name in ("ambiguity", "rewrites", "context", "states")}
    return [f.read_text(encoding="utf-8") for f in terms], rules


def _rules(name: str) -> str:
    file = files("pipeline.knowledge").joinpath("rules").joinpath(f"{name}.json")
    return file.read_text(encoding="utf-8") if file.is_file() else "{}"


def _csv_rows(text: str) -> Iterator[tuple[Concept, list[str]]]:
    for row in csv.DictReader(text.splitlines()):
        xrefs = tuple(sorted(x for x in row["xrefs"].split("|") if x))
        yield Concept(row["curie"], row["name"], row["entity_type"], xrefs), row["synonyms"].split("|")


def _parquet_columns(path: Path) -> _Columns:
    import pyarrow as pa
    import pyarrow.parquet as pq

    _changed(path)
    try:
        table = pq.read_table(path, columns=list(_PARQUET))
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"tag.terminology: {path} is none; make terminology builds one ({reason})") from None
    return [table[name].to_pylist() for name in _PARQUET]


def _parquet_rows(columns: _Columns) -> Iterator[tuple[Concept, list[str]]]:
    for curie, name, entity_type, xrefs, keys in zip(*columns, strict=True):
        yield Concept(curie, name, entity_type, tuple(xrefs.split("|")) if xrefs else ()), keys.split("|")
