"""Pages as the tensors that the labeller is trained on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from pipeline.evaluation.gold import GoldPage
from pipeline.models.labeller import Network, probabilities
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import Features, features, parts_of
from pipeline.text.segments import Parts, read_lines
from training.eight_bit import Scale

__all__ = ["KEPT", "Blank", "Dump", "Ints", "dumps_of", "gold_labels", "only_main_text"]

Ints = npt.NDArray[np.int64]
KEPT = len(KEPT_LABELS)  # the first of LABELS are kept
_RARELY = 1e-3  # share that is left of what others say of a part against what is known of it


class Dump:
    """One source as tensors: scaled features, words with their weights, gold labels (-1: none), weight of each part;
    what other networks say of it, where they were asked; where no more is known than what is main text, 1 for that, 0
    for what is not, -1 for parts of which even that is not known."""

    def __init__(
        self, values: npt.NDArray[np.float32], bag: tuple[Ints, Ints, npt.NDArray[np.float32]], gold: Ints, sizes: Ints
    ) -> None:
        self.values = torch.from_numpy(values)
        self.word, self.offset, self.share = (torch.from_numpy(array) for array in bag)
        self.gold, self.weight = torch.from_numpy(gold), torch.from_numpy(np.clip(sizes, 5, 800) ** 0.4).float()
        self.said = torch.zeros(0)
        self.main = torch.zeros(0, dtype=torch.int64)


def gold_labels(parts: Parts, source: Ints, pages: Sequence[GoldPage]) -> tuple[Ints, Ints]:
    """The label that most characters of each part carry (-1: none), and its characters that are not white space."""
    marks = []
    for page in pages:
        mark = np.full(len(page.text), -1)
        for start, end, label in page.labels:
            mark[start:end] = LABELS.index(label)
        marks.append(mark)
    labels, sizes = [], []
    for start, end, s in zip(parts.start, parts.end, source, strict=True):
        stretch = zip(marks[s][start:end].tolist(), pages[s].text[start:end], strict=True)
        solid = [mark for mark, char in stretch if not char.isspace()]
        sizes.append(len(solid))
        labels.append(Counter(solid).most_common(1)[0][0] if solid else -1)
    return np.array(labels), np.array(sizes)


@dataclass(frozen=True)
class Blank:
    """What is read, before anything is learnt. network: without layers, its vectors what words mean beforehand; scale:
    how features are; learnt: which words stand on enough pages to learn numbers of their own."""

    network: Network
    scale: Scale
    learnt: npt.NDArray[np.bool_]


def dumps_of(pages: Sequence[GoldPage], blank: Blank, teachers: Sequence[Network] = ()) -> Iterable[Dump]:
    """The pages as tensors; with what the teachers say of them, on average."""
    parts, table = parts_of([read_lines(page.text) for page in pages])
    rows = features(table)
    gold, sizes = gold_labels(parts, table.source, pages)
    scaled = (rows.values - blank.scale.center) / blank.scale.spread
    values = np.clip(scaled, -blank.scale.far, blank.scale.far).astype(np.float32)
    said = [probabilities(rows, table.source, teacher) for teacher in teachers]
    chances = np.asarray(np.mean(said, axis=0), np.float32) if said else np.zeros((len(values), 0), np.float32)
    offset, word, share = _bags(rows, blank.network)
    ends = np.searchsorted(table.source, np.arange(len(pages)), side="right")
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        span = slice(offset[begin], offset[end])
        bag = (word[span], offset[begin:end] - offset[begin], share[span])
        dump = Dump(values[begin:end], bag, gold[begin:end], sizes[begin:end])
        dump.said = torch.from_numpy(chances[begin:end])
        yield dump


def _bags(rows: Features, network: Network) -> tuple[Ints, Ints, npt.NDArray[np.float32]]:
    index = {word: i for i, word in enumerate(network.words)}
    known = np.array([index.get(word, -1) for word in rows.words.vocabulary])[rows.words.word]
    part, word = rows.words.part[known >= 0], known[known >= 0]
    count = np.bincount(part, minlength=len(rows.values))
    return np.append(0, np.cumsum(count)), word, (1 / np.sqrt(count[part])).astype(np.float32)


def only_main_text(dumps: Iterable[Dump]) -> Iterable[Dump]:
    """Dumps whose labels tell no more than what is main text (kept ones) and what is not (others)."""
    for dump in dumps:
        dump.main = torch.where(dump.gold < 0, -1, (dump.gold < KEPT).long())
        dump.gold = torch.full_like(dump.gold, -1)
        if dump.said.shape[-1]:
            dump.said[dump.main == 1, KEPT:] *= _RARELY
            dump.said[dump.main == 0, :KEPT] *= _RARELY
            dump.said /= dump.said.sum(1, keepdim=True)
        yield dump
