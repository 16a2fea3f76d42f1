"""The claim reader: encoder, a scorer of argument spans, a scorer of ordered pairs of spans.

Spans: every run of up to MAX_WIDTH words of one sentence gets a probability of being an argument and one
per entity type. Pairs: for chosen ordered pairs of likely spans, a softmax over `none` and the predicates,
and whether the claim is negated and hedged. A pair looks at the sentence of its later span through
attention whose query is the pair.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.models.reader.windows import KINDS
from pipeline.schema import ENTITY_TYPES, PREDICATES
from training.reader.encoder import MINILM, Encoder, EncoderShape, FewEmbedding, Norm, softmax

__all__ = ["DISTANCES", "MAX_WIDTH", "NEAR", "Batch", "PairScores", "Reader", "SpanScores", "Spans", "near_words"]

MAX_WIDTH = 12  # words; holds 100.0 % of the written and 99.5 % of the real arguments
DISTANCES = 16
STANDINGS = 15
_SPAN = 256
_PAIR = 256
_HEADS = 4
_KEY = 32
_VALUE = 64
NEAR = 64  # words of the later span's sentence that a pair sees


@dataclass
class Batch:
    """Windows padded to one length, `padding` None where none is; see pipeline.models.reader.windows.Window."""

    token_ids: Tensor
    kinds: Tensor
    padding: Tensor | None
    first: Tensor
    last: Tensor
    word_padding: Tensor
    sentence: Tensor
    core: Tensor
    word_kind: Tensor
    line: Tensor
    section: Tensor


@dataclass
class SpanScores:
    """argument: (batch, words, widths) logits; types: (..., 13) logits; hidden: (..., _SPAN); allowed: bool."""

    argument: Tensor
    types: Tensor
    hidden: Tensor
    allowed: Tensor


@dataclass
class PairScores:
    """relation: (batch, pairs, 19) logits, `none` first; flags: (batch, pairs, 2) logits of negated and hedged."""

    relation: Tensor
    flags: Tensor
    allowed: Tensor


def distance_bucket(d: Tensor) -> Tensor:
    """Signed word distance in 16 buckets, finer near zero."""
    size = d.abs()
    level = torch.stack([size >= bound for bound in (3, 5, 7, 10, 15, 23, 41)]).long().sum(0)
    return torch.where(d < 0, level, level + DISTANCES // 2)


def standing(earlier: tuple[Tensor, ...], later: tuple[Tensor, ...]) -> Tensor:
    """How the place of one span stands to that of a later one, as one of STANDINGS.

    Each is given as its sentence, line, section and kind of line: in one sentence; in one line, neighbours or
    further apart; from a title; from a heading, the nearest or a further one; from another line of the section,
    by lines between; from another section.
    """
    gap, lines, sections = (b - a for a, b in zip(earlier[:3], later[:3], strict=True))
    kind = earlier[3]
    elsewhere = torch.where(sections == 0, 9 + (lines - 1).clamp(0, 3), 13 + (sections - 1).clamp(0, 1))
    elsewhere = torch.where(kind == KINDS["heading"], 5 + sections.clamp(0, 3), elsewhere)
    elsewhere = torch.where(kind == KINDS["title"], 3 + sections.clamp(0, 1), elsewhere)
    near = torch.where(gap == 0, torch.zeros_like(gap), 1 + (gap - 1).clamp(0, 1))
    return torch.where(lines == 0, near, elsewhere)


class SpanLayer(nn.Module):
    """Self-attention among the paired spans of a window, so that they compete and coordinate."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.ask, self.key, self.value, self.output = (nn.Linear(_SPAN, _SPAN) for _ in range(4))
        self.grow, self.shrink = nn.Linear(_SPAN, 2 * _SPAN), nn.Linear(2 * _SPAN, _SPAN)
        self.norm_attention, self.norm_output = Norm(_SPAN), Norm(_SPAN)
        self.near = FewEmbedding(DISTANCES, _HEADS)
        self.standing = FewEmbedding(2 * STANDINGS, _HEADS)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, real: Tensor, bucket: Tensor, standing: Tensor) -> Tensor:
        """x: (batch, spans, _SPAN); real: False where there is no span; bucket, standing: (batch, spans, spans)."""
        b, k, _ = x.shape
        ask, key, value = (
            f(x).view(b, k, _HEADS, _SPAN // _HEADS).transpose(1, 2) for f in (self.ask, self.key, self.value)
        )
        bias = (self.near(bucket) + self.standing(standing)).permute(0, 3, 1, 2)
        scores = ask @ key.transpose(-1, -2) / (_SPAN // _HEADS) ** 0.5 + bias
        scores = scores.masked_fill(~real[:, None, None], -1e4)
        mixed = (self.dropout(softmax(scores)) @ value).transpose(1, 2).reshape(b, k, _SPAN)
        x = self.norm_attention(x + self.dropout(self.output(mixed)))
        out: Tensor = self.norm_output(x + self.dropout(self.shrink(F.gelu(self.grow(x)))))
        return out


class Look(nn.Module):
    """One look of each pair at the words near its later span, asked for by what the pair knows so far."""

    def __init__(self, words: int, dropout: float) -> None:
        super().__init__()
        self.ask, self.key = nn.Linear(_PAIR, _HEADS * _KEY), nn.Linear(words, _HEADS * _KEY)
        self.value, self.output = nn.Linear(words, _HEADS * _VALUE), nn.Linear(_HEADS * _VALUE, _PAIR)
        self.zone_subject, self.zone_object = FewEmbedding(3, _HEADS), FewEmbedding(3, _HEADS)
        self.grow, self.shrink = nn.Linear(_PAIR, 2 * _PAIR), nn.Linear(2 * _PAIR, _PAIR)
        self.norm_look, self.norm_output = Norm(_PAIR), Norm(_PAIR)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, words: Tensor, side: Tensor, chosen: tuple[Tensor, Tensor], near: Tensor) -> Tensor:
        """h: (batch, pairs, _PAIR); side: (batch, spans, words) 0 before, 1 in, 2 after; near: (batch, pairs, words)"""
        b, n, _ = words.shape

        def heads(x: Tensor) -> Tensor:
            return x.view(b, x.shape[1], _HEADS, -1).transpose(1, 2)

        def zone(embedding: FewEmbedding, index: Tensor) -> Tensor:
            by_span = embedding(side).permute(0, 1, 3, 2).flatten(2)  # (batch, spans, heads * words)
            return _take(by_span, index).view(b, -1, _HEADS, n).transpose(1, 2)

        scores = heads(self.ask(h)) @ heads(self.key(words)).transpose(-1, -2) / _KEY**0.5
        scores = scores + zone(self.zone_subject, chosen[0]) + zone(self.zone_object, chosen[1])
        scores = scores.masked_fill(~near[:, None], -1e4)
        mixed = (self.dropout(softmax(scores)) @ heads(self.value(words))).transpose(1, 2).flatten(2)
        h = self.norm_look(h + self.dropout(self.output(mixed)))
        out: Tensor = self.norm_output(h + self.dropout(self.shrink(F.gelu(self.grow(h)))))
        return out


class Reader(nn.Module):
    """All parts; `encode`, `spans` and `pairs` are exported to ONNX one by one."""

    def __init__(
        self, shape: EncoderShape = MINILM, *, dropout: float = 0.2, span_layers: int = 1, looks: int = 2
    ) -> None:
        super().__init__()
        self.span_layers = nn.ModuleList(SpanLayer(dropout) for _ in range(span_layers))
        self.encoder = Encoder(shape)
        self.lexical = nn.Linear(shape.width, 128)
        d = shape.width * 2 + 128
        self.start, self.end, self.inside = (nn.Linear(d, _SPAN) for _ in range(3))
        self.width = FewEmbedding(MAX_WIDTH, _SPAN)
        self.span_norm = Norm(_SPAN)
        self.span_hidden = nn.Linear(_SPAN, _SPAN)
        self.argument = nn.Linear(_SPAN, 1)
        self.types = nn.Linear(_SPAN, len(ENTITY_TYPES))
        self.subject, self.object = nn.Linear(_SPAN, _PAIR), nn.Linear(_SPAN, _PAIR)
        self.left, self.right, self.product = nn.Linear(_SPAN, 64), nn.Linear(_SPAN, 64), nn.Linear(64, _PAIR)
        self.distance = FewEmbedding(DISTANCES, _PAIR)
        self.relation_kind = FewEmbedding(16, _PAIR)
        self.standing = FewEmbedding(STANDINGS, _PAIR)
        self.pair_norm = Norm(_PAIR)
        self.looks = nn.ModuleList(Look(d, dropout) for _ in range(looks))
        self.pair_hidden = nn.Linear(_PAIR, _PAIR)
        self.relation = nn.Linear(_PAIR, len(PREDICATES) + 1)
        self.flags = nn.Linear(_PAIR, 2)
        self.dropout = nn.Dropout(dropout)
        nn.init.constant_(self.argument.bias, -3.0)

    def encode(self, batch: Batch) -> Tensor:
        """(batch, words, d): mixed vectors of each word's first and last piece, and its lexical vector."""
        mixed, lexical = self.encoder(batch.token_ids, batch.kinds, batch.padding)
        first = _take(mixed, batch.first)
        last = _take(mixed, batch.last)
        words: Tensor = self.dropout(torch.cat([first, last, F.gelu(self.lexical(_take(lexical, batch.first)))], -1))
        return words

    def spans(self, words: Tensor, sentence: Tensor, word_padding: Tensor) -> SpanScores:
        """Scores of all runs of up to MAX_WIDTH words; `allowed` where the run stays in one sentence."""
        n = words.shape[1]
        begin = torch.arange(n, device=words.device)[:, None].expand(n, MAX_WIDTH)
        stop = (begin + torch.arange(MAX_WIDTH, device=words.device)[None, :]).clamp(max=n - 1)
        fits = begin + torch.arange(MAX_WIDTH, device=words.device) < n
        same = sentence[:, begin] == sentence[:, stop]
        allowed = fits[None] & same & ~word_padding[:, begin] & ~word_padding[:, stop]
        inside = F.pad(self.inside(words).cumsum(1), (0, 0, 1, 0))
        width = torch.arange(1, MAX_WIDTH + 1, device=words.device)
        mean = (_windows(inside[:, 1:]) - inside[:, :-1, None]) / width[None, None, :, None]
        start, end = self.start(words), self.end(words)
        h = start[:, :, None] + _windows(end) + mean.to(end.dtype) + self.width(width - 1).to(end.dtype)
        h = F.gelu(self.span_norm(h))
        h = F.gelu(self.span_hidden(self.dropout(h))) + h
        out = self.dropout(h)
        return SpanScores(self.argument(out).squeeze(-1), self.types(out), h, allowed)

    def pairs(self, words: Tensor, spans: "Spans", chosen: tuple[Tensor, Tensor], batch: Batch) -> PairScores:
        """Scores of the chosen ordered pairs: (batch, pairs) indices of subjects and objects among the spans."""
        subject, object_ = (x.clamp(min=0) for x in chosen)
        real, begin, stop = spans.begin >= 0, spans.begin.clamp(min=0), spans.stop.clamp(min=0)
        hidden = self.dropout(spans.hidden)
        far = distance_bucket(begin[:, :, None] - begin[:, None])
        places = tuple(x.gather(1, begin) for x in (batch.sentence, batch.line, batch.section, batch.word_kind))
        back = begin[:, :, None] > begin[:, None]
        rows, columns = [x[:, :, None].expand_as(back) for x in places], [x[:, None].expand_as(back) for x in places]
        between = standing(
            tuple(torch.where(back, y, x) for x, y in zip(rows, columns, strict=True)),
            tuple(torch.where(back, x, y) for x, y in zip(rows, columns, strict=True)),
        )
        for layer in self.span_layers:
            hidden = layer(hidden, real, far, between + STANDINGS * back)
        core = batch.core.gather(1, begin)
        first, last = begin.gather(1, subject), stop.gather(1, subject)
        first_o, last_o = begin.gather(1, object_), stop.gather(1, object_)
        subject_later = first >= first_o
        later = torch.where(subject_later, subject, object_)
        apart = (last < first_o) | (last_o < first)
        there = (chosen[0] >= 0) & real.gather(1, subject) & real.gather(1, object_)
        distance = torch.where(subject_later, first - last_o, last - first_o)
        h = _take(self.subject(hidden), subject) + _take(self.object(hidden), object_)
        h = h + self.product(_take(self.left(hidden), subject) * _take(self.right(hidden), object_))
        k = begin.shape[1]
        h = h + self.distance(distance_bucket(distance))
        h = h + self.standing(between.flatten(1).gather(1, subject * k + object_))
        kind = places[3]
        h = h + self.relation_kind(kind.gather(1, subject) * 4 + kind.gather(1, object_))
        near = spans.near.gather(1, later[..., None].expand(-1, -1, spans.near.shape[-1]))
        # Where each word stands to a span: before it 0, in it 1, after it 2.
        place = torch.arange(words.shape[1], device=words.device)
        side = (place >= begin[..., None]).long() + (place > stop[..., None]).long()
        h = F.gelu(self.pair_norm(h))
        for look in self.looks:
            h = look(h, words, side, (subject, object_), near)
        h = F.gelu(self.pair_hidden(self.dropout(h))) + h
        out = self.dropout(h)
        return PairScores(self.relation(out), self.flags(out), there & apart & core.gather(1, later))


@dataclass
class Spans:
    """The spans that are paired. hidden: (batch, spans, _SPAN) rows of SpanScores.hidden. begin, stop: (batch,
    spans) first and last word, -1 where there is no span. near: (batch, spans, words) True for the words of its
    sentence around it.
    """

    hidden: Tensor
    begin: Tensor
    stop: Tensor
    near: Tensor


def near_words(stop: Tensor, sentence: Tensor, word_padding: Tensor) -> Tensor:
    """(batch, spans, words): the words of each span's sentence, NEAR at most, three quarters up to its last word."""
    stop = stop.clamp(min=0)
    place = torch.arange(sentence.shape[1], device=stop.device)
    low = (stop - NEAR * 3 // 4).clamp(min=0)[..., None]
    home = sentence.gather(1, stop)[..., None] == sentence[:, None]
    return home & (place >= low) & (place < low + NEAR) & ~word_padding[:, None]


def _windows(x: Tensor) -> Tensor:
    """(batch, words, d) -> (batch, words, MAX_WIDTH, d): the vectors of a word and those after it, 0 past the end."""
    padded = F.pad(x, (0, 0, 0, MAX_WIDTH - 1))
    if torch.onnx.is_in_onnx_export():  # ONNX has no unfold over a length known only when it runs
        places = torch.arange(x.shape[1])[:, None] + torch.arange(MAX_WIDTH)
        return padded[:, places]
    return padded.unfold(1, MAX_WIDTH, 1).transpose(2, 3)


def _take(vectors: Tensor, index: Tensor) -> Tensor:
    """Rows of (batch, many, d) at (batch, few) indices."""
    if torch.onnx.is_in_onnx_export():  # one window at a time, so whole rows can be copied
        return vectors[:, index[0]]
    # A product, because the gradient of gathered rows adds up one by one; see FewEmbedding.
    return F.one_hot(index, vectors.shape[1]).to(vectors.dtype) @ vectors
