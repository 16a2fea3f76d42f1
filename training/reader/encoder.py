"""BERT's encoder as MiniLM and MPNet use it, loaded from safetensors; returns a learned mix of its layers."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["MINILM", "MPNET", "Encoder", "EncoderShape", "FewEmbedding", "Layer", "Norm", "softmax"]

_VOCABULARY = 30522  # BERT's uncased word pieces
_POSITIONS = 512
_KINDS = 4  # special token, title, heading, body
_FAR = 128  # tokens; distances beyond it share MPNet's last bucket


@dataclass(frozen=True)
class EncoderShape:
    """Size of a pretrained encoder. layers: which of its layers are kept, lowest first. feedforward: of each of them.
    buckets: of MPNet's bias by distance, 0 for a model without one.
    """

    width: int
    layers: tuple[int, ...]
    heads: int
    feedforward: tuple[int, ...]
    epsilon: float
    buckets: int = 0


MINILM = EncoderShape(384, tuple(range(6)), 12, (1536,) * 6, 1e-12)
MPNET = EncoderShape(768, tuple(range(12)), 12, (3072,) * 12, 1e-5, buckets=32)


class FewEmbedding(nn.Embedding):
    """An embedding of few rows, each asked for thousands of times a step: a product with one-hot rows, whose gradient
    is a product too. The usual gradient adds up row by row, which a GPU does slowly.
    """

    def forward(self, input: Tensor) -> Tensor:
        """As nn.Embedding's."""
        if torch.onnx.is_in_onnx_export():
            return super().forward(input)
        hot = F.one_hot(input, self.num_embeddings).to(self.weight.dtype)
        return hot @ self.weight


class Norm(nn.LayerNorm):
    """Layer norm that stays in half precision where autocast is on (it would go to float32, and all after it too):
    the sums inside are float32 all the same, and a GPU has half as much to move.
    """

    def forward(self, input: Tensor) -> Tensor:
        """As nn.LayerNorm's."""
        device = input.device.type
        if not torch.is_autocast_enabled(device):
            return super().forward(input)
        kind = torch.get_autocast_dtype(device)
        with torch.autocast(device, enabled=False):
            weight, bias = self.weight.to(kind), self.bias.to(kind)
            return F.layer_norm(input.to(kind), self.normalized_shape, weight, bias, self.eps)


def softmax(scores: Tensor) -> Tensor:
    """Over the last dimension, in the precision of what is given; see Norm."""
    with torch.autocast(scores.device.type, enabled=False):
        return scores.softmax(-1)


class Layer(nn.Module):
    def __init__(self, shape: EncoderShape, feedforward: int, dropout: float) -> None:
        super().__init__()
        d = shape.width
        self.heads = shape.heads
        self.query, self.key, self.value, self.output = (nn.Linear(d, d) for _ in range(4))
        self.grow, self.shrink = nn.Linear(d, feedforward), nn.Linear(feedforward, d)
        self.norm_attention, self.norm_output = Norm(d, shape.epsilon), Norm(d, shape.epsilon)
        self.dropout = nn.Dropout(dropout)

    def _heads(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, x.shape[2] // self.heads).transpose(1, 2)

    def forward(self, x: Tensor, mask: Tensor | None, at: Tensor | None = None) -> Tensor:
        """Of all tokens, or of those `at` some places alone, which attend to all."""
        b, _, d = x.shape
        k, v = (self._heads(part(x)) for part in (self.key, self.value))
        if at is not None:
            x = x[:, at]
        chance = self.dropout.p if self.training else 0.0
        mixed = F.scaled_dot_product_attention(self._heads(self.query(x)), k, v, mask, chance)
        x = self.norm_attention(x + self.dropout(self.output(mixed.transpose(1, 2).reshape(b, -1, d))))
        out: Tensor = self.norm_output(x + self.dropout(self.shrink(F.gelu(self.grow(x)))))
        return out


class Encoder(nn.Module):
    """Token ids and line kinds in, one vector per token out (and the word vectors that went in)."""

    def __init__(self, shape: EncoderShape = MINILM, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(_VOCABULARY, shape.width)
        self.positions = nn.Embedding(_POSITIONS, shape.width)
        self.kinds = FewEmbedding(_KINDS, shape.width)
        self.norm = Norm(shape.width, shape.epsilon)
        self.layers = nn.ModuleList(Layer(shape, size, dropout) for size in shape.feedforward)
        self.mix = nn.Parameter(torch.zeros(len(shape.layers) + 1))
        self.bias = FewEmbedding(shape.buckets, shape.heads) if shape.buckets else None
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.kinds.weight)

    def forward(self, token_ids: Tensor, kinds: Tensor, padding: Tensor | None) -> tuple[Tensor, Tensor]:
        """(batch, tokens) ids, kinds and True where a token is padding -> mixed layers, word vectors.

        `padding` None says that there is none, which saves the CPU a tenth of the encoder's time.
        """
        words = self.words(token_ids)
        layers = self._read(words + self.kinds(kinds), padding)
        weights = self.mix.softmax(0)
        mixed = torch.stack([w * y for w, y in zip(weights, layers, strict=True)]).sum(0) + layers[-1]
        return mixed, words

    def states(self, token_ids: Tensor, added: Tensor, padding: Tensor | None, at: Tensor | None) -> list[Tensor]:
        """What goes into the first layer, and what comes out of each; `added` to the word vectors instead of kinds of
        lines. at: places of the tokens that the last layer is asked of, which spares it the others; None asks of all.
        """
        return self._read(self.words(token_ids) + added, padding, at)

    def _read(self, words: Tensor, padding: Tensor | None, at: Tensor | None = None) -> list[Tensor]:
        places = torch.arange(words.shape[1], device=words.device)
        x = self.dropout(self.norm(words + self.positions(places)))
        mask = None if padding is None else ~padding[:, None, None]
        if self.bias is not None:
            near = self.bias(_bucket(places[None] - places[:, None], self.shape.buckets)).permute(2, 0, 1)[None]
            mask = near if mask is None else near.masked_fill(~mask, -1e4)
            if torch.is_autocast_enabled(x.device.type):
                mask = mask.to(torch.get_autocast_dtype(x.device.type))
        layers = [x]
        for layer in self.layers:
            layers.append(layer(layers[-1], mask, at if layer is self.layers[-1] else None))
        return layers

    def load(self, path: Path) -> None:
        """Fill in pretrained weights (safetensors with BERT's or MPNet's names); kinds start at zero."""
        from safetensors.torch import load_file

        given = {name: value.float() for name, value in load_file(path).items() if value.is_floating_point()}
        mpnet = self.bias is not None
        words, positions = given["embeddings.word_embeddings.weight"], given["embeddings.position_embeddings.weight"]
        with torch.no_grad():
            self.words.weight.copy_(_as_bert(words) if mpnet else words)
            if self.bias is not None:
                self.positions.weight.copy_(positions[2:])  # MPNet counts from behind its padding id
                self.bias.weight.copy_(given["encoder.relative_attention_bias.weight"])
            else:
                self.positions.weight.copy_(positions + given["embeddings.token_type_embeddings.weight"][0])
            _fill(self.norm, given, "embeddings.LayerNorm")
            for i, layer in zip(self.shape.layers, self.layers, strict=True):
                for part, name in (_MPNET_NAMES if mpnet else _BERT_NAMES).items():
                    _fill(getattr(layer, part), given, f"encoder.layer.{i}.{name}")


def _fill(module: nn.Module, given: dict[str, Tensor], name: str) -> None:
    for part, parameter in module.named_parameters():
        parameter.copy_(given[f"{name}.{part}"])


def _as_bert(words: Tensor) -> Tensor:
    """MPNet's word vectors in the order of BERT's vocabulary: four special tokens stand before BERT's, one behind."""
    moved = words[4 : 4 + _VOCABULARY].clone()
    for bert, mpnet in ((0, 1), (100, 3), (101, 0), (102, 2), (103, len(words) - 1)):  # pad, unk, cls, sep, mask
        moved[bert] = words[mpnet]
    return moved


def _bucket(ahead: Tensor, buckets: int) -> Tensor:
    """Signed distance in buckets: exact when near, then ever wider (T5's scheme, which MPNet uses)."""
    half = buckets // 2
    exact = half // 2
    far = ahead.abs().clamp(min=1).float()
    wide = exact + (torch.log(far / exact) / math.log(_FAR / exact) * (half - exact)).long()
    level = torch.where(ahead.abs() < exact, ahead.abs(), wide.clamp(max=half - 1))
    return level + half * (ahead > 0)


_REST = {"grow": "intermediate.dense", "shrink": "output.dense", "norm_output": "output.LayerNorm"}
_BERT_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "norm_attention": "attention.output.LayerNorm",
    **_REST,
}
_MPNET_NAMES = {
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "output": "attention.attn.o",
    "norm_attention": "attention.LayerNorm",
    **_REST,
}
