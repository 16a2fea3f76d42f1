"""What the reader is taught: argument spans and their types, claims between them, a teacher's opinion of both."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.models.reader.windows import KINDS
from pipeline.schema import PREDICATES
from training.reader.data import Packed
from training.reader.model import MAX_WIDTH, PairScores, Reader, Spans, SpanScores, near_words

__all__ = ["Goal", "Opinion", "loss_of", "opinion_of"]


@dataclass(frozen=True)
class Goal:
    """How the parts of the loss are weighed.

    spans, pairs: likeliest spans of a window that are paired, and pairs of them that are scored: nearly all that
    a window of the usual size has. near: weight of a pair whose words only overlap a claim's. soft: share of an
    opinion, where there is one, against the labels.
    """

    spans: int = 64
    pairs: int = 1536
    near: float = 0.5
    soft: float = 0.7


@dataclass
class _Pool:
    """The spans and pairs of a batch that are scored. at: (batch, spans) flat index among all runs of words; begin,
    stop: first and last word, -1 where there is no span; subject, object: (batch, pairs) indices among the spans.
    """

    at: Tensor
    begin: Tensor
    stop: Tensor
    subject: Tensor
    object: Tensor


_Targets = tuple[Tensor, Tensor, Tensor]


@dataclass
class Opinion:
    """What teachers think of a batch, all as probabilities. pool: the spans and pairs that they were asked about;
    argument: (batch, words, widths); types: (batch, spans, 13); relation: (batch, pairs, 19); flags: (batch, pairs, 2).
    """

    pool: _Pool
    argument: Tensor
    types: Tensor
    relation: Tensor
    flags: Tensor


def loss_of(model: Reader, packed: Packed, hidden: Tensor, goal: Goal, opinion: Opinion | None = None) -> Tensor:
    """Loss of spans (is it an argument, of which type) and pairs (which predicate, negated, hedged).

    hidden: (batch, tokens) the ids with some words masked, which the model reads. An `opinion` counts beside the
    labels, and alone where there are none; the pairs are then those that the teachers were asked about.
    Dense and masked throughout: an index that depends on values would make the GPU wait for the CPU.
    """
    batch = packed.batch
    words = model.encode(packed.seen(hidden).batch)
    scores = model.spans(words, batch.sentence, batch.word_padding)
    there, at = _gold(packed)
    if opinion is None:
        pool, targets = _pool(scores.argument.detach().float(), scores.allowed, packed, goal)
    else:
        pool, targets = opinion.pool, _targets(opinion.pool, packed, goal)
    pairs = _score(model, words, scores, pool, packed)
    loss = torch.zeros((), device=words.device)
    if packed.labelled:
        span_loss, type_loss = _span_losses(scores, packed, at, there)
        pair_loss, flag_loss = _pair_losses(pairs, pool, targets, packed)
        loss = span_loss + type_loss + pair_loss + 0.5 * flag_loss
    if opinion is None:
        return loss
    return torch.lerp(loss, _soft(scores, pairs, opinion), goal.soft if packed.labelled else 1.0)


@torch.no_grad()
def opinion_of(teachers: Sequence[Reader], packed: Packed, goal: Goal) -> Opinion:
    """The mean of what fitted readers think of a batch: of its labelled arguments and those that they find likely."""
    batch = packed.batch
    read = [(teacher, teacher.encode(batch)) for teacher in teachers]
    scores = [teacher.spans(words, batch.sentence, batch.word_padding) for teacher, words in read]
    argument = torch.stack([s.argument.float().sigmoid() * s.allowed for s in scores]).mean(0)
    pool, _ = _pool(argument.logit(1e-6), scores[0].allowed, packed, goal)
    pairs = [_score(teacher, words, s, pool, packed) for (teacher, words), s in zip(read, scores, strict=True)]
    types = torch.stack([_pick(s.types.flatten(1, 2), pool.at).float().softmax(-1) for s in scores]).mean(0)
    relation = torch.stack([p.relation.float().softmax(-1) for p in pairs]).mean(0)
    flags = torch.stack([p.flags.float().sigmoid() for p in pairs]).mean(0)
    return Opinion(pool, *(x.half() for x in (argument, types, relation, flags)))


def _gold(packed: Packed) -> tuple[Tensor, Tensor]:
    """Which of the labelled spans are real ones, and the flat index of each among all runs of words."""
    begin, stop = packed.spans[:, :, 0], packed.spans[:, :, 1]
    return begin >= 0, (begin * MAX_WIDTH + stop - begin).clamp(min=0)


@torch.no_grad()
def _pool(argument: Tensor, allowed: Tensor, packed: Packed, goal: Goal) -> tuple[_Pool, _Targets]:
    """The spans and pairs to be scored: the labelled and the likeliest by `argument`, (batch, words, widths) logits."""
    there, at = _gold(packed)
    argument = argument.masked_fill(~allowed, -1e4).flatten(1)
    spans = _choose_spans(argument, at, there, goal.spans)
    targets = _pair_targets(spans[1:], packed.relations, packed.weight, goal.near)
    wanted, care, _ = targets
    chance = argument.gather(1, spans[0]).sigmoid()
    pairs = _choose_pairs((chance, *spans[1:]), care * (wanted[..., 0] < 1), goal.pairs, packed)
    return _Pool(*spans, *pairs), targets


def _targets(pool: _Pool, packed: Packed, goal: Goal) -> _Targets:
    return _pair_targets((pool.begin, pool.stop), packed.relations, packed.weight, goal.near)


def _span_losses(scores: SpanScores, packed: Packed, at: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    argument, allowed = scores.argument.float().flatten(1), scores.allowed.flatten(1)
    n_gold = there.sum().clamp(min=1)
    target = torch.zeros_like(argument).scatter_add(1, at, there.float()).clamp(max=1.0)
    losses = F.binary_cross_entropy_with_logits(argument, target, reduction="none")
    types = _pick(scores.types.flatten(1, 2), at).float().flatten(0, 1)
    right = packed.spans[:, :, 2].masked_fill(~there, -100).flatten()
    return (losses * allowed).sum() / n_gold, F.cross_entropy(types, right, reduction="sum") / n_gold


def _pair_losses(pairs: PairScores, pool: _Pool, targets: _Targets, packed: Packed) -> tuple[Tensor, Tensor]:
    wanted, care, flags = targets
    at_pair = pool.subject.clamp(min=0) * pool.at.shape[1] + pool.object.clamp(min=0)
    care = care.flatten(1).gather(1, at_pair) * pairs.allowed
    n_claims = (packed.relations[:, :, 7] == 1).sum().clamp(min=1)
    log = pairs.relation.float().log_softmax(-1)
    pair_loss = (-(_pick(wanted.flatten(1, 2), at_pair) * log).sum(-1) * care).sum() / n_claims
    flags = _pick(flags.flatten(1, 2), at_pair)
    sure = ((flags >= 0) & pairs.allowed[..., None]).float()
    flag_losses = F.binary_cross_entropy_with_logits(pairs.flags.float(), flags.clamp(min=0).float(), reduction="none")
    return pair_loss, (flag_losses * sure).sum() / sure.sum().clamp(min=1)


def _soft(scores: SpanScores, pairs: PairScores, opinion: Opinion) -> Tensor:
    """Loss of spans, types, pairs and flags against an opinion of the same spans and pairs.

    Summed over a batch and divided by the arguments and claims that the teachers expect there.
    """
    chance, relation = opinion.argument.float(), opinion.relation.float()
    likely = chance.flatten(1).gather(1, opinion.pool.at) * (opinion.pool.begin >= 0)
    claimed = (1 - relation[..., 0]) * pairs.allowed
    losses = F.binary_cross_entropy_with_logits(scores.argument.float(), chance, reduction="none")
    kind = _pick(scores.types.flatten(1, 2), opinion.pool.at).float().log_softmax(-1)
    log = pairs.relation.float().log_softmax(-1)
    flag = F.binary_cross_entropy_with_logits(pairs.flags.float(), opinion.flags.float(), reduction="none").mean(-1)
    return (
        (losses * scores.allowed).sum() / chance.sum().clamp(min=1)
        + (-(opinion.types.float() * kind).sum(-1) * likely).sum() / likely.sum().clamp(min=1)
        + (-(relation * log).sum(-1) * pairs.allowed).sum() / claimed.sum().clamp(min=1)
        + 0.5 * (flag * claimed).sum() / claimed.sum().clamp(min=1)
    )


def _score(model: Reader, words: Tensor, scores: SpanScores, pool: _Pool, packed: Packed) -> PairScores:
    batch = packed.batch
    vectors = _pick(scores.hidden.flatten(1, 2), pool.at)
    spans = Spans(vectors, pool.begin, pool.stop, near_words(pool.stop, batch.sentence, batch.word_padding))
    return model.pairs(words, spans, (pool.subject, pool.object), batch)


def _choose_spans(score: Tensor, gold: Tensor, there: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The spans that are paired in training: the gold ones and the likeliest others.

    Flat indices, first words and last words (-1 where there is no span). score: (batch, words * widths).
    """
    score = score.scatter_add(1, gold, there.float() * 1e5)
    best = score.topk(min(size, score.shape[1]), dim=1)
    gone = best.values < -5.0
    begin = best.indices // MAX_WIDTH
    stop = begin + best.indices % MAX_WIDTH
    return best.indices, begin.masked_fill(gone, -1), stop.masked_fill(gone, -1)


def _pick(values: Tensor, at: Tensor) -> Tensor:
    """Rows of a (batch, many, d) tensor at (batch, few) indices."""
    return values.gather(1, at[..., None].expand(-1, -1, values.shape[-1]))


def _choose_pairs(
    spans: tuple[Tensor, Tensor, Tensor], claimed: Tensor, size: int, packed: Packed
) -> tuple[Tensor, Tensor]:
    """Indices of subjects and objects of the pairs that are scored in training; -1 where there are fewer.

    Claimed pairs first, then those of one sentence, then those of neighbouring sentences or with a heading or
    title, then the rest, likely arguments before unlikely ones. The last must not be left out: pairs of sure
    arguments that stand far apart are what a reader errs on that never saw them.
    """
    chance, begin, stop = spans
    batch = packed.batch
    at = begin.clamp(min=0)
    sentence, kind, core = (x.gather(1, at) for x in (batch.sentence, batch.word_kind, batch.core))
    gap = (sentence[:, :, None] - sentence[:, None]).abs()
    headed = (kind[:, :, None] != KINDS["body"]) | (kind[:, None] != KINDS["body"])
    apart = (stop[:, :, None] < begin[:, None]) | (stop[:, None] < begin[:, :, None])
    later_core = torch.where(begin[:, :, None] > begin[:, None], core[:, :, None], core[:, None])
    there = (begin >= 0)[:, :, None] & (begin >= 0)[:, None] & apart & later_core
    rank = 8.0 * (claimed > 0) + 4.0 * (gap == 0) + 2.0 * ((gap == 1) | headed)
    rank = rank + (chance[:, :, None] * chance[:, None]).sqrt() + 0.2 * torch.rand(gap.shape, device=gap.device)
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
