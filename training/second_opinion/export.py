"""The trained network as one ONNX file for the CPU, its matrices and word vectors in whole numbers of eight bits."""

import json
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from training.dumps import Blank
from training.eight_bit import Scale
from training.reader.export import OPSET, in_eight_bits, join_attention
from training.second_opinion.network import Reread

__all__ = ["export"]


class _Answers(nn.Module):
    """Tokens and kinds of one window, places of its marks and features as they are read in; probabilities out."""

    def __init__(self, network: Reread, scale: Scale) -> None:
        super().__init__()
        self.network, self.far = network, scale.far
        self.center, self.spread = (torch.from_numpy(each).float() for each in (scale.center, scale.spread))

    def forward(self, tokens: Tensor, kinds: Tensor, marks: Tensor, features: Tensor) -> Tensor:
        scaled = ((features - self.center) / self.spread).clamp(-self.far, self.far)
        return self.network.read((tokens, kinds, marks, scaled), None).softmax(1)


def export(network: Reread, blank: Blank, path: Path) -> None:
    """Write the network to `path`; `blank` tells how features are scaled and called."""
    network = network.cpu().float().eval()
    tokens, marks = torch.randint(1, 1000, (1, 40)), torch.tensor([0, 9, 30])
    given = (tokens, torch.zeros_like(tokens), marks, torch.zeros(3, len(blank.network.names)))
    raw = path.with_suffix(".float.onnx")
    names = ["tokens", "kinds", "marks", "features"]
    axes = {"tokens": {1: "tokens"}, "kinds": {1: "tokens"}, "marks": {0: "parts"}, "features": {0: "parts"}}
    torch.onnx.export(
        _Answers(network, blank.scale), given, str(raw), input_names=names, output_names=["chance"],
        dynamic_axes=axes, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    in_eight_bits(raw, path)
    join_attention(path, network.encoder.shape.heads)
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"features": json.dumps(blank.network.names)})
    onnx.save(model, path)
