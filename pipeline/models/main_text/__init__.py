"""Which blocks of an HTML page are its main text: boosted trees over what markup, words and neighbours show, and a
second look by others that also know what the first said of the blocks around.

`CARD.md` says what they were trained on and how well they do.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.models.main_text.containers import Containers
from pipeline.models.main_text.features import BlocksLike, Rows
from pipeline.models.main_text.second import STEPS, expected_f1, second_look, stepped
from pipeline.models.onnx import shipped

__all__ = ["REASON", "Containers", "MainText", "main_text"]

REASON = "model:main-text"
"""`segments.reason` of the blocks that are dropped for it."""
# What the first look says no more of is not looked at again: nearly half of all blocks. On 150 pages that it had not
# seen, the second look kept none of these, and none of twice as likely ones.
_SURELY_NOT = 4 / STEPS


class MainText(NamedTuple):
    """chance: the probability that it is main text of each block of all pages, in order. f1: of each page, the F1 of
    words that can be expected where the blocks with a chance above half of it are taken, which no other choice beats.
    """

    chance: list[float]
    f1: list[float]


def main_text(pages: Sequence[BlocksLike], boxes: Containers | None = None) -> MainText:
    """What is main text on some pages, none of them without any blocks.

    boxes: the elements around the blocks, where they are known.
    """
    if not pages:
        return MainText([], [])
    rows = Rows(pages, boxes)
    chance = stepped(_log_odds("first", rows.values))
    values, _ = second_look(rows, chance)
    unsure = np.flatnonzero(chance > _SURELY_NOT)
    chance[unsure] = 1 / (1 + np.exp(-_log_odds("second", values[unsure])))
    return MainText(chance.tolist(), expected_f1(rows, chance))


def _log_odds(look: str, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    [score] = shipped(f"main_text/{look}.onnx").run(None, {"rows": values})
    return np.asarray(score[:, 0], np.float32)
