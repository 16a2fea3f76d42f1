"""clean: text repaired, dumps cut into articles, lines cut into labelled segments.

Each source is treated on its own; sources are taken together only to count features over long arrays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.config import Clean
from pipeline.models.labeller import label_parts
from pipeline.schema import KEPT_LABELS
from pipeline.stage import Stage, Tables, content_id, from_rows
from pipeline.text.articles import article_starts
from pipeline.text.features import PartTable
from pipeline.text.segments import Part, cut_line, join_parts, read_lines

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["CLEAN"]

_BATCH = 4_000_000  # characters of sources whose features are counted together; bounds memory
_LANGUAGE_SAMPLE = 2_000  # characters; longer samples change no answer on the sample pages and cost time


class Segment(NamedTuple):
    """A labelled part and the line it stands in."""

    part: Part
    line: int
    label: str
    score: float
    reason: str


@dataclass(frozen=True)
class Source:
    """One source cut into parts, with the line, the blank lines before it and the repairs of each part."""

    row: dict[str, object]
    text: str
    parts: list[Part]
    lines: list[int]
    gaps: list[int]
    steps: list[tuple[str, ...]]


def _run(tables: Tables, config: Clean) -> dict[str, pa.Table]:
    documents: list[dict[str, object]] = []
    segments: list[dict[str, object]] = []
    for batch in _batches(tables["texts"]):
        for source, found in _labelled(batch, config):
            for article in _articles(found):
                document, rows = _rows(source, article)
                documents.append(document)
                segments += rows
    return {"documents": from_rows("documents", documents), "segments": from_rows("segments", segments)}


def _batches(texts: pa.Table) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for row in texts.to_pylist():
        source = _cut(row)
        if source.parts:
            batch.append(source)
            size += len(source.text)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _cut(row: dict[str, object]) -> Source:
    source = Source(row, str(row.pop("text")), [], [], [], [])
    for number, line in enumerate(read_lines(source.text)):
        for part in cut_line(line):
            source.parts.append(part)
            source.lines.append(number)
            source.gaps.append(line.gap)
            source.steps.append(line.repair.steps)
    return source


def _labelled(batch: list[Source], config: Clean) -> Iterator[tuple[Source, list[Segment]]]:
    sizes = [len(source.parts) for source in batch]
    table = PartTable(
        [part.text for source in batch for part in source.parts],
        np.repeat(np.arange(len(batch)), sizes),
        np.concatenate([source.lines for source in batch]),
        np.concatenate([source.gaps for source in batch]),
        [part.cut for source in batch for part in source.parts],
    )
    labels = label_parts(table, drop_threshold=config.drop_threshold)
    at = 0
    for source, size in zip(batch, sizes, strict=True):
        span = slice(at, at + size)
        columns = (source.parts, source.lines, labels.label[span], labels.score[span], labels.reason[span])
        yield source, _joined([Segment(*row) for row in zip(*columns, strict=True)], source.text)
        at += size


def _joined(segments: list[Segment], text: str) -> list[Segment]:
    """Neighbours of one line and one label as one segment, with the lower of their scores."""
    out: list[Segment] = []
    for segment in segments:
        last = out[-1] if out else None
        if last and last.line == segment.line and last.label == segment.label:
            part = join_parts(last.part, segment.part, text)
            out[-1] = last._replace(part=part, score=min(last.score, segment.score))
        else:
            out.append(segment)
    return out


def _articles(segments: list[Segment]) -> Iterator[list[Segment]]:
    starts = article_starts([s.label for s in segments], [s.reason for s in segments], [s.line for s in segments])
    for begin, end in zip(starts, [*starts[1:], len(segments)], strict=True):
        yield segments[begin:end]


def _rows(source: Source, article: list[Segment]) -> tuple[dict[str, object], list[dict[str, object]]]:
    row = source.row
    start, end = article[0].part.start, article[-1].part.end
    document_id = content_id(row["source_id"], start, end)
    shared = {name: row[name] for name in ("source_id", "source_path", "record")} | {"document_id": document_id}
    segments = [shared | _segment(document_id, i, segment) for i, segment in enumerate(article)]
    language, language_score = _language(article)
    kept = sum(_solid(s.part.text) for s in article if s.label in KEPT_LABELS)
    document = shared | {
        "url": row["url"],
        "site": None,
        "title": next((s.part.text for s in article if s.label == "title"), None),
        "language": language,
        "language_score": language_score,
        "raw_start": start,
        "raw_end": end,
        "n_chars_kept": kept,
        "n_chars_dropped": sum(_solid(s.part.text) for s in article) - kept,
        "repairs": sorted({step for i in range(len(source.parts)) if start <= source.parts[i].start < end for step in source.steps[i]}),
        "cluster_id": document_id,
        "duplicate_of": None,
        "is_representative": True,
    }
    return document, segments


def _segment(document_id: str, position: int, segment: Segment) -> dict[str, object]:
    part = segment.part
    return {
        "segment_id": content_id(document_id, part.start, part.end),
        "position": position,
        "raw_start": part.start,
        "raw_end": part.end,
        "text": part.text,
        "alignment": part.alignment,
        "label": segment.label,
        "kept": segment.label in KEPT_LABELS,
        "reason": segment.reason,
        "score": segment.score,
        "duplicate_of": None,
    }


def _solid(text: str) -> int:
    """Characters that are not white space."""
    return sum(map(len, text.split()))


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _language(article: list[Segment]) -> tuple[str, float]:
    """ISO 639-1 code and its probability, from the first kept characters, else from all."""
    kept = [s.part.text for s in article if s.label in KEPT_LABELS] or [s.part.text for s in article]
    sample = "\n".join(kept)[:_LANGUAGE_SAMPLE]
    language, score = _identifier().classify(sample)
    return str(language), round(float(score), 4)


CLEAN = Stage("clean", ("texts",), ("documents", "segments"), _run, "clean")
