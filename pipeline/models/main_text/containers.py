"""The elements around the blocks of some pages, as arrays: which stand in which, and what they hold in all."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["REACH", "Containers", "ElementsLike"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
REACH = 24  # elements around a block that are looked at: deeper nesting is layout, and it bounds the cost


class ElementsLike(Protocol):
    """What is read of the elements of a page (`pipeline.text.html.Elements`)."""

    @property
    def parent(self) -> list[int]: ...
    @property
    def name(self) -> list[str]: ...
    @property
    def names(self) -> list[str]: ...


class Containers:
    """The elements of some pages in a row; behind those of a page one more that stands for none.

    of_block: the element of each block. page: the page of each element. none: whether an element stands for none.
    around: (REACH, elements) each element, the one around it, and so on. named: the same of those that have a name.
    tag, names: of each element, "" for none, as its number in `tags` and `said`, where each stands once.
    """

    def __init__(self, pages: Sequence[ElementsLike], of_blocks: Sequence[Sequence[int]]) -> None:
        sizes = np.array([len(page.parent) + 1 for page in pages], np.int64)
        starts = np.cumsum(sizes) - sizes
        self.page = np.repeat(np.arange(len(pages)), sizes)
        self.none = np.zeros(len(self.page), bool)
        self.none[starts + sizes - 1] = True
        self.of_block = _moved(of_blocks, starts, sizes)
        self.tags, self.tag = _numbered(name for page in pages for name in (*page.name, ""))
        self.said, self.names = _numbered(names for page in pages for names in (*page.names, ""))
        parent = _moved([[*page.parent, -1] for page in pages], starts, sizes)
        self.around = _chain(np.arange(len(parent)), parent)
        bare = (self.names == 0) & ~self.none
        nearest = np.arange(len(parent))  # the innermost element with a name: itself or one around it
        while (nameless := bare[nearest]).any():
            nearest = np.where(nameless, parent[nearest], nearest)
        self.named = _chain(nearest, nearest[parent])

    def totals(self, *values: Floats) -> list[Floats]:
        """Sums over the blocks in each element, no deeper than REACH; 0 for those that stand for none."""
        from scipy.sparse import csc_array

        count = len(self.page)
        own = np.stack([np.bincount(self.of_block, column, count) for column in values], axis=1)
        ones = np.ones(self.around.size)
        holds = csc_array((ones, self.around.T.ravel(), np.arange(0, len(ones) + 1, REACH)), (count, count))
        sums = holds @ own
        sums[self.none] = 0
        return list(sums.T.astype(np.float32))


def _numbered(words: Iterable[str]) -> tuple[list[str], Ints]:
    """Each word once, "" first, and the number of each."""
    numbers = {"": 0}
    found = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64)
    return list(numbers), found


def _moved(numbers: Sequence[Sequence[int]], starts: Ints, sizes: Ints) -> Ints:
    """Numbers of elements of each page as numbers of all; -1 becomes the page's last one."""
    flat = np.array([number for of_page in numbers for number in of_page], np.int64)
    counts = [len(of_page) for of_page in numbers]
    return np.where(flat < 0, np.repeat(starts + sizes - 1, counts), flat + np.repeat(starts, counts))


def _chain(first: Ints, following: Ints) -> Ints:
    rows = np.empty((REACH, len(first)), np.int64)
    for level in range(REACH):
        rows[level] = first
        first = following[first]
    return rows
