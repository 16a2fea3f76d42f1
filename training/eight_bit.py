"""The layers of a labeller as an ONNX model that multiplies whole numbers of eight bits.

Written with the operator of onnxruntime that its own quantisation makes (`MatMulIntegerToFloat`), with scales that are
fixed beforehand: sums of whole numbers have no order, so what is said of a part does not depend on how many are read
at once, and on the processor only by the last digit of a float here and there. Against floats answers move by two
ten-thousandths on average (one-off), and a part takes less than half of the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper
from scipy.linalg import block_diag

__all__ = ["Layers", "Scale", "to_onnx"]

Floats = npt.NDArray[np.float32]
# What is multiplied takes seven bits: processors without instructions of their own for this (AVX2) add two products in
# sixteen bits, which those of eight would overflow. Of numbers that may be negative 64 is the 0.
_TOP, _MIDDLE = 127, 64
# Percentile of what a layer reads in training that is the highest number; higher ones are cut off. Chosen by how far
# answers move: 99.9, 99.99 and 99.999 alike, the highest one itself a third more.
_HIGHEST = 99.99


class Scale(NamedTuple):
    """How features are read: less `center`, by `spread`, cut off at `far`."""

    center: Floats
    spread: Floats
    far: float


@dataclass(frozen=True)
class Layers:
    """One network. weights (in, out), biases (out): of each layer: the first over features and words, those between
    over three parts each, the last over the labels. read: what each has read in training, a row for each part; those
    between of the part itself.
    """

    weights: Sequence[Floats]
    biases: Sequence[Floats]
    read: Sequence[Floats]


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

    def cut_off(self, numbers: str, far: float) -> str:
        return self.add("Clip", numbers, self.constant(-far, np.float32), self.constant(far, np.float32))

    def steps(self, numbers: str, step: float, zero: int) -> _Whole:
        size, middle = self.constant(step, np.float32), self.constant(zero, np.uint8)
        return _Whole(self.add("QuantizeLinear", numbers, size, middle), step, zero)

    def state(self, numbers: str, read: Floats) -> _Whole:
        """States, which are never negative."""
        whole = self.steps(numbers, float(np.percentile(read, _HIGHEST)) / _TOP, 0)
        return whole._replace(name=self.add("Clip", whole.name, "", self.constant(_TOP, np.uint8)))

    def halves(self, numbers: str, far: float) -> tuple[_Whole, _Whole]:
        """Numbers no farther from 0 than `far`, in two times seven bits: whole steps, and sixty-fourths of one that are
        left."""
        whole = self.steps(numbers, far / (_TOP - _MIDDLE), _MIDDLE)
        size, middle = self.constant(whole.step, np.float32), self.constant(_MIDDLE, np.uint8)
        left = self.add("Sub", numbers, self.add("DequantizeLinear", whole.name, size, middle))
        return whole, self.steps(left, whole.step / _MIDDLE, _MIDDLE)

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


def to_onnx(networks: Sequence[Layers], strides: Sequence[int], scale: Scale) -> bytes:
    """A model: "features" and "words" (sources, parts, numbers), those of the words for one network after the other, to
    "chance" (sources, parts, labels), the mean of the networks' probabilities. The layers between read three parts
    each, at `strides`.
    """
    graph = _Graph()
    sizes = {"features": len(scale.center), "chance": len(networks[0].biases[-1])}
    sizes["words"] = sum(len(layers.weights[0]) - sizes["features"] for layers in networks)
    states = _first(graph, networks, scale)
    chances = [_chance(graph, state, layers, strides) for state, layers in zip(states, networks, strict=True)]
    graph.add("Mean", *chances, name="chance")
    features, chance, words = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["sources", "parts", size])
        for name, size in sizes.items()
    )
    made = helper.make_graph(graph.nodes, "layers", [features, words], [chance], graph.constants)
    opsets = [helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString()  # type: ignore[no-any-return]


def _first(graph: _Graph, networks: Sequence[Layers], scale: Scale) -> list[str]:
    """The first layers of all networks at once: what each says."""
    known = len(scale.center)
    centered = graph.add("Sub", "features", graph.constant(scale.center, np.float32))
    features = graph.cut_off(graph.add("Mul", centered, graph.constant(1 / scale.spread, np.float32)), scale.far)
    far = max(float(np.percentile(np.abs(layers.read[0][:, known:]), _HIGHEST)) for layers in networks)
    weights = [np.split(layers.weights[0], [known]) for layers in networks]
    bias = np.concatenate([layers.biases[0] for layers in networks])
    of_each = (
        (graph.halves(features, scale.far), np.hstack([of_features for of_features, _ in weights])),
        (graph.halves(graph.cut_off("words", far), far), block_diag(*(of_words for _, of_words in weights))),
    )
    first, *others = [(half, weight) for halves, weight in of_each for half in halves]
    state = graph.product(*first, bias)
    for half, weight in others:
        state = graph.add("Add", state, graph.product(half, weight, np.zeros_like(bias)))
    state = graph.add("Relu", state)
    ends = np.cumsum([0, *(len(layers.biases[0]) for layers in networks)]).tolist()
    return [graph.part(state, begin, end, 2) for begin, end in pairwise(ends)]


def _chance(graph: _Graph, state: str, layers: Layers, strides: Sequence[int]) -> str:
    _, *between, last = zip(layers.weights, layers.biases, layers.read, strict=True)
    for (weight, bias, read), stride in zip(between, strides, strict=True):
        change = graph.product(graph.around(graph.state(state, read), stride), weight, bias)
        state = graph.add("Add", state, graph.add("Relu", change))
    weight, bias, read = last
    return graph.add("Softmax", graph.product(graph.state(state, read), weight, bias), axis=-1)
