"""clean: text repaired, dumps cut into articles, lines cut into labelled segments.

Each source is treated on its own; sources are taken together only to count features over long arrays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from pipeline.text.blocks import Dropped, read_pages
from pipeline.text.features import PartTable
from pipeline.text.labelled import Article, Segment, article_of, joined, page_of, sample, solid
from pipeline.text.language import languages
from pipeline.text.metadata import Metadata
from pipeline.text.origin import Words, origin
from pipeline.text.segments import Line, Part, cut_lines, read_lines

__all__ = ["CLEAN"]

Ints = npt.NDArray[np.int64]
_BATCH = 4_000_000  # characters of sources whose features are counted together; bounds memory
_MARKUP = 8  # characters of an HTML page for each one that is counted: seven or more of eight are markup
_BLOCK = 20_000  # parts of a longer source are labelled in blocks of this size; bounds memory
_TOGETHER = 60_000  # parts of shorter sources are labelled together up to this number; patterns are made anew each time
_NO_FACTORS: Mapping[str, float] = {}
_SEGMENTS = TABLES["segments"].schema


@dataclass(frozen=True)
class Source:
    """One source: its lines, and what an HTML page has besides (factors of each line, markup, lines left out)."""

    row: dict[str, Any]
    text: str
    lines: list[Line]
    factors: Sequence[Mapping[str, float]] = ()
    markup: Sequence[tuple[int, int]] = ()
    dropped: Dropped | None = None
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
        spoken = languages([sample(article) for _, article in articles])
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
            if source.lines or source.dropped:
                batch.append(source)
                size += len(source.text) // (_MARKUP if source.dropped else 1)
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
            found = page if page.lines or page.markup or page.dropped.start else None
            yield Source(row, text, page.lines, page.factors, page.markup, page.dropped if found else None, page.meta)
        else:
            yield Source(row, text, list(read_lines(text)))


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
        yield source, joined(segments[begin:end], source.text)


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
        if start - cuts[-1] >= _TOGETHER:
            cuts.append(start)
    for begin, end in pairwise([*cuts, count]):
        span = slice(begin, end)
        texts, names = [part.text for part in batch.parts[span]], [part.cut for part in batch.parts[span]]
        factors = batch.factors[span] if any(batch.factors[span]) else ()
        yield PartTable(texts, unit[span] - unit[begin], batch.line[span], batch.gap[span], names, factors)


def _articles(source: Source, segments: list[Segment]) -> Iterator[Article]:
    """The articles of a source; an HTML page is one."""
    if source.dropped:
        yield page_of(article_of(segments), source.dropped, source.markup, source.text, reason=REASON)
        return
    starts = article_starts([s.label for s in segments], [s.reason for s in segments], [s.line for s in segments])
    for begin, end in pairwise([*starts, len(segments)]):
        yield article_of(segments[begin:end])


def _document(source: Source, article: Article, language: tuple[str, float]) -> dict[str, Any]:
    row = source.row
    base = row["raw_base"] or 0
    start, end = base + article.start[0], base + article.end[-1]
    document_id = content_id(row["source_id"], start, end)
    kept: list[str] = []
    dropped: list[str] = []
    for text, label in zip(article.text, article.label, strict=True):
        (kept if label in KEPT_LABELS else dropped).append(text)
    numbers = [line for line in article.line if line >= 0]
    lines = source.lines[numbers[0] : numbers[-1] + 1] if numbers else []
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
        "n_chars_kept": solid(kept),
        "n_chars_dropped": solid(dropped),
        "repairs": sorted({step for line in lines for step in line.repair.steps}),
        "cluster_id": document_id,
        "duplicate_of": None,
        "is_representative": True,
    }


def _segments(documents: list[dict[str, Any]], articles: list[tuple[Source, Article]]) -> pa.Table:
    sizes = [len(article.start) for _, article in articles]
    columns_of_each = zip(*(article for _, article in articles), strict=True)
    found = Article(*(list(chain.from_iterable(column)) for column in columns_of_each))
    of_document = np.repeat(np.arange(len(articles)), sizes)
    base = np.array([source.row["raw_base"] or 0 for source, _ in articles], np.int64)[of_document]
    raw_start, raw_end = base + np.array(found.start, np.int64), base + np.array(found.end, np.int64)
    ids = [document["document_id"] for document in documents]
    columns: dict[str, Any] = {
        name: pa.array([document[name] for document in documents], _SEGMENTS.field(name).type).take(of_document)
        for name in ("document_id", "source_id", "source_path", "record")
    }
    columns |= {
        "segment_id": map(content_id, [ids[i] for i in of_document.tolist()], raw_start.tolist(), raw_end.tolist()),
        "position": np.arange(len(base)) - np.repeat(np.cumsum(sizes) - sizes, sizes),
        "raw_start": raw_start,
        "raw_end": raw_end,
        "text": found.text,
        "alignment": _lists(found.alignment),
        "label": found.label,
        "kept": [name in KEPT_LABELS for name in found.label],
        "reason": found.reason,
        "score": found.score,
        "duplicate_of": pa.nulls(len(base), _SEGMENTS.field("duplicate_of").type),
    }
    return pa.Table.from_arrays([pa.array(columns[item.name], item.type) for item in _SEGMENTS], schema=_SEGMENTS)


def _lists(alignments: Sequence[Sequence[int] | None]) -> pa.Array:
    """The column `alignment`."""
    kind = _SEGMENTS.field("alignment").type
    some = [np.asarray(alignment, np.int32) for alignment in alignments if alignment is not None]
    sizes = [0 if alignment is None else len(alignment) for alignment in alignments]
    values = pa.array(np.concatenate(some) if some else np.zeros(0, np.int32))
    null = pa.array([alignment is None for alignment in alignments])
    return pa.ListArray.from_arrays(np.append(0, np.cumsum(sizes)).astype(np.int32), values, kind, mask=null)


def _words(article: Article, label: str, base: int) -> list[Words]:
    """The segments of an article that have the label."""
    columns = (article.label, article.text, article.start, article.alignment)
    rows = zip(*columns, strict=True)
    return [Words(text, base + start, alignment) for name, text, start, alignment in rows if name == label]


CLEAN = Stage("clean", ("texts",), ("documents", "segments"), _run, "clean")
