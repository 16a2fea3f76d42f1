"""The second look at the blocks of a page: each with what the first look says of those around it.

The first look at a block cannot know whether the paragraphs before and behind are main text, nor how much of it the
list holds that the block stands in. Here the answers of the first look are known.
"""

import numpy as np
import numpy.typing as npt

from pipeline.models.main_text.features import Rows

__all__ = ["STEPS", "expected_f1", "second_look", "stepped"]

Floats = npt.NDArray[np.float32]
STEPS = 256  # of a probability: sums over such parts are exact, so pages do not depend on those beside them
_UP = 6  # containers that are looked at, from the innermost outwards


def stepped(log_odds: Floats) -> Floats:
    """The probabilities of the first look in 256 steps, as the second look reads them."""
    return np.asarray(np.rint(STEPS / (1 + np.exp(-log_odds.astype(np.float64)))) / STEPS, np.float32)


def second_look(rows: Rows, chance: Floats) -> tuple[Floats, list[str]]:
    """The rows of some pages with what the first look says of each block and of those around it; names of the columns.

    chance: the probability that it is main text of each block, as `stepped`.
    """
    words, pages = rows.words, rows.pages
    bounded = np.clip(chance, 0.5 / STEPS, 1 - 0.5 / STEPS)
    odds, main = np.log(bounded / (1 - bounded)), words * chance
    whole = np.maximum(pages.sums(main), 1)
    held, held_names = _held(rows, chance, whole)
    near, near_names = pages.near({"odds": odds})
    sums, sum_names = pages.windows({"main": main, "words": words, "chance": chance, "blocks": np.ones_like(words)})
    parts = sums.reshape(len(words), -1, 4)
    shares = np.hstack([parts[:, :, i] / np.maximum(parts[:, :, i + 1], 1) for i in (0, 2)])
    share_names = [f"share_{name}" for what in ("main", "chance") for name in sum_names if name.startswith(what)]
    page = [pages.running(main) / whole[pages.page], np.log(whole)[pages.page],
            (whole / np.maximum(pages.sums(words), 1))[pages.page],
            np.maximum.reduceat(chance, pages.first)[pages.page]]  # fmt: skip
    columns = [odds, *held, *near.T, *sums.T, *shares.T, *page]
    names = ["odds", *held_names, *near_names, *sum_names, *share_names]
    names += ["place_main", "page_main", "page_share", "page_best"]
    values = np.hstack([rows.values, np.column_stack(columns).astype(np.float32)])
    return values, [*rows.names, *(f"first_{name}" for name in names)]


def _held(rows: Rows, chance: Floats, whole: Floats) -> tuple[list[Floats], list[str]]:
    """How much of each container is main text, by words and by blocks, and its share of the page's main text."""
    boxes, words = rows.boxes, rows.words
    main, text, likely, blocks = boxes.totals(words * chance, words, chance, np.ones_like(words))
    shares = {
        "words": main / np.maximum(text, 1),
        "page": main / whole[boxes.page],
        "likely": likely / np.maximum(blocks, 1),
    }
    inner = boxes.around[:_UP, boxes.of_block]
    columns = [share[of_block] for share in shares.values() for of_block in inner]
    return columns, [f"held_{name}{up}" for name in shares for up in range(_UP)]


def expected_f1(rows: Rows, chance: Floats) -> list[float]:
    """For each page the best F1 of words that a choice of its blocks can be expected to have.

    It is had by the blocks whose chance is above half of it (Lipton, Elkan and Narayanaswamy, Optimal thresholding of
    classifiers to maximize F1 measure, 2014): near a half where blocks are told apart surely, lower where none is sure.
    """
    found = []
    for first, last in zip(rows.pages.first, np.append(rows.pages.first[1:], len(chance)), strict=True):
        order = first + np.argsort(-chance[first:last], kind="stable")
        words = rows.words[order].astype(np.float64)
        right = np.cumsum(words * chance[order])
        f1 = 2 * right / np.maximum(np.cumsum(words) + right[-1], 1e-9)
        found.append(float(f1.max()))
    return found
