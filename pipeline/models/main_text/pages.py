"""The blocks of some pages in a row: sums over pages, neighbours, and what stands before and behind, all at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Pages"]

Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.generic]
_STEPS = (-3, -2, -1, 1, 2, 3)  # neighbours that are looked at
_REACHES = (5, 15)  # blocks before and behind that are added up
# Parts of one, to which shares are rounded before they are added up: in double precision sums of up to 33 million are
# exact then. On 300 public pages no probability became another one.
_PARTS = 2.0**28


class Pages:
    """Which blocks belong to which page: `page` of each, `first` block of each page, `start` of each block's page and
    `count` of its blocks, `index` of each block in its page.

    Sums are made over all pages at once: of whole numbers (or of parts that are powers of two), they are exact, so that
    pages do not depend on one another. Other shares are rounded to such parts first.
    """

    def __init__(self, counts: Sequence[int]) -> None:
        count = np.array(counts)
        self.page = np.repeat(np.arange(len(count)), count)
        self.first = np.cumsum(count) - count
        self.start, self.count = self.first[self.page], count[self.page]
        self.index = np.arange(len(self.page)) - self.start

    def sums(self, values: Values) -> Floats:
        """The sum over each page."""
        return np.asarray(np.add.reduceat(values, self.first, dtype=np.float32), np.float32)

    def running(self, values: Values) -> Floats:
        """The sum up to each block, from the beginning of its page."""
        total = np.append(0.0, np.cumsum(values, dtype=np.float64))
        return np.asarray(total[1:] - total[self.start], np.float32)

    def near(self, columns: dict[str, Values]) -> tuple[Floats, list[str]]:
        """The values of the three blocks before and the three behind; -1 beyond the page."""
        values = np.column_stack([*columns.values()])
        wide = np.pad(values, ((3, 3), (0, 0)), constant_values=-1)
        rows = []
        for step in _STEPS:
            inside = (self.index + step >= 0) & (self.index + step < self.count)
            rows.append(np.where(inside[:, None], wide[3 + step : 3 + step + len(values)], np.float32(-1)))
        return np.hstack(rows), [f"{what}{step:+}" for step in _STEPS for what in columns]

    def windows(self, columns: dict[str, Values]) -> tuple[Floats, list[str]]:
        """Sums over the five and the fifteen blocks before, and over those behind."""
        values = np.rint(np.column_stack([*columns.values()]).astype(np.float64) * _PARTS) / _PARTS
        total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
        at = np.arange(len(values))
        rows, names = [], []
        for reach in _REACHES:
            rows.append(total[at] - total[np.maximum(at - reach, self.start)])
            rows.append(total[np.minimum(at + 1 + reach, self.start + self.count)] - total[at + 1])
            names += [f"{what}_{where}{reach}" for where in ("before", "after") for what in columns]
        return np.hstack(rows).astype(np.float32), names
