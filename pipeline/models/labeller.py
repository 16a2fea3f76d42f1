"""The labeller: what kind of text each part of a page is.

A small network (a layer over a part's features and words, four over its neighbours), learnt from the written
corpus; `labeller/card.md` says how and how well. It runs in onnxruntime, in whole numbers. A source is labelled by
itself, so its rows do not depend on what is labelled with it.
"""

import io
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.models.boundaries import with_beginnings, with_markup
from pipeline.models.chain import in_a_row
from pipeline.models.decisions import decide
from pipeline.models.onnx import open_model
from pipeline.models.second_opinion import REASON, second_opinion
from pipeline.schema import LABELS
from pipeline.text.cues import cues
from pipeline.text.features import Features, PartTable, features
from pipeline.text.labelled import Labels

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = [
    "Network", "first_opinion", "label_parts", "load_network", "network_of_beginnings", "probabilities",
]  # fmt: skip

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MODEL_REASON = "model:labeller"
_ROWS = 512  # parts that the network reads at once, where sources are as short; their numbers fit in a core's cache


@dataclass(frozen=True)
class Network:
    """The weights of one network or of several, whose answers are averaged.

    names: the features read. words: the known words. vectors: (words, networks * numbers of a word). layers: an ONNX
    model from features and words to probabilities (`training.eight_bit`). follows: what `pipeline.models.chain` knows
    of labels in a row.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    vectors: Floats
    layers: bytes
    follows: Floats

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The place of each of `words`."""
        return {word: i for i, word in enumerate(self.words)}

    @cached_property
    def session(self) -> "InferenceSession":
        """The opened `layers`."""
        return open_model(self.layers)


@cache
def load_network(path: Path | None = None) -> Network:
    """The weights in a file; without one, those that come with the package."""
    shipped = resources.files("pipeline.models").joinpath("labeller").joinpath("weights.npz")
    packed = (path or shipped).read_bytes()
    with np.load(io.BytesIO(packed)) as data:
        arrays = {name: data[name] for name in data.files}
    return Network(
        tuple(arrays["names"].tolist()), tuple(arrays["words"].tolist()), arrays["vectors"].astype(np.float32),
        arrays["layers"].tobytes(), arrays["follows"],
    )  # fmt: skip


@cache
def network_of_beginnings() -> Network:
    """The network whose answers the model of where articles begin was trained on."""
    with resources.as_file(resources.files("pipeline.models").joinpath("boundaries").joinpath("labels.npz")) as path:
        return load_network(path)


def _read(rows: Features, network: Network) -> Floats:
    if network.names == rows.names:
        return rows.values
    return np.asarray(rows.values[:, [rows.names.index(name) for name in network.names]])


def _summed(rows: Features, network: Network) -> Floats:
    from scipy.sparse import csr_matrix

    known = np.array([network.numbers.get(word, -1) for word in rows.words.vocabulary], np.int64)
    word = known[rows.words.word] if len(known) else np.zeros(0, np.int64)
    part, word = rows.words.part[word >= 0], word[word >= 0]
    counts = np.bincount(part, minlength=len(rows.values))
    share = (1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)
    ends = np.append(0, np.cumsum(counts))
    cells = csr_matrix((share[part], word, ends), (len(rows.values), len(network.words)))
    return np.asarray(cells @ network.vectors, np.float32)


def probabilities(rows: Features, source: npt.NDArray[np.int64], network: Network | None = None) -> Floats:
    """Probability of each label (columns in the order of `LABELS`) for each part, source by source.

    network: another than the one that comes with the package.
    """
    network = network or load_network()
    values, words = _read(rows, network), _summed(rows, network)
    starts = np.flatnonzero(np.diff(source, prepend=-1))
    sizes = np.diff(starts, append=len(source))
    chances = np.zeros((len(source), len(LABELS)), np.float32)
    for size in np.unique(sizes).tolist():
        alike = starts[sizes == size]
        for some in np.array_split(alike, -(-len(alike) * size // _ROWS)):
            at = some[:, None] + np.arange(size)
            [chances[at]] = network.session.run(None, {"features": values[at], "words": words[at]})
    return chances


def first_opinion(rows: Features, parts: PartTable) -> Floats:
    """Probability of each label for each part: the network's, in view of markup, beginnings and labels around.

    rows: the features of the parts.
    """
    chance = np.round(_weighed(probabilities(rows, parts.source), parts), 4)
    if not with_markup(parts).all():
        seen = np.round(probabilities(rows, parts.source, network_of_beginnings()), 4)
        chance = with_beginnings(chance, seen, rows, parts)
    return _told(in_a_row(chance, parts, load_network().follows), rows.rules)


def label_parts(parts: PartTable, *, drop_threshold: float, doubt_threshold: float) -> Labels:
    """The labels of parts; dropped are those whose drop labels together reach `drop_threshold`.

    doubt_threshold: see `second_opinion`.
    """
    rows = features(parts)
    chance, asked = second_opinion(first_opinion(rows, parts), rows, parts, doubt_threshold)
    best = decide(chance, parts, drop_threshold)
    return Labels(best, chance[np.arange(len(best)), best], _reasons(best, rows.rules, asked))


def _weighed(chance: Floats, parts: PartTable) -> Floats:
    """The probabilities times what markup says, made to add up to one again, where markup says anything."""
    marked = np.flatnonzero([bool(row) for row in parts.factors])
    if not len(marked):
        return chance
    ones = dict.fromkeys(LABELS, 1.0)
    factors = np.array([[*{**ones, **parts.factors[i]}.values()] for i in marked.tolist()])
    weighed = chance[marked].astype(np.float64) * factors
    chance[marked] = weighed / weighed.sum(1, keepdims=True)
    return chance


def _told(chance: Floats, fired: Flags) -> Floats:
    """The probabilities, that of a label at least what a rule that fired is sure of."""
    for i, cue in enumerate(cues()):
        label = LABELS.index(cue.label)
        if not cue.sure:
            continue
        for part in np.flatnonzero(fired[:, i] & (chance[:, label] < cue.sure)).tolist():
            chance[part] *= (1 - cue.sure) / (1 - chance[part, label])
            chance[part, label] = cue.sure
    return chance


def _reasons(best: npt.NDArray[np.int64], fired: Flags, asked: Flags) -> list[str]:
    """The first rule that fired and speaks for the label, one that is sure before others, else the model; asked: which
    parts have a second opinion."""
    order = sorted(range(len(cues())), key=lambda i: -cues()[i].sure)
    speaks = fired[:, order] & (np.array([LABELS.index(cues()[i].label) for i in order]) == best[:, None])
    found = np.where(speaks.any(1), speaks.argmax(1), np.where(asked, -2, -1))
    names = [*(f"rule:{cues()[i].id}" for i in order), REASON, MODEL_REASON]
    return [names[i] for i in found]
