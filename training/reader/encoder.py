"""BERT's encoder as MiniLM uses it, loaded from safetensors; returns a learned mix of its layers."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["WIDTH", "Encoder"]

WIDTH = 384
_LAYERS = 6
_HEADS = 12
_FEEDFORWARD = 1536
_VOCABULARY = 30522
_POSITIONS = 512
_KINDS = 4  # special token, title, heading, body


class _Layer(nn.Module):
    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.grow, self.shrink = nn.Linear(WIDTH, _FEEDFORWARD), nn.Linear(_FEEDFORWARD, WIDTH)
        self.norm_attention, self.norm_output = nn.LayerNorm(WIDTH, 1e-12), nn.LayerNorm(WIDTH, 1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        b, t, _ = x.shape
        q, k, v = (f(x).view(b, t, _HEADS, WIDTH // _HEADS).transpose(1, 2) for f in (self.query, self.key, self.value))
        chance = self.dropout.p if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, mask, chance).transpose(1, 2).reshape(b, t, WIDTH)
        x = self.norm_attention(x + self.dropout(self.output(mixed)))
        out: Tensor = self.norm_output(x + self.dropout(self.shrink(F.gelu(self.grow(x)))))
        return out


class Encoder(nn.Module):
    """Token ids and line kinds in, one vector per token out (and the word vectors that went in)."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.words = nn.Embedding(_VOCABULARY, WIDTH)
        self.positions = nn.Embedding(_POSITIONS, WIDTH)
        self.kinds = nn.Embedding(_KINDS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, 1e-12)
        self.layers = nn.ModuleList(_Layer(dropout) for _ in range(_LAYERS))
        self.mix = nn.Parameter(torch.zeros(_LAYERS + 1))
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.kinds.weight)

    def forward(self, token_ids: Tensor, kinds: Tensor, padding: Tensor | None) -> tuple[Tensor, Tensor]:
        """(batch, tokens) ids, kinds and True where a token is padding -> mixed layers, word vectors.

        `padding` None says that there is none, which saves the CPU a mask in every layer.
        """
        words = self.words(token_ids)
        places = torch.arange(token_ids.shape[1], device=token_ids.device)
        x = self.dropout(self.norm(words + self.positions(places) + self.kinds(kinds)))
        mask = None if padding is None else ~padding[:, None, None]
        layers = [x]
        for layer in self.layers:
            x = layer(x, mask)
            layers.append(x)
        weights = self.mix.softmax(0)
        mixed = torch.stack([w * y for w, y in zip(weights, layers, strict=True)]).sum(0) + x
        return mixed, words

    def load(self, path: Path) -> None:
        """Fill in MiniLM's pretrained weights (safetensors with BERT's names); kinds start at zero."""
        from safetensors.torch import load_file

        given = {name: value.float() for name, value in load_file(path).items() if value.is_floating_point()}
        with torch.no_grad():
            self.words.weight.copy_(given["embeddings.word_embeddings.weight"])
            self.positions.weight.copy_(
                given["embeddings.position_embeddings.weight"] + given["embeddings.token_type_embeddings.weight"][0]
            )
            self._copy(self.norm, given, "embeddings.LayerNorm")
            for i, layer in enumerate(self.layers):
                for mine, theirs in _NAMES.items():
                    self._copy(getattr(layer, mine), given, f"encoder.layer.{i}.{theirs}")

    @staticmethod
    def _copy(module: nn.Module, given: dict[str, Tensor], name: str) -> None:
        for part, parameter in module.named_parameters():
            parameter.copy_(given[f"{name}.{part}"])


_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "norm_attention": "attention.output.LayerNorm",
    "grow": "intermediate.dense",
    "shrink": "output.dense",
    "norm_output": "output.LayerNorm",
}
