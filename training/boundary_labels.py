"""Train the network whose labels the model of where articles begin reads: `python -m training.boundary_labels`.

Seven minutes of one core; `train` extra. A headline stands alone on its line, as the links of a menu do. A labeller
that has been told of public pages, most of whose short lines are menus, finds one headline in seventeen of public
articles too unlikely to be looked at, and dumps of them are cut worse (CARD.md of the model). So the trees read a
labeller that has been told of none: a network half as wide as the one that ships, which learns what `untold.npz`, the
labeller that shipped before, says of the train pages and of the blocks of every second public page of WCXB (not part
of the project: `--pages FOLDER`). Writes pipeline/models/boundaries/labels.npz; `training.boundaries` comes next.
Seeds are fixed.
"""

import argparse
from pathlib import Path

import torch
from torch.nn import functional

from pipeline.models.labeller import load_network
from training.distil import lessons
from training.dumps import Dump
from training.labeller import HERE, Sequences, blank_network, fit, packed, save, train_pages
from training.main_blocks import WCXB
from training.public import public_texts

LABELS = HERE.parent / "pipeline" / "models" / "boundaries" / "labels.npz"
UNTOLD = HERE / "untold.npz"
VARIANTS, PUBLIC_VARIANTS, EPOCHS = 20, 10, 60
STATE, NOISE, SEED = 40, 0.2, 3  # no other were tried


def imitated(scores: torch.Tensor, dump: Dump) -> torch.Tensor:
    """The loss of each part by what the labeller of before says of it."""
    return functional.cross_entropy(scores, dump.said, reduction="none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=LABELS)
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/ of WCXB")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pages, texts, untold = train_pages(), public_texts(options.pages), [load_network(UNTOLD)]
    blank = blank_network(pages)
    sets, public = lessons((pages, texts), blank, untold, (VARIANTS, PUBLIC_VARIANTS))
    epochs = [[*sets[i % VARIANTS], *public[i % PUBLIC_VARIANTS]] for i in range(EPOCHS)]
    torch.manual_seed(SEED)
    network = fit(Sequences(blank, width=STATE, noise=NOISE), epochs, imitated, SEED)
    save(packed([network], blank, sets[0]), options.out)
    print(f"{len(pages)} pages, {len(texts)} public ones; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
