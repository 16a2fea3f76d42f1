"""The layers of a labeller as an ONNX model that multiplies whole numbers of eight bits.

Written with the operator of onnxruntime that its own quantisation makes (`MatMulIntegerToFloat`), with scales that are
fixed beforehand: sums of whole numbers have no order, so what is said of a part depends neither on how many are
read at once nor on the processor. Answers move by two ten-thousandths on average, and a part takes less than half of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

__all__ = ["Layers", "to_onnx"]

Floats = npt.NDArray[np.float32]
# What is multiplied takes seven bits: processors without instructions of their own for this (AVX2) add two products in
# sixteen bits, which those of eight would overflow. Of features and words, which may be negative, 64 is the 0.
_TOP, _MIDDLE = 127, 64
# Percentile of what a layer reads in training that is the highest number; higher ones are cut off. Chosen by how far
# answers move: 99.9, 99.99 and 99.999 alike, the highest one itself a third more.
_HIGHEST = 99.99


@dataclass(frozen=True)
class Layers:
    """One network. weights (in, out), biases (out): of each layer: the first over features and words, those between
    over three parts each, the last over the labels. read: what each has read in training, a row for each part; those
    between of the part itself. features: how many of the columns of the first are features.
    """

    weights: Sequence[Floats]
    biases: Sequence[Floats]
    read: Sequence[Floats]
    features: int


class _Whole(NamedTuple):
    """Numbers as whole ones: their name, the size of a step, the number that is 0."""

    name: str
    step: float
    zero: int


@dataclass
class _Graph:
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, values: npt.ArrayLike, kind: npt.DTypeLike) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def add(self, kind: str, *inputs: str, name: str = "", domain: str = "", **settings: Any) -> str:
        name = name or f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **settings))
        return name

    def part(self, of: str, begin: int, end: int, axis: int) -> str:
        """From `begin` up to `end` along an axis."""
        return self.add("Slice", of, *(self.constant([number], np.int64) for number in (begin, end, axis)))

    def whole(self, numbers: str, step: float, zero: int = 0) -> _Whole:
        steps = self.add("QuantizeLinear", numbers, self.constant(step, np.float32), self.constant(zero, np.uint8))
        return _Whole(self.add("Clip", steps, "", self.constant(_TOP, np.uint8)), step, zero)

    def rest(self, numbers: str, whole: _Whole) -> _Whole:
        """What rounding has left of the numbers, in steps of a sixty-fourth."""
        step, zero = self.constant(whole.step, np.float32), self.constant(whole.zero, np.uint8)
        left = self.add("Sub", numbers, self.add("DequantizeLinear", whole.name, step, zero))
        return self.whole(left, whole.step / _MIDDLE, _MIDDLE)

    def around(self, state: _Whole, stride: int) -> _Whole:
        """Of each part the state of the one `stride` before, its own, and that of the one behind; 0 beyond the
        source."""
        wide = self.add("Pad", state.name, self.constant([0, stride, 0, 0, stride, 0], np.int64))
        before, behind = self.part(wide, 0, -2 * stride, 1), self.part(wide, 2 * stride, np.iinfo(np.int64).max, 1)
        return state._replace(name=self.add("Concat", before, state.name, behind, axis=2))

    def product(self, whole: _Whole, weight: Floats, bias: Floats) -> str:
        """Each column of the weights has a step of its own."""
        steps = np.maximum(np.abs(weight).max(0), 1e-9) / _TOP
        constants = (
            (np.rint(weight / steps), np.int8), (whole.step, np.float32), (steps, np.float32),
            (whole.zero, np.uint8), (0, np.int8), (bias, np.float32),
        )  # fmt: skip
        names = (self.constant(values, kind) for values, kind in constants)
        return self.add("MatMulIntegerToFloat", whole.name, *names, domain="com.microsoft")

    def fine_product(self, numbers: str, read: Floats, weight: Floats) -> str:
        """That of numbers that may be negative, in two halves of seven bits."""
        whole = self.whole(numbers, _highest(read) / (_TOP - _MIDDLE), _MIDDLE)
        halves = (self.product(half, weight, np.zeros_like(weight[0])) for half in (whole, self.rest(numbers, whole)))
        return self.add("Add", *halves)


def _highest(read: Floats) -> float:
    return float(np.percentile(np.abs(read), _HIGHEST))


def to_onnx(networks: Sequence[Layers], strides: Sequence[int]) -> bytes:
    """A model: "features" and "words" (sources, parts, numbers), those of the words for one network after the other, to
    "chance" (sources, parts, labels), the mean of the networks' probabilities. The layers between read three parts
    each, at `strides`.
    """
    graph = _Graph()
    ends = np.cumsum([0, *(len(layers.weights[0]) - layers.features for layers in networks)]).tolist()
    words = (graph.part("words", begin, end, 2) for begin, end in pairwise(ends))
    chances = [_chance(graph, own, layers, strides) for own, layers in zip(words, networks, strict=True)]
    graph.add("Mean", *chances, name="chance")
    sizes = {"features": networks[0].features, "words": ends[-1], "chance": len(networks[0].biases[-1])}
    *inputs, chance = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["sources", "parts", size])
        for name, size in sizes.items()
    )
    made = helper.make_graph(graph.nodes, "layers", inputs, [chance], graph.constants)
    opsets = [helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString()  # type: ignore[no-any-return]


def _chance(graph: _Graph, words: str, layers: Layers, strides: Sequence[int]) -> str:
    (weight, bias, read), *between, last = zip(layers.weights, layers.biases, layers.read, strict=True)
    of_features, of_words = np.split(weight, [layers.features])
    features, own = np.split(read, [layers.features], axis=1)
    products = (graph.fine_product("features", features, of_features), graph.fine_product(words, own, of_words))
    state = graph.add("Relu", graph.add("Sum", *products, graph.constant(bias, np.float32)))
    for (weight, bias, read), stride in zip(between, strides, strict=True):
        whole = graph.whole(state, _highest(read) / _TOP)
        change = graph.product(graph.around(whole, stride), weight, bias)
        state = graph.add("Add", state, graph.add("Relu", change))
    weight, bias, read = last
    return graph.add("Softmax", graph.product(graph.whole(state, _highest(read) / _TOP), weight, bias), axis=-1)
