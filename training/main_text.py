"""Train the model of main text: `python -m training.main_text` (under a minute; needs lightgbm and onnx).

Reads every second page of WCXB (Murrough Foley, Web Content Extraction Benchmark, CC BY 4.0), from the first one on;
the others stay unseen. Writes pipeline/models/main_text/trees.onnx, which holds thresholds and weights, no words.
Seeds are fixed. Blocks are the unit; which of them are main text is worked out from the page's main text.
"""

import argparse
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.web_pages import by_name, load_web_pages, read_web_pages, words_of
from pipeline.models.main_text.features import Rows
from pipeline.text.html import Blocks, Elements, extract
from training.trees import to_onnx

WCXB = Path(__file__).parent.parent.parent / "shared" / "eval" / "wcxb"
OUT = Path(__file__).parent.parent / "pipeline" / "models" / "main_text" / "trees.onnx"
_LONG = 5  # words from which a block is looked up by itself; shorter ones also need main text near by
_GRAM = 3  # words; a long block that was edited is main text when half of its word triples are
_NEAR = 3  # long blocks on each side that speak for a short one
_POWER = 0.7  # a block counts by its words to this power: word F1 grows with words, and rules are learnt from blocks
_TREES = 150
_BOOSTING: dict[str, float | str | bool] = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 40, "feature_fraction": 0.3,
    "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5, "verbose": -1, "num_threads": 2, "seed": 1,
    "deterministic": True, "max_bin": 127,
}  # fmt: skip
Floats = npt.NDArray[np.float32]


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


def fragment(blocks: Blocks, gold: Sequence[bool], spare: int) -> slice:
    """The blocks from the first of the main text to the last, and `spare` more on each side."""
    places = np.flatnonzero(gold)
    return slice(max(0, places[0] - spare), places[-1] + 1 + spare) if len(places) else slice(0, 0)


def bare(blocks: Blocks, span: slice) -> Blocks:
    """Some of the blocks without the elements that stand around all of them, as in a record that holds an article only.

    The innermost element of a block stays.
    """
    elements, inner = blocks.elements, blocks.element[span]
    common = set.intersection(*(set(_outwards(elements, i)[1:]) for i in inner)) if inner else set()
    kept = [i for i in range(len(elements.parent)) if i not in common]
    number = {-1: -1} | dict.fromkeys(common, -1) | {old: new for new, old in enumerate(kept)}
    return Blocks(
        blocks.start[span], blocks.end[span], blocks.text[span], blocks.alignment[span], [number[i] for i in inner],
        blocks.tag[span], [depth - len(common) for depth in blocks.depth[span]], blocks.linked[span],
        blocks.emphasised[span],
        Elements([number[elements.parent[i]] for i in kept], [elements.name[i] for i in kept],
                 [elements.names[i] for i in kept], [elements.hidden[i] for i in kept]),
    )  # fmt: skip


def _outwards(elements: Elements, inner: int) -> list[int]:
    """An element and those around it, the innermost first."""
    chain = []
    while inner >= 0:
        chain.append(inner)
        inner = elements.parent[inner]
    return chain


def rows_of(blocks: Blocks, gold: Sequence[bool], part: float) -> tuple[Floats, list[bool], Floats]:
    """Features, gold, and weight of each block; a page weighs `part`, whatever its length."""
    sizes = np.array([len(words_of(text)) for text in blocks.text])
    main = max(100, int(sizes[np.array(gold)].sum()))
    weight = part * ((sizes + 0.5) / main) ** _POWER
    return Rows([blocks]).values, list(gold), weight.astype(np.float32)


def examples(pages: Sequence[tuple[str, str]]) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """All blocks of pages (source, main text), and of the fragments cut from them."""
    found = []
    for number, (source, main) in enumerate(pages):
        blocks = extract(source).blocks
        if not len(blocks):
            continue
        gold = gold_blocks(blocks, main)
        found.append(rows_of(blocks, gold, 1.0))
        span = fragment(blocks, gold, number % 3)
        part = bare(blocks, span)
        if len(part):
            found.append(rows_of(part, gold[span], 0.25))
    values, golds, weights = zip(*found, strict=True)
    return np.vstack(values), np.concatenate(golds), np.concatenate(weights)


def main() -> None:
    import lightgbm

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/")
    parser.add_argument("--first", type=int, default=0, help="0: train on even-numbered pages, 1: on the odd ones")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    pages = load_web_pages(options.pages, every=2, first=options.first)
    texts = by_name(read_web_pages(pages))
    values, gold, weight = examples([(texts.get(page.name, ""), page.main) for page in pages])
    data = lightgbm.Dataset(values, gold, weight=weight / weight.mean())
    booster = lightgbm.train(_BOOSTING, data, _TREES)
    options.out.write_bytes(to_onnx(booster.dump_model()))
    print(f"{len(pages)} pages, {len(gold)} blocks; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
