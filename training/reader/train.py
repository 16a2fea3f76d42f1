"""Fit the reader: one function, settings argued in `Settings`."""

import copy
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from pipeline.models.reader.windows import KINDS, Shape
from pipeline.schema import PREDICATES
from training.reader.data import Article, Packed, collate, examples_of
from training.reader.model import MAX_WIDTH, Reader, Spans, near_words

__all__ = ["Base", "Settings", "fit"]

_MASK = 103  # [MASK] in BERT's uncased vocabulary


@dataclass(frozen=True)
class Settings:
    """Everything that training depends on.

    epochs: 30; after 11 the loss was still falling. batch: windows a step. encoder_rate, head_rate: AdamW's rates
    for the pretrained encoder and for the new heads; 5e-5, 1e-4 and 1.5e-4 differed by less than the noise. decay:
    its weight decay. warmup: share of the steps over which the rates rise. dropout: of the heads. mask: share of
    words hidden; 0 and 0.1 differed by less than the noise, some guards against learning the corpus by heart.
    spans, pairs: likeliest spans of a window that are paired, and pairs of them that are scored; more do not fit
    a step's memory and are easy. cuts: sets of window cuts that the epochs go through, so that no sentence always
    stands at a window's edge. near: weight of a pair whose words only overlap a claim's; untried otherwise, as are
    the two loss weights. average: decay of the moving average of the weights. span_layers: rounds in which a window's
    spans see one another. seed: of everything random. shape: size of the windows.
    """

    epochs: int = 30
    batch: int = 16
    encoder_rate: float = 1.5e-4
    head_rate: float = 1.2e-3
    decay: float = 0.02
    warmup: float = 0.1
    dropout: float = 0.2
    mask: float = 0.07
    spans: int = 64
    pairs: int = 1024
    cuts: int = 5
    near: float = 0.5
    span_weight: float = 1.0
    pair_weight: float = 1.0
    average: float = 0.995
    span_layers: int = 1
    seed: int = 0
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True)
class Base:
    """What training starts from: MiniLM's tokenizer and its weights (safetensors)."""

    tokenizer: Tokenizer
    weights: Path


def fit(
    articles: Sequence[Article],
    base: Base,
    settings: Settings,
    *,
    report: Callable[[int, float], None] | None = None,
    deadline: float | None = None,
) -> Reader:
    """A reader fitted on the articles, from the pretrained weights; on the GPU where there is one.

    What comes back is the moving average of the weights over the last steps, which generalises better
    than the last weights alone. Past `deadline` (seconds of `time.time`) training ends early, the learning
    rates having fallen on time; without one, `settings.epochs` are run.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rng = random.Random(settings.seed)
    torch.manual_seed(settings.seed)
    model = Reader(settings.dropout, settings.span_layers)
    model.encoder.load(base.weights)
    model.encoder.words.weight.requires_grad_(False)
    model.to(device).train()
    average = copy.deepcopy(model).eval()
    optimizer = _optimizer(model, settings)
    batches = [[p.to(device) for p in cut] for cut in _cuts(articles, base.tokenizer, settings, rng)]
    steps = settings.epochs * sum(map(len, batches)) / len(batches)
    begun, step = time.time(), 0
    for epoch in range(settings.epochs):
        order = batches[epoch % len(batches)]
        rng.shuffle(order)
        total = torch.zeros((), device=device)
        for packed in order:
            spent = 0.0 if deadline is None else (time.time() - begun) / (deadline - begun)
            if spent >= 1.0:
                return average
            _set_rates(optimizer, settings, max(spent, step / steps))
            total += _step(model, optimizer, packed, settings)
            step += 1
            _blend(average, model, min(settings.average, step / (step + 10)))
        if report:
            report(epoch, float(total) / len(order))
    return average


def _step(model: Reader, optimizer: torch.optim.Optimizer, packed: Packed, settings: Settings) -> Tensor:
    device = packed.weight.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        loss = loss_of(model, _masked(packed, settings.mask), settings)
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


def _cuts(
    articles: Sequence[Article], tokenizer: Tokenizer, settings: Settings, rng: random.Random
) -> Iterator[list[Packed]]:
    """Batches of like-long windows, several times over: each time the windows begin elsewhere."""
    for i in range(settings.cuts):
        examples = examples_of(articles, tokenizer, settings.shape, rng if i else None)
        examples.sort(key=lambda e: len(e.window.token_ids) + rng.random() * 40)
        yield [collate(examples[at : at + settings.batch]) for at in range(0, len(examples), settings.batch)]


def _masked(packed: Packed, rate: float) -> Packed:
    """Some words replaced by [MASK], all their pieces, so that the reader leans on the frame as well."""
    chosen = torch.rand(packed.weight.shape, device=packed.weight.device) < rate
    hidden = chosen.gather(1, packed.word_of.clamp(min=0)) & (packed.word_of >= 0)
    ids = packed.batch.token_ids.masked_fill(hidden, _MASK)
    return replace(packed, batch=replace(packed.batch, token_ids=ids))


@torch.no_grad()
def _blend(average: Reader, model: Reader, keep: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - keep)


def loss_of(model: Reader, packed: Packed, settings: Settings) -> Tensor:
    """Loss of spans (is it an argument, of which type) and pairs (which predicate, negated, hedged).

    Dense and masked throughout: an index that depends on values would make the GPU wait for the CPU.
    """
    batch, gold, relations = packed.batch, packed.spans, packed.relations
    words = model.encode(batch)
    scores = model.spans(words, batch.sentence, batch.word_padding)
    there = gold[:, :, 0] >= 0
    at = (gold[:, :, 0] * MAX_WIDTH + gold[:, :, 1] - gold[:, :, 0]).clamp(min=0)
    argument = scores.argument.float().flatten(1)
    allowed = scores.allowed.flatten(1)
    target = torch.zeros_like(argument).scatter_add(1, at, there.float()).clamp(max=1.0)
    n_gold = there.sum().clamp(min=1)
    losses = F.binary_cross_entropy_with_logits(argument, target, reduction="none")
    span_loss = (losses * allowed).sum() / n_gold
    types = scores.types.flatten(1, 2)
    type_logits = types.gather(1, at[..., None].expand(-1, -1, types.shape[-1])).float().flatten(0, 1)
    type_loss = (
        F.cross_entropy(type_logits, gold[:, :, 2].masked_fill(~there, -100).flatten(), reduction="sum") / n_gold
    )
    begin, stop, chosen = _pool(argument.detach().masked_fill(~allowed, -1e4), at, there, settings.spans)
    flat = scores.hidden.flatten(1, 2)
    hidden = flat.gather(1, chosen[..., None].expand(-1, -1, flat.shape[-1]))
    spans = Spans(hidden, begin, stop, near_words(stop, batch.sentence, batch.word_padding))
    wanted, care, flags = _pair_targets((begin, stop), relations, packed.weight, settings.near)
    subject, object_ = _choose_pairs(begin, stop, care * (wanted[..., 0] < 1), settings.pairs, packed)
    pairs = model.pairs(words, spans, (subject, object_), batch)
    k = begin.shape[1]
    at_pair = subject.clamp(min=0) * k + object_.clamp(min=0)
    care = care.flatten(1).gather(1, at_pair) * pairs.allowed
    n_claims = (relations[:, :, 7] == 1).sum().clamp(min=1)
    log = pairs.relation.float().log_softmax(-1)
    pair_loss = (-(_pick(wanted, at_pair) * log).sum(-1) * care).sum() / n_claims
    flags = _pick(flags, at_pair)
    sure = ((flags >= 0) & pairs.allowed[..., None]).float()
    flag_losses = F.binary_cross_entropy_with_logits(pairs.flags.float(), flags.clamp(min=0).float(), reduction="none")
    flag_loss = (flag_losses * sure).sum() / sure.sum().clamp(min=1)
    return settings.span_weight * (span_loss + type_loss) + settings.pair_weight * pair_loss + 0.5 * flag_loss


def _pool(score: Tensor, gold: Tensor, there: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The spans that are paired in training: the gold ones and the likeliest others.

    First words, last words (-1 where there is no span) and flat indices. score: (batch, words * widths).
    """
    score = score.scatter_add(1, gold, there.float() * 1e5)
    best = score.topk(min(size, score.shape[1]), dim=1)
    gone = best.values < -5.0
    begin = best.indices // MAX_WIDTH
    stop = begin + best.indices % MAX_WIDTH
    return begin.masked_fill(gone, -1), stop.masked_fill(gone, -1), best.indices


def _pick(values: Tensor, at: Tensor) -> Tensor:
    """Rows of a (batch, spans, spans, d) tensor at flat pair indices (batch, pairs)."""
    flat = values.flatten(1, 2)
    return flat.gather(1, at[..., None].expand(-1, -1, flat.shape[-1]))


def _choose_pairs(begin: Tensor, stop: Tensor, claimed: Tensor, size: int, packed: Packed) -> tuple[Tensor, Tensor]:
    """Indices of subjects and objects of the pairs that are scored in training; -1 where there are fewer.

    Claimed pairs first, then those of one sentence, then those of neighbouring sentences or with a heading or
    title: the order in which the reader, too, takes them.
    """
    batch = packed.batch
    sentence, kind = (x.gather(1, begin.clamp(min=0)) for x in (batch.sentence, batch.word_kind))
    gap = (sentence[:, :, None] - sentence[:, None]).abs()
    headed = (kind[:, :, None] != KINDS["body"]) | (kind[:, None] != KINDS["body"])
    apart = (stop[:, :, None] < begin[:, None]) | (stop[:, None] < begin[:, :, None])
    there = (begin >= 0)[:, :, None] & (begin >= 0)[:, None] & apart
    rank = (
        4.0 * (claimed > 0)
        + 2.0 * (gap == 0)
        + 1.0 * ((gap == 1) | headed)
        + 0.5 * torch.rand(gap.shape, device=gap.device)
    )
    best = rank.masked_fill(~there, -1.0).flatten(1).topk(min(size, gap[0].numel()), dim=1)
    gone = best.values < 0
    k = begin.shape[1]
    return (best.indices // k).masked_fill(gone, -1), (best.indices % k).masked_fill(gone, -1)


def _pair_targets(
    spans: tuple[Tensor, Tensor], relations: Tensor, weight: Tensor, near: float
) -> tuple[Tensor, Tensor, Tensor]:
    """What each pair of pooled spans should say: distribution over `none` and predicates, how much it counts, flags.

    A pair whose two spans share at least half of their content words with a gold claim's (the scorer's bound)
    is taught that claim, at weight `near` unless both are exact; aliases count nothing.
    """
    s = _overlap(spans, relations[:, :, 0], relations[:, :, 1], weight)
    o = _overlap(spans, relations[:, :, 2], relations[:, :, 3], weight)
    fit = torch.minimum(s[:, :, None], o[:, None])
    mode = relations[:, None, None, :, 7]
    real = torch.where(mode == 1, fit, -1.0)
    alias = torch.where(mode == 0, fit, -1.0)
    best = real.max(-1)
    exact = (real >= 0.999) & (mode == 1)
    one_hot = F.one_hot(relations[:, :, 4].clamp(min=0), len(PREDICATES) + 1).float()
    from_exact = torch.einsum("bijr,brp->bijp", exact.float(), one_hot)
    take = best.indices[..., None].expand(-1, -1, -1, one_hot.shape[-1])
    from_near = one_hot[:, None].expand(-1, fit.shape[1], -1, -1).gather(2, take)
    none = torch.zeros_like(from_near)
    none[..., 0] = 1.0
    any_exact = exact.any(-1)
    any_near = best.values >= 0.5
    wanted = torch.where(any_exact[..., None], from_exact / from_exact.sum(-1, keepdim=True).clamp(min=1), none)
    wanted = torch.where((any_near & ~any_exact)[..., None], from_near, wanted)
    care = torch.where(any_exact, 1.0, torch.where(any_near, near, torch.where(alias.amax(-1) >= 0.5, 0.0, 1.0)))
    chosen = (
        relations[:, None, :, 5:7]
        .expand(-1, fit.shape[1], -1, -1)
        .gather(2, best.indices[..., None].expand(-1, -1, -1, 2))
    )
    return wanted, care, torch.where((any_exact | any_near)[..., None], chosen, -1)


def _overlap(spans: tuple[Tensor, Tensor], first: Tensor, last: Tensor, weight: Tensor) -> Tensor:
    """(batch, spans, relations): F1 of the content words that a span and a gold argument share by place."""
    total = F.pad(weight.cumsum(1), (1, 0))
    begin, stop = (x.clamp(min=0) for x in spans)
    a, b = torch.maximum(begin[:, :, None], first[:, None]), torch.minimum(stop[:, :, None], last[:, None])

    def mass(x: Tensor, y: Tensor) -> Tensor:
        flat = total.gather(1, (y + 1).clamp(min=0).flatten(1)) - total.gather(1, x.clamp(min=0).flatten(1))
        return flat.view(x.shape)

    common = torch.where(b >= a, mass(a, b.clamp(min=-1)), 0.0).clamp(min=0.0)
    sizes = mass(begin, stop)[:, :, None] + mass(first, last)[:, None]
    there = (spans[0] >= 0)[:, :, None] & (first >= 0)[:, None]
    return torch.where(there, 2 * common / sizes.clamp(min=1e-6), 0.0)
