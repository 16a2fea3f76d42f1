"""What is known of each block of an HTML page before it is decided whether it is main text: a row of numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipeline.models.main_text.words import NAME_GROUPS, SAID_GROUPS, named, said

__all__ = ["BlockLike", "Rows"]

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
_STOPS = np.array([ord(c) for c in ".?!"])
_ENDS = np.array([ord(c) for c in '.!?"”…'])
_PROSE = 10  # words from which a line with little in links may be prose


class BlockLike(Protocol):
    """What is read of a block (`pipeline.text.html.Block`)."""

    @property
    def text(self) -> str: ...
    @property
    def tag(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def nodes(self) -> tuple[int, ...]: ...
    @property
    def link_density(self) -> float: ...
    @property
    def depth(self) -> int: ...
    @property
    def hidden(self) -> bool: ...
    @property
    def emphasis(self) -> float: ...


_OWN = ("tag", "words", "chars", "word_length", "commas", "stops", "ends", "digits", "upper", "capitals", "linked",
        "emphasis", "hidden", "depth", "again", "letters", "colon", "question", "lower_start")  # fmt: skip


def _own(blocks: Sequence[BlockLike]) -> Floats:
    """Numbers of each block by itself."""
    texts = [block.text for block in blocks]
    size = np.array([len(text) for text in texts])
    starts = np.append(0, np.cumsum(size + 1)[:-1])
    codes = np.frombuffer("\n".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), np.uint32)
    blank = (codes <= 32) | (codes == 0xA0)
    begins = ~blank & np.append(True, blank[:-1])
    upper = (codes >= 65) & (codes <= 90)
    lower = (codes >= 97) & (codes <= 122)
    stop = np.isin(codes, _STOPS)
    flags = (begins, codes == 44, stop & np.append(blank[1:], True), (codes >= 48) & (codes <= 57), upper, lower,
             upper & begins, codes > 127)  # fmt: skip
    words, commas, stops, digits, uppers, lowers, capitals, wide = (
        np.add.reduceat(flag, starts, dtype=np.float32) for flag in flags
    )
    last = codes[starts + size - 1]
    n = np.maximum(words, 1)
    seen: Counter[str] = Counter()
    again = np.zeros(len(texts))
    for i, text in enumerate(texts):
        again[i] = seen[text]
        seen[text] += 1
    columns = [
        [_TAGS.get(block.tag, 0) for block in blocks], words, size, size / n, commas / n, stops,
        np.isin(last, _ENDS), digits / size, uppers / np.maximum(1, uppers + lowers), capitals / n,
        [block.link_density for block in blocks], [block.emphasis for block in blocks],
        [block.hidden for block in blocks], [block.depth for block in blocks], again, wide / size, last == 58,
        last == 63, lower[starts],
    ]  # fmt: skip
    return np.column_stack(columns).astype(np.float32)


def _said(blocks: Sequence[BlockLike]) -> Floats:
    """What the first words of each block speak of."""
    return _bits([said(block.text[:_READ].lower()) for block in blocks], len(SAID_GROUPS))


def _bits(values: Sequence[int], count: int) -> Floats:
    array = np.array(values, np.int64)
    return ((array[:, None] >> np.arange(count)) & 1).astype(np.float32)


def _all_bits(values: Iterable[int]) -> int:
    bits = 0
    for value in values:
        bits |= value
    return bits


def _places(blocks: Sequence[BlockLike]) -> tuple[Floats, Floats, Floats]:
    """Which elements stand around each block; what their names speak of, in all and in the innermost two."""
    paths: dict[tuple[str, ...], int] = {}
    names: dict[tuple[str, ...], tuple[int, int]] = {}
    rows = []
    for block in blocks:
        around = paths.get(block.path)
        if around is None:
            around = paths[block.path] = _all_bits(_IN_BIT.get(element, 0) for element in block.path)
        speaks = names.get(block.names)
        if speaks is None:
            bits = [named(name) for name in block.names]
            speaks = names[block.names] = _all_bits(bits), _all_bits(bits[-2:])
        rows.append((around, *speaks))
    inside, wide, near = zip(*rows, strict=True)
    return _bits(inside, len(_IN)), _bits(wide, len(NAME_GROUPS)), _bits(near, len(NAME_GROUPS))


class _Containers:
    """The containers of the blocks: `inner` (blocks, _UP), from the innermost outwards, as indices."""

    def __init__(self, blocks: Sequence[BlockLike]) -> None:
        nodes = [block.nodes for block in blocks]
        self.row = np.repeat(np.arange(len(nodes)), [len(n) for n in nodes])
        flat = np.fromiter(chain.from_iterable(nodes), np.int64, len(self.row))
        self.level = np.concatenate([np.arange(len(n), 0, -1) for n in nodes]) if nodes else flat
        found, self.node = np.unique(flat, return_inverse=True)
        self.count = len(found)
        self.inner = np.full((len(nodes), _UP), self.count, np.int64)
        near = self.level <= _UP
        self.inner[self.row[near], self.level[near] - 1] = self.node[near]

    def total(self, values: Floats) -> Floats:
        """Sum over the blocks in each container; 0 for the one that stands for none."""
        return np.append(np.bincount(self.node, values[self.row], self.count), 0.0).astype(np.float32)


def _around(own: Floats, boxes: _Containers) -> tuple[Floats, list[str]]:
    """How much prose, text and links the containers hold, and how far the block is from the one with most prose."""
    words, linked = own[:, 1], own[:, 10]
    shown = own[:, 12] == 0
    prose = np.where((words >= _PROSE) & (linked < 0.4) & shown & (own[:, 0] != 10), words, 0).astype(np.float32)
    everything = max(1.0, float(prose.sum()))
    by_node = boxes.total(prose)
    text, links, count = boxes.total(words), boxes.total(words * linked), boxes.total(np.ones_like(words))
    short = boxes.total((words < _PROSE).astype(np.float32))
    inner = boxes.inner
    columns = [by_node[inner] / everything, links[inner] / np.maximum(text[inner], 1), np.log1p(text[inner]),
               by_node[inner] / np.maximum(text[inner], 1), np.log1p(count[inner]),
               short[inner] / np.maximum(count[inner], 1)]  # fmt: skip
    names = [f"{what}{up}" for what in ("share", "links", "text", "prose", "count", "short") for up in range(_UP)]
    # level: 1 for the innermost; the first container outwards with enough of the page's prose
    for enough in (0.2, 0.5, 0.8):
        has = by_node[boxes.node] >= enough * everything
        first = np.full(len(own), 99, np.int64)
        np.minimum.at(first, boxes.row[has], boxes.level[has])
        depth = np.bincount(boxes.row, minlength=len(own)) - first
        best = depth.max() if len(depth) else 0
        columns += [first[:, None], (best - depth)[:, None]]
        names += [f"up_to_{enough}", f"outside_{enough}"]
    return np.hstack(columns).astype(np.float32), names


def _template(blocks: Sequence[BlockLike], own: Floats) -> tuple[Floats, list[str]]:
    """Blocks of the same template (tags and names around them): how many, how much prose and links."""
    known: dict[tuple[object, ...], int] = {}
    kind = np.array([known.setdefault((b.path[-5:], b.names[-2:]), len(known)) for b in blocks], np.int64)
    count = np.bincount(kind)
    words, linked = own[:, 1], own[:, 10]
    mean = np.bincount(kind, words) / count
    links = np.bincount(kind, words * linked) / np.maximum(1, np.bincount(kind, words))
    spread = np.sqrt(np.maximum(0, np.bincount(kind, words**2) / count - mean**2))
    table = np.column_stack([count, mean, links, spread])[kind]
    return table.astype(np.float32), ["same", "same_words", "same_links", "same_spread"]


def _order(own: Floats, says: Floats) -> tuple[Floats, list[str]]:
    """Place in the page, the heading above, and the neighbours."""
    n = len(own)
    index = np.arange(n)
    words, linked, tag = own[:, 1], own[:, 10], own[:, 0]
    prose = np.where((words >= _PROSE) & (linked < 0.4) & (own[:, 12] == 0) & (tag != 10), words, 0)
    headed = (tag >= 2) & (tag <= 6) & (own[:, 12] == 0)
    last = np.maximum.accumulate(np.where(headed, index, -1))
    following = np.minimum.accumulate(np.where(headed, index, n)[::-1])[::-1]
    main = np.flatnonzero(tag == 2)
    first_main = main[0] if len(main) else -1
    proses = np.flatnonzero(prose)
    first, end = (proses[0], proses[-1]) if len(proses) else (0, n)
    before = np.cumsum(prose)
    total = max(1.0, float(before[-1]))
    title = np.searchsorted(main, index, side="right")
    columns = [index, index / n, np.cumsum(words) / max(1.0, float(words.sum())), before / total, index - first_main,
               np.full(n, len(main)), title, index - first, index - end, index - last,
               np.minimum(following - index, 99),
               np.where(last >= 0, tag[last], 0), np.full(n, n), np.full(n, total),
               np.full(n, (words * linked).sum() / max(1.0, float(words.sum()))), np.full(n, len(proses)),
               np.full(n, total / max(1.0, float(words.sum()))), np.full(n, prose.max())]  # fmt: skip
    names = ["index", "place", "place_words", "place_prose", "from_h1", "h1s", "h1_above", "from_first", "from_end",
             "from_heading", "to_heading", "heading_tag", "blocks", "prose", "page_links", "proses", "page_prose",
             "longest"]  # fmt: skip
    above = np.where((last >= 0)[:, None], says[last], 0)
    wide = np.pad(np.column_stack([words, linked, tag, own[:, 6], own[:, 9]]), ((4, 4), (0, 0)), constant_values=-1)
    near = [wide[4 + step : 4 + step + n] for step in (-3, -2, -1, 1, 2, 3)]
    names += [f"above_{name}" for name in SAID_GROUPS]
    names += [
        f"{what}{step:+}" for step in (-3, -2, -1, 1, 2, 3) for what in ("words", "linked", "tag", "ends", "caps")
    ]
    sums, sum_names = _windows(np.column_stack([prose, words, words * linked, headed, own[:, 4]]))
    names += [f"{what}_{where}" for where in sum_names for what in ("prose", "words", "links", "heads", "commas")]
    return np.hstack([np.column_stack(columns), above, *near, sums]).astype(np.float32), names


def _windows(values: Floats) -> tuple[Floats, list[str]]:
    """Sums over the blocks before and after."""
    n = len(values)
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    index = np.arange(n)
    out, names = [], []
    for reach in (5, 15):
        out.append(total[index] - total[np.maximum(index - reach, 0)])
        out.append(total[np.minimum(index + 1 + reach, n)] - total[index + 1])
        names += [f"before{reach}", f"after{reach}"]
    return np.hstack(out).astype(np.float32), names


class Rows:
    """The rows of the blocks of one page: `values`, a row for each, a column for each of `names`."""

    def __init__(self, blocks: Sequence[BlockLike]) -> None:
        own, says = _own(blocks), _said(blocks)
        around, wide, near = _places(blocks)
        held, held_names = _around(own, _Containers(blocks))
        same, same_names = _template(blocks, own)
        order, order_names = _order(own, says)
        self.values = np.hstack([own, says, around, wide, near, held, same, order])
        self.names = [*_OWN, *(f"says_{g}" for g in SAID_GROUPS), *(f"in_{e}" for e in _IN),
                      *(f"wide_{g}" for g in NAME_GROUPS), *(f"near_{g}" for g in NAME_GROUPS), *held_names,
                      *same_names, *order_names]  # fmt: skip
