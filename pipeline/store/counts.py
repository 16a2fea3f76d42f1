"""What a run found, counted from its tables: the lines that a run prints when it ends.

Tables of many rows are read a group of rows at a time, so that counting takes no more memory than the run did.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.store.faults import not_readable
from pipeline.store.manifest import FILE_NAME, read_manifest
from pipeline.store.tables import read_table, row_count, row_groups, table_path
from pipeline.text.labelled import solid

__all__ = ["Counts", "count", "sized"]


@dataclass(frozen=True)
class Counts:
    """Numbers of rows and characters.

    Characters are those of the segments' texts that are not white space, by label: together they are the sums of
    n_chars_kept and n_chars_dropped of `documents`.
    A number is None, a mapping empty, where the run stopped before the table it is counted from. unread: articles by
    language that are in none of tag.languages, so that tag and extract passed them over.
    """

    sources: int
    rejects: dict[str, int]
    articles: int | None
    kept_chars: dict[str, int]
    dropped_chars: dict[str, int]
    duplicate_articles: int | None
    duplicate_passages: int | None
    site_lines: int | None
    unread: dict[str, int]
    mentions: int | None
    claims: dict[str, int] | None
    surest_claim: str | None
    disputed: int | None


def count(out: Path) -> Counts:
    """Counts over the tables in `out`. Raises OutputError when there are none."""
    chars = _chars_by_label(out)
    return Counts(
        sources=row_count(out, "sources"),
        rejects=_by_value(out, "rejects", "error"),
        articles=_rows(out, "documents"),
        kept_chars={label: chars[label] for label in LABELS if label in chars and label in KEPT_LABELS},
        dropped_chars={label: chars[label] for label in LABELS if label in chars and label not in KEPT_LABELS},
        duplicate_articles=_copies(out, "document"),
        duplicate_passages=_copies(out, "passage"),
        site_lines=_site_lines(out),
        unread=_unread(out),
        mentions=_rows(out, "mentions"),
        claims=_by_predicate(out),
        surest_claim=_surest_claim(out),
        disputed=_disputed(out),
    )


def _rows(out: Path, name: str) -> int | None:
    return row_count(out, name) if table_path(out, name).exists() else None


def _by_value(out: Path, name: str, column: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for group in row_groups(out, name, [column]):
        counts = pc.value_counts(group.column(column).cast(pa.string())).to_pylist()
        found.update({row["values"]: row["counts"] for row in counts})
    return dict(found)


def _by_predicate(out: Path) -> dict[str, int] | None:
    if not table_path(out, "claims").exists():
        return None
    found = _by_value(out, "claims", "predicate")
    return {predicate: found[predicate] for predicate in sorted(found, key=lambda p: (-found[p], p))}


def _surest_claim(out: Path) -> str | None:
    """The claim_id of the most confident claim, of the first one where no confidence is known."""
    if not table_path(out, "claims").exists():
        return None
    claims = read_table(out, "claims", columns=["claim_id", "confidence"])
    order = pc.sort_indices(claims, sort_keys=[("confidence", "descending")])
    return str(claims.column("claim_id")[order[0].as_py()]) if claims.num_rows else None


def sized(out: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of `segments`, a group of rows at a time, and n: characters of its text that are not white space."""
    for group in row_groups(out, "segments", [*columns, "text"]):
        yield group.select(columns).append_column("n", pa.array(solid(group.column("text").to_pylist()), pa.int64()))


def _chars_by_label(out: Path) -> dict[str, int]:
    if not table_path(out, "segments").exists():
        return {}
    chars: Counter[str] = Counter()
    for group in sized(out, ["label"]):
        sizes = pa.table({"label": group.column("label").cast(pa.string()), "n": group.column("n")})
        sums = sizes.group_by("label").aggregate([("n", "sum")])
        chars.update(dict(zip(sums.column("label").to_pylist(), sums.column("n_sum").to_pylist(), strict=True)))
    return dict(chars)


def _copies(out: Path, kind: str) -> int | None:
    if not table_path(out, "duplicates").exists():
        return None
    found = 0
    for group in row_groups(out, "duplicates", ["kind", "member_id", "representative_id"]):
        copy = pc.not_equal(group.column("member_id"), group.column("representative_id"))
        of_kind = pc.equal(group.column("kind").cast(pa.string()), kind)
        found += int(pc.sum(pc.and_(copy, of_kind)).as_py() or 0)
    return found


def _site_lines(out: Path) -> int | None:
    """Segments that were dropped because their site puts them on many pages."""
    return _by_value(out, "duplicates", "kind").get("line", 0) if table_path(out, "duplicates").exists() else None


def _unread(out: Path) -> dict[str, int]:
    manifest = read_manifest(out)
    if manifest is None or not table_path(out, "mentions").exists():
        return {}
    try:
        read = ast.literal_eval(manifest.config["tag.languages"])
    except (KeyError, ValueError, SyntaxError) as error:
        raise not_readable(out / FILE_NAME, error) from error
    found = _by_value(out, "documents", "language")
    return {language: found[language] for language in sorted(found) if language not in read}


def _disputed(out: Path) -> int | None:
    if not table_path(out, "claim_groups").exists():
        return None
    return int(pc.sum(read_table(out, "claim_groups", columns=["disputed"]).column("disputed")).as_py() or 0)
