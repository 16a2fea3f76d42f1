"""What a run did: versions, settings, work done and reused, rows, hashes and times.

The manifest is the only place where times and versions stand; rows hold none.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from pipeline.errors import OutputError
from pipeline.store.faults import is_there, not_readable

__all__ = ["FILE_NAME", "Manifest", "Step", "TableFile", "read_manifest"]

FILE_NAME = "manifest.json"
# Raised when the fields below change; an older manifest is ignored, and the run writes a new one.
_FORMAT = 2
_Record = TypeVar("_Record", "Manifest", "Step", "TableFile")


@dataclass(frozen=True)
class Step:
    """One step of a stage: units (source files, or the corpus as one) computed now and taken from the cache."""

    name: str
    computed: int
    reused: int
    seconds: float


@dataclass(frozen=True)
class TableFile:
    """One table as written: its rows, the file's size in bytes and SHA-256."""

    name: str
    rows: int
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What the last run wrote.

    flow: stage name -> hash of the input files, the code, the data, the library versions and the settings
        of all stages up to it; a run has nothing to do when its last stage's hash stands here.
    config: settings as `section.key = value`, in order.
    terminology: version of the terminology, as in the rows that name concepts.
    started: ISO 8601, UTC. seconds: wall time of the run.
    """

    version: str
    python: str
    libraries: dict[str, str]
    raw: str
    n_files: int
    input_hash: str
    terminology: str
    config: dict[str, str]
    flow: dict[str, str]
    steps: tuple[Step, ...]
    tables: tuple[TableFile, ...]
    workers: int
    started: str
    seconds: float
    format: int = _FORMAT

    def table(self, name: str) -> TableFile | None:
        """The entry of table `name`; None where the run stopped before it."""
        return next((table for table in self.tables if table.name == name), None)

    def step(self, name: str) -> Step | None:
        """The step `name`, such as `clean` or `deduplicate.mark`; None where the run stopped before it."""
        return next((step for step in self.steps if step.name == name), None)

    def fingerprint(self) -> str:
        """Hash of its tables, settings and version: equal for runs that wrote the same, whenever they did."""
        said = [self.version, sorted(self.config.items()), [(table.name, table.sha256) for table in self.tables]]
        return hashlib.blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()

    def to_json(self) -> str:
        """The manifest as it is written."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_manifest(out: Path) -> Manifest | None:
    """The manifest in the folder `out`; None where there is none, or one of another format.

    Raises OutputError when it is damaged or may not be read.
    """
    path = out / FILE_NAME
    if not is_there(path):
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            return None
        steps = tuple(_record(Step, step) for step in data["steps"])
        tables = tuple(_record(TableFile, table) for table in data["tables"])
        return _record(Manifest, data | {"steps": steps, "tables": tables})
    except OSError as error:
        raise not_readable(path, error) from error
    except (ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{path} is damaged ({error}): delete it and run again") from error


def _record(kind: type[_Record], data: Any) -> _Record:
    """One of the records above from what was read, each value of its field's type; TypeError where one is not."""
    made = kind(**data)
    for name, hint in get_type_hints(kind).items():
        value: Any = getattr(made, name)
        types: Any = (int, float) if hint is float else get_origin(hint) or hint
        words = [*value, *value.values()] if isinstance(value, dict) else []
        if not (isinstance(value, types) and all(isinstance(word, str) for word in words)):
            raise TypeError(f"{name} is {value!r}")
    return made
