"""clean: text repaired, dumps cut into articles, lines cut into labelled segments.

Each source is treated on its own; sources are taken together only to count features over long arrays.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, compress, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.config import Clean
from pipeline.memory import collector_paused
from pipeline.models.glued_headings import with_glued_headings
from pipeline.models.labeller import label_parts
from pipeline.models.main_text import REASON
from pipeline.schema import KEPT_LABELS, LABELS, TABLES
from pipeline.stage import Stage, Tables, conform, content_id, content_ids, from_rows
from pipeline.text.articles import article_starts
from pipeline.text.blocks import NOTHING, Dropped, read_pages
from pipeline.text.breaks import restored
from pipeline.text.features import PartTable, parts_of
from pipeline.text.labelled import Article, Labels, joined, page_of, sample, solid
from pipeline.text.language import languages
from pipeline.text.line import Lines, lines_of
from pipeline.text.line_marks import outside, without_line_marks
from pipeline.text.metadata import Metadata
from pipeline.text.origin import Words, origin
from pipeline.text.recorded import RECORDED, recorded
from pipeline.text.segments import Parts, read_lines

__all__ = ["CLEAN"]

Ints = npt.NDArray[np.int64]
_BATCH = 4_000_000  # characters of sources whose features are counted together; bounds memory
_MARKUP = 8  # characters of an HTML page for each one that is counted: seven or more of eight are markup
_BLOCK = 20_000  # parts of a longer source are labelled in blocks of about this size; bounds memory
_TOGETHER = 60_000  # parts of shorter sources are labelled together up to this number; patterns are made anew each time
_COUNTED = 16  # articles whose characters are counted together; bounds memory
_HEAD = 20  # segments of an article among which its address is looked for
_DROPPED = frozenset(LABELS) - frozenset(KEPT_LABELS)
_NO_FACTORS: Mapping[str, float] = {}
_SEGMENTS = TABLES["segments"].schema


@dataclass(frozen=True)
class Source:
    """One source: its lines, the markup or marks between them, and what an HTML page has besides (factors of each line,
    lines left out)."""

    row: dict[str, Any]
    text: str
    lines: Lines
    factors: Sequence[Mapping[str, float]] = ()
    markup: Sequence[tuple[int, int]] = ()
    dropped: Dropped | None = None
    meta: Metadata = field(default_factory=Metadata)

    @cached_property
    def mended(self) -> list[int]:
        """The lines that repair changed, in order."""
        return [*self.lines.mended]

    @cached_property
    def plain(self) -> bool:
        """Whether it is read like plain text: no markup says anything of a line."""
        return not any(self.factors)


class Batch(NamedTuple):
    """Some sources cut into parts."""

    sources: list[Source]
    parts: Parts
    table: PartTable


@collector_paused()
def _run(tables: Tables, config: Clean) -> dict[str, pa.Table]:
    documents: list[dict[str, Any]] = []
    segments = []
    for sources in _batches(tables["texts"], config):
        articles = [one for source, found in _labelled(_cut(sources), config) for one in _articles(source, found)]
        spoken = languages([sample(article) for _, article in articles])
        counts = _characters([article for _, article in articles])
        found = [
            _document(source, article, language, count)
            for (source, article), language, count in zip(articles, spoken, counts, strict=True)
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
            if source.lines.text or source.dropped or source.markup:
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
    pages = iter(read_pages(html, main_text_threshold=config.main_text_threshold))
    for row, text in zip(rows, texts, strict=True):
        if row["format"] == "html":
            page = next(pages)
            found = page if page.lines or page.markup or page.dropped.start else None
            dropped = page.dropped if found else None
            yield Source(row, text, lines_of(page.lines), page.factors, page.markup, dropped, page.meta)
        else:
            lines, marks, spoken = without_line_marks(read_lines(text, markdown=row["format"] == "md"), text)
            lines = restored(lines, text, spoken=spoken)
            yield Source(row, text, lines, markup=outside(marks, lines))


def _cut(sources: list[Source]) -> Batch:
    parts, table = parts_of([source.lines for source in sources])
    marked = [source.factors for source in sources]
    if not any(marked):
        return Batch(sources, parts, table)
    places = zip(table.source.tolist(), table.line.tolist(), strict=True)
    factors = [marked[source][line] if marked[source] else _NO_FACTORS for source, line in places]
    return Batch(sources, parts, replace(table, factors=factors))


def _labelled(batch: Batch, config: Clean) -> Iterator[tuple[Source, Article]]:
    """The segments of each source."""
    thresholds = {"drop_threshold": config.drop_threshold, "doubt_threshold": config.doubt_threshold}
    found = [label_parts(table, **thresholds) for table in _tables(batch.table)]
    labels = Labels(
        np.concatenate([np.zeros(0, np.int64), *(labels.label for labels in found)]),
        np.concatenate([np.zeros(0, np.float32), *(labels.score for labels in found)]),
        [*chain.from_iterable(labels.reason for labels in found)],
    )
    raw = [source.text for source in batch.sources]
    plain = np.array([source.plain for source in batch.sources], bool)
    segments, source = with_glued_headings(*joined(batch.parts, labels, batch.table.source, raw), raw, plain)
    ends = np.searchsorted(source, np.arange(len(batch.sources)), side="right").tolist()
    for each, (begin, end) in zip(batch.sources, pairwise([0, *ends]), strict=True):
        yield each, segments.between(begin, end)


def _tables(table: PartTable) -> Iterator[PartTable]:
    """The table in pieces; a block of a long source counts as a source of its own, and so begins with a line (or, in a
    line of more parts than it holds, with what counts as one): lines are not read on into the next block."""
    if not (count := len(table.texts)):  # pages of nothing but markup
        return
    part = np.arange(count)
    inside = part - np.maximum.accumulate(np.where(table.cut == 0, part, 0))  # parts before each in its line
    block = (part - inside % _BLOCK - np.searchsorted(table.source, table.source)) // _BLOCK
    new = np.append(True, (np.diff(table.source) != 0) | (np.diff(block) != 0))
    unit, cut = np.cumsum(new) - 1, np.where(new, 0, table.cut)
    cuts = [0]
    for start in np.flatnonzero(new).tolist():
        if start - cuts[-1] >= _TOGETHER:
            cuts.append(start)
    for begin, end in pairwise([*cuts, count]):
        span = slice(begin, end)
        factors = table.factors[span] if any(table.factors[span]) else ()
        yield PartTable(
            table.texts[span], unit[span] - unit[begin], table.line[span], table.gap[span], cut[span], factors
        )


def _articles(source: Source, segments: Article) -> Iterator[tuple[Source, Article]]:
    """The articles of a source; an HTML page is one, unless it is read like plain text. What the record says of its
    page it says of the first."""
    starts = [0]
    if source.plain:
        starts = article_starts(segments.label, segments.reason, segments.line)
    if source.dropped or source.markup:
        places = [segments.start[i] for i in starts[1:]]
        segments = page_of(segments, source.dropped or NOTHING, source.markup, source.text, reason=REASON)
        starts = [0, *(bisect_left(segments.start, place) for place in places)]
    others = replace(source, row=source.row | dict.fromkeys(RECORDED))
    for begin, end in pairwise([*starts, len(segments.label)]):
        yield others if begin else source, segments.between(begin, end)


def _characters(articles: Sequence[Article]) -> Iterator[tuple[int, int]]:
    """How many characters of each article that are not white space are kept, and how many dropped."""
    for at in range(0, len(articles), _COUNTED):
        texts = []
        for article in articles[at : at + _COUNTED]:
            kept = [label in KEPT_LABELS for label in article.label]
            dropped = (text for text, keep in zip(article.text, kept, strict=True) if not keep)
            texts += ["".join(compress(article.text, kept)), "".join(dropped)]
        counts = iter(solid(texts))
        yield from zip(counts, counts, strict=True)


def _document(
    source: Source, article: Article, language: tuple[str, float], characters: tuple[int, int]
) -> dict[str, Any]:
    """characters: how many are kept and dropped."""
    row = source.row
    base = row["raw_base"] or 0
    start, end = base + article.start[0], base + article.end[-1]
    document_id = content_id(row["source_id"], start, end)
    numbers = [line for line in article.line if line >= 0] or [0]  # a page of nothing but markup has no lines
    first, last = bisect_left(source.mended, numbers[0]), bisect_right(source.mended, numbers[-1])
    mended = [source.lines.mended[line].repair for line in source.mended[first:last]]
    return {
        "document_id": document_id,
        "source_id": row["source_id"],
        "source_path": row["source_path"],
        "record": row["record"],
        **origin(row["url"], source.meta, *_said(article, base, plain=not source.dropped)),
        **recorded(row),
        "language": language[0],
        "language_score": language[1],
        "raw_start": start,
        "raw_end": end,
        "n_chars_kept": characters[0],
        "n_chars_dropped": characters[1],
        "repairs": sorted({step for repair in mended for step in repair.steps}),
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
        "segment_id": content_ids([ids[i] for i in of_document.tolist()], raw_start.tolist(), raw_end.tolist()),
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
    sizes = [0 if alignment is None else len(alignment) for alignment in alignments]
    places = chain.from_iterable(alignment for alignment in alignments if alignment is not None)
    values = pa.array(np.fromiter(places, np.int32, sum(sizes)))
    null = pa.array([alignment is None for alignment in alignments])
    return pa.ListArray.from_arrays(np.append(0, np.cumsum(sizes)).astype(np.int32), values, kind, mask=null)


def _said(article: Article, base: int, *, plain: bool) -> tuple[list[Words], list[Words], list[Words]]:
    """The titles, the bylines, and what else stands before the first words of plain text."""
    words = (i for i, label in enumerate(article.label[:_HEAD]) if label in ("heading", "body"))
    titles, bylines = (_words(article, [label], base) for label in ("title", "byline"))
    return titles, bylines, _words(article, _DROPPED, base, next(words, _HEAD)) if plain else []


def _words(article: Article, labels: Collection[str], base: int, end: int | None = None) -> list[Words]:
    """The segments of an article, up to an index, that have one of the labels."""
    places = [i for i, name in enumerate(article.label[:end]) if name in labels]
    return [Words(article.text[i], base + article.start[i], article.alignment[i]) for i in places]


CLEAN = Stage("clean", ("texts",), ("documents", "segments"), _run, "clean")
