"""The network: a pretrained encoder over the tokens of a window, what is read at the mark of each part, a label."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.models.second_opinion import KINDS
from pipeline.schema import LABELS
from training.dumps import KEPT
from training.reader.encoder import Encoder, EncoderShape
from training.second_opinion.stream import Batch
from training.tuning import Encoding

__all__ = ["LEAST", "Reread", "loss_of", "main_loss"]

_PAD, _MASK = 0, 103  # BERT's ids
_MASKED, _UNSEEN = 0.08, 0.1  # share of words that are masked, and of features that are not shown, in training
_HIDDEN = 128
_MAIN = 0.5  # weight of what is only known to be main text or not
LEAST = 1e-3  # probability that a teacher is taken to give

Given = tuple[Tensor, Tensor, Tensor, Tensor]  # tokens, kinds, marks and features


class Reread(Encoding):
    """Labels of the parts of windows, as scores; `encoder` is MiniLM's, or MPNet's for a teacher."""

    def __init__(self, shape: EncoderShape, features: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = Encoder(shape, dropout)
        width = shape.width
        self.kinds, self.features = nn.Embedding(KINDS, width), nn.Linear(features, width)
        self.hidden, self.out = nn.Linear(width + features, _HIDDEN), nn.Linear(_HIDDEN, len(LABELS))
        self.dropout = nn.Dropout(dropout)
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
        return self.read((tokens, batch.kinds, batch.marks, features), batch.padding)

    def read(self, given: Given, padding: Tensor | None) -> Tensor:
        """Scores from tokens, kinds, marks and features; see `Batch`. Without padding there is one window, and its last
        layer is spared all tokens but the marks."""
        *_, marks, features = given
        states = self.states(given, padding)[-1].flatten(0, 1)
        return self.scores(states if padding is None else states[marks], features)

    def states(self, given: Given, padding: Tensor | None) -> list[Tensor]:
        """What goes into the first layer, and what comes out of each; see `read`."""
        tokens, kinds, marks, features = given
        extra = self.kinds(kinds)
        extra = extra.flatten(0, 1).index_add(0, marks, self.features(features).to(extra.dtype)).view(extra.shape)
        return self.encoder.states(tokens, extra, padding, marks if padding is None else None)

    def scores(self, states: Tensor, features: Tensor) -> Tensor:
        """Of the parts behind marks: what the last layer says of these, and the parts' features."""
        hidden = functional.gelu(self.hidden(torch.cat([states, features.to(states.dtype)], 1)))
        return self.out(self.dropout(hidden)).float()


def loss_of(scores: Tensor, batch: Batch, taught: float) -> Tensor:
    """The mean loss of the parts: by their labels, and as far as `taught` by what the teachers say; of parts without a
    label by that alone, and by whether they are main text where it is known."""
    logs = functional.log_softmax(scores, 1)
    labelled = functional.cross_entropy(scores, batch.gold, reduction="none", label_smoothing=0.02, ignore_index=-1)
    said = batch.said.clamp(min=LEAST)
    told = -(said / said.sum(1, keepdim=True) * logs).sum(1)
    others = taught * told + _MAIN * main_loss(logs, batch)
    losses = torch.where(batch.gold >= 0, (1 - taught) * labelled + taught * told, others)
    return (losses * batch.weight).sum() / batch.weight.sum()


def main_loss(logs: Tensor, batch: Batch) -> Tensor:
    """Of each part, by whether it is main text; 0 where that is not known."""
    main = -torch.where(batch.main == 1, logs[:, :KEPT].logsumexp(1), logs[:, KEPT:].logsumexp(1))
    return main * (batch.main >= 0)
