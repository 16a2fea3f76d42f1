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


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the page.

    raw_start, raw_end: its place in the page, code points, end exclusive; its first and last characters are text.
    text: the words: tags left out, character references decoded, blanks made single, none at the edges.
    alignment: for each code point of `text`, and its end, the offset in the page relative to `raw_start`; None
    where `text` is the slice itself. tag: the innermost element that is not inline. path: the open elements,
    outermost first, at most 24. names: their ids, classes and roles, lower case, in the same order. link_density:
    share of its characters that lie inside links, 0 to 1. depth: number of open elements. hidden: some element
    around it is not displayed. emphasis: share of its characters in b, strong, em or i.
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


class _Run(NamedTuple):
    """A stretch of text inside a line."""

    begin: int
    end: int
    linked: bool
    emphasised: bool


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
            self.runs.append(_Run(begin, end, count["a"] > 0, emphasised > 0))


def _blocks(page: str, meta: Meta) -> Iterator[Block]:
    line = _Line(page)
    after_link = False
    for tag in tokens(page):
        name = tag.name
        if name == TEXT:
            line.add(tag.begin, tag.end)
            after_link = False
            continue
        if name in META:
            meta.see(tag)
        # Opaque elements do not end a line, a script may stand in mid-sentence; links side by side are a menu.
        ends = name not in INLINE and name and not tag.content
        if line.runs and (ends or name == "title" or (after_link and name == "a" and not tag.closing)):
            yield from _finished(line)
        if name == "title" and tag.content and not line.open.count["body"]:
            yield from _title(line, tag)
        after_link = (after_link or name == "a") and name in INLINE and (tag.closing or name != "a")
        line.open.follow(tag)
    yield from _finished(line)


def _title(line: _Line, tag: Tag) -> Iterator[Block]:
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
    yield Block(
        raw_start=begin,
        raw_end=end,
        text=text,
        alignment=alignment,
        tag=around.tag,
        path=around.path,
        names=around.names,
        link_density=linked,
        depth=line.open.depth,
        hidden=line.open.hidden,
        emphasis=emphasised,
        nodes=around.nodes,
    )


def _words(page: str, runs: list[_Run]) -> tuple[str, int, int, tuple[int, ...] | None]:
    """The words of some runs, their place, and the alignment relative to it; no words where all is blank."""
    if len(runs) == 1:
        raw = page[runs[0].begin : runs[0].end]
        text = raw.strip()
        if is_even(text):
            begin = runs[0].begin + len(raw) - len(raw.lstrip())
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
    blank, end = True, runs[0].begin
    for run in runs:
        for first, last, text in text_runs(page, run.begin, run.end):
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
    if len(runs) == 1:
        return float(runs[0].linked), float(runs[0].emphasised)
    sizes = [len("".join(page[run.begin : run.end].split())) for run in runs]
    linked = sum(size for size, run in zip(sizes, runs, strict=True) if run.linked)
    emphasised = sum(size for size, run in zip(sizes, runs, strict=True) if run.emphasised)
    return linked / max(1, sum(sizes)), emphasised / max(1, sum(sizes))


def _between(page: str, blocks: tuple[Block, ...]) -> Iterator[tuple[int, int]]:
    at = 0
    for end, following in [*((b.raw_start, b.raw_end) for b in blocks), (len(page), len(page))]:
        stretch = page[at:end]
        if body := stretch.strip():
            begin = at + len(stretch) - len(stretch.lstrip())
            yield begin, begin + len(body)
        at = following
