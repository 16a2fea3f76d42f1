"""Labels in a row: what kind of text a part is also shows in what its neighbours are.

The labeller's network judges each part with its neighbours' words in view, but not with their labels: in the midst of a
promotion it may take one paragraph for the article's. So the labels are read as a chain: the chance of each is weighed
by how often the labels around it come before and after it on labelled pages, by forward and backward sums over the
row (Rabiner 1989). The table is part of the labeller's weights; training/labeller.py counts it.
"""

import numpy as np
import numpy.typing as npt

from pipeline.text.features import PartTable

__all__ = ["STEPS", "in_a_row", "steps_of"]

Floats = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
STEPS = 3  # ways to follow: on the same line, on the next, after blank lines
# Share of the table's log odds that counts. The network has seen much of what the table says; of .2, .3, .4, .5 and 1
# the larger ones let a promotion swallow the article around it on the real pages.
_SHARE = 0.3
_SURE = 0.98  # a part as sure as this stays what it is; then rows between such parts can be read side by side
_LEAST = 1e-4  # chances are rounded to this


def steps_of(parts: PartTable) -> Ints:
    """How each part follows the one before it, an index below STEPS."""
    step: Ints = np.where(parts.cut > 0, 0, np.where(parts.gap == 0, 1, 2))
    return step


def in_a_row(chance: Single, parts: PartTable, follows: Single) -> Single:
    """The probabilities of each part's labels, given those of its source's other parts.

    chance: a row per part, by the network. follows: (STEPS, labels, labels) log odds of the second label behind the
    first against its share of all parts.
    """
    unsure = np.flatnonzero(chance.max(1, initial=0) < _SURE)
    if not len(unsure):
        return chance
    own = np.maximum(chance.astype(np.float64), _LEAST)
    table, step = np.exp(_SHARE * follows.astype(np.float64)), steps_of(parts)
    goes_on = np.diff(parts.source, prepend=-1) == 0  # from the part before
    run = np.cumsum(np.diff(unsure, prepend=-2) != 1) - 1
    first, length = unsure[np.searchsorted(run, np.arange(run[-1] + 1))], np.bincount(run)
    before, behind = own.copy(), np.ones_like(own)
    for i in range(length.max()):
        at = first[length > i] + i
        before[at] *= _passed(before[at - 1], table[step[at]], goes_on[at])
        before[at] /= before[at].sum(1, keepdims=True)
    for i in range(length.max()):
        at = (first + length)[length > i] - 1 - i
        after = np.minimum(at + 1, len(own) - 1)
        there = goes_on[after] & (after > at)
        behind[at] = _passed(own[after] * behind[after], table[step[after]].transpose(0, 2, 1), there)
    both = before[unsure] * behind[unsure]
    changed = chance.copy()
    changed[unsure] = np.round(both / both.sum(1, keepdims=True), 4)
    return changed


def _passed(chance: Floats, table: Floats, there: npt.NDArray[np.bool_]) -> Floats:
    """What a neighbour's chances say of the labels of the next part; 1 where there is none.

    Sums and no matrix product, whose last digits depend on the number of rows.
    """
    total = (chance[:, :, None] * table).sum(1)
    said: Floats = np.where(there[:, None], total / total.sum(1, keepdims=True), 1.0)
    return said
