"""Train four labellers, from which the one that ships is learnt (`training.distil`): `python -m training.labeller`.

A quarter of an hour of one core; needs the `train` extra. Reads training/corpus/*.page and training/segments/*.page
(train parts). Seeds are fixed.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from pipeline.models.chain import STEPS, steps_of
from pipeline.models.labeller import Network, encode, probabilities
from pipeline.schema import LABELS
from pipeline.text.features import Features, features, parts_of
from pipeline.text.segments import Parts, read_lines
from training.known_words import known_words
from training.variants import vary_pages

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "pipeline" / "models" / "labeller" / "weights.npz"
NETWORKS = 4  # their average does at least as well on held-out pages as the best of them
VARIANTS, EPOCHS = 20, 60  # of each network: it sees its own variants
WIDTH, STATE, STRIDES = 24, 64, (1, 2, 4, 8)
# The pages of training/segments up to s49 are hard on purpose and hold three times the debris of others, those of s102
# to s119 twice. Shown in each epoch the former taught that prose is debris (real drop F1 .85). A sixth of them at a
# time does as well on new hands as a third, and better on written dev and test pages and on real ones.
LAST_HARD, _DENSE = 49, range(102, 120)
SEEN_SELDOM, _DENSE_SEEN = 6, 3
SMOOTH = 0.5  # neighbours added to each two labels
PAGES_OF_A_WORD = 8  # rarer words are topics, and topics say nothing about the kind of a line
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Blank:
    """What is read, before anything is learnt. network: without layers, its vectors what words mean beforehand; learnt:
    which words stand on enough pages to learn numbers of their own."""

    network: Network
    learnt: npt.NDArray[np.bool_]


class Sequences(nn.Module):
    """The network of `pipeline.models.labeller`, `width` numbers a part, with its training noise, of which `noise` is
    a share."""

    def __init__(self, blank: Blank, *, width: int = STATE, noise: float = 1.0) -> None:
        super().__init__()
        self.known = torch.from_numpy(blank.network.vectors)
        count = int(blank.learnt.sum())
        self.place = torch.from_numpy(np.where(blank.learnt, np.cumsum(blank.learnt) - 1, count))
        self.vectors = nn.EmbeddingBag(count + 1, WIDTH, mode="sum", padding_idx=count)
        nn.init.normal_(self.vectors.weight, 0, 0.05)
        self.vectors.weight.data[count] = 0
        own = len(blank.network.names) + WIDTH + self.known.shape[1]
        widths = [(own, width), *((3 * width, width) for _ in STRIDES), (width, len(LABELS))]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in widths)
        self.noise, self.lost = nn.Dropout(0.25 * noise), nn.Dropout(0.1 * noise)
        self.unread = 0.3 * noise  # share of the words

    def forward(self, values: torch.Tensor, bag: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
        word, offset, share = bag
        share = share * (torch.rand(len(share)) > self.unread) / (1 - self.unread) if self.training else share
        learnt = self.vectors(self.place[word], offset, per_sample_weights=share)
        known = functional.embedding_bag(word, self.known, offset, mode="sum", per_sample_weights=share)
        state = self.noise(functional.relu(self.layers[0](torch.cat([self.lost(values), learnt, known], 1))))
        for layer, stride in zip(list(self.layers)[1:-1], STRIDES, strict=True):
            wide = functional.pad(state, (0, 0, stride, stride))
            around = torch.cat([wide[: len(state)], state, wide[2 * stride :]], 1)
            state = state + self.noise(functional.relu(layer(around)))
        return self.layers[-1](state)  # type: ignore[no-any-return]

    def words(self) -> npt.NDArray[np.float32]:
        """The numbers of each word: those learnt, 0 where none are, and those known beforehand."""
        return torch.cat([self.vectors.weight.detach()[self.place], self.known], 1).numpy()


class Dump:
    """One source as tensors: scaled features, words with their weights, gold labels (-1: none), weight of each part;
    what other networks say of it, where they were asked."""

    def __init__(
        self, values: npt.NDArray[np.float32], bag: tuple[Ints, Ints, npt.NDArray[np.float32]], gold: Ints, sizes: Ints
    ) -> None:
        self.values = torch.from_numpy(values)
        self.word, self.offset, self.share = (torch.from_numpy(array) for array in bag)
        self.gold, self.weight = torch.from_numpy(gold), torch.from_numpy(np.clip(sizes, 5, 800) ** 0.4).float()
        self.said = torch.zeros(0)


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
        labels.append(Counter(solid).most_common(1)[0][0])
    return np.array(labels), np.array(sizes)


def blank_network(pages: Sequence[GoldPage]) -> Blank:
    """What is read, scaled to the pages, with the words that stand on enough of them and those known beforehand."""
    _, table = parts_of([read_lines(page.text) for page in pages])
    rows = features(table)
    vocabulary = rows.words.vocabulary
    pages_of = Counter(
        word for _, word in {*zip(table.source[rows.words.part].tolist(), rows.words.word.tolist(), strict=True)}
    )
    learnt = {vocabulary[word] for word, count in pages_of.items() if count >= PAGES_OF_A_WORD}
    counts = np.bincount(rows.words.word, minlength=len(vocabulary)).tolist()
    known, vectors = known_words(dict(zip(vocabulary, counts, strict=True)))
    words = sorted({*known, *learnt})
    at = {word: i for i, word in enumerate(words)}
    beforehand = np.zeros((len(words), vectors.shape[1]), np.float32)
    beforehand[[at[word] for word in known]] = vectors
    center, scale = rows.values.mean(0), rows.values.std(0) + 1e-3
    follows = follows_of([page for page in pages if not is_hard(page)])
    network = Network(rows.names, center, scale, tuple(words), beforehand, (), STRIDES, follows)
    return Blank(network, np.array([word in learnt for word in words]))


def follows_of(pages: Sequence[GoldPage]) -> npt.NDArray[np.float32]:
    """Log odds of each label behind each other one, by the way it follows, against its share of all parts."""
    parts, table = parts_of([read_lines(page.text) for page in pages])
    label, _ = gold_labels(parts, table.source, pages)
    count = np.full((STEPS, len(LABELS), len(LABELS)), SMOOTH)
    behind = np.flatnonzero(np.diff(table.source, prepend=-1) == 0)
    np.add.at(count, (steps_of(table)[behind], label[behind - 1], label[behind]), 1)
    share = count.sum((0, 1)) / count.sum()
    return np.asarray(np.log(count / count.sum(2, keepdims=True) / share), np.float32)


def dumps_of(pages: Sequence[GoldPage], network: Network, teachers: Network | None = None) -> Iterable[Dump]:
    """The pages as tensors, as `network` reads them; with what the teachers say of them."""
    parts, table = parts_of([read_lines(page.text) for page in pages])
    rows = features(table)
    gold, sizes = gold_labels(parts, table.source, pages)
    values, _ = encode(rows, network)
    chances = probabilities(rows, table.source, teachers) if teachers else np.zeros((len(values), 0), np.float32)
    offset, word, share = _bags(rows, network)
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


Loss = Callable[[torch.Tensor, Dump], torch.Tensor]


def told(scores: torch.Tensor, dump: Dump) -> torch.Tensor:
    """The loss of each part by its gold label, 0 without one."""
    return functional.cross_entropy(scores, dump.gold, reduction="none", label_smoothing=0.02, ignore_index=-1)


def fit(model: Sequences, epochs: Sequence[Sequence[Dump]], loss: Loss, seed: int) -> Sequences:
    """The network, trained on the dumps of one epoch after the other."""
    rng = random.Random(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=sum(map(len, epochs)) + 1)
    for number, dumps in enumerate(epochs, 1):
        order = [*dumps]
        rng.shuffle(order)
        for dump in order:
            losses = loss(model(dump.values, (dump.word, dump.offset, dump.share)), dump)
            optimiser.zero_grad()
            ((losses * dump.weight).sum() / dump.weight.sum()).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        print(f"epoch {number} of {len(epochs)}", flush=True)
    return model.eval()


def packed(models: Sequence[Sequences], network: Network) -> Network:
    """The trained weights side by side."""
    vectors = np.concatenate([model.words() for model in models], axis=1)
    layers = []
    for same in zip(*(model.layers for model in models), strict=True):
        weight = np.stack([layer.weight.detach().numpy().T for layer in same])
        layers.append((weight, np.stack([layer.bias.detach().numpy()[None] for layer in same])))
    return replace(network, vectors=vectors, layers=tuple(layers))


def save(network: Network, path: Path) -> None:
    """Write the weights as half floats; they come back as floats."""
    arrays = {"vectors": network.vectors.astype(np.float16), "center": network.center, "scale": network.scale}
    arrays |= {"follows": network.follows}
    arrays |= {"names": np.array(network.names), "words": np.array(network.words), "strides": np.array(network.strides)}
    for i, (weight, bias) in enumerate(network.layers):
        arrays |= {f"weight{i}": weight.astype(np.float16), f"bias{i}": bias.astype(np.float16)}
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def is_hard(page: GoldPage) -> bool:
    """Whether it is one of those of training/segments, named sN-pNN, that were made to be hard."""
    return page.name.startswith("s") and writer_of(page.name) <= LAST_HARD


def pages_without_claims() -> list[GoldPage]:
    """The pages of training/segments that the labeller learns from."""
    return load_pages(HERE / "segments", "train")


def train_pages() -> list[GoldPage]:
    """All pages that the labeller learns from."""
    return load_pages(HERE / "corpus", "train") + pages_without_claims()


def varied(pages: Sequence[GoldPage], number: int, oftener: int = 1) -> list[GoldPage]:
    """The variant of that number, with one in `SEEN_SELDOM` of the hard pages and one in three of the dense ones, or
    more of both, by the factor `oftener`."""
    hard = [page for page in pages if is_hard(page)]
    dense = [page for page in pages if page.name.startswith("s") and writer_of(page.name) in _DENSE]
    seldom = {*(page.name for page in hard), *(page.name for page in dense)}
    shown = [page for page in pages if page.name not in seldom]
    for some, in_all in ((hard, SEEN_SELDOM), (dense, _DENSE_SEEN)):
        every = max(1, in_all // oftener)
        shown += some[number % every :: every]
    return vary_pages(shown, random.Random(number))


def train(
    pages: Sequence[GoldPage], *, networks: int = NETWORKS, variants: int = VARIANTS, rounds: int = EPOCHS
) -> Network:
    """The networks trained on some pages; fewer, with fewer variants and epochs, are quicker and a little worse."""
    torch.set_num_threads(1)
    blank = blank_network(pages)
    models = []
    for seed in range(networks):
        torch.manual_seed(seed)
        sets = [[*dumps_of(varied(pages, 1000 * seed + i), blank.network)] for i in range(variants)]
        epochs = [sets[epoch % variants] for epoch in range(rounds)]
        models.append(fit(Sequences(blank), epochs, told, seed))
    return packed(models, blank.network)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("teachers.npz"))
    parser.add_argument("--extra", type=Path, help="folder of further labelled pages")
    args = parser.parse_args()
    pages = train_pages() + (load_pages(args.extra) if args.extra else [])
    save(train(pages), args.out)
    print(f"{len(pages)} pages; {args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
