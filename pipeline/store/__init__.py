"""The only reader and writer of the output folder: tables, manifest, cache and decoded texts."""

from pipeline.store.blobs import canonical, in_order, pack, unpack
from pipeline.store.cache import Cache, Ref, digest, lack, open_cache
from pipeline.store.counts import Counts, count, sized
from pipeline.store.faults import is_there, not_written
from pipeline.store.folders import foreign, holds_tables, knows_runs
from pipeline.store.manifest import Manifest, Step, TableFile, read_manifest
from pipeline.store.passages import Evidence, Mark, Passage, evidence, find_claim, read_text, read_texts
from pipeline.store.shown import phrase, visible
from pipeline.store.tables import (
    cache_path,
    complete,
    discard_staged,
    is_intact,
    lock,
    publish,
    read_table,
    require_whole,
    stage_table,
    table_path,
)

__all__ = [
    "Cache",
    "Counts",
    "Evidence",
    "Manifest",
    "Mark",
    "Passage",
    "Ref",
    "Step",
    "TableFile",
    "cache_path",
    "canonical",
    "complete",
    "count",
    "digest",
    "discard_staged",
    "evidence",
    "find_claim",
    "foreign",
    "holds_tables",
    "in_order",
    "is_intact",
    "is_there",
    "knows_runs",
    "lack",
    "lock",
    "not_written",
    "open_cache",
    "pack",
    "phrase",
    "publish",
    "read_manifest",
    "read_table",
    "read_text",
    "read_texts",
    "require_whole",
    "sized",
    "stage_table",
    "table_path",
    "unpack",
    "visible",
]
