"""HTML to blocks of text, each character with its place in the page.

For whoever labels them: `extract(page).blocks` are the lines a reader would see, in order and disjoint; cut no
block's words by yourself but through its `alignment`. Whatever lies outside the blocks is markup: `markup` lists
those stretches, so that segments over `blocks` and `markup` tile the page's characters that are not white space.
Inline tags, and marks of footnotes, inside a block belong to its stretch. `Found` values in `meta` lie in markup, but
for the title.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import numpy.typing as npt

from pipeline.text.elements import (
    BR,
    HEADINGS,
    NOTHING,
    OPAQUE,
    SMALL,
    SUP,
    TIME,
    TITLE,
    A,
    Changes,
    Codes,
    Walk,
    described,
    is_inline,
    is_taken_out,
    is_telling,
    is_void,
    without_empty,
)
from pipeline.text.markup import Pieces, pieces
from pipeline.text.metadata import Metadata, read_metadata
from pipeline.text.superscripts import superscripts
from pipeline.text.visible import visible

__all__ = ["Blocks", "Elements", "HtmlText", "extract"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_FOOTNOTE = re.compile(r"\s*\[\w{1,3}\]")
# Names of elements that hold what readers wrote.
_COMMENTS = re.compile(r"(?<!\S)comments?(?:[-_]?(?:area|body|content|list|meta|section|thread|wrapper))?(?!\S)")
# A heading with line breaks in it has so many characters and so many tags at most; else it is text that is made large.
_HEADING, _TAGS = 200, 12
_SOLID = re.compile(r"\S.*(?<=\S)", re.DOTALL)


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
    text: the words: tags left out, character references decoded, blanks made single, none at the edges; figures
    in superscripts as these are read.
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
    and what the page says of itself.

    taken_out: of each block, whether the innermost element around it says itself that it is not displayed; of none
    where these are half of a page or more, which a script shows later, it seems.
    """

    blocks: Blocks
    markup: list[tuple[int, int]]
    meta: Metadata
    taken_out: list[bool]


def extract(page: str) -> HtmlText:
    """The text of an HTML page; never fails, whatever the page.

    >>> found = extract("<h1>Back&nbsp;pain</h1><p>Rest  <b>helps</b>.<br>Ice").blocks
    >>> list(zip(found.tag, found.text))
    [('h1', 'Back\\xa0pain'), ('p', 'Rest helps.'), ('p', 'Ice')]
    """
    cut = pieces(page)
    codes = np.fromiter(map(Codes().__getitem__, cut.names), np.int64, len(cut.names))
    telling = np.flatnonzero(is_telling(codes)).tolist()
    if cut.xml:
        codes = without_empty(codes, np.array([tag.endswith("/>") for tag in cut.tags], bool))
    blocks, parent, taken_out = _blocks(page, cut, codes)
    commented = _commented(cut, parent, np.flatnonzero(codes == TIME).tolist())
    meta = read_metadata(cut, [i for i in telling if i not in commented])
    return HtmlText(blocks, list(_between(page, blocks)), meta, taken_out)


def _breaks_in_headings(texts: Sequence[str], codes: Ints) -> list[int]:
    """The line breaks that are blanks: those inside headings, unless small print follows."""
    inline, found = is_inline(codes), []
    for i in np.flatnonzero(np.isin(codes, HEADINGS)).tolist():
        inside = range(i + 1, min(i + _TAGS, len(codes)))
        end = next((at for at in inside if not inline[at] and codes[at] != BR), i)
        if codes[end] == -codes[i] and sum(map(len, texts[i + 1 : end + 1])) <= _HEADING:
            found += [at for at in range(i + 1, end) if codes[at] == BR and codes[at + 1] != SMALL]
    return found


def _lines(texts: Sequence[str], solid: Ints, codes: Ints, blanks: Sequence[int]) -> tuple[Ints, Ints]:
    """For each line the first of its texts that is not blank, and the tag that it ends before.

    solid: the numbers of all texts that are not blank. blanks: the tags that are blanks.
    """
    inline = is_inline(codes)
    breaks = ~inline & (codes != NOTHING) & (codes != OPAQUE)
    breaks[blanks] = False
    for i in np.flatnonzero((codes == A) & np.append(False, inline[:-1])).tolist():  # links side by side are a menu
        at = i
        while at and not texts[at] and inline[at - 1] and codes[at - 1] != A:
            at -= 1
            if codes[at] == SUP:  # a footnote mark, not the next entry
                break
            if codes[at] == -A:
                breaks[i] = not _is_mark(texts[i + 1], codes[i + 1 : i + 2])
                break
    ends = np.append(np.flatnonzero(breaks), len(codes))
    line = np.searchsorted(ends, solid)
    new = np.diff(line, prepend=-1) != 0
    return solid[new], ends[line[new]]


def _is_mark(text: str, then: Ints) -> bool:
    """Whether a link is a footnote mark, by its first text and the tag that follows."""
    return bool((then == SUP).any()) if not text else _FOOTNOTE.match(text) is not None


def _blocks(page: str, cut: Pieces, codes: Ints) -> tuple[Blocks, list[int], list[bool]]:
    """The blocks, the number of the element around each tag that is one, and which blocks are taken out."""
    sizes = np.diff(cut.ends, prepend=0)[::2]
    read = [*cut.texts]
    for i, figures in superscripts(cut.texts, codes).items():
        read[i] = figures
        sizes[i] = len(figures)
    blanks = _breaks_in_headings(read, codes)
    for i in blanks:  # the last character of the tag is read as a blank
        read[i + 1] = " " + read[i + 1]
        sizes[i + 1] += 1
    texts = np.flatnonzero(sizes)
    words = [read[i] for i in texts.tolist()]
    solid = ~np.fromiter(map(str.isspace, words), bool, len(words))
    first, tag = _lines(cut.texts, texts[solid], codes, blanks)
    walk = Walk(len(codes))
    followed = np.flatnonzero((codes != NOTHING) & (codes != OPAQUE) & ~is_void(codes))
    states = walk.states(followed.tolist(), codes[followed].tolist(), np.searchsorted(followed, tag).tolist())
    top = np.array(states.top, np.int64)
    # A title inside the body is none (a drawing has some).
    shown = ~(np.array(states.in_body, bool) & (codes[top] == TITLE)) if len(codes) else np.ones(len(top), bool)
    first, tag, top, depth = first[shown], tag[shown], top[shown], np.array(states.depth, np.int64)[shown]
    line = np.searchsorted(tag, texts)
    inside = (line < len(tag)) & (texts >= np.append(first, 0)[line])
    texts, line, solid, words = texts[inside], line[inside], solid[inside], [*compress(words, inside)]
    firsts = np.flatnonzero(np.diff(line, prepend=-1))
    begins = cut.ends[2 * texts] - sizes[texts]
    seen = visible(page, words, begins, firsts, solid)
    linked, emphasised = _shares(words, walk.changes, texts, firsts)
    element, tags, elements = _elements(cut, codes, walk.parent, top[seen.line].tolist())
    blocks = Blocks(seen.start, seen.end, seen.text, seen.alignment, element, tags, depth[seen.line].tolist(),
                    linked[seen.line].tolist(), emphasised[seen.line].tolist(), elements)  # fmt: skip
    return blocks, walk.parent, _taken_out(cut, top[seen.line].tolist(), seen.text)


def _taken_out(cut: Pieces, tops: Sequence[int], texts: Sequence[str]) -> list[bool]:
    """As in `HtmlText`. tops, texts: the innermost element around each line, and its words.

    An element further out also hides what opens with a click: of the words that are hidden on 300 public pages 43 % are
    main text, of those in paragraphs, spans and boxes that say it themselves 6 of 1,064.
    """
    names = {top: cut.names[top] or "" for top in {*tops} if top >= 0}
    gone = {top for top, name in names.items() if is_taken_out(cut.tags[top][len(name) + 1 : -1])}
    found = [top in gone for top in tops]
    many = 2 * sum(map(len, compress(texts, found))) >= sum(map(len, texts))
    return [False] * len(found) if many else found


def _commented(cut: Pieces, parent: Sequence[int], times: Sequence[int]) -> set[int]:
    """Which elements stand inside readers' comments."""
    inside = {-1: False}
    for time in times:
        path = []
        at = time
        while at not in inside:
            path.append(at)
            at = parent[at]
        for element in reversed(path):
            [(names, _)] = described([cut.tags[element][len(cut.names[element] or "") + 1 : -1]])
            inside[element] = inside[parent[element]] or _COMMENTS.search(names) is not None
    return {time for time in times if inside[time]}


def _shares(words: Sequence[str], changes: Changes, texts: Ints, firsts: Ints) -> tuple[Floats, Floats]:
    """For each line the shares of its characters that are not blank that lie in links, and in emphasis."""
    state = np.searchsorted(changes.tag, texts) - 1
    flags = np.stack([np.array(changes.linked)[state], np.array(changes.emphasised)[state]])
    count = np.diff(np.append(firsts, len(texts)))
    if not len(firsts):
        return np.zeros(0), np.zeros(0)
    total = np.add.reduceat(flags, firsts, axis=1, dtype=np.int64)
    part = (total > 0) & (total < count)
    sizes = np.zeros(len(texts), np.int64)
    for i in np.flatnonzero(np.repeat(part.any(0), count)).tolist():
        sizes[i] = len("".join(words[i].split()))
    shares = np.add.reduceat(flags * sizes, firsts, axis=1) / np.maximum(1, np.add.reduceat(sizes, firsts))
    linked, emphasised = np.where(part, shares, total == count)
    return linked, emphasised


def _elements(
    cut: Pieces, codes: Ints, parent: Sequence[int], tops: Sequence[int]
) -> tuple[list[int], list[str], Elements]:
    """The elements around the blocks with these innermost ones; the new number of each of those, and its tag."""
    used = set()
    for top in set(tops):
        while top >= 0 and top not in used:
            used.add(top)
            top = parent[top]
    olds = sorted(used)
    number = dict(zip([-1, *olds], range(-1, len(olds)), strict=True))
    arounds = [number[parent[old]] for old in olds]
    written = [cut.names[old] or "" for old in olds]
    plain = {name: name.lower().removeprefix("#") for name in {*written}}
    names = [plain[name] for name in written]
    raws = [cut.tags[old][len(name) + 1 : -1] for old, name in zip(olds, names, strict=True)]
    alike = dict.fromkeys(raws)
    said = dict(zip(alike, described([*alike]), strict=True))
    of_each = [said[raw] for raw in raws]
    tags, hidden = [""], [False]  # of what is around the outermost ones, and then of each
    for around, name, (_, hides), inline in zip(arounds, names, of_each, is_inline(codes[olds]).tolist(), strict=True):
        hidden.append(hides or hidden[around + 1])
        tags.append(tags[around + 1] if inline else name)
    inner = [number[top] for top in tops]
    found = Elements(arounds, names, [words for words, _ in of_each], hidden[1:])
    return inner, [tags[i + 1] for i in inner], found


def _between(page: str, blocks: Blocks) -> Iterator[tuple[int, int]]:
    begins, ends = [0, *blocks.end], [*blocks.start, len(page)]
    return (found.span() for begin, end in zip(begins, ends, strict=True) if (found := _SOLID.search(page, begin, end)))
