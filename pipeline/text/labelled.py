"""Labelled segments: joined where they belong together, put in their places, counted.

For the clean stage, which makes documents and segments of them.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from pipeline.schema import KEPT_LABELS
from pipeline.text.blocks import Dropped
from pipeline.text.segments import Part, join_parts

__all__ = ["Article", "Segment", "article_of", "joined", "page_of", "sample", "solid"]

_LANGUAGE_SAMPLE = 800  # characters, a few sentences; more changes no answer on the written pages and costs time


class Segment(NamedTuple):
    """A labelled part and the line it stands in."""

    part: Part
    line: int
    label: str
    score: float
    reason: str


class Article(NamedTuple):
    """Segments in order, column by column: as in `Part` and `Segment`; line is -1 for what no line holds."""

    start: list[int]
    end: list[int]
    text: list[str]
    alignment: list[Sequence[int] | None]
    line: list[int]
    label: list[str]
    score: list[float]
    reason: list[str]


def joined(segments: list[Segment], text: str) -> list[Segment]:
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


def article_of(segments: list[Segment]) -> Article:
    parts = [segment.part for segment in segments]
    return Article(
        [part.start for part in parts], [part.end for part in parts], [part.text for part in parts],
        [part.alignment for part in parts], [segment.line for segment in segments],
        [segment.label for segment in segments], [segment.score for segment in segments],
        [segment.reason for segment in segments],
    )  # fmt: skip


def page_of(lines: Article, dropped: Dropped, markup: Sequence[tuple[int, int]], text: str, *, reason: str) -> Article:
    """The labelled lines of a page, the lines that are no main text and, as noise, the markup, each in its place.

    reason: why lines are none.
    """
    left, marks = len(dropped.start), len(markup)
    columns = Article(
        [*lines.start, *dropped.start, *(start for start, _ in markup)],
        [*lines.end, *dropped.end, *(end for _, end in markup)],
        [*lines.text, *dropped.text, *(text[start:end] for start, end in markup)],
        [*lines.alignment, *dropped.alignment, *[None] * marks],
        lines.line + [-1] * (left + marks),
        [*lines.label, *dropped.label, *["noise"] * marks],
        [*lines.score, *dropped.score, *[1.0] * marks],
        lines.reason + [reason] * left + ["markup"] * marks,
    )
    order = np.argsort(np.array(columns.start)).tolist()
    return Article(*([column[i] for i in order] for column in columns))


def solid(texts: Sequence[str]) -> int:
    """Characters that are not white space."""
    ascii_only = "".join(text for text in texts if text.isascii())
    others = "".join(text for text in texts if not text.isascii())
    blanks = _spaces().encode("ascii", "ignore")
    return len(ascii_only.encode("ascii").translate(None, blanks)) + len(others) - sum(map(others.count, _spaces()))


@cache
def _spaces() -> str:
    """All characters that are white space; none lies above U+3000."""
    return "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


def sample(article: Article) -> str:
    """What the language is told by: the first kept characters, else of all."""
    kept = [text for text, label in zip(article.text, article.label, strict=True) if label in KEPT_LABELS]
    kept = kept or [text for text, reason in zip(article.text, article.reason, strict=True) if reason != "markup"]
    head: list[str] = []
    size = 0
    for text in kept:
        head.append(text)
        size += len(text)
        if size >= _LANGUAGE_SAMPLE:
            break
    return "\n".join(head)[:_LANGUAGE_SAMPLE]
