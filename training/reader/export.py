"""The fitted reader as one ONNX file for the CPU: encoder and span scorer, then the pair scorer, int8 weights."""

from pathlib import Path

import onnx
import torch
from onnx import helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.onnx_model import OnnxModel
from torch import Tensor, nn

from training.reader.model import MAX_WIDTH, Batch, Reader, Spans

__all__ = ["OPSET", "export", "in_eight_bits", "join_attention"]

OPSET = 17
_DOMAIN = "com.microsoft"  # operators of onnxruntime's own


class _Spans(nn.Module):
    """Window arrays in; word vectors, argument logits, type logits and span vectors out."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(
        self, token_ids: Tensor, kinds: Tensor, first: Tensor, last: Tensor, sentence: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        none = torch.zeros_like(first, dtype=torch.bool)
        batch = Batch(token_ids, kinds, None, first, last, none, sentence, none, first, first, first)
        words = self.reader.encode(batch)
        scores = self.reader.spans(words, sentence, none)
        return words, scores.argument, scores.types, scores.hidden, scores.allowed


class _Pairs(nn.Module):
    """Word vectors and chosen spans in; probabilities of relations and flags, and allowed pairs, out."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        words, hidden, begin, stop, near, subject, object_, sentence, core, word_kind, line, section = given
        none = torch.zeros_like(sentence, dtype=torch.bool)
        batch = Batch(sentence, sentence, None, sentence, sentence, none, sentence, core, word_kind, line, section)
        scores = self.reader.pairs(words, Spans(hidden, begin, stop, near), (subject, object_), batch)
        return scores.relation.softmax(-1), scores.flags.sigmoid(), scores.allowed


def export(reader: Reader, folder: Path) -> None:
    """Write spans.onnx and pairs.onnx to `folder`: matrices and embeddings as int8, one scale per channel.

    Per-channel scales keep the float model's scores; one scale per tensor loses F1.
    """
    reader = reader.cpu().float().eval()
    folder.mkdir(parents=True, exist_ok=True)
    n, t, k = 40, 60, 9
    words = torch.arange(n)[None]
    spans = (torch.randint(1, 1000, (1, t)), torch.ones(1, t, dtype=torch.long), words + 1, words + 2, words // 10)
    with torch.no_grad():
        vectors, _, _, hidden, _ = _Spans(reader)(*spans)
    begin = torch.arange(k)[None] * 3
    flat = hidden.flatten(1, 2)[:, begin[0] * MAX_WIDTH]
    subject, near = torch.arange(k - 1)[None], torch.ones(1, k, n, dtype=torch.bool)
    core, kind = torch.ones(1, n, dtype=torch.bool), torch.full((1, n), 3)
    place = words // 10
    pairs = (vectors, flat, begin, begin, near, subject, subject + 1, place, core, kind, place, place)
    token, word, span, pair = {1: "tokens"}, {1: "words"}, {1: "spans"}, {1: "pairs"}
    _one(_Spans(reader), spans, folder / "spans.onnx", {
        "token_ids": token, "kinds": token, "first": word, "last": word, "sentence": word,
    }, {"words": word, "argument": word, "types": word, "hidden": word, "allowed": word})  # fmt: skip
    join_attention(folder / "spans.onnx", reader.encoder.shape.heads)
    _one(_Pairs(reader), pairs, folder / "pairs.onnx", {
        "words": word, "hidden": span, "begin": span, "stop": span, "near": {1: "spans", 2: "words"},
        "subject": pair, "object": pair, "sentence": word, "core": word, "word_kind": word,
        "line": word, "section": word,
    }, {"relation": pair, "flags": pair, "allowed": pair})  # fmt: skip


def _one(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    given: dict[str, dict[int, str]],
    out: dict[str, dict[int, str]],
) -> None:
    raw = path.with_suffix(".float.onnx")
    names = [f"{name}_out" if name in given else name for name in out]
    axes = {**given, **dict(zip(names, out.values(), strict=True))}
    torch.onnx.export(
        module, inputs, str(raw), input_names=list(given), output_names=names, dynamic_axes=axes, opset_version=OPSET,
        dynamo=False,
    )  # fmt: skip
    in_eight_bits(raw, path)


def in_eight_bits(raw: Path, path: Path) -> None:
    """Write the model at `raw`, which goes, to `path`, its matrices and embeddings as int8, one scale per channel."""
    quantize_dynamic(
        raw, path, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gather", "Gemm"],
        extra_options={"MatMulConstBOnly": True},
    )  # fmt: skip
    raw.unlink()


def join_attention(path: Path, heads: int) -> None:
    """Put one operator of onnxruntime in the place of the steps that the encoder's attention is exported as.

    It works in blocks that stay in the processor's cache: the whole first half takes .94 of the time.
    """
    model = OnnxModel(onnx.load(path))
    for last in model.get_nodes_by_op_type("Reshape"):
        steps = ["Transpose", "MatMul", "Softmax", "MatMul", "Mul", "Transpose", "Reshape"]
        query = model.match_parent_path(last, steps, [0] * len(steps))
        if query is None:
            continue
        key = model.match_parent_path(query[3], ["Mul", "Transpose", "Reshape"], [1, 0, 0])
        value = model.match_parent_path(query[1], ["Transpose", "Reshape"], [1, 0])
        given = [found[-1].input[0] for found in (query, key, value)]
        joined = helper.make_node("MultiHeadAttention", given, last.output, domain=_DOMAIN, num_heads=heads)
        model.model.graph.node.insert(list(model.model.graph.node).index(last), joined)
        model.remove_node(last)
    model.prune_graph()
    model.model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))
    onnx.save(model.model, path)
