"""The network: a pretrained encoder over the tokens of a window, what is read at the mark of each part, a label."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.models.second_opinion import KINDS
from pipeline.schema import LABELS
from training.dumps import KEPT
from training.reader.encoder import Encoder
from training.reader.train import Base
from training.second_opinion.stream import Batch

__all__ = ["Reread", "loss_of"]

_PAD, _MASK = 0, 103  # BERT's ids
_MASKED, _UNSEEN = 0.08, 0.1  # share of words that are masked, and of features that are not shown, in training
_HIDDEN = 128
_MAIN = 0.5  # weight of what is only known to be main text or not
_LEAST = 1e-3  # probability that a teacher is taken to give


class Reread(nn.Module):
    """Labels of the parts of windows, as scores; `encoder` is MiniLM's, or MPNet's for a teacher."""

    def __init__(self, base: Base, features: int, *, learn_words: bool) -> None:
        super().__init__()
        self.encoder = Encoder(base.shape, 0.1)
        self.encoder.load(base.weights)
        self.encoder.words.weight.requires_grad_(learn_words)
        width = base.shape.width
        self.kinds, self.features = nn.Embedding(KINDS, width), nn.Linear(features, width)
        self.hidden, self.out = nn.Linear(width + features, _HIDDEN), nn.Linear(_HIDDEN, len(LABELS))
        self.dropout = nn.Dropout(0.1)
        nn.init.zeros_(self.kinds.weight)
        nn.init.normal_(self.features.weight, 0, 0.002)
        nn.init.zeros_(self.features.bias)

    def forward(self, batch: Batch) -> Tensor:
        tokens, features = batch.tokens, batch.features
        if self.training:
            masked = (torch.rand_like(batch.kinds, dtype=torch.float) < _MASKED) & (batch.kinds == 0) & (tokens != _PAD)
            tokens = torch.where(masked, _MASK, tokens)
            shown = torch.rand(len(features), 1, device=features.device) > _UNSEEN
            features = features * shown * (torch.rand_like(features) > _UNSEEN)
        padding = torch.arange(tokens.shape[1], device=tokens.device)[None] >= batch.size[:, None]
        return self.read((tokens, batch.kinds, batch.marks, features), padding)

    def read(self, given: tuple[Tensor, Tensor, Tensor, Tensor], padding: Tensor | None) -> Tensor:
        """Scores from tokens, kinds, marks and features; see `Batch`. Without padding there is one window, and its last
        layer is spared all tokens but the marks, which is a seventh of all products."""
        tokens, kinds, marks, features = given
        extra = self.kinds(kinds)
        extra = extra.flatten(0, 1).index_add(0, marks, self.features(features).to(extra.dtype)).view(extra.shape)
        one = padding is None
        states = self.encoder.last(tokens, extra, padding, marks if one else None).flatten(0, 1)
        states = states if one else states[marks]
        hidden = functional.gelu(self.hidden(torch.cat([states, features.to(states.dtype)], 1)))
        return self.out(self.dropout(hidden)).float()


def loss_of(scores: Tensor, batch: Batch, taught: float) -> Tensor:
    """The mean loss of the parts: by their labels, and as far as `taught` by what the teachers say; of parts without a
    label by that alone, and by whether they are main text where it is known."""
    logs = functional.log_softmax(scores, 1)
    labelled = functional.cross_entropy(scores, batch.gold, reduction="none", label_smoothing=0.02, ignore_index=-1)
    said = batch.said.clamp(min=_LEAST)
    told = -(said / said.sum(1, keepdim=True) * logs).sum(1)
    main = -torch.where(batch.main == 1, logs[:, :KEPT].logsumexp(1), logs[:, KEPT:].logsumexp(1))
    others = taught * told + _MAIN * main * (batch.main >= 0)
    losses = torch.where(batch.gold >= 0, (1 - taught) * labelled + taught * told, others)
    return (losses * batch.weight).sum() / batch.weight.sum()
