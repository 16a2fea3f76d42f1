"""clean: text repaired, dumps cut into articles, lines cut into labelled segments.

Each source is treated on its own; sources are taken together only to count features over long arrays.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.config import Clean
from pipeline.models.labeller import Labels, label_parts
from pipeline.models.main_text import REASON
from pipeline.schema import KEPT_LABELS, TABLES
from pipeline.stage import Stage, Tables, conform, content_id, from_rows
from pipeline.text.articles import article_starts
from pipeline.text.blocks import Page, read_page
from pipeline.text.features import PartTable
from pipeline.text.language import languages
from pipeline.text.metadata import Metadata
from pipeline.text.origin import Words, origin
from pipeline.text.segments import Part, cut_lines, join_parts, read_lines

__all__ = ["CLEAN"]

_BATCH = 4_000_000  # characters of sources whose features are counted together; bounds memory
_BLOCK = 20_000  # parts of a longer source are labelled in blocks of this size; bounds memory
_LANGUAGE_SAMPLE = 800  # characters, a few sentences; more changes no answer on the written pages and costs time
_SEGMENTS = TABLES["segments"].schema


class Segment(NamedTuple):
    """A labelled part and the line it stands in."""

    part: Part
    line: int
    label: str
    score: float
    reason: str


@dataclass(frozen=True)
class Source:
    """One source cut into parts, with the line of each and the blank lines before it; repairs by line.

    meta: what an HTML page says of itself.
    """

    row: dict[str, Any]
    text: str
    parts: list[Part] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    factors: list[dict[str, float]] = field(default_factory=list)
    markup: list[tuple[int, int]] = field(default_factory=list)
    dropped: list[Segment] = field(default_factory=list)
    steps: dict[int, tuple[str, ...]] = field(default_factory=dict)
    meta: Metadata = field(default_factory=Metadata)


def _run(tables: Tables, config: Clean) -> dict[str, pa.Table]:
    documents: list[dict[str, Any]] = []
    segments = []
    for batch in _batches(tables["texts"], config):
        columns: dict[str, list[Any]] = {name: [] for name in _SEGMENTS.names}
        articles = [
            (source, article) for source, found in _labelled(batch, config) for article in _articles(source, found)
        ]
        spoken = languages([_sample(article) for _, article in articles])
        for (source, article), language in zip(articles, spoken, strict=True):
            document = _document(source, article, language)
            documents.append(document)
            _add_segments(columns, document, article, source.row["raw_base"] or 0)
        arrays = [pa.array(columns[item.name], item.type) for item in _SEGMENTS]
        segments.append(pa.Table.from_arrays(arrays, schema=_SEGMENTS))
    table = pa.concat_tables(segments).unify_dictionaries() if segments else _SEGMENTS.empty_table()
    return {"documents": from_rows("documents", documents), "segments": conform("segments", table.combine_chunks())}


def _batches(texts: pa.Table, config: Clean) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for chunk in texts.to_batches(max_chunksize=64):
        for row in chunk.to_pylist():
            source = _cut(row, config)
            if source.parts or source.markup or source.dropped:
                batch.append(source)
                size += len(source.text)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _cut(row: dict[str, Any], config: Clean) -> Source:
    text = row.pop("text")
    page = read_page(text, drop_threshold=config.drop_threshold) if row["format"] == "html" else None
    source = Source(row, text, meta=page.meta if page else Metadata())
    lines = page.lines if page else list(read_lines(source.text))
    if page:
        source.markup.extend(page.markup)
        source.dropped.extend(_left_out(page))
    for number, (line, parts) in enumerate(zip(lines, cut_lines(lines), strict=True)):
        source.factors.extend([page.factors[number] if page else {}] * len(parts))
        source.parts.extend(parts)
        source.lines.extend([number] * len(parts))
        source.gaps.extend([line.gap] * len(parts))
        if line.repair.steps:
            source.steps[number] = line.repair.steps
    return source


def _left_out(page: Page) -> Iterator[Segment]:
    """The lines of an HTML page that are no main text."""
    for line, label, score in page.dropped:
        part = Part(line.start, line.end, line.repair.text, line.repair.alignment, "")
        yield Segment(part, -1, label, score, REASON)


def _labelled(batch: list[Source], config: Clean) -> Iterator[tuple[Source, list[Segment]]]:
    labels = Labels([], [], [])
    for tables in _tables(batch):
        found = label_parts(tables, drop_threshold=config.drop_threshold)
        labels.label.extend(found.label)
        labels.score.extend(found.score)
        labels.reason.extend(found.reason)
    at = 0
    for source in batch:
        span = slice(at, at + len(source.parts))
        columns = (source.parts, source.lines, labels.label[span], labels.score[span], labels.reason[span])
        segments = _joined(map(Segment._make, zip(*columns, strict=True)), source.text)
        yield source, _with_markup(segments, source)
        at = span.stop


def _tables(batch: list[Source]) -> Iterator[PartTable]:
    """The parts of the batch in pieces; a block of a long source counts as a source of its own."""
    sizes = [len(source.parts) for source in batch]
    if not any(sizes):  # pages of nothing but markup
        return
    block = np.concatenate([np.arange(size) // _BLOCK for size in sizes])
    new = np.append(True, (np.diff(np.repeat(np.arange(len(batch)), sizes)) != 0) | (np.diff(block) != 0))
    unit = np.cumsum(new) - 1
    lines = np.concatenate([np.array(source.lines, np.int64) for source in batch])
    gaps = np.concatenate([np.array(source.gaps, np.int64) for source in batch])
    parts = [part for source in batch for part in source.parts]
    factors = [row for source in batch for row in source.factors]
    factors = factors if any(factors) else []
    starts = np.flatnonzero(new)
    cuts = [int(starts[0])]
    for start in starts.tolist():
        if start - cuts[-1] >= _BLOCK:
            cuts.append(start)
    for begin, end in pairwise([*cuts, len(parts)]):
        span = slice(begin, end)
        some = parts[span]
        texts, names = [part.text for part in some], [part.cut for part in some]
        yield PartTable(texts, unit[span] - unit[begin], lines[span], gaps[span], names, factors[span])


def _joined(segments: Iterator[Segment], text: str) -> list[Segment]:
    """Neighbours of one line and one label as one segment, with the lower of their scores."""
    out: list[Segment] = []
    line, label = -1, ""
    for segment in segments:
        if segment.line == line and segment.label == label:
            last = out[-1]
            part = join_parts(last.part, segment.part, text)
            out[-1] = last._replace(part=part, score=min(last.score, segment.score))
        else:
            out.append(segment)
            line, label = segment.line, segment.label
    return out


def _with_markup(segments: list[Segment], source: Source) -> list[Segment]:
    """The stretches of markup in their places, as noise, and the lines that are no main text."""
    if not (source.markup or source.dropped):
        return segments
    marks = [Segment(Part(a, b, source.text[a:b], None, ""), -1, "noise", 1.0, "markup") for a, b in source.markup]
    return sorted([*segments, *marks, *source.dropped], key=lambda segment: segment.part.start)


def _articles(source: Source, segments: list[Segment]) -> Iterator[list[Segment]]:
    """The articles of a source; an HTML page is one."""
    if source.markup or source.dropped:
        yield segments
        return
    starts = article_starts([s.label for s in segments], [s.reason for s in segments], [s.line for s in segments])
    for begin, end in pairwise([*starts, len(segments)]):
        yield segments[begin:end]


def _document(source: Source, article: list[Segment], language: tuple[str, float]) -> dict[str, Any]:
    row = source.row
    base = row["raw_base"] or 0
    start, end = base + article[0].part.start, base + article[-1].part.end
    document_id = content_id(row["source_id"], start, end)
    solid = [_solid(segment.part.text) for segment in article]
    kept = sum(size for size, segment in zip(solid, article, strict=True) if segment.label in KEPT_LABELS)
    repaired = (
        (source.steps.get(line, ()) for line in range(article[0].line, article[-1].line + 1)) if source.steps else ()
    )
    return {
        "document_id": document_id,
        "source_id": row["source_id"],
        "source_path": row["source_path"],
        "record": row["record"],
        **origin(row["url"], source.meta, _words(article, "title", base), _words(article, "byline", base)),
        "language": language[0],
        "language_score": language[1],
        "raw_start": start,
        "raw_end": end,
        "n_chars_kept": kept,
        "n_chars_dropped": sum(solid) - kept,
        "repairs": sorted({step for steps in repaired for step in steps}),
        "cluster_id": document_id,
        "duplicate_of": None,
        "is_representative": True,
    }


def _add_segments(columns: dict[str, list[Any]], document: dict[str, Any], article: list[Segment], base: int) -> None:
    for name in ("document_id", "source_id", "source_path", "record"):
        columns[name].extend([document[name]] * len(article))
    for position, segment in enumerate(article):
        start, end, text, alignment, _ = segment.part
        start, end = base + start, base + end
        columns["segment_id"].append(content_id(document["document_id"], start, end))
        columns["position"].append(position)
        columns["raw_start"].append(start)
        columns["raw_end"].append(end)
        columns["text"].append(text)
        columns["alignment"].append(alignment)
        columns["label"].append(segment.label)
        columns["kept"].append(segment.label in KEPT_LABELS)
        columns["reason"].append(segment.reason)
        columns["score"].append(segment.score)
        columns["duplicate_of"].append(None)


def _solid(text: str) -> int:
    """Characters that are not white space."""
    if text.isprintable():  # the only white space in it are blanks
        return len(text) - text.count(" ")
    return sum(map(len, text.split()))


def _words(article: list[Segment], label: str, base: int) -> list[Words]:
    """The segments of an article that have the label."""
    return [Words(s.part.text, base + s.part.start, s.part.alignment) for s in article if s.label == label]


def _sample(article: list[Segment]) -> str:
    """What the language is told by: the first kept characters, else of all."""
    kept = [s.part.text for s in article if s.label in KEPT_LABELS]
    kept = kept or [s.part.text for s in article if s.reason != "markup"]
    sample: list[str] = []
    size = 0
    for text in kept:
        sample.append(text)
        size += len(text)
        if size >= _LANGUAGE_SAMPLE:
            break
    return "\n".join(sample)[:_LANGUAGE_SAMPLE]


CLEAN = Stage("clean", ("texts",), ("documents", "segments"), _run, "clean")
