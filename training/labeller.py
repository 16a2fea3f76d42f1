"""Train four labellers, of the eight from which the one that ships is learnt (`training.distil`):
`python -m training.labeller`, and once more with `--last 201`.

Twenty-five minutes of one core; needs the `train` extra. Reads training/corpus/*.page and training/segments/*.page
(train parts), and what is main text of every second public page of WCXB, which is not part of the project (`--pages
FOLDER`). Seeds are fixed.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from pipeline.models.chain import STEPS, steps_of
from pipeline.models.labeller import Network
from pipeline.schema import LABELS
from pipeline.text.features import features, parts_of
from pipeline.text.segments import read_lines
from training.dumps import KEPT, Blank, Dump, dumps_of, gold_labels, only_main_text
from training.eight_bit import Layers, Scale, to_onnx
from training.known_words import known_words
from training.main_blocks import WCXB
from training.public import Lines, public_dumps, public_texts
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
_FAR = 4.0  # standard deviations at which a feature is cut off
SMOOTH = 0.5  # neighbours added to each two labels
PAGES_OF_A_WORD = 8  # rarer words are topics, and topics say nothing about the kind of a line


class Sequences(nn.Module):
    """The network of `pipeline.models.labeller`, `width` numbers a part, with its training noise, of which `noise` is
    a share. strides, answers: of another that is made alike; of its words nothing is learnt where `blank` says so."""

    def __init__(
        self, blank: Blank, *, width: int = STATE, noise: float = 1.0, strides: Sequence[int] = STRIDES,
        answers: int = len(LABELS),
    ) -> None:  # fmt: skip
        super().__init__()
        self.known = torch.from_numpy(blank.network.vectors)
        count = int(blank.learnt.sum())
        self.place = torch.from_numpy(np.where(blank.learnt, np.cumsum(blank.learnt) - 1, count))
        self.vectors = nn.EmbeddingBag(count + 1, WIDTH if count else 0, mode="sum", padding_idx=count)
        nn.init.normal_(self.vectors.weight, 0, 0.05)
        self.vectors.weight.data[count] = 0
        self.strides = strides
        own = len(blank.network.names) + self.vectors.embedding_dim + self.known.shape[1]
        widths = [(own, width), *((3 * width, width) for _ in strides), (width, answers)]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in widths)
        self.noise, self.lost = nn.Dropout(0.25 * noise), nn.Dropout(0.1 * noise)
        self.unread = 0.3 * noise  # share of the words

    def forward(self, values: torch.Tensor, bag: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return self.layers[-1](self.read(values, bag)[-1])  # type: ignore[no-any-return]

    def read(self, values: torch.Tensor, bag: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> list[torch.Tensor]:
        """What each layer reads; of those between the first and the last what they read of the part itself."""
        word, offset, share = bag
        share = share * (torch.rand(len(share)) > self.unread) / (1 - self.unread) if self.training else share
        known = functional.embedding_bag(word, self.known, offset, mode="sum", per_sample_weights=share)
        learnt = known[:, :0]
        if self.vectors.embedding_dim:
            learnt = self.vectors(self.place[word], offset, per_sample_weights=share)
        own = torch.cat([self.lost(values), learnt, known], 1)
        read = [own, self.noise(functional.relu(self.layers[0](own)))]
        for layer, stride in zip(list(self.layers)[1:-1], self.strides, strict=True):
            state = read[-1]
            wide = functional.pad(state, (0, 0, stride, stride))
            around = torch.cat([wide[: len(state)], state, wide[2 * stride :]], 1)
            read.append(state + self.noise(functional.relu(layer(around))))
        return read

    def words(self) -> npt.NDArray[np.float32]:
        """The numbers of each word: those learnt, 0 where none are, and those known beforehand."""
        return torch.cat([self.vectors.weight.detach()[self.place], self.known], 1).numpy()


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
    scale = Scale(rows.values.mean(0), rows.values.std(0) + 1e-3, _FAR)
    follows = follows_of([page for page in pages if not is_hard(page)])
    network = Network(rows.names, tuple(words), beforehand, b"", follows)
    return Blank(network, scale, np.array([word in learnt for word in words]))


def follows_of(pages: Sequence[GoldPage]) -> npt.NDArray[np.float32]:
    """Log odds of each label behind each other one, by the way it follows, against its share of all parts."""
    parts, table = parts_of([read_lines(page.text) for page in pages])
    label, _ = gold_labels(parts, table.source, pages)
    count = np.full((STEPS, len(LABELS), len(LABELS)), SMOOTH)
    behind = np.flatnonzero(np.diff(table.source, prepend=-1) == 0)
    np.add.at(count, (steps_of(table)[behind], label[behind - 1], label[behind]), 1)
    share = count.sum((0, 1)) / count.sum()
    return np.asarray(np.log(count / count.sum(2, keepdims=True) / share), np.float32)


Loss = Callable[[torch.Tensor, Dump], torch.Tensor]


def told(scores: torch.Tensor, dump: Dump) -> torch.Tensor:
    """The loss of each part by its gold label, or by whether it is main text; 0 where neither is known."""
    if len(dump.main):
        logs = functional.log_softmax(scores, 1)
        kept, dropped = logs[:, :KEPT].logsumexp(1), logs[:, KEPT:].logsumexp(1)
        return -torch.where(dump.main == 1, kept, dropped) * (dump.main >= 0)
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


def packed(models: Sequence[Sequences], blank: Blank, dumps: Sequence[Dump]) -> Network:
    """The trained weights side by side; `dumps` tell how large the numbers are that the layers read."""
    vectors = np.concatenate([model.words() for model in models], axis=1)
    layers = to_onnx([_layers(model, dumps) for model in models], models[0].strides, blank.scale)
    return replace(blank.network, vectors=vectors, layers=layers)


def _layers(model: Sequences, dumps: Sequence[Dump]) -> Layers:
    with torch.no_grad():
        read = [model.eval().read(dump.values, (dump.word, dump.offset, dump.share)) for dump in dumps]
    weights, biases = zip(*([*layer.parameters()] for layer in model.layers), strict=True)
    return Layers(
        [weight.detach().numpy().T for weight in weights], [bias.detach().numpy() for bias in biases],
        [torch.cat(rows).numpy() for rows in zip(*read, strict=True)],
    )  # fmt: skip


def save(network: Network, path: Path) -> None:
    """Write the weights, those of words as half floats."""
    np.savez_compressed(
        path, names=np.array(network.names), words=np.array(network.words), vectors=network.vectors.astype(np.float16),
        layers=np.frombuffer(network.layers, np.uint8), follows=network.follows,
    )  # fmt: skip


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
    pages: Sequence[GoldPage],
    public: Sequence[Lines] = (),
    *,
    networks: int = NETWORKS,
    variants: int = VARIANTS,
    rounds: int = EPOCHS,
) -> Network:
    """The networks trained on some pages, and on what is main text of public ones.

    Fewer, with fewer variants and epochs, are quicker and a little worse.
    """
    torch.set_num_threads(1)
    blank = blank_network(pages)
    models = []
    for seed in range(networks):
        torch.manual_seed(seed)
        sets = []
        for number in range(1000 * seed, 1000 * seed + variants):
            rough = dumps_of(public_dumps(public, random.Random(number)), blank) if public else ()
            sets.append([*dumps_of(varied(pages, number), blank), *only_main_text(rough)])
        epochs = [sets[epoch % variants] for epoch in range(rounds)]
        models.append(fit(Sequences(blank), epochs, told, seed))
    return packed(models, blank, sets[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("teachers.npz"))
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/ of WCXB")
    parser.add_argument("--extra", type=Path, help="folder of further labelled pages")
    parser.add_argument("--last", type=int, default=9999, help="last writer whose pages of training/segments are taken")
    args = parser.parse_args()
    pages = [page for page in train_pages() if page.name.startswith("w") or writer_of(page.name) <= args.last]
    pages += load_pages(args.extra) if args.extra else []
    public = public_texts(args.pages)
    save(train(pages, public), args.out)
    print(f"{len(pages)} pages, {len(public)} public ones; {args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
