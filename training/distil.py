"""Train the labeller that ships: `python -m training.distil` (twenty minutes of one core; needs the `train` extra).

One network that learns from the labels and from what four like it (`training.labeller`) say, after Hinton, Vinyals
and Dean (2015): it labels nearly as well as the four in a quarter of the time. It sees many variants, with less noise
and for longer (after Beyer and others, Knowledge distillation: a good teacher is patient and consistent, 2022). What
the four know shows on pages they were not trained on, so it also reads every second public page of WCXB, which is not
part of the project (`--pages FOLDER`), block by block and without labels. Writes pipeline/models/labeller/weights.npz.
Seeds are fixed.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional

from pipeline.evaluation.gold import GoldPage
from pipeline.evaluation.web_pages import by_name, load_web_pages, read_web_pages
from pipeline.models.labeller import load_network
from pipeline.text.html import extract
from training.labeller import (
    WEIGHTS,
    Dump,
    Sequences,
    blank_network,
    dumps_of,
    fit,
    packed,
    save,
    told,
    train,
    train_pages,
    varied,
)
from training.main_text import WCXB

VARIANTS, PUBLIC_VARIANTS, EPOCHS = 30, 10, 110
STATE = 80  # with 64 it keeps less of what the four know, with 96 no more and cleaning takes 4 % longer; see the card
SEED = 3
# Share of what the four say in what is learnt of a labelled part; of others it is all. With .8 (and less noise)
# pages by the writers of the training pages are read less well (written test pages .947 for .952), others as well.
TAUGHT = 0.6
OFTENER = 2  # as often as to the four come hard pages: what is said of them is learnt, not how often they come
FIRST = 7000  # number of the first variant; the four have seen lower ones
NOISE = 0.5  # of the noise that the four were trained with; with all of it the pupil stays less like them
# Scores are divided by it when all is learnt: with what noise is left the pupil is less sure than the four mean to be.
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


def taught(scores: torch.Tensor, dump: Dump) -> torch.Tensor:
    """The loss of each part by what the four say of it, and by its label where it has one."""
    said = functional.cross_entropy(scores, dump.said, reduction="none")
    return torch.where(dump.gold < 0, said, TAUGHT * said + (1 - TAUGHT) * told(scores, dump))


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
    blank = blank_network(pages)
    sets = [[*dumps_of(varied(pages, FIRST + i, OFTENER), blank.network, teachers)] for i in range(VARIANTS)]
    texts = public_texts(options.pages)
    mixed = [public_dumps(texts, random.Random(i)) for i in range(PUBLIC_VARIANTS)]
    public = [[*dumps_of(dumps, blank.network, teachers)] for dumps in mixed]
    epochs = [[*sets[i % VARIANTS], *public[i % PUBLIC_VARIANTS]] for i in range(EPOCHS)]
    torch.manual_seed(SEED)
    pupil = fit(Sequences(blank, width=STATE, noise=NOISE), epochs, taught, SEED)
    for weights in pupil.layers[-1].parameters():
        weights.data /= SHARPENED
    save(packed([pupil], blank.network), options.out)
    print(f"{len(pages)} pages, {len(texts)} public ones; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
