"""What is known of each block of an HTML page before it is decided whether it is main text: a row of numbers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipeline.models.main_text.containers import Containers, ElementsLike
from pipeline.models.main_text.pages import Pages
from pipeline.models.main_text.words import NAME_GROUPS, SAID_GROUPS, name_words, said_words

__all__ = ["BlocksLike", "Rows"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_TAGS = {
    "p": 1, "h1": 2, "h2": 3, "h3": 4, "h4": 5, "h5": 6, "h6": 6, "li": 7, "td": 8, "th": 9, "title": 10, "div": 11,
    "span": 11, "section": 11, "article": 11, "main": 11, "blockquote": 12, "pre": 13, "dt": 14, "dd": 15, "button": 16,
    "option": 17, "figcaption": 18, "caption": 18, "summary": 19, "noscript": 20, "textarea": 20, "select": 17,
    "header": 21, "footer": 22, "nav": 23, "aside": 24, "body": 25, "form": 26, "legend": 26, "label": 26,
}  # fmt: skip
_IN = ("nav", "header", "footer", "aside", "main", "article", "form", "ul", "ol", "table", "section", "figure",
       "button", "dl", "noscript", "blockquote", "select", "p", "details", "iframe")  # fmt: skip
_IN_BIT = {name: 1 << i for i, name in enumerate(_IN)}
_UP = 6  # containers that are looked at, from the innermost outwards
_READ = 80  # characters of a block in which cue words are looked for
_ENDS = np.array([ord(c) for c in '.!?"”…'])
_LARGEST = int(np.iinfo(np.int64).max)
_PROSE = 10  # words from which a line with little in links may be prose


class BlocksLike(Protocol):
    """What is read of the blocks of a page (`pipeline.text.html.Blocks`)."""

    @property
    def text(self) -> list[str]: ...
    @property
    def tag(self) -> list[str]: ...
    @property
    def element(self) -> list[int]: ...
    @property
    def elements(self) -> ElementsLike: ...
    @property
    def linked(self) -> list[float]: ...
    @property
    def depth(self) -> list[int]: ...
    @property
    def hidden(self) -> list[bool]: ...
    @property
    def emphasised(self) -> list[float]: ...


_OWN = ("tag", "words", "chars", "word_length", "commas", "stops", "ends", "digits", "upper", "capitals", "linked",
        "emphasis", "hidden", "depth", "again", "letters", "colon", "question", "lower_start")  # fmt: skip


def _own(pages: Sequence[BlocksLike]) -> Floats:
    """Numbers of each block by itself."""
    texts = [text for page in pages for text in page.text]
    size = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.append(0, np.cumsum(size + 1)[:-1])
    points = np.frombuffer("\n".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    last = points[starts + size - 1]
    codes = np.minimum(points, 255).astype(np.uint8)  # bytes are told apart faster; the signs that are wider come last
    blank = (codes <= 32) | (codes == 0xA0)
    begins = ~blank & np.append(True, blank[:-1])
    upper, lower, digit = (codes - np.uint8(first) < span for first, span in ((65, 26), (97, 26), (48, 10)))
    stop = (codes == ord(".")) | (codes == ord("?")) | (codes == ord("!"))
    flags = (begins, codes == 44, stop & np.append(blank[1:], True), digit, upper, lower, upper & begins, codes > 127)
    words, commas, stops, digits, uppers, lowers, capitals, wide = (
        np.add.reduceat(flag, starts, dtype=np.float32) for flag in flags
    )
    n = np.maximum(words, 1)
    columns = [
        [_TAGS.get(tag, 0) for page in pages for tag in page.tag], words, size, size / n, commas / n, stops,
        np.isin(last, _ENDS), digits / size, uppers / np.maximum(1, uppers + lowers), capitals / n,
        [share for page in pages for share in page.linked], [share for page in pages for share in page.emphasised],
        [hidden for page in pages for hidden in page.hidden], [depth for page in pages for depth in page.depth],
        [count for page in pages for count in _again(page.text)], wide / size, last == 58, last == 63, lower[starts],
    ]  # fmt: skip
    return np.column_stack(columns).astype(np.float32)


def _again(texts: Sequence[str]) -> list[int]:
    """How many of the texts before each are the same."""
    seen: dict[str, int] = {}
    counts = []
    for text in texts:
        count = seen.get(text, 0)
        seen[text] = count + 1
        counts.append(count)
    return counts


def _bits(values: Ints, count: int) -> Floats:
    return ((values[:, None] >> np.arange(count)) & 1).astype(np.float32)


def _places(boxes: Containers) -> tuple[Floats, Floats, Floats]:
    """Which elements stand around each block; what their names speak of, in all and in the innermost two."""
    bits = np.array([_IN_BIT.get(tag, 0) for tag in boxes.tags], np.int64)[boxes.tag]
    speaks = name_words().bits(boxes.said)[boxes.names[boxes.named]]
    inside, wide = np.bitwise_or.reduce(bits[boxes.around]), np.bitwise_or.reduce(speaks)
    near = speaks[0] | speaks[1]
    block = boxes.of_block
    return (
        _bits(inside[block], len(_IN)), _bits(wide[block], len(NAME_GROUPS)), _bits(near[block], len(NAME_GROUPS))
    )  # fmt: skip


def _prose(own: Floats) -> Floats:
    """Words of the blocks that look like prose, 0 for others."""
    words, linked, shown = own[:, 1], own[:, 10], own[:, 12] == 0
    prose = (words >= _PROSE) & (linked < 0.4) & shown & (own[:, 0] != 10)
    return np.asarray(np.where(prose, words, 0), np.float32)


def _around(own: Floats, boxes: Containers, pages: Pages) -> tuple[Floats, list[str]]:
    """How much prose, text and links the containers hold, and how far the block is from the one with most prose."""
    words, linked, prose = own[:, 1], own[:, 10], _prose(own)
    everything = np.maximum(pages.sums(prose), 1)
    few = (words < _PROSE).astype(np.float32)
    by_node, text, links, count, short = boxes.totals(prose, words, words * linked, np.ones_like(words), few)
    shares = [by_node / everything[boxes.page], links / np.maximum(text, 1), np.log1p(text),
              by_node / np.maximum(text, 1), np.log1p(count), short / np.maximum(count, 1)]  # fmt: skip
    inner = boxes.around[:_UP, boxes.of_block]
    columns = [share[row] for share in shares for row in inner]
    names = [f"{what}{up}" for what in ("share", "links", "text", "prose", "count", "short") for up in range(_UP)]
    # level: 1 for the innermost; the first container outwards with enough of the page's prose
    levels = (~boxes.none[boxes.around]).sum(0)
    for enough in (0.2, 0.5, 0.8):
        has = by_node[boxes.around] >= (enough * everything.astype(np.float64)).astype(np.float32)[boxes.page]
        first = np.where(has.any(0), has.argmax(0) + 1, 99)
        depth = (levels - first)[boxes.of_block]
        best = np.maximum.reduceat(depth, pages.first)
        columns += [first[boxes.of_block].astype(np.float32), (best[pages.page] - depth).astype(np.float32)]
        names += [f"up_to_{enough}", f"outside_{enough}"]
    return np.column_stack(columns), names


def _template(boxes: Containers, own: Floats) -> tuple[Floats, list[str]]:
    """Blocks of the same template (tags and names around them): how many, how much prose and links."""
    kind, bound = boxes.page, len(boxes.page)  # numbers of kinds, and what is above all of them
    for column in (*boxes.tag[boxes.around[:5]], *boxes.names[boxes.named[:2]]):
        size = int(column.max()) + 1
        if bound * size > _LARGEST:
            kind, bound = np.unique(kind, return_inverse=True)[1], len(kind)
        kind, bound = kind * size + column, bound * size
    kind = np.unique(kind, return_inverse=True)[1]
    kind = kind[boxes.of_block]
    count = np.maximum(np.bincount(kind), 1)
    words, linked = own[:, 1], own[:, 10]
    mean = np.bincount(kind, words) / count
    links = np.bincount(kind, words * linked) / np.maximum(1, np.bincount(kind, words))
    spread = np.sqrt(np.maximum(0, np.bincount(kind, words**2) / count - mean**2))
    table = np.column_stack([count, mean, links, spread])[kind]
    return table.astype(np.float32), ["same", "same_words", "same_links", "same_spread"]


def _order(own: Floats, says: Floats, pages: Pages) -> tuple[Floats, list[str]]:
    """Place in the page, the heading above, and the neighbours."""
    n, index = pages.count, pages.index
    words, linked, tag, prose = own[:, 1], own[:, 10], own[:, 0], _prose(own)
    headed = (tag >= 2) & (tag <= 6) & (own[:, 12] == 0)
    at = np.arange(len(own))
    last = np.maximum.accumulate(np.where(headed, at, -1))
    last = np.where(last < pages.start, -1, last)
    end = pages.start + n
    following = np.minimum.accumulate(np.where(headed, at, len(own))[::-1])[::-1]
    following = np.minimum(following, end) - at
    mains, proses = tag == 2, prose > 0
    first_main, first, final = (np.full(len(pages.first), value) for value in (-1, 0, 0))
    final[:] = np.diff(np.append(pages.first, len(own)))
    for found, places in ((mains, first_main), (proses, first)):
        which = np.flatnonzero(found)[::-1]
        places[pages.page[which]] = index[which]
    which = np.flatnonzero(proses)
    final[pages.page[which]] = index[which]
    all_words, total = np.maximum(pages.sums(words), 1), np.maximum(pages.sums(prose), 1)
    h1s, longest = pages.sums(mains), np.maximum.reduceat(prose, pages.first)
    columns = [index, index / n, pages.running(words) / all_words[pages.page],
               pages.running(prose) / total[pages.page], index - first_main[pages.page], h1s[pages.page],
               pages.running(mains), index - first[pages.page], index - final[pages.page],
               np.where(last >= 0, at - last, index + 1), np.minimum(following, 99),
               np.where(last >= 0, tag[last], 0), n, total[pages.page],
               (pages.sums(words * linked) / all_words)[pages.page], pages.sums(proses)[pages.page],
               (total / all_words)[pages.page], longest[pages.page]]  # fmt: skip
    names = ["index", "place", "place_words", "place_prose", "from_h1", "h1s", "h1_above", "from_first", "from_end",
             "from_heading", "to_heading", "heading_tag", "blocks", "prose", "page_links", "proses", "page_prose",
             "longest"]  # fmt: skip
    above = np.where((last >= 0)[:, None], says[last], 0)
    near, near_names = pages.near({"words": words, "linked": linked, "tag": tag, "ends": own[:, 6], "caps": own[:, 9]})
    sums, sum_names = pages.windows(
        {"prose": prose, "words": words, "links": words * linked, "heads": headed, "commas": own[:, 4]}
    )
    names += [*(f"above_{name}" for name in SAID_GROUPS), *near_names, *sum_names]
    return np.hstack([np.column_stack(columns).astype(np.float32), above, near, sums]), names


class Rows:
    """The rows of the blocks of some pages, none without any: `values`, a row for each, a column for each of `names`.

    boxes: the elements around all blocks, as given or counted. pages: which blocks belong to which page. words: of each
    block.
    """

    def __init__(self, pages: Sequence[BlocksLike], boxes: Containers | None = None) -> None:
        self.boxes = boxes or Containers([page.elements for page in pages], [page.element for page in pages])
        self.pages = Pages([len(page.text) for page in pages])
        own = _own(pages)
        self.words = own[:, _OWN.index("words")]
        heads = [text[:_READ].lower() for page in pages for text in page.text]
        says = _bits(said_words().bits(heads), len(SAID_GROUPS))
        around, wide, near = _places(self.boxes)
        held, held_names = _around(own, self.boxes, self.pages)
        same, same_names = _template(self.boxes, own)
        order, order_names = _order(own, says, self.pages)
        self.values = np.hstack([own, says, around, wide, near, held, same, order])
        self.names = [*_OWN, *(f"says_{g}" for g in SAID_GROUPS), *(f"in_{e}" for e in _IN),
                      *(f"wide_{g}" for g in NAME_GROUPS), *(f"near_{g}" for g in NAME_GROUPS), *held_names,
                      *same_names, *order_names]  # fmt: skip
