"""HTML to blocks of text, each character with its place in the page.

For whoever labels them: `extract(page).blocks` are the lines a reader would see, in order and disjoint; cut no
block's words by yourself but through its `alignment`. Whatever lies outside the blocks is markup: `markup` lists
those stretches, so that segments over `blocks` and `markup` tile the page's characters that are not white space.
Inline tags inside a block belong to its stretch. `Found` values in `meta` lie in markup, but for the title.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.text.elements import NOTHING, OPAQUE, TITLE, A, Codes, Walk, described, is_inline, is_void
from pipeline.text.markup import Pieces, pieces
from pipeline.text.metadata import Metadata, read_metadata
from pipeline.text.visible import visible

__all__ = ["Blocks", "Elements", "HtmlText", "extract"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Elements:
    """The elements around some blocks, outer ones before inner ones.

    parent: the number of the element around each, -1 for none. name: lower case. names: its id, class and role,
    lower case. hidden: it is not displayed, or one around it is not.
    """

    parent: list[int]
    name: list[str]
    names: list[str]
    hidden: list[bool]


@dataclass(frozen=True)
class Blocks:
    """Lines of a page, in order.

    start, end: the place of each in the page, code points, end exclusive; its first and last characters are text.
    text: the words: tags left out, character references decoded, blanks made single, none at the edges.
    alignment: for each code point of `text`, and its end, the offset in the page relative to `start`; None where
    `text` is the slice itself. element: the number of the innermost element around it, -1 for none. tag: the name of
    the innermost one that is not inline. depth: how many are open. linked, emphasised: share of its characters that lie
    inside links; in b, strong, em or i; 0 to 1.
    """

    start: list[int]
    end: list[int]
    text: list[str]
    alignment: list[Ints | None]
    element: list[int]
    tag: list[str]
    depth: list[int]
    linked: list[float]
    emphasised: list[float]
    elements: Elements

    def __len__(self) -> int:
        return len(self.text)

    @property
    def hidden(self) -> list[bool]:
        """Whether some element around each is not displayed."""
        hidden = [*self.elements.hidden, False]
        return [hidden[element] for element in self.element]


@dataclass(frozen=True)
class HtmlText:
    """A page: its `blocks`, the stretches of `markup` between them (raw offsets, no white space at the edges),
    and what the page says of itself."""

    blocks: Blocks
    markup: list[tuple[int, int]]
    meta: Metadata


def extract(page: str) -> HtmlText:
    """The text of an HTML page; never fails, whatever the page.

    >>> found = extract("<h1>Back&nbsp;pain</h1><p>Rest  <b>helps</b>.<br>Ice").blocks
    >>> list(zip(found.tag, found.text))
    [('h1', 'Back\\xa0pain'), ('p', 'Rest helps.'), ('p', 'Ice')]
    """
    cut = pieces(page)
    known = Codes()
    codes = np.array([known[name] for name in cut.names], np.int64)
    blocks = _blocks(page, cut, codes)
    return HtmlText(blocks, list(_between(page, blocks)), read_metadata(cut))


def _lines(texts: Sequence[str], codes: Ints) -> tuple[Ints, Ints]:
    """For each line the first of its texts that is not blank, and the tag that it ends before."""
    inline = is_inline(codes)
    breaks = (~inline & (codes != NOTHING) & (codes != OPAQUE)).tolist()
    for i in np.flatnonzero(codes == A).tolist():  # links side by side are a menu
        at = i
        while at and not texts[at] and inline[at - 1] and codes[at - 1] != A:
            at -= 1
            if codes[at] == -A:
                breaks[i] = True
                break
    ends = np.append(np.flatnonzero(breaks), len(codes))
    solid = np.array([i for i, text in enumerate(texts) if text and not text.isspace()], np.int64)
    line = np.searchsorted(ends, solid)
    new = np.diff(line, prepend=-1) != 0
    return solid[new], ends[line[new]]


def _blocks(page: str, cut: Pieces, codes: Ints) -> Blocks:
    first, tag = _lines(cut.texts, codes)
    walk = Walk(len(codes))
    followed = np.flatnonzero((codes != NOTHING) & (codes != OPAQUE) & ~is_void(codes))
    states = walk.states(
        zip(followed.tolist(), codes[followed].tolist(), strict=True), np.searchsorted(followed, tag).tolist()
    )
    # A title inside the body is none (a drawing has some).
    shown = np.array([not (state.in_body and codes[state.top] == TITLE) for state in states], bool)
    first, tag = first[shown], tag[shown]
    texts = np.flatnonzero(np.fromiter(map(len, cut.texts), np.int64, len(cut.texts)))
    line = np.searchsorted(tag, texts)
    inside = (line < len(tag)) & (texts >= np.append(first, 0)[line])
    texts, line = texts[inside], line[inside]
    firsts = np.flatnonzero(np.diff(line, prepend=-1))
    words = [cut.texts[i] for i in texts.tolist()]
    begins = [cut.ends[2 * i] - len(text) for i, text in zip(texts.tolist(), words, strict=True)]
    seen = visible(page, words, begins, firsts)
    linked, emphasised = _shares(words, walk.changes, texts, firsts)
    states = [state for state, show in zip(states, shown.tolist(), strict=True) if show]
    states = [states[i] for i in seen.line.tolist()]
    element, tags, elements = _elements(cut, codes, walk.parent, [state.top for state in states])
    return Blocks(seen.start, seen.end, seen.text, seen.alignment, element, tags, [state.depth for state in states],
                  linked[seen.line].tolist(), emphasised[seen.line].tolist(), elements)  # fmt: skip


def _shares(
    words: Sequence[str], changes: Sequence[tuple[int, bool, bool]], texts: Ints, firsts: Ints
) -> tuple[Floats, Floats]:
    """For each line the shares of its characters that are not blank that lie in links, and in emphasis."""
    where, linked, emphasised = zip(*changes, strict=True)
    state = np.searchsorted(np.array(where), texts) - 1
    count = np.diff(np.append(firsts, len(texts)))
    shares = []
    for flags in (np.array(linked)[state], np.array(emphasised)[state]):
        total = np.add.reduceat(flags, firsts, dtype=np.int64) if len(firsts) else count
        share = (total == count).astype(np.float64)
        marks = flags.tolist()
        for i in np.flatnonzero((total > 0) & (total < count)).tolist():
            span = slice(int(firsts[i]), int(firsts[i] + count[i]))
            sizes = [len("".join(text.split())) for text in words[span]]
            share[i] = sum(size for size, mark in zip(sizes, marks[span], strict=True) if mark) / max(1, sum(sizes))
        shares.append(share)
    return shares[0], shares[1]


def _elements(
    cut: Pieces, codes: Ints, parent: Sequence[int], tops: Sequence[int]
) -> tuple[list[int], list[str], Elements]:
    """The elements around the blocks with these innermost ones; the new number of each of those, and its tag."""
    used = set()
    for top in set(tops):
        while top >= 0 and top not in used:
            used.add(top)
            top = parent[top]
    number = {-1: -1}
    inline = is_inline(codes).tolist()
    found, tags = Elements([], [], [], []), {-1: ""}
    for old in sorted(used):
        number[old] = len(found.parent)
        around, name = parent[old], (cut.names[old] or "").lower().removeprefix("#")
        found.parent.append(number[around])
        names, hides = described(cut.tags[old][len(name) + 1 : -1])
        found.name.append(name)
        found.names.append(names)
        found.hidden.append(hides or (around >= 0 and found.hidden[number[around]]))
        tags[old] = tags[around] if inline[old] else name
    return [number[top] for top in tops], [tags[top] for top in tops], found


def _between(page: str, blocks: Blocks) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in zip([*blocks.start, len(page)], [*blocks.end, len(page)], strict=True):
        stretch = page[at:start]
        if body := stretch.strip():
            begin = at + stretch.index(body[0])
            yield begin, begin + len(body)
        at = end
