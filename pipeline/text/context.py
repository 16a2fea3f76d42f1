"""What stands around a part: its neighbours' features and the density of prose in windows."""

import numpy as np
import numpy.typing as npt

__all__ = ["neighbourhood"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_STEPS = (-3, -2, -1, 1, 2, 3)
_NEAR = ("chars", "capitalised", "last_question", "last_colon", "last_full", "number", "first_kind", "slashes")
_WINDOWS = (4, 12)  # parts; 25 lines is the "body window" of boilerplate removal, split here into two sizes


def neighbourhood(
    source: Ints, own: Floats, names: tuple[str, ...], groups: Floats, group_names: tuple[str, ...]
) -> tuple[Floats, tuple[str, ...]]:
    """Columns about the neighbours in the same source; absent neighbours are -1."""
    near = np.hstack([own[:, [names.index(name) for name in _NEAR]], groups])
    near_names = (*_NEAR, *group_names)
    columns, out = [], []
    for step in _STEPS:
        wide = near if abs(step) < 3 else near[:, : len(_NEAR)]
        columns.append(_shift(wide, source, step))
        out += [f"{name}{step:+d}" for name in near_names[: wide.shape[1]]]
    number = own[:, names.index("number")]
    prose = own[:, names.index("prose")]
    for size in _WINDOWS:
        for label, steps in (("above", (-size, -1)), ("below", (1, size))):
            columns.append(_window(np.column_stack([prose, number > 0, groups]), source, *steps))
            out += [f"{name}_{label}{size}" for name in ("prose", "numbered", *group_names)]
    columns.append(_sequence(number, source))
    out += ["number_follows", "number_goes_on", "number_restarts"]
    return np.hstack(columns).astype(np.float32), tuple(out)


def _shift(values: Floats, source: Ints, step: int) -> Floats:
    """Each row's neighbour `step` away, -1 where that is in another source."""
    index = np.arange(len(source)) + step
    inside = (index >= 0) & (index < len(source))
    index = np.where(inside, index, 0)
    inside &= source[index] == source
    return np.where(inside[:, None], values[index], np.float32(-1))


def _window(values: Floats, source: Ints, first: int, last: int) -> Floats:
    """Mean over the rows `first` to `last` away in the same source."""
    n = len(source)
    index = np.arange(n)
    new = np.concatenate([[True], source[1:] != source[:-1]])
    begin = np.maximum.accumulate(np.where(new, index, 0))
    end = np.searchsorted(source, source, side="right")
    low, high = np.clip(index + first, begin, end), np.clip(index + last + 1, begin, end)
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    return ((total[high] - total[low]) / np.maximum(high - low, 1)[:, None]).astype(np.float32)


def _sequence(number: Floats, source: Ints) -> Floats:
    """Whether the list number goes on from the last numbered part, whether a later part goes on from it."""
    n = len(number)
    follows, goes_on, restarts = np.zeros(n), np.zeros(n), np.zeros(n)
    last = {}
    for i in np.flatnonzero(number):
        before = last.get(source[i])
        if before is not None and number[i] == number[before] + 1:
            follows[i], goes_on[before] = min(i - before, 20), min(i - before, 20)
        restarts[i] = number[i] == 1
        last[source[i]] = i
    return np.column_stack([follows, goes_on, restarts]).astype(np.float32)
