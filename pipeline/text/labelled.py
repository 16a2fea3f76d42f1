"""Labelled segments: joined where they belong together, put in their places, counted.

For the clean stage, which makes documents and segments of them.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.blocks import Dropped
from pipeline.text.segments import Parts, join_parts

__all__ = ["Article", "Labels", "joined", "page_of", "sample", "solid"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

# Characters, a few sentences. 3000 or 800 change no answer on 2,077 articles (written, public and real pages), nor do
# they on spaCy's sentences of 68 languages, and cost time.
_LANGUAGE_SAMPLE = 400
# From this score on lines of a page that are no main text are put together; the others are looked at one by one.
_SURE = 0.8


class Labels(NamedTuple):
    """Label (an index of `LABELS`), its probability, and reason of each part: the id of the rule behind it, or the
    model's."""

    label: Ints
    score: Floats
    reason: list[str]


class Article(NamedTuple):
    """Segments in order, column by column, as in `Part` and `Labels`; line is -1 for what no line holds."""

    start: list[int]
    end: list[int]
    text: list[str]
    alignment: list[Sequence[int] | None]
    line: list[int]
    label: list[str]
    score: list[float]
    reason: list[str]

    def between(self, begin: int, end: int) -> "Article":
        """The segments from index `begin` up to `end`."""
        return Article._make(column[begin:end] for column in self)


def joined(parts: Parts, labels: Labels, source: Ints, raw: Sequence[str]) -> tuple[Article, Ints]:
    """The segments of some sources, and the source of each: neighbours of one line and one label are one segment, with
    the lower of their scores and the first one's reason; so are those of two lines of which the second goes on.

    source: that of each part. raw: the texts of the sources.
    """
    if not parts.text:
        return Article([], [], [], [], [], [], [], []), source
    new_line = (np.diff(parts.line, prepend=-1) != 0) & ~parts.goes_on
    new = (np.diff(source, prepend=-1) != 0) | new_line | (np.diff(labels.label, prepend=-1) != 0)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(parts.text)) - 1
    aligned = np.zeros(len(parts.text), bool)
    aligned[list(parts.alignment)] = True
    mended = np.logical_or.reduceat(aligned, first)
    start, end = parts.start[first].tolist(), parts.end[last].tolist()
    texts = [parts.text[i] for i in first.tolist()]
    alignment: list[Sequence[int] | None] = [None] * len(first)
    for i in np.flatnonzero(mended).tolist():
        whole = join_parts([*map(parts.part, range(first[i], last[i] + 1))], raw[source[first[i]]])
        texts[i], alignment[i] = whole.text, whole.alignment
    for i in np.flatnonzero((first < last) & ~mended).tolist():
        texts[i] = raw[source[first[i]]][start[i] : end[i]]
    return Article(
        start, end, texts, alignment, parts.line[first].tolist(), [LABELS[i] for i in labels.label[first].tolist()],
        np.minimum.reduceat(labels.score, first).tolist(), [labels.reason[i] for i in first.tolist()],
    ), source[first]  # fmt: skip


def page_of(lines: Article, dropped: Dropped, markup: Sequence[tuple[int, int]], text: str, *, reason: str) -> Article:
    """The labelled lines of a page, the lines that are no main text and, as noise, the markup, each in its place.

    A menu is one segment: lines in a row that are surely no main text and of one kind, with the markup between them.
    reason: why lines are none.
    """
    dropped = _together(dropped, np.searchsorted(lines.start, dropped.start))
    inside = np.searchsorted(dropped.start, [start for start, _ in markup], side="right") - 1
    ends = [*dropped.end, -1]  # what stands before all is in none
    markup = [span for span, at in zip(markup, inside.tolist(), strict=True) if span[0] >= ends[at]]
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


def _together(dropped: Dropped, before: Ints) -> Dropped:
    """Lines in a row as one, parted by line feeds: of one label and sure, with no other line between.

    before: how many lines of main text stand before each.
    """
    count = len(dropped.start)
    part = [label if score >= _SURE and label != "byline" else i  # a page's author is looked for line by line
            for i, (label, score) in enumerate(zip(dropped.label, dropped.score, strict=True))]  # fmt: skip
    first = [i for i in range(count) if not i or part[i] != part[i - 1] or before[i] != before[i - 1]]
    if len(first) == count:
        return dropped
    start, sizes = np.array(dropped.start), np.fromiter(map(len, dropped.text), np.int64, count) + 1
    begins = np.cumsum(sizes) - sizes
    shift = start - np.repeat(start[first], np.diff([*first, count]))
    places = np.arange(sizes.sum()) + np.repeat(shift - begins, sizes)
    for i in (i for i, alignment in enumerate(dropped.alignment) if alignment is not None):
        places[begins[i] : begins[i] + sizes[i]] = np.array(dropped.alignment[i]) + shift[i]
    ends, cuts = [*first[1:], count], [*begins.tolist(), len(places)]
    texts, alignments = dropped.text, dropped.alignment
    return Dropped(
        [dropped.start[i] for i in first],
        [dropped.end[i - 1] for i in ends],
        ["\n".join(texts[i:end]) for i, end in zip(first, ends, strict=True)],
        [alignments[i] if end == i + 1 else places[cuts[i] : cuts[end]].tolist()
         for i, end in zip(first, ends, strict=True)],
        [dropped.label[i] for i in first],
        [min(dropped.score[i:end]) for i, end in zip(first, ends, strict=True)],
    )  # fmt: skip


def solid(texts: Sequence[str]) -> list[int]:
    """How many characters of each text are not white space.

    >>> solid(["Rest\\u3000and ice\\n", ""])
    [10, 0]
    """
    import pyarrow as pa

    _, offsets, data = pa.array(texts, pa.large_string()).buffers()
    ends, codes = np.frombuffer(offsets, np.int64)[: len(texts) + 1], np.frombuffer(data or b"", np.uint8)
    wide = codes > 127
    other = (codes - np.uint8(9) < 5) | (codes - np.uint8(28) < 5) | wide  # U+0009-D, U+001C-20; what is below wraps
    counts = []
    for begin, end in pairwise(ends.tolist()):
        count = end - begin - int(np.count_nonzero(other[begin:end]))
        if wide[begin:end].any():
            signs = codes[begin:end][wide[begin:end]].tobytes().decode()
            count += len("".join(signs.split()))
        counts.append(count)
    return counts


def sample(article: Article) -> str:
    """What the language is told by: the first kept characters, else of all."""
    kept = (text for text, label in zip(article.text, article.label, strict=True) if label in KEPT_LABELS)
    others = (text for text, reason in zip(article.text, article.reason, strict=True) if reason != "markup")
    return _first(kept) or _first(others)


def _first(texts: Iterable[str]) -> str:
    head: list[str] = []
    size = 0
    for text in texts:
        head.append(text)
        size += len(text)
        if size >= _LANGUAGE_SAMPLE:
            break
    return "\n".join(head)[:_LANGUAGE_SAMPLE]
