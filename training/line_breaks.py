"""Train the network that reads back where lines ended: `python -m training.line_breaks` (half an hour of one core;
`train` extra).

It learns from the line breaks of the pages that the labeller learns from, and of every second public page of WCXB,
which is not part of the project (`--pages FOLDER`): lines are put one behind another with a blank between, and asked is
which words began one. No label is needed. Writes pipeline/models/line_breaks/weights.onnx; after the labeller, whose
vectors of words it reads. Seeds are fixed.
"""

import argparse
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from pipeline.models.labeller import load_network
from pipeline.models.line_breaks import STRIDES, read_tokens
from training.dumps import Blank, Dump
from training.eight_bit import Scale
from training.labeller import HERE, Sequences, fit, packed, train_pages, varied
from training.main_blocks import WCXB
from training.public import Lines, public_dumps, public_texts

WEIGHTS = HERE.parent / "pipeline" / "models" / "line_breaks" / "weights.onnx"
VARIANTS, EPOCHS = 13, 26
FIRST = 9000  # number of the first variant; no other training sees these
STATE, NOISE, SEED = 80, 0.15, 5
SMALL = 12  # one text in so many is shown in small letters
_FAR = 4.0  # standard deviations at which a feature is cut off
_FEWEST = 8  # words of a text that is shown
_SENTENCE = re.compile(r"([.!?]) (?=\S)")


class _Way(NamedTuple):
    """A way to put lines together: what stands between two of them, one or the other; whether sentences are two blanks
    apart; how often it is shown."""

    between: tuple[str, ...]
    share: float
    typed: bool = False


_WAYS = (
    _Way((" ",), 0.62), _Way(("",), 0.12), _Way((" ", ""), 0.12), _Way((" ", "  "), 0.04), _Way(("  ",), 0.03),
    _Way(("\t",), 0.03), _Way((" ",), 0.04, typed=True),
)  # fmt: skip


def run_together(text: str, rng: random.Random) -> tuple[str, list[int]]:
    """A text as one line, in one of some ways, and where each of its lines begins there."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    [way] = rng.choices(_WAYS, [way.share for way in _WAYS])
    if way.typed:
        lines = [_SENTENCE.sub(r"\1  ", line) for line in lines]
    ended = [line + rng.choice(way.between) for line in lines]
    return "".join(ended), [*accumulate(map(len, ended[:-1]), initial=0)] if lines else []


def shown(text: str, rng: random.Random) -> Dump | None:
    """A text run together, word by word, with 1 for each that began a line; None for one of hardly any words."""
    line, starts = run_together(text, rng)
    tokens = read_tokens([line])
    count = len(tokens.start)
    if count < _FEWEST:
        return None
    bags = [tokens.words[i] for i in tokens.spelling.tolist()]
    sizes = np.array([*map(len, bags)])
    share = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    bag = np.array([word for bag in bags for word in bag], np.int64), np.cumsum(sizes) - sizes, share
    begins = np.isin(tokens.start, starts).astype(np.int64)
    begins[0] = -1
    return Dump(tokens.values, bag, begins, np.ones(count, np.int64))


def asked(scores: torch.Tensor, dump: Dump) -> torch.Tensor:
    """The loss of each word."""
    return functional.cross_entropy(scores, dump.gold, reduction="none", ignore_index=-1)


def texts_of(number: int, public: Sequence[Lines]) -> list[str]:
    """What one epoch shows."""
    pages = [*varied(train_pages(), FIRST + number), *public_dumps(public, random.Random(number))]
    return [page.text.lower() if i % SMALL == 0 else page.text for i, page in enumerate(pages)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/ of WCXB")
    options = parser.parse_args()
    torch.set_num_threads(1)
    public = public_texts(options.pages)
    rng = random.Random(SEED)
    sets = [[dump for text in texts_of(i, public) if (dump := shown(text, rng)) is not None] for i in range(VARIANTS)]
    values = torch.cat([dump.values for dump in sets[0]]).numpy()
    scale = Scale(values.mean(0), values.std(0) + 1e-3, _FAR)
    center, spread = torch.from_numpy(scale.center), torch.from_numpy(scale.spread)
    for dump in (dump for dumps in sets for dump in dumps):
        dump.values = torch.clip((dump.values - center) / spread, -_FAR, _FAR)
    words = load_network()
    network = replace(words, names=tuple(map(str, range(values.shape[1]))))
    blank = Blank(network, scale, np.zeros(len(words.words), bool))
    torch.manual_seed(SEED)
    model = Sequences(blank, width=STATE, noise=NOISE, strides=STRIDES, answers=2)
    made = packed([fit(model, [sets[i % VARIANTS] for i in range(EPOCHS)], asked, SEED)], blank, sets[0])
    options.out.write_bytes(made.layers)
    print(f"{sum(map(len, sets))} texts; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
