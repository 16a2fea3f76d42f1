"""Labelled pages: the written corpus (.page files) and annotated dumps, as spans of code points.

A .page file holds one raw dump: each line `[label] text`, empty lines `[]`, `‖label‖` switching the label
inside a line, and below a line its claims `> subject:type | predicate | object:type | flags`. Annotated
dumps are raw/NAME.txt with labels/NAME.tsv and claims/NAME.jsonl.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import InputError
from pipeline.schema import ENTITY_TYPES, KEPT_LABELS, LABELS, PREDICATES

__all__ = ["PARTS", "GoldClaim", "GoldPage", "Span", "load_dumps", "load_page", "load_pages", "part_of", "writer_of"]

Span = tuple[int, int]
PARTS = ("train", "dev", "test")  # of the written corpus

_LINE = re.compile(r"\[(\w*)\] ?(.*)$")
_SWITCH = re.compile(r"‖(\w+)‖")
_SENTENCE_END = re.compile(r"[.!?;。；！？]+[\"'”’)]*\s+|$")
_Row = TypeVar("_Row")
# What a row of claims/NAME.jsonl may say, where not every word will do.
_VALUES: dict[str, tuple[object, ...]] = {
    "subject_type": ENTITY_TYPES,
    "object_type": ENTITY_TYPES,
    "predicate": tuple(PREDICATES),
    "negated": (True, False),
    "certainty": ("asserted", "hedged"),
    "evidence_type": ("study", "expert", "tradition", "anecdote", "none"),
}
_FLAGS = {"q": "quantity", "qual": "qualifier", "by": "attribution", "ev": "evidence_type"}


@dataclass(frozen=True)
class GoldClaim:
    """One labelled claim; spans are code points of the page's text, end exclusive."""

    evidence: Span
    subject: Span
    subject_type: str
    predicate: str
    object: Span
    object_type: str
    negated: bool = False
    certainty: str = "asserted"
    quantity: str = ""
    qualifier: str = ""
    attribution: str = ""
    evidence_type: str = "none"


@dataclass(frozen=True)
class GoldPage:
    """A raw dump with its labels (start, end, label), in order, and claims."""

    name: str
    text: str
    labels: tuple[tuple[int, int, str], ...]
    claims: tuple[GoldClaim, ...]


def part_of(name: str) -> str:
    """The corpus part of a written page, by its number: 10 is dev, 11 and above test, the rest train.

    >>> part_of("w3-p10"), part_of("w3-p12"), part_of("w3-p01")
    ('dev', 'test', 'train')
    """
    number = int(name.rpartition("-p")[2])
    return "train" if number < 10 else "dev" if number == 10 else "test"


def writer_of(name: str) -> int:
    """The number of a written page's writer.

    >>> writer_of("w106-p03"), writer_of("s8-p11")
    (106, 8)
    """
    return int(name.partition("-")[0][1:])


def load_pages(folder: Path, part: str | None = None) -> list[GoldPage]:
    """The written pages of a folder (of one part of it), sorted by name."""
    paths = sorted(folder.glob("*.page"))
    return [load_page(path) for path in paths if part is None or part_of(path.stem) == part]


def load_page(path: Path) -> GoldPage:
    """One .page file. Raises InputError naming file and line where it breaks the format."""
    lines: list[str] = []
    labels: list[tuple[int, int, str]] = []
    claims: list[GoldClaim] = []
    starts = [0]
    article = 0
    for number, row in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not row.strip():
            continue
        if row.startswith("> "):
            claims.append(_written_claim(row[2:], lines[article:], starts[article:], labels, f"{path}, line {number}"))
            continue
        found = _LINE.match(row)
        if not found:
            raise InputError(f"{path}, line {number}: neither '[label] text' nor '> claim': {row[:50]!r}")
        label, text = found.groups()
        if label == "title":
            article = len(lines)
        line = ""
        pieces = _SWITCH.split(text)
        for part, part_label in zip(pieces[::2], [label, *pieces[1::2]], strict=True):
            if part_label and part.strip():
                labels.append((starts[-1] + len(line), starts[-1] + len(line) + len(part), part_label))
            line += part
        lines.append(line)
        starts.append(starts[-1] + len(line) + 1)
    return GoldPage(path.stem, "\n".join(lines) + "\n", tuple(labels), tuple(claims))


def _written_claim(
    row: str, lines: list[str], starts: list[int], labels: list[tuple[int, int, str]], where: str
) -> GoldClaim:
    subject, predicate, object_, *flags = (part.strip() for part in row.split(" | "))
    texts, types = zip(*(part.rsplit(":", 1) for part in (subject, object_)), strict=True)
    evidence = _evidence(lines[-1], starts[len(lines) - 1], labels, texts)
    spans = []
    for text in texts:
        span = _kept_place(text, lines, starts, labels, evidence)
        if span is None:
            raise InputError(f"{where}: {text!r} does not stand in a kept line of the article above")
        spans.append(span)
    values = {_FLAGS[key]: value for key, _, value in (flag.partition("=") for flag in flags) if key in _FLAGS}
    certainty = "hedged" if "hedge" in flags else "asserted"
    return GoldClaim(
        evidence, spans[0], types[0], predicate, spans[1], types[1], "neg" in flags, certainty, **values
    )  # fmt: skip


def _evidence(line: str, start: int, labels: list[tuple[int, int, str]], texts: tuple[str, ...]) -> Span:
    """The sentence of the line's kept parts that holds most of the arguments (the corpus's convention)."""
    pool = []
    for begin, end, label in reversed(labels):
        if begin < start:
            break
        if label in KEPT_LABELS:
            pool += list(_sentences(line, begin - start, end - start))
    pool.sort()
    best = max(pool, key=lambda s: (texts[0] in line[slice(*s)]) + 1.01 * (texts[1] in line[slice(*s)]), default=None)
    a, b = best or (0, len(line))
    return start + a, start + b


def _sentences(line: str, begin: int, end: int) -> Iterator[Span]:
    at = begin
    for mark in _SENTENCE_END.finditer(line, begin, end):
        stop = at + len(line[at : mark.end()].rstrip())
        first = at + len(line[at:stop]) - len(line[at:stop].lstrip())
        if first < stop:
            yield first, stop
        at = mark.end()


def _kept_place(
    text: str, lines: list[str], starts: list[int], labels: list[tuple[int, int, str]], evidence: Span
) -> Span | None:
    """Where `text` stands in the last line that has it in a kept part."""
    kept = [(begin, end) for begin, end, label in labels if label in KEPT_LABELS]
    for line, start in zip(reversed(lines), reversed(starts[: len(lines)]), strict=True):
        places = [m.start() + start for m in re.finditer(re.escape(text), line)] if text in line else []
        places = [at for at in places if any(begin <= at and at + len(text) <= end for begin, end in kept)]
        if places:
            return _place(text, line, start, evidence, places)
    return None


def _place(text: str, line: str, start: int, evidence: Span, places: list[int] | None = None) -> Span:
    """The best of the places where `text` stands: inside the evidence if it can be, as a whole word if it can be."""
    whole = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")

    def rank(at: int) -> tuple[bool, bool, int]:
        inside = evidence[0] <= at and at + len(text) <= evidence[1]
        return (not inside, not whole.match(line, at - start), at)

    at = min(places or [start + m.start() for m in re.finditer(re.escape(text), line)], key=rank)
    return at, at + len(text)


def load_dumps(raw: Path, labels: Path, claims: Path) -> list[GoldPage]:
    """Annotated dumps: NAME.txt in `raw` with NAME.tsv in `labels` and NAME.jsonl in `claims`, all in UTF-8.

    How rows are written says `python -m pipeline eval --help`. Raises InputError where a folder or file is missing, and
    where a row is written otherwise, with its file and line.
    """
    for folder in (raw, labels, claims):
        if not folder.is_dir():
            raise InputError(
                f"{folder} is no folder: labelled dumps lie in three, raw/ (NAME.txt), labels/ (NAME.tsv) and"
                " claims/ (NAME.jsonl)"
            )
    return [
        _dump(path, raw / f"{path.stem}.txt", claims / f"{path.stem}.jsonl") for path in sorted(labels.glob("*.tsv"))
    ]


def _dump(labels: Path, raw: Path, claims: Path) -> GoldPage:
    text = _read(raw)
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    cursor: dict[int, int] = {}
    found = _rows(labels, lambda row: _dump_label(row, lines, starts, cursor))
    said = _rows(claims, lambda row: _dump_claim(json.loads(row), text, lines, starts))
    return GoldPage(raw.stem, text, tuple(found), tuple(said))


def _rows(path: Path, read: Callable[[str], _Row]) -> list[_Row]:
    """What `read` makes of each row. Raises InputError that names the row of which it makes nothing."""
    found = []
    for number, row in enumerate(_read(path).removeprefix("\ufeff").split("\n"), 1):
        try:
            found += [read(row.removesuffix("\r"))] if row.strip() else []
        except (ValueError, TypeError, KeyError) as error:
            form = "python -m pipeline eval --help says how a row is written"
            raise InputError(f"{path}, line {number}: {_reason(error)}; {form}") from None
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON ({error.msg}, column {error.colno})"
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): labels/{path.stem}.tsv needs it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 ({error}): convert it") from None


def _line(number: Any, lines: list[str]) -> int:
    if not 0 <= int(number) < len(lines):
        raise ValueError(f"the page has no line {number}, they are 0 to {len(lines) - 1}")
    return int(number)


def _dump_label(row: str, lines: list[str], starts: list[int], cursor: dict[int, int]) -> tuple[int, int, str]:
    """The stretch that a row labels; `cursor` says how far each line was labelled before."""
    number, _, rest = row.partition("\t")
    label, _, part = rest.partition("\t")
    n = _line(number, lines)
    if label not in LABELS:
        raise ValueError(f"label {label!r} is none of {', '.join(LABELS)}")
    if not part.strip():
        return starts[n], starts[n] + len(lines[n]), label
    at = lines[n].find(part, cursor.get(n, 0))
    if at < 0:
        raise ValueError(f"{part!r} does not stand in line {n}, behind what is labelled of it before")
    cursor[n] = at + len(part)
    return starts[n] + at, starts[n] + at + len(part), label


def _dump_claim(row: Any, text: str, lines: list[str], starts: list[int]) -> GoldClaim:
    if not isinstance(row, dict):
        raise TypeError("no object")
    for key, known in _VALUES.items():
        if row[key] not in known:
            raise ValueError(f"{key} {row[key]!r} is none of {', '.join(map(str, known))}")
    line = _line(row["line"], lines)
    at = text.find(row["evidence"], starts[line])
    if at < 0:
        raise ValueError(f"the evidence stands nowhere from line {line} on")
    evidence = (at, at + len(row["evidence"]))
    spans = []
    for key in ("subject", "object"):
        n = _line(row[f"{key}_line"], lines)
        if not row[key] or row[key] not in lines[n]:
            raise ValueError(f"the {key} does not stand in line {n}")
        spans.append(_place(row[key], lines[n], starts[n], evidence))
    rest = {key: row[key] for key in ("certainty", "quantity", "qualifier", "attribution", "evidence_type")}
    return GoldClaim(
        evidence,
        spans[0],
        row["subject_type"],
        row["predicate"],
        spans[1],
        row["object_type"],
        bool(row["negated"]),
        **rest,
    )
