"""Write the parts of the documentation that are made from code and tables: `python docs/generate.py`.

docs/tables.md and the list of tables in README.md come from pipeline/schema.py; the example at the head of README.md
and the pictures from a run over data/raw. tests/test_docs.py fails when they are out of date.
"""

import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

import pipeline
from pipeline.report.dirty_page import WHOLE, page_of
from pipeline.report.page import chart
from pipeline.report.reliability import measured
from pipeline.schema import ENTITY_TYPES, KEPT_LABELS, LABELS, PREDICATES, TABLES, Column, Table
from pipeline.store import read_table, read_text, visible
from pipeline.terminal import show_page

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TABLES_PAGE = ROOT / "docs" / "tables.md"
# The passage that opens the README: a sample page, and how the lines to be shown begin, in their order.
EXAMPLE = "cupping-mojibake.txt"
EXAMPLE_LINES = ("Musk excites", "black plaster", "White mustard", "Gourd hall secret")
EXAMPLE_ROWS = 5
PICTURES = ROOT / "docs" / "pictures"
# The page that the README shows as `show` prints it: a sample page, how many of its segments, characters of a line.
SHOWN = "hip-clinic.txt"
SHOWN_SEGMENTS = 15
SHOWN_WIDTH = 100
PUBLIC = [table for table in TABLES.values() if table.public]
_TYPES = {
    pa.string(): "string", pa.int64(): "int64", pa.float32(): "float32", pa.bool_(): "bool",
    pa.dictionary(pa.int32(), pa.string()): "enumeration",
}  # fmt: skip


def tables_page() -> str:
    """docs/tables.md: every column of every public table."""
    parts = [
        "# The tables",
        "One Parquet file each in `data/processed`, zstd-compressed, rows sorted by the columns named. The descriptions"
        " also stand in the files, as field metadata. Offsets are code points of the decoded source, end exclusive;"
        " ids are hashes of what they name. An enumeration loads as a pandas categorical. Written by"
        " `docs/generate.py` from `pipeline/schema.py`.",
        *(part for table in PUBLIC for part in _table(table)),
        "## Values",
        f"**Labels kept**: {_listed(KEPT_LABELS)}. **Labels dropped**: {_listed(LABELS[len(KEPT_LABELS) :])}.",
        f"**Entity types**: {_listed(ENTITY_TYPES)}.",
        "**Predicates**, with the nearest one of the [Biolink Model](https://biolink.github.io/biolink-model/):",
        "\n".join(["| predicate | Biolink |", "|---|---|", *(f"| `{p}` | `{c}` |" for p, c in PREDICATES.items())]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield f"A row is {table.row}. Sorted by {_listed(table.sort)}."
    rows = [f"| `{c.name}` | {_type(c)} | {c.description.replace('|', chr(92) + '|')} |" for c in table.columns]
    yield "\n".join(["| column | type | what it holds |", "|---|---|---|", *rows])


def _type(column: Column) -> str:
    name = _TYPES.get(column.type) or f"list of {column.type.value_type}"
    return f"{name}, may be null" if column.nullable else name


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def tables_part() -> str:
    """The list of tables in the README."""
    rows = [f"| `{table.name}` | {table.row} | {len(table.columns)} |" for table in PUBLIC]
    return "\n".join(["| table | a row is | columns |", "|---|---|---|", *rows])


def example_part(out: Path) -> str:
    """The opening of the README, from the tables of a run over data/raw."""
    (source,) = [row for row in read_table(out, "sources").to_pylist() if row["source_path"] == EXAMPLE]
    text = read_text(source["source_id"], out=out)
    spans = list(_spans(text))
    claims = [row for row in _rows(out, "claims") if _inside(row["evidence_start"], row["evidence_end"], spans)]
    surest = sorted(claims, key=lambda row: (-(row["confidence"] or 0), row["evidence_start"]))[:EXAMPLE_ROWS]
    shown = [row for row in claims if row in surest]
    dropped = [
        row for row in _rows(out, "segments")
        if not row["kept"] and _inside(row["raw_start"], row["raw_end"], spans)
    ]  # fmt: skip
    lost = "; ".join(f"“{row['text'][:28].strip()}…” as `{row['label']}` ({row['reason']})" for row in dropped)
    more = f" of {len(claims)}" if len(claims) > len(shown) else ""
    lines = [
        "```text", *(visible(text[start:end]) for start, end in spans), "```", "",
        "| subject | predicate | object | said | confidence | characters |", "|---|---|---|---|---|---|",
        *map(_claim, shown), "",
        f"These are its surest claims{more}. Dropped, but kept on file: {lost}.",
    ]  # fmt: skip
    return "\n".join(lines)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    end = 0
    for begin in EXAMPLE_LINES:
        start = text.index(begin, end)
        end = text.index("\n", start)
        yield start, end


def _rows(out: Path, name: str) -> list[dict[str, Any]]:
    return [row for row in read_table(out, name).to_pylist() if row["source_path"] == EXAMPLE]


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(left <= start and end <= right for left, right in spans)


def _claim(row: dict[str, Any]) -> str:
    said = "denied" if row["negated"] else row["certainty"]
    sure = "none yet" if row["confidence"] is None else f"{row['confidence']:.2f}"
    place = f"{row['evidence_start']}–{row['evidence_end']}"
    return f"| {row['subject_text']} | {row['predicate']} | {row['object_text']} | {said} | {sure} | {place} |"


def pictures(out: Path) -> dict[str, str]:
    """SVG files by name: a page with what was dropped and what it claims, and how often confidence is right."""
    page = page_of(out, SHOWN, limits=WHOLE._replace(segments=SHOWN_SEGMENTS, segment_claims=2))
    (found,) = measured(out)
    if page is None:
        raise ValueError(f"data/raw has no {SHOWN}")
    to = Console(file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor", highlight=False,
                 width=SHOWN_WIDTH)  # fmt: skip
    show_page(to, page)
    title = f"python -m pipeline show {SHOWN}"
    drawn = to.export_svg(title=title, theme=DEFAULT_TERMINAL_THEME, unique_id="page")
    # Whoever looks has a font; none is fetched.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    return {"page.svg": drawn, "sureness.svg": chart(found)}


def with_part(page: str, name: str, part: str) -> str:
    """`page` with what stands between the marks of the part `name` replaced."""
    mark = re.compile(rf"(<!-- {name}:begin[^>]*-->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    if len(mark.findall(page)) != 1:
        raise ValueError(f"the page must hold the marks of {name!r} once")
    return mark.sub(lambda found: f"{found[1]}{part}\n{found[2]}", page)


def main() -> None:
    """Bring README.md, docs/tables.md and the pictures up to date."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pipeline.run(ROOT / "data" / "raw", folder)
        for name, drawn in pictures(Path(folder)).items():
            (PICTURES / name).write_text(drawn, encoding="utf-8")
        page = with_part(README.read_text(encoding="utf-8"), "example", example_part(Path(folder)))
    README.write_text(with_part(page, "tables", tables_part()), encoding="utf-8")
    TABLES_PAGE.write_text(tables_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
