"""Which blocks of an HTML page are its main text: boosted trees over what markup, words and neighbours show.

`CARD.md` says what they were trained on and how well they do.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.models.main_text.containers import Containers
from pipeline.models.main_text.features import BlocksLike, Rows
from pipeline.models.onnx import shipped

__all__ = ["REASON", "Containers", "main_text"]

REASON = "model:main-text"
"""`segments.reason` of the blocks that are dropped for it."""


def main_text(pages: Sequence[BlocksLike], boxes: Containers | None = None) -> list[float]:
    """The probability that it is main text of each block of some pages, all blocks of each in order, none without any.

    boxes: the elements around the blocks, where they are known.
    """
    if not pages:
        return []
    [score] = shipped("main_text/trees.onnx").run(None, {"rows": Rows(pages, boxes).values})
    return np.asarray(1 / (1 + np.exp(-score[:, 0])), np.float32).tolist()  # type: ignore[no-any-return]
