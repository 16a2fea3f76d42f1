"""The last step: honest lists told from lists of links, on pages made of them (`training/lists`).

In other pages short lines in a row are mostly links, so the network calls items of leaflets and listicles that, if less
surely. A few passes over pages of lists mend it; on windows of other pages it goes on saying what it said, so that it
forgets nothing (after Li and Hoiem, Learning without forgetting, 2016).
"""

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.evaluation.gold import GoldPage
from training.eight_bit import Scale
from training.labeller import varied
from training.second_opinion.network import LEAST, Reread
from training.second_opinion.shrink import of_parts, spliced
from training.second_opinion.stream import Batch, Stream
from training.tuning import Tuning, training_device, tuned

__all__ = ["taught_lists"]

# Passes over the lists, every second one over a variant, and share of the other pages. With 20, .45 and a rate of 1e-4
# lists of unseen hands are read at drop F1 .900 for .906 (`CARD.md`).
_PASSES, _SHARE, _TUNING = 8, 0.15, Tuning(rate=6e-5, warm=40, rounded_from=0.6)
_DOUBT, _ANY_WINDOW, _SOME = 0.05, 128, 0.35  # as it is read; tokens of windows of any text, and share of these
_MASK, _MASKED = 103, 0.05  # BERT's [MASK], and share of the words of lists that it takes the place of
_SAID, _MARKS = 0.1, 0.3  # weights of what the network said before of lists; of its states at marks of other pages
_FIRST = 9_000  # number of the first variant


def taught_lists(
    network: Reread, lists: Sequence[GoldPage], pages: Sequence[GoldPage], scale: Scale, seed: int
) -> Reread:
    """The network, taught pages of lists, and with some of the other `pages` what it says already."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    before = deepcopy(network).eval()
    steps = [*_lists(lists, scale, rng), *_others(pages, scale, seed, rng)]
    order = rng.permutation(len(steps)).tolist()
    return tuned(network, order, lambda i, left: _loss(network, before, *steps[i]), _TUNING)


def _lists(lists: Sequence[GoldPage], scale: Scale, rng: np.random.Generator) -> Iterator[tuple[Batch, bool]]:
    for number in range(_PASSES):
        stream = Stream(varied(lists, _FIRST + number, 1) if number % 2 else lists, scale)
        for some in (stream.doubted(_DOUBT, 0.0, rng), stream.windows(_ANY_WINDOW, rng)):
            yield from ((batch, True) for batch in stream.side_by_side(some, training_device()))


def _others(
    pages: Sequence[GoldPage], scale: Scale, seed: int, rng: np.random.Generator
) -> Iterator[tuple[Batch, bool]]:
    chosen = random.Random(seed).sample(pages, int(_SHARE * len(pages)))
    stream = Stream(varied(chosen, _FIRST + _PASSES + seed, 2), scale)
    any_text = stream.windows(_ANY_WINDOW, rng)
    for some in (stream.doubted(_DOUBT, 0.0, rng), any_text[rng.random(len(any_text)) < _SOME]):
        yield from ((batch, False) for batch in stream.side_by_side(some, training_device()))


def _loss(network: Reread, before: Reread, batch: Batch, is_list: bool) -> Tensor:
    """Of lists by their labels, of other windows by what was said `before`."""
    tokens, known = (_masked(batch), None) if is_list else spliced(batch)
    given = (tokens, batch.kinds, batch.marks, batch.features)
    with torch.autocast(training_device(), torch.bfloat16):
        with torch.no_grad():
            marks = before.states(given, batch.padding)[-1].flatten(0, 1)[batch.marks]
            said = before.scores(marks, batch.features).softmax(1)
        own = network.states(given, batch.padding)[-1].flatten(0, 1)[batch.marks]
        scores = network.scores(own, batch.features)
    if known is not None:
        learnt = (of_parts(scores, said, batch, known) * batch.weight).sum() / batch.weight.sum()
        return learnt + _MARKS * functional.mse_loss(own.float(), marks.float())
    labelled = functional.cross_entropy(scores, batch.gold, reduction="none", label_smoothing=0.02, ignore_index=-1)
    told = -(said.clamp(min=LEAST) * functional.log_softmax(scores, 1)).sum(1)
    weight = batch.weight * (batch.gold >= 0)
    return ((labelled + _SAID * told) * weight).sum() / weight.sum()


def _masked(batch: Batch) -> Tensor:
    there = torch.rand_like(batch.kinds, dtype=torch.float) < _MASKED
    return torch.where(there & (batch.kinds == 0) & ~batch.padding, _MASK, batch.tokens)
