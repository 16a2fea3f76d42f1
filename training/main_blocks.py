"""Which blocks of a public page are main text, worked out from the main text that comes with it."""

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipeline.evaluation.web_pages import words_of
from pipeline.text.html import Blocks

__all__ = ["WCXB", "gold_blocks"]

WCXB = Path(__file__).parent.parent.parent / "shared" / "eval" / "wcxb"
_LONG = 5  # words from which a block is looked up by itself; shorter ones also need main text near by
_GRAM = 3  # words; a long block that was edited is main text when half of its word triples are
_NEAR = 3  # long blocks on each side that speak for a short one


def gold_blocks(blocks: Blocks, main: str) -> list[bool]:
    """Which blocks are main text: each stretch of `main` is given to one block, longest first, shown ones first."""
    words = [words_of(text) for text in blocks.text]
    hidden = blocks.hidden
    rest = f" {' '.join(words_of(main))} "
    gold = [False] * len(blocks)

    def order(i: int) -> tuple[bool, int, float, int]:
        return hidden[i] or blocks.tag[i] == "title", -len(words[i]), -_support(i, long, gold), i

    def take(i: int) -> bool:
        nonlocal rest
        said = f" {' '.join(words[i])} "
        gold[i] = said in rest
        rest = rest.replace(said, " | ", 1)
        return gold[i]

    long = [i for i, said in enumerate(words) if len(said) >= _LONG]
    edited = [i for i in sorted(long, key=order) if not take(i)]
    left = _grams(rest.split())
    for i in edited:
        found = _grams(words[i])
        if 2 * (found & left).total() >= found.total():
            gold[i] = True
            left -= found
    for i in sorted((i for i, said in enumerate(words) if 0 < len(said) < _LONG), key=order):
        if _support(i, long, gold):
            take(i)
    return gold


def _grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + _GRAM]) for i in range(len(words) - _GRAM + 1))


def _support(i: int, long: Sequence[int], gold: Sequence[bool]) -> float:
    """Share of main text among the long blocks near block `i`."""
    at = bisect(long, i)
    near = long[max(0, at - _NEAR) : at + _NEAR]
    return sum(gold[j] for j in near) / max(1, len(near))
