"""HTML to blocks of text, each character with its place in the page.

For whoever labels them: `extract(page).blocks` are the lines a reader would see, in order and disjoint; cut no
block's words by yourself but through its `alignment`. Whatever lies outside the blocks is markup: `markup` lists
those stretches, so that segments over `blocks` and `markup` tile the page's characters that are not white space.
Inline tags inside a block belong to its stretch. `Found` values in `meta` lie in markup, but for the title.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.text.elements import INLINE, OpenElements
from pipeline.text.markup import TEXT, Tag, is_even, text_runs, tokens
from pipeline.text.metadata import META, Meta, Metadata

__all__ = ["Block", "HtmlText", "extract"]


class Block(NamedTuple):
    """One line of the page.

    raw_start, raw_end: its place in the page, code points, end exclusive; its first and last characters are text.
    text: the words: tags left out, character references decoded, blanks made single, none at the edges.
    alignment: for each code point of `text`, and its end, the offset in the page relative to `raw_start`; None
    where `text` is the slice itself. tag: the innermost element that is not inline. path: the open elements,
    outermost first, at most 24. names: their ids, classes and roles, lower case, in the same order. link_density:
    share of its characters that lie inside links, 0 to 1. depth: number of open elements. hidden: some element
    around it is not displayed. emphasis: share of its characters in b, strong, em or i. nodes: where the start tags
    of the open elements stand, in the order of `path`; equal for blocks of one container.
    """

    raw_start: int
    raw_end: int
    text: str
    alignment: tuple[int, ...] | None
    tag: str
    path: tuple[str, ...]
    names: tuple[str, ...]
    link_density: float
    depth: int
    hidden: bool
    emphasis: float
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class HtmlText:
    """A page: its `blocks`, the stretches of `markup` between them (raw offsets, no white space at the edges),
    and what the page says of itself."""

    blocks: tuple[Block, ...]
    markup: tuple[tuple[int, int], ...]
    meta: Metadata


_Run = tuple[int, int, bool, bool]  # a stretch of text inside a line: begin, end, is it linked, is it emphasised


def extract(page: str) -> HtmlText:
    """The text of an HTML page; never fails, whatever the page.

    >>> [(b.tag, b.text) for b in extract("<h1>Back&nbsp;pain</h1><p>Rest  <b>helps</b>.<br>Ice").blocks]
    [('h1', 'Back\\xa0pain'), ('p', 'Rest helps.'), ('p', 'Ice')]
    """
    meta = Meta(page)
    blocks = tuple(_blocks(page, meta))
    return HtmlText(blocks, tuple(_between(page, blocks)), meta.found())


class _Line:
    """The text of the line that is being gathered."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.open = OpenElements()
        self.runs: list[_Run] = []

    def add(self, begin: int, end: int) -> None:
        if self.runs or not self.page[begin:end].isspace():
            count = self.open.count
            emphasised = count["b"] or count["strong"] or count["em"] or count["i"]
            self.runs.append((begin, end, count["a"] > 0, emphasised > 0))


def _blocks(page: str, meta: Meta) -> Iterator[Block]:
    line = _Line(page)
    add, follow = line.add, line.open.follow
    after_link = False
    for tag in tokens(page):
        name = tag[2]
        if name == TEXT:
            add(tag[0], tag[1])
            after_link = False
            continue
        inline = name in INLINE
        if name in META:
            meta.see(tag)
            if name == "title" and tag.content:
                yield from _title(line, tag)
        # Opaque elements do not end a line, a script may stand in mid-sentence; links side by side are a menu.
        if line.runs and (
            (after_link and name == "a" and not tag.closing) if inline else (name and tag.content is None)
        ):
            yield from _finished(line)
        after_link = inline and (tag.closing if name == "a" else after_link)
        follow(tag)
    yield from _finished(line)


def _title(line: _Line, tag: Tag) -> Iterator[Block]:
    """What was gathered, and the title as a line of its own; one inside the body is none (a drawing has some)."""
    yield from _finished(line)
    if line.open.count["body"]:
        return
    line.open.open(tag)
    line.add(*(tag.content or (0, 0)))
    yield from _finished(line)
    line.open.close(tag.name)


def _finished(line: _Line) -> Iterator[Block]:
    """The line gathered so far, unless it is blank."""
    if not line.runs:
        return
    runs, line.runs = line.runs, []
    text, begin, end, alignment = _words(line.page, runs)
    if not text:
        return
    around = line.open.around()
    linked, emphasised = _shares(line.page, runs)
    yield Block(begin, end, text, alignment, around.tag, around.path, around.names, linked, line.open.depth,
                line.open.hidden, emphasised, around.nodes)  # fmt: skip


def _words(page: str, runs: list[_Run]) -> tuple[str, int, int, tuple[int, ...] | None]:
    """The words of some runs, their place, and the alignment relative to it; no words where all is blank."""
    if len(runs) == 1:
        start, stop, *_ = runs[0]
        raw = page[start:stop]
        text = raw.strip()
        if is_even(text):
            begin = start + len(raw) - len(raw.lstrip())
            return text, begin, begin + len(text), None
    words, places = _gathered(page, runs)
    text = "".join(words)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    text = text[first:last]
    begin, end = places[first], places[-1]
    if text == page[begin:end]:
        return text, begin, end, None
    return text, begin, end, tuple([place - begin for place in (*places[first:last], end)])


def _gathered(page: str, runs: list[_Run]) -> tuple[list[str], list[int]]:
    """The words of some runs; the place of each character, and the end of the last one that is no blank."""
    words: list[str] = []
    places: list[int] = []
    blank, end = True, runs[0][0]
    for begin, stop, *_ in runs:
        for first, last, text in text_runs(page, begin, stop):
            if blank and text[:1] == " ":
                first, text = (first + 1, text[1:]) if len(text) > 1 else (first, "")
            if not text:
                continue
            words.append(text)
            places += range(first, last) if len(text) == last - first else [first] * len(text)
            blank = text[-1] == " "
            if solid := len(text.rstrip()):
                end = first + solid if len(text) == last - first else last
    places.append(end)
    return words, places


def _shares(page: str, runs: list[_Run]) -> tuple[float, float]:
    """Shares of the characters that are not blank that lie in links, and in emphasis."""
    _, _, linked, emphasised = runs[0]
    if all(run[2] == linked and run[3] == emphasised for run in runs):
        return float(linked), float(emphasised)
    sizes = [len("".join(page[begin:end].split())) for begin, end, *_ in runs]
    total = max(1, sum(sizes))
    in_links = sum(size for size, run in zip(sizes, runs, strict=True) if run[2])
    in_emphasis = sum(size for size, run in zip(sizes, runs, strict=True) if run[3])
    return in_links / total, in_emphasis / total


def _between(page: str, blocks: tuple[Block, ...]) -> Iterator[tuple[int, int]]:
    at = 0
    for end, following in [*((b.raw_start, b.raw_end) for b in blocks), (len(page), len(page))]:
        stretch = page[at:end]
        if body := stretch.strip():
            begin = at + len(stretch) - len(stretch.lstrip())
            yield begin, begin + len(body)
        at = following
