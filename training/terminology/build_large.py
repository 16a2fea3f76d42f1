"""Build a large terminology from ontology files: `python -m training.terminology.build_large SRC OUT.parquet`.

`SRC` holds release files that you fetched (see `sources` for the formats). OUT gets one row a concept with the columns
of the embedded terms, and in the file's metadata a version: the hash of the rows. `keys` are the name and the synonyms
as they are compared (`key_of`), folded here once so that loading need not; an acronym stands as it is after "=", as
it is compared in its own letter case. The same files give the same bytes.
"""

import hashlib
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.knowledge.tokens import key_of
from training.terminology.check import ACRONYM
from training.terminology.merge import Entry, merge
from training.terminology.sources import read_folder

__all__ = ["SCHEMA", "build"]

_COLUMNS = ("curie", "name", "entity_type", "synonyms", "xrefs", "keys")
SCHEMA = pa.schema([pa.field(name, pa.string(), nullable=False) for name in _COLUMNS])


def build(source: Path, out: Path) -> tuple[list[Entry], Counter[str], str]:
    """Write `out` from the files in `source`; the concepts, what was dropped by which rule, and the version."""
    entries, dropped = merge(read_folder(source))
    table = pa.Table.from_pylist([_row(entry) for entry in entries], schema=SCHEMA)
    version = _version(entries)
    out.parent.mkdir(parents=True, exist_ok=True)
    stamped = table.replace_schema_metadata({"claimsieve.terminology": version})
    pq.write_table(stamped, out, compression="zstd", compression_level=19, row_group_size=1 << 20)
    return entries, dropped, version


def _row(entry: Entry) -> dict[str, str]:
    keys = sorted(entry.synonyms)
    synonyms = [entry.synonyms[key] for key in keys]
    terms = zip((entry.name, *synonyms), (key_of(entry.name), *keys), strict=True)
    return {
        "curie": entry.curie,
        "name": entry.name,
        "entity_type": entry.entity_type,
        "synonyms": "|".join(synonyms),
        "xrefs": "|".join(sorted(entry.xrefs)),
        "keys": "|".join(f"={term}" if ACRONYM.fullmatch(term) else key for term, key in terms),
    }


def _version(entries: list[Entry]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update("\x1f".join(_row(entry).values()).encode() + b"\n")
    return digest.hexdigest()[:16]


def main(arguments: list[str]) -> int:
    """Build, then print what was kept and dropped; exit status 2 when the arguments are no folder and file."""
    if len(arguments) != 2 or not Path(arguments[0]).is_dir():
        print("usage: python -m training.terminology.build_large FOLDER OUT.parquet (FOLDER must exist)")
        return 2
    out = Path(arguments[1])
    entries, dropped, version = build(Path(arguments[0]), out)
    terms = sum(1 + len(entry.synonyms) for entry in entries)
    print(f"{out}: {len(entries)} concepts, {terms} terms, {out.stat().st_size / 1e6:.1f} MB, version {version}")
    for entity_type, count in sorted(Counter(entry.entity_type for entry in entries).items()):
        print(f"  {entity_type}: {count}")
    print("dropped")
    for reason, count in sorted(dropped.items()):
        print(f"  {reason}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
