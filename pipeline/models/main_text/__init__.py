"""Which blocks of an HTML page are its main text: boosted trees over what markup, words and neighbours show.

`CARD.md` says what they were trained on and how well they do.
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from pipeline.models.main_text.containers import Containers
from pipeline.models.main_text.features import BlocksLike, Rows

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["REASON", "Containers", "main_text"]

REASON = "model:main-text"
"""`segments.reason` of the blocks that are dropped for it."""


@cache
def _session() -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # one process per core, and sums in one order
    data = resources.files("pipeline.models.main_text").joinpath("trees.onnx").read_bytes()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def main_text(pages: Sequence[BlocksLike], boxes: Containers | None = None) -> list[float]:
    """The probability that it is main text of each block of some pages, all blocks of each in order, none without any.

    boxes: the elements around the blocks, where they are known.
    """
    if not pages:
        return []
    [score] = _session().run(None, {"rows": Rows(pages, boxes).values})
    return np.asarray(1 / (1 + np.exp(-score[:, 0])), np.float32).tolist()  # type: ignore[no-any-return]
