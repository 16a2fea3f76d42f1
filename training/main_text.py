"""Train the model of main text: `python -m training.main_text` (under two minutes; needs lightgbm and onnx).

Reads the pages of WCXB (Murrough Foley, Web Content Extraction Benchmark, CC BY 4.0). Writes first.onnx and second.onnx
to pipeline/models/main_text; they hold thresholds and weights, no words. Seeds are fixed. Blocks are the unit; which of
them are main text is worked out from the page's main text. What the model says of pages that it has not seen is
measured with others like it, each trained without some of the pages: `python -m benchmarks.html`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt

from pipeline.evaluation.web_pages import WebPage, by_name, load_web_pages, read_web_pages, words_of
from pipeline.models.main_text.features import Rows
from pipeline.models.main_text.second import second_look, stepped
from pipeline.text.html import Blocks, Elements, extract
from training.main_blocks import WCXB, gold_blocks
from training.trees import mean, to_onnx

OUT = Path(__file__).parent.parent / "pipeline" / "models" / "main_text"
_POWER = 0.7  # a block counts by its words to this power: word F1 grows with words, and rules are learnt from blocks
_FRAGMENT, _SHORT = 0.25, 0.1  # weight of a fragment and of a piece of a page, which weighs 1
_PIECES, _PIECE = 3, 8  # pieces of a page, and blocks of main text in one, at most
_TREES = 150
_FORESTS = 3  # whose mean the second look is: of one alone, articles differ by .008 of word F1 from seed to seed
_FOLDS = 5  # of pages: what the first look says of each comes from trees that did not learn from it
_BOOSTING: dict[str, float | str | bool] = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 40, "feature_fraction": 0.3,
    "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 5, "verbose": -1, "num_threads": 2,
    "deterministic": True, "max_bin": 127,
}  # fmt: skip
Floats = npt.NDArray[np.float32]


def fragment(blocks: Blocks, gold: Sequence[bool], spare: int) -> slice:
    """The blocks from the first of the main text to the last, and `spare` more on each side."""
    places = np.flatnonzero(gold)
    return slice(max(0, places[0] - spare), places[-1] + 1 + spare) if len(places) else slice(0, 0)


def pieces(gold: Sequence[bool], rng: np.random.Generator) -> list[slice]:
    """Up to three runs of a few blocks, a third or more main text, as in a record that holds a paragraph or a list."""
    places = np.flatnonzero(gold)
    found = []
    for _ in range(_PIECES if len(places) > 1 else 0):
        size = int(rng.integers(1, _PIECE + 1))
        at = int(rng.integers(0, max(1, len(places) - size)))
        first, last = places[at], places[min(len(places) - 1, at + size - 1)]
        if last - first <= 3 * size:
            found.append(slice(int(first), int(last) + 1))
    return found


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


class Example(NamedTuple):
    """A page or a fragment of one: the number of the page, its rows, which blocks are main text, the weight of each."""

    page: int
    rows: Rows
    gold: npt.NDArray[np.bool_]
    weight: Floats


def example(page: int, blocks: Blocks, gold: Sequence[bool], part: float) -> Example:
    """An example that weighs `part`, whatever its length."""
    sizes = np.array([len(words_of(text)) for text in blocks.text])
    main = max(100, int(sizes[np.array(gold)].sum()))
    weight = part * ((sizes + 0.5) / main) ** _POWER
    return Example(page, Rows([blocks]), np.array(gold), weight.astype(np.float32))


def examples(pages: Sequence[tuple[str, str]]) -> list[Example]:
    """Pages (source, main text), and the fragments and pieces cut from them."""
    found = []
    for number, (source, main) in enumerate(pages):
        blocks = extract(source).blocks
        if not len(blocks):
            continue
        gold = gold_blocks(blocks, main)
        found.append(example(number, blocks, gold, 1.0))
        parts = [(fragment(blocks, gold, number % 3), _FRAGMENT)]
        parts += [(piece, _SHORT) for piece in pieces(gold, np.random.default_rng(number))]
        found += [example(number, bare(blocks, span), gold[span], weight) for span, weight in parts if any(gold[span])]
    return found


def fit(some: Sequence[Example], values: Sequence[Floats], seed: int = 1) -> lightgbm.Booster:
    """Trees over the blocks of some examples; values: the numbers of each one's blocks."""
    weight = np.concatenate([each.weight for each in some])
    gold = np.concatenate([each.gold for each in some])
    data = lightgbm.Dataset(np.vstack(values), gold, weight=weight / weight.mean())
    return lightgbm.train(_BOOSTING | {"seed": seed}, data, _TREES)


def second_values(found: Sequence[Example]) -> list[Floats]:
    """The numbers that the second look sees of each example: what the first says comes from trees without its page."""
    values: dict[int, Floats] = {}
    for fold in range(_FOLDS):
        rest = [each for each in found if each.page % _FOLDS != fold]
        trees = fit(rest, [each.rows.values for each in rest])
        for i, each in enumerate(found):
            if each.page % _FOLDS == fold:
                says = trees.predict(each.rows.values, raw_score=True)
                values[i], _ = second_look(each.rows, stepped(np.asarray(says, np.float32)))
    return [values[i] for i in range(len(found))]


def train(pages: Sequence[WebPage]) -> dict[str, bytes]:
    """Both looks, trained on some pages: the ONNX files by their names."""
    texts = by_name(read_web_pages(pages))
    found = examples([(texts.get(page.name, ""), page.main) for page in pages])
    first = fit(found, [each.rows.values for each in found])
    values = second_values(found)
    second = [fit(found, values, seed) for seed in range(1, 1 + _FORESTS)]
    return {f"{name}.onnx": to_onnx(mean(trees)) for name, trees in (("first", [first]), ("second", second))}


def main() -> None:
    """Read the options, train both looks and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of first.onnx and second.onnx")
    options = parser.parse_args()
    pages = load_web_pages(options.pages)
    for name, packed in train(pages).items():
        (options.out / name).write_bytes(packed)
        print(f"{len(pages)} pages; {options.out / name}: {len(packed)} bytes")


if __name__ == "__main__":
    main()
