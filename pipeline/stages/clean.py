"""clean: text repaired, dumps cut into articles, lines cut into labelled segments.

Each source is treated on its own; sources are taken together only to count features over long arrays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import Clean
from pipeline.models.labeller import Labels, label_parts
from pipeline.models.main_text import REASON
from pipeline.schema import KEPT_LABELS, TABLES
from pipeline.stage import Stage, Tables, conform, content_id, from_rows
from pipeline.text.articles import article_starts
from pipeline.text.blocks import Page, read_pages
from pipeline.text.features import PartTable
from pipeline.text.language import languages
from pipeline.text.metadata import Metadata
from pipeline.text.origin import Words, origin
from pipeline.text.segments import Line, Part, cut_lines, join_parts, read_lines

__all__ = ["CLEAN"]

Ints = npt.NDArray[np.int64]
_BATCH = 4_000_000  # characters of sources whose features are counted together; bounds memory
_MARKUP = 8  # characters of an HTML page for each one that is counted: seven or more of eight are markup
_BLOCK = 20_000  # parts of a longer source are labelled in blocks of this size; bounds memory
_LANGUAGE_SAMPLE = 800  # characters, a few sentences; more changes no answer on the written pages and costs time
_NO_FACTORS: Mapping[str, float] = {}
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
    """One source: its lines, and what an HTML page has besides (factors of each line, markup, lines left out)."""

    row: dict[str, Any]
    text: str
    lines: list[Line]
    factors: Sequence[Mapping[str, float]] = ()
    markup: Sequence[tuple[int, int]] = ()
    dropped: Sequence[Segment] = ()
    meta: Metadata = field(default_factory=Metadata)


class Batch(NamedTuple):
    """Some sources cut into parts; for each part the index of its source, its line in it, blank lines before that."""

    sources: list[Source]
    parts: list[Part]
    source: Ints
    line: Ints
    gap: Ints
    factors: list[Mapping[str, float]]


def _run(tables: Tables, config: Clean) -> dict[str, pa.Table]:
    documents: list[dict[str, Any]] = []
    segments = []
    for sources in _batches(tables["texts"], config):
        articles = [
            (source, article)
            for source, found in _labelled(_cut(sources), config)
            for article in _articles(source, found)
        ]
        spoken = languages([_sample(article) for _, article in articles])
        found = [
            _document(source, article, language) for (source, article), language in zip(articles, spoken, strict=True)
        ]
        documents += found
        segments.append(_segments(found, articles))
    table = pa.concat_tables(segments).unify_dictionaries() if segments else _SEGMENTS.empty_table()
    return {"documents": from_rows("documents", documents), "segments": conform("segments", table.combine_chunks())}


def _batches(texts: pa.Table, config: Clean) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for chunk in texts.to_batches(max_chunksize=64):
        for source in chain.from_iterable(_read(rows, config) for rows in _groups(chunk.to_pylist())):
            if source.lines or source.markup or source.dropped:
                batch.append(source)
                size += len(source.text) // (_MARKUP if source.markup else 1)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _groups(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows that are read together: HTML pages cost less so."""
    size, at = 0, 0
    for i, row in enumerate(rows, 1):
        size += len(row["text"])
        if size >= _BATCH or i == len(rows):
            yield rows[at:i]
            size, at = 0, i


def _read(rows: list[dict[str, Any]], config: Clean) -> Iterator[Source]:
    texts = [row.pop("text") for row in rows]
    html = [text for row, text in zip(rows, texts, strict=True) if row["format"] == "html"]
    pages = iter(read_pages(html, drop_threshold=config.drop_threshold))
    for row, text in zip(rows, texts, strict=True):
        if row["format"] == "html":
            page = next(pages)
            yield Source(row, text, page.lines, page.factors, page.markup, [*_left_out(page)], page.meta)
        else:
            yield Source(row, text, list(read_lines(text)))


def _left_out(page: Page) -> Iterator[Segment]:
    """The lines of an HTML page that are no main text."""
    for start, end, text, alignment, label, score in page.dropped:
        yield Segment(Part(start, end, text, alignment, ""), -1, label, score, REASON)


def _cut(sources: list[Source]) -> Batch:
    lines = [line for source in sources for line in source.lines]
    cut = cut_lines(lines)
    sizes = np.array([len(parts) for parts in cut], np.int64)
    of_source = np.array([len(source.lines) for source in sources], np.int64)
    number = np.arange(len(lines)) - np.repeat(np.cumsum(of_source) - of_source, of_source)
    factors: list[Mapping[str, float]] = []
    if any(source.factors for source in sources):
        each = (factor for source in sources for factor in source.factors or [_NO_FACTORS] * len(source.lines))
        factors = [factor for factor, parts in zip(each, cut, strict=True) for _ in parts]
    return Batch(
        sources,
        [part for parts in cut for part in parts],
        np.repeat(np.repeat(np.arange(len(sources)), of_source), sizes),
        np.repeat(number, sizes),
        np.repeat(np.array([line.gap for line in lines], np.int64), sizes),
        factors,
    )


def _labelled(batch: Batch, config: Clean) -> Iterator[tuple[Source, list[Segment]]]:
    labels = Labels([], [], [])
    for tables in _tables(batch):
        found = label_parts(tables, drop_threshold=config.drop_threshold)
        labels.label.extend(found.label)
        labels.score.extend(found.score)
        labels.reason.extend(found.reason)
    columns = (batch.parts, batch.line.tolist(), labels.label, labels.score, labels.reason)
    segments = list(map(Segment._make, zip(*columns, strict=True)))
    ends = np.searchsorted(batch.source, np.arange(len(batch.sources)), side="right").tolist()
    for source, (begin, end) in zip(batch.sources, pairwise([0, *ends]), strict=True):
        yield source, _with_markup(_joined(segments[begin:end], source.text), source)


def _tables(batch: Batch) -> Iterator[PartTable]:
    """The parts of the batch in pieces; a block of a long source counts as a source of its own."""
    count = len(batch.parts)
    if not count:  # pages of nothing but markup
        return
    block = (np.arange(count) - np.searchsorted(batch.source, batch.source)) // _BLOCK
    new = np.append(True, (np.diff(batch.source) != 0) | (np.diff(block) != 0))
    unit = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    cuts = [0]
    for start in starts.tolist():
        if start - cuts[-1] >= _BLOCK:
            cuts.append(start)
    for begin, end in pairwise([*cuts, count]):
        span = slice(begin, end)
        texts, names = [part.text for part in batch.parts[span]], [part.cut for part in batch.parts[span]]
        factors = batch.factors[span] if any(batch.factors[span]) else ()
        yield PartTable(texts, unit[span] - unit[begin], batch.line[span], batch.gap[span], names, factors)


def _joined(segments: list[Segment], text: str) -> list[Segment]:
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
    kept = _solid([segment.part.text for segment in article if segment.label in KEPT_LABELS])
    dropped = _solid([segment.part.text for segment in article if segment.label not in KEPT_LABELS])
    lines = source.lines[max(article[0].line, 0) : article[-1].line + 1]
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
        "n_chars_dropped": dropped,
        "repairs": sorted({step for line in lines for step in line.repair.steps}),
        "cluster_id": document_id,
        "duplicate_of": None,
        "is_representative": True,
    }


def _segments(documents: list[dict[str, Any]], articles: list[tuple[Source, list[Segment]]]) -> pa.Table:
    sizes = [len(article) for _, article in articles]
    segments = [segment for _, article in articles for segment in article]
    of_document = np.repeat(np.arange(len(articles)), sizes)
    base = np.array([source.row["raw_base"] or 0 for source, _ in articles], np.int64)[of_document]
    start, end, text, alignment, _ = zip(*(segment.part for segment in segments), strict=True)
    _, _, label, score, reason = zip(*segments, strict=True)
    raw_start, raw_end = base + np.array(start, np.int64), base + np.array(end, np.int64)
    ids = [document["document_id"] for document in documents]
    columns: dict[str, Any] = {
        name: pa.array([document[name] for document in documents], _SEGMENTS.field(name).type).take(of_document)
        for name in ("document_id", "source_id", "source_path", "record")
    }
    columns |= {
        "segment_id": map(content_id, [ids[i] for i in of_document.tolist()], raw_start.tolist(), raw_end.tolist()),
        "position": np.arange(len(segments)) - np.repeat(np.cumsum(sizes) - sizes, sizes),
        "raw_start": raw_start,
        "raw_end": raw_end,
        "text": text,
        "alignment": _lists(alignment),
        "label": label,
        "kept": [name in KEPT_LABELS for name in label],
        "reason": reason,
        "score": score,
        "duplicate_of": pa.nulls(len(segments), _SEGMENTS.field("duplicate_of").type),
    }
    return pa.Table.from_arrays([pa.array(columns[item.name], item.type) for item in _SEGMENTS], schema=_SEGMENTS)


def _lists(alignments: Sequence[Sequence[int] | Ints | None]) -> pa.Array:
    """The column `alignment`."""
    kind = _SEGMENTS.field("alignment").type
    some = [np.asarray(alignment, np.int32) for alignment in alignments if alignment is not None]
    sizes = [0 if alignment is None else len(alignment) for alignment in alignments]
    values = pa.array(np.concatenate(some) if some else np.zeros(0, np.int32))
    null = pa.array([alignment is None for alignment in alignments])
    return pa.ListArray.from_arrays(np.append(0, np.cumsum(sizes)).astype(np.int32), values, kind, mask=null)


def _solid(texts: Sequence[str]) -> int:
    """Characters that are not white space."""
    text = "".join(texts)
    if text.isascii():
        return len(text.encode("ascii").translate(None, _spaces().encode("ascii", "ignore")))
    return len(text) - sum(map(text.count, _spaces()))


@cache
def _spaces() -> str:
    """All characters that are white space; none lies above U+3000."""
    return "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


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
