"""Fit the reader: one function, settings argued in `Settings`."""

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from pipeline.models.reader.windows import Shape, read_sentences
from training.reader.data import Article, Packed, collate, examples_of
from training.reader.encoder import MINILM, EncoderShape
from training.reader.loss import Goal, Opinion, loss_of, opinion_of
from training.reader.model import Reader
from training.reader.swap import arguments_of, swapped

__all__ = ["PUPIL", "TEACHER", "Base", "Settings", "fit"]

_Lesson = tuple[Packed, Opinion | None]
_MASK = 103  # [MASK] in BERT's uncased vocabulary


@dataclass(frozen=True)
class Settings:
    """Everything that training depends on.

    epochs: 13; 24 did no better without teachers. batch: windows a step. encoder_rate, head_rate: AdamW's rates for
    the pretrained encoder and for the new heads. decay: its weight decay. warmup: share of the steps over which the
    rates rise. dropout: of the heads. mask: share of words hidden. .35 and .15 of these two together cost .03 on
    written pages.
    cuts: sets of window cuts that the epochs go through, so that no sentence always stands at a window's edge.
    swap: whether every second cut shows other arguments. asked: share of the steps in which teachers are heard; in
    the others a reader pairs what it finds likely itself. average: decay of the moving average of the weights.
    span_layers: rounds in which a window's spans see one another. looks: times a pair looks at its sentence; 2 did
    better than 1 by .015. seed: of everything random. shape: size of the windows. goal: weights of the loss.
    """

    epochs: int = 13
    batch: int = 32
    encoder_rate: float = 2e-4
    head_rate: float = 1.5e-3
    decay: float = 0.02
    warmup: float = 0.1
    dropout: float = 0.2
    mask: float = 0.07
    cuts: int = 4
    swap: bool = True
    asked: float = 0.5
    average: float = 0.995
    span_layers: int = 1
    looks: int = 2
    seed: int = 0
    shape: Shape = field(default_factory=Shape)
    goal: Goal = field(default_factory=Goal)


# What the shipped weights were made with; nothing else was tried for the teachers but 5e-5 on fewer pages.
TEACHER = Settings(epochs=7, encoder_rate=6e-5, head_rate=1e-3, average=0.99, cuts=2)
PUPIL = Settings(epochs=11)


@dataclass(frozen=True)
class Base:
    """What training starts from: BERT's uncased tokenizer, a pretrained encoder's shape and weights (safetensors)."""

    tokenizer: Tokenizer
    weights: Path
    shape: EncoderShape = MINILM


def fit(
    groups: Sequence[Sequence[Article]],
    base: Base,
    settings: Settings,
    *,
    teachers: Sequence[Reader] = (),
    report: Callable[[int, float], None] | None = None,
) -> Reader:
    """A reader fitted on groups of articles, from the pretrained weights; on the GPU where there is one.

    What comes back is the moving average of the weights over the last steps, which generalises better
    than the last weights alone. `teachers` are fitted readers whose opinion counts beside the labels, and alone where
    an article has none. The windows of a group are the same whatever groups stand beside it.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rng = random.Random(settings.seed)
    torch.manual_seed(settings.seed)
    model = Reader(base.shape, dropout=settings.dropout, span_layers=settings.span_layers, looks=settings.looks)
    model.encoder.load(base.weights)
    model.encoder.words.weight.requires_grad_(False)
    model.to(device).train()
    average = copy.deepcopy(model).eval()
    optimizer = _optimizer(model, settings)
    batches = [
        [
            _lesson(packed.to(device), teachers, settings)
            for group in groups
            for packed in _cut(group, base, settings, i)
        ]
        for i in range(settings.cuts)
    ]
    steps = settings.epochs * sum(map(len, batches)) / len(batches)
    step = 0
    for epoch in range(settings.epochs):
        order = batches[epoch % len(batches)]
        rng.shuffle(order)
        total = torch.zeros((), device=device)
        for packed, opinion in order:
            _set_rates(optimizer, settings, step / steps)
            asked = opinion if not packed.labelled or rng.random() < settings.asked else None
            total += _step(model, optimizer, (packed, asked), settings)
            step += 1
            _blend(average, model, min(settings.average, step / (step + 10)))
        if report:
            report(epoch, float(total) / len(order))
    return average


def _lesson(packed: Packed, teachers: Sequence[Reader], settings: Settings) -> _Lesson:
    """A batch and what the teachers think of it: they are asked once, not in every epoch."""
    if not teachers:
        return packed, None
    device = packed.weight.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        return packed, opinion_of([teacher.to(device).eval() for teacher in teachers], packed, settings.goal)


def _step(model: Reader, optimizer: torch.optim.Optimizer, lesson: _Lesson, settings: Settings) -> Tensor:
    packed, opinion = lesson
    device = packed.weight.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        loss = loss_of(model, packed, _masked(packed, settings.mask), settings.goal, opinion)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


def _optimizer(model: Reader, settings: Settings) -> torch.optim.Optimizer:
    encoder = {id(p) for p in model.encoder.parameters()}
    groups = [
        {"params": [p for p in model.parameters() if id(p) in encoder and p.requires_grad]},
        {"params": [p for p in model.parameters() if id(p) not in encoder]},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.decay, fused=True)


def _set_rates(optimizer: torch.optim.Optimizer, settings: Settings, progress: float) -> None:
    """Linear up to the full rates during the warm-up, then linear down to a fiftieth."""
    warm = settings.warmup
    part = progress / warm if progress < warm else max(0.02, (1 - progress) / (1 - warm))
    for group, rate in zip(optimizer.param_groups, (settings.encoder_rate, settings.head_rate), strict=True):
        group["lr"] = rate * part


def _cut(articles: Sequence[Article], base: Base, settings: Settings, cut: int) -> list[Packed]:
    """Batches of like-long windows, which begin elsewhere in each cut; in every second cut some arguments are replaced
    by others of their type.
    """
    rng = random.Random(settings.seed + cut)
    if cut % 2 and settings.swap:
        arguments = arguments_of(articles)
        articles = [swapped(article, arguments, rng) for article in articles]
    batches = []
    for labelled in (True, False):
        kind = [a for a in articles if a.labelled == labelled]
        sentences = [read_sentences(a.lines, base.tokenizer) for a in kind]
        examples = examples_of(kind, sentences, settings.shape, rng if cut else None)
        examples.sort(key=lambda e: len(e.window.token_ids) + rng.random() * 40)
        parts = [examples[at : at + settings.batch] for at in range(0, len(examples), settings.batch)]
        batches += [collate(part, labelled=labelled) for part in parts]
    return batches


def _masked(packed: Packed, rate: float) -> Tensor:
    """Token ids with some words replaced by [MASK], all their pieces, so that the reader leans on the frame as well."""
    chosen = torch.rand(packed.weight.shape, device=packed.weight.device) < rate
    hidden = chosen.gather(1, packed.word_of.clamp(min=0)) & (packed.word_of >= 0)
    return packed.batch.token_ids.masked_fill(hidden, _MASK)


@torch.no_grad()
def _blend(average: Reader, model: Reader, keep: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)
