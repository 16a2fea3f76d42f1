"""Pages as one row of tokens, a mark before each part, cut into windows of whole parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.evaluation.gold import GoldPage
from pipeline.models.labeller import first_opinion
from pipeline.models.second_opinion import doubted, kinds_of, listed, token_ids, windows
from pipeline.schema import LABELS
from pipeline.text.features import features, parts_of
from pipeline.text.segments import read_lines
from training.dumps import KEPT, gold_labels
from training.eight_bit import Scale

__all__ = ["Batch", "Stream"]

Ints = npt.NDArray[np.int64]
_TOKENS = 4608  # of windows side by side


@dataclass(frozen=True)
class Batch:
    """Windows side by side. tokens, kinds: (windows, tokens), 0 behind the end; size: tokens of each window; marks:
    where marks are in the flattened tokens; part: number in the stream of the part behind each mark; features, gold,
    main, weight, said: its own."""

    part: Ints
    tokens: Tensor
    kinds: Tensor
    size: Tensor
    marks: Tensor
    features: Tensor
    gold: Tensor
    main: Tensor
    weight: Tensor
    said: Tensor

    @property
    def padding(self) -> Tensor:
        """Where no token is."""
        return torch.arange(self.tokens.shape[1], device=self.size.device)[None] >= self.size[:, None]


class Stream:
    """The parts of some pages.

    said: what teachers say of each part, a row of probabilities; they are 0 until someone is asked. gold: the label of
    each part, -1 where none is known; main: where no more is known than what is main text, 1 for that, else 0, -1 where
    not even that is.
    """

    def __init__(self, pages: Sequence[GoldPage], scale: Scale, *, only_main: bool = False) -> None:
        parts, table = parts_of([read_lines(page.text) for page in pages])
        self.rows, self.table = features(table), table
        scaled = (self.rows.values - scale.center) / scale.spread
        gold, sizes = gold_labels(parts, table.source, pages)
        ids, kinds = token_ids(table.texts), kinds_of(table)
        cost = np.array([len(each) for each in ids])
        self.source, self.start = table.source, np.append(0, np.cumsum(cost))
        tokens, kind = np.concatenate(ids), np.zeros(self.start[-1], np.int64)
        kind[self.start[:-1]] = kinds
        self.tokens, self.kind = torch.from_numpy(tokens), torch.from_numpy(kind)
        self.owner = torch.from_numpy(np.repeat(np.arange(len(cost)), cost))
        self.features = torch.from_numpy(np.clip(scaled, -scale.far, scale.far).astype(np.float32))
        none = np.full_like(gold, -1)
        self.gold = torch.from_numpy(none if only_main else gold)
        self.main = torch.from_numpy(np.where(gold < 0, -1, gold < KEPT) if only_main else none)
        self.weight = torch.from_numpy(np.clip(sizes, 5, 800) ** 0.4).float()
        self.said = torch.zeros(len(cost), len(LABELS))

    def windows(self, size: int, rng: np.random.Generator | None = None) -> Ints:
        """First and last part (exclusive) of each window of `size` tokens at most; with `rng` one after the other from
        a first cut somewhere, without it each begins in the middle of the one before."""
        found = []
        starts = np.flatnonzero(np.diff(self.source, prepend=-1))
        for begin, end in zip(starts.tolist(), np.append(starts[1:], len(self.source)).tolist(), strict=True):
            room = size if rng is None else int(rng.integers(size // 4, size))
            at = begin
            while True:
                stop = max(self._behind(at, room), at + 1)
                found.append((at, min(stop, end)))
                if stop >= end:
                    break
                at, room = (max(self._behind(at, size // 2), at + 1) if rng is None else stop), size
        return np.array(found)

    def doubted(self, least: float, others: float, rng: np.random.Generator) -> Ints:
        """First and last part (exclusive) of each window as they are read where the labeller doubts, with `least` as in
        `pipeline.models.second_opinion.doubted`, or sees a list, and a share of the `others`, any."""
        chance = first_opinion(self.rows, self.table)
        asked = doubted(chance, self.table, least) | listed(chance, self.table)
        asked |= rng.random(len(asked)) < others
        return np.array([(first, first + len(ids)) for first, ids in windows(asked, self.table)])

    def _behind(self, part: int, room: int) -> int:
        return int(np.searchsorted(self.start, self.start[part] + room, side="right")) - 1

    def batch(self, windows: Ints, size: int, device: str) -> Batch:
        """The windows, cut off at `size` tokens."""
        first = torch.from_numpy(self.start[windows[:, 0]])
        length = torch.from_numpy(np.minimum(self.start[windows[:, 1]] - self.start[windows[:, 0]], size))
        at = first[:, None] + torch.arange(size)
        inside = torch.arange(size)[None] < length[:, None]
        at = torch.where(inside, at, 0)
        kinds = torch.where(inside, self.kind[at], 0)
        marks = (kinds.flatten() > 0).nonzero()[:, 0]
        part = self.owner[at].flatten()[marks]
        rows = [array[part] for array in (self.features, self.gold, self.main, self.weight, self.said)]
        given = [torch.where(inside, self.tokens[at], 0), kinds, length, marks, *rows]
        there = [tensor.to(device, non_blocking=True) for tensor in given]
        return Batch(part.numpy(), *there)

    def side_by_side(self, windows: Ints, device: str) -> Iterator[Batch]:
        """The windows in batches of like size."""
        sizes = self.start[windows[:, 1]] - self.start[windows[:, 0]]
        order = np.argsort(sizes, kind="stable")
        begin = 0
        while begin < len(order):
            end = begin + 1
            while end < len(order) and sizes[order[end]] * (end + 1 - begin) <= _TOKENS:
                end += 1
            yield self.batch(windows[order[begin:end]], int(sizes[order[end - 1]]), device)
            begin = end

    def batches(self, size: int, at_once: int, rng: np.random.Generator) -> Iterator[Ints]:
        """All windows in any order, `at_once` of them together."""
        windows = rng.permutation(self.windows(size, rng))
        for begin in range(0, len(windows), at_once):
            yield windows[begin : begin + at_once]
