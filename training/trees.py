"""Boosted trees as an ONNX model, so that running them needs no library of their own."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from lightgbm import Booster

_LEAF = "LEAF"


def to_onnx(model: Mapping[str, Any], trees: slice = slice(None)) -> bytes:
    """`Booster.dump_model()` of LightGBM as a model: "rows" (n, features) to "score" (n, 1), the sum of `trees`.

    Splits must be of the kind `<=`, without missing values. A threshold becomes the largest float that is not above it,
    so that float features fall on the same side.
    """
    attributes: dict[str, list[Any]] = {
        name: [] for name in ("nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes",
                              "nodes_truenodeids", "nodes_falsenodeids", "target_treeids", "target_nodeids",
                              "target_ids", "target_weights")
    }  # fmt: skip
    for number, tree in enumerate(model["tree_info"][trees]):
        _add(attributes, number, tree["tree_structure"])
    node = helper.make_node("TreeEnsembleRegressor", ["rows"], ["score"], domain="ai.onnx.ml", n_targets=1)
    node.attribute.extend(helper.make_attribute(name, values) for name, values in attributes.items())
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, model["max_feature_idx"] + 1])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([node], "main_text", [rows], [score])
    opsets = [helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()  # type: ignore[no-any-return]


def mean(boosters: Sequence["Booster"]) -> dict[str, Any]:
    """One model, as `Booster.dump_model()` gives it, whose score is the mean of theirs."""
    models = [booster.dump_model() for booster in boosters]
    trees = [tree for model in models for tree in model["tree_info"]]
    for tree in trees:
        _shrink(tree["tree_structure"], len(boosters))
    return {**models[0], "tree_info": trees}


def _shrink(node: dict[str, Any], by: int) -> None:
    if "leaf_value" in node:
        node["leaf_value"] /= by
    else:
        _shrink(node["left_child"], by)
        _shrink(node["right_child"], by)


def _add(attributes: dict[str, list[Any]], number: int, root: Mapping[str, Any]) -> None:
    """The nodes of a tree, numbered as they are first seen."""
    waiting = [(root, 0)]
    count = 1
    while waiting:
        node, name = waiting.pop()
        left, right, leaf = 0, 0, "leaf_value" in node
        if leaf:
            for key, value in (("treeids", number), ("nodeids", name), ("ids", 0), ("weights", node["leaf_value"])):
                attributes[f"target_{key}"].append(value)
        else:
            left, right = count, count + 1
            count += 2
            waiting += [(node["left_child"], left), (node["right_child"], right)]
        row = (number, name, 0 if leaf else node["split_feature"], 0.0 if leaf else _float(node["threshold"]),
               _LEAF if leaf else "BRANCH_LEQ", left, right)  # fmt: skip
        for key, value in zip(("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids"),
                              row, strict=True):  # fmt: skip
            attributes[f"nodes_{key}"].append(value)


def _float(threshold: float) -> float:
    near = np.float32(threshold)
    return float(near if near <= threshold else np.nextafter(near, np.float32(-np.inf)))
