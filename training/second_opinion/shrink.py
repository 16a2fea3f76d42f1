"""The network made smaller: four layers of the six, half of the numbers between them, taught by the whole one.

Layers are copied from the whole network (after Sanh and others, DistilBERT, 2019), the feed-forward numbers that say
most are kept, and both are tuned until the states between layers and the answers are those of the whole one (after Jiao
and others, TinyBERT, 2020): on windows as they are read where the labeller doubts, around other parts too, for it
doubts little of pages that it knows; on windows of any text; and, as the whole network can be asked about any text, on
windows whose words go over into those of other windows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.reader.encoder import Layer
from training.second_opinion.network import LEAST, Reread, main_loss
from training.second_opinion.stream import Batch, Stream
from training.tuning import Tuning, training_device, tuned

__all__ = ["of_parts", "shrunk", "spliced"]

# The last layer is read at marks alone, so its size costs little.
_LAYERS, _FEEDFORWARD = (0, 2, 4, 5), (768, 768, 768, 1536)
_ALIKE = ((1, 2), (2, 4))  # after which layers of the small network the states are those after which of the whole one
_MEASURED = 40  # batches that tell which feed-forward numbers say most
_LEAST_DOUBT, _OTHERS = 0.005, 0.02  # doubt of parts that are read, and share of the others
_ANY_WINDOW = 128  # tokens of a window of any text
_PASSES, _TUNING = 5, Tuning(rate=2.5e-4, warm=80, rounded_from=0.7)
_LABELLED, _MAIN = 0.2, 0.2  # weights of labels and of what is main text; what the whole network says has 1
_STATES, _MARKS = 0.2, 0.6  # of the states of all tokens, of the last ones of marks
_SPLICED = 0.3  # share of windows that go over into others


def shrunk(whole: Reread, streams: Sequence[Stream], seed: int) -> Reread:
    """The small network, tuned `_PASSES` times on the pages."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    batches = [batch for stream in streams for batch in _batches(stream, rng)]
    network = _smaller(whole.eval(), batches[:: max(1, len(batches) // _MEASURED)])
    order = np.concatenate([rng.permutation(len(batches)) for _ in range(_PASSES)]).tolist()
    return tuned(network, order, lambda i, left: _loss(network, whole, batches[i], _STATES * max(0.2, left)), _TUNING)


def _batches(stream: Stream, rng: np.random.Generator) -> Iterator[Batch]:
    """Doubted windows and windows of any text, those of like size side by side."""
    for windows in (stream.doubted(_LEAST_DOUBT, _OTHERS, rng), stream.windows(_ANY_WINDOW, rng)):
        yield from stream.side_by_side(windows, training_device())


def _smaller(whole: Reread, batches: Sequence[Batch]) -> Reread:
    """Some layers of the whole network, with the feed-forward numbers that are largest in what they add."""
    shape, says = whole.encoder.shape, _says(whole, batches)
    small = replace(shape, layers=tuple(range(len(_LAYERS))), feedforward=_FEEDFORWARD)
    network = Reread(small, whole.features.in_features, dropout=0.05).to(training_device())
    weights = {name: value for name, value in whole.state_dict().items() if not name.startswith("encoder.layers.")}
    del weights["encoder.mix"]
    for own, (layer, size) in enumerate(zip(_LAYERS, _FEEDFORWARD, strict=True)):
        most = says[layer].topk(size).indices.sort().values
        for name, value in whole.encoder.layers[layer].state_dict().items():
            kept = value[most] if name.startswith("grow.") else value[:, most] if name == "shrink.weight" else value
            weights[f"encoder.layers.{own}.{name}"] = kept
    network.load_state_dict(weights, strict=False)
    network.encoder.words.weight.requires_grad_(False)
    return network


def _says(whole: Reread, batches: Sequence[Batch]) -> list[Tensor]:
    """For each layer how large what each feed-forward number adds is, root mean square."""
    layers = [layer for layer in whole.encoder.layers if isinstance(layer, Layer)]
    sums = [torch.zeros(layer.shrink.in_features, device=training_device()) for layer in layers]
    hooks = [
        layer.shrink.register_forward_pre_hook(partial(_add_squares, total))
        for layer, total in zip(layers, sums, strict=True)
    ]
    with torch.no_grad():
        for batch in batches:
            whole(batch)
    for hook in hooks:
        hook.remove()
    return [total.sqrt() * layer.shrink.weight.detach().norm(dim=0) for layer, total in zip(layers, sums, strict=True)]


def _add_squares(total: Tensor, _: nn.Module, given: tuple[Tensor]) -> None:
    total += (given[0].detach().float() ** 2).sum((0, 1))


def _loss(network: Reread, whole: Reread, batch: Batch, states: float) -> Tensor:
    """Of what is learnt of the parts, by their weights, and, as far as `states`, of how far the states between are from
    the whole network's."""
    padding = batch.padding
    tokens, known = spliced(batch)
    given = (tokens, batch.kinds, batch.marks, batch.features)
    with torch.autocast(training_device(), torch.bfloat16):
        with torch.no_grad():
            taught = whole.states(given, padding)
            marks = taught[-1].flatten(0, 1)[batch.marks]
            said = whole.scores(marks, batch.features).softmax(1)
        read = network.states(given, padding)
        own = read[-1].flatten(0, 1)[batch.marks]
        scores = network.scores(own, batch.features)
    far = sum(functional.mse_loss(read[i][~padding].float(), taught[j][~padding].float()) for i, j in _ALIKE)
    learnt = (of_parts(scores, said, batch, known) * batch.weight).sum() / batch.weight.sum()
    return learnt + states * far + _MARKS * functional.mse_loss(own.float(), marks.float())


def spliced(batch: Batch) -> tuple[Tensor, Tensor]:
    """The tokens, some windows with the words of another from somewhere on; and of which parts labels hold."""
    tokens, size = batch.tokens, batch.size[:, None]
    there = torch.arange(tokens.shape[1], device=tokens.device)[None].expand_as(tokens)
    chosen = torch.rand(size.shape, device=tokens.device) < _SPLICED
    other = chosen & (there >= torch.rand(size.shape, device=tokens.device) * size) & ~batch.padding
    other &= (batch.kinds == 0) & (batch.kinds.roll(1, 0) == 0) & ~batch.padding.roll(1, 0)
    known = ~chosen.expand_as(tokens).flatten()[batch.marks]
    return torch.where(other, tokens.roll(1, 0), tokens), known


def of_parts(scores: Tensor, said: Tensor, batch: Batch, known: Tensor) -> Tensor:
    """The loss of each part: by what the whole network says, and where that is `known` by its label, or by whether it
    is main text."""
    logs = functional.log_softmax(scores, 1)
    told = -(said.clamp(min=LEAST) * logs).sum(1)
    labelled = functional.cross_entropy(scores, batch.gold, reduction="none", label_smoothing=0.02, ignore_index=-1)
    return told + known * (_LABELLED * labelled + _MAIN * main_loss(logs, batch))
