"""Train the model of where articles begin: `python -m training.boundaries` (some ten minutes; torch, lightgbm, onnx).

Dumps of known articles are made by joining: the single articles of the train pages of training/corpus and of those of
training/segments that are not hard on purpose, and every second article of WCXB (title and main text), which is not
part of the project: `--pages FOLDER`. What the trees read of the labeller must be as unsure as on new pages, so each
article is labelled by a network that was not trained on its writer: three quick ones, each without a third of the
writers; public articles by the one whose answers the trees shall read (`labels.npz`, made by
`training.boundary_labels`), which has been told nothing of them. The second look learns from answers of trees that were
not trained on the article. Seeds are fixed.
"""

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt

from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from pipeline.evaluation.web_pages import public_articles
from pipeline.models.boundaries import Candidates, candidates, likely_ones
from pipeline.models.boundaries.second import LOOKS, second_look
from pipeline.models.labeller import Network, network_of_beginnings, probabilities
from pipeline.text.features import Features, PartTable, features, parts_of
from pipeline.text.segments import read_lines
from training.labeller import HERE, is_hard, pages_without_claims, train
from training.main_blocks import WCXB
from training.trees import to_onnx
from training.variants import join_articles, shortened, single_articles

WEIGHTS = HERE.parent / "pipeline" / "models" / "boundaries"
FOLDS = 3  # thirds of the writers
PARTS = 5  # of all articles, whose lines the second look sees as trees tell them that saw the others only
ROUNDS = 6  # times each written article stands in a dump of its own kind
PUBLIC = 24  # the same of each public one, whole, and again with lines left out
KINDS = ("article", "documentation", "forum", "product", "service")  # of public pages with one text under a title
MIXED = (40, 20)  # written and public articles that are mixed, in each round and fold
_quickly_train = partial(train, networks=1, variants=6, rounds=20)  # half a minute
_BOTH = {
    "objective": "binary", "num_leaves": 15, "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "verbose": -1,
    "num_threads": 1, "seed": 1, "deterministic": True,
}  # fmt: skip
_FIRST_LOOK = {
    **_BOTH, "learning_rate": 0.08, "feature_fraction": 0.25, "bagging_fraction": 0.8, "min_data_in_leaf": 40,
}  # fmt: skip
_SECOND_LOOK = {
    **_BOTH, "learning_rate": 0.04, "feature_fraction": 0.3, "bagging_fraction": 0.7, "min_data_in_leaf": 120,
}  # fmt: skip
_TREES, _ASKED, _SECOND = 280, 80, 450  # of the first look, those of them that are asked first, of the second look


@dataclass(frozen=True)
class Lines:
    """The lines of some dumps that may begin an article, whether they do, the part (of `PARTS`) that the article of
    each belongs to, and what the second look reads."""

    found: Candidates
    right: npt.NDArray[np.bool_]
    part: npt.NDArray[np.int64]
    rows: Features
    chance: npt.NDArray[np.float32]
    table: PartTable

    def again(self, score: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The lines that the second look looks at, and their rows."""
        chosen, likely = likely_ones(score, self.found.part, self.found.place)
        return chosen, second_look(likely, self.rows, self.chance, self.table, self.found.cells)[0]


def fold_of(name: str) -> int:
    """The fold of a page's writer.

    >>> fold_of("w5-p01"), fold_of("w6-p12")
    (2, 0)
    """
    return writer_of(name) % FOLDS


def part_of(name: str) -> int:
    """The part of the articles that a page belongs to: by writer, or by the number of the public page.

    >>> part_of("w7-p01.0"), part_of("s7-p01"), part_of("0001")
    (2, 2, 1)
    """
    return int(name.partition("-")[0].lstrip("ws")) % PARTS


def lines_of_dumps(dumps: Sequence[GoldPage], network: Network) -> Lines:
    """The lines of some dumps that may begin an article."""
    parts, table = parts_of([read_lines(page.text) for page in dumps])
    rows = features(table)
    chance = np.round(probabilities(rows, table.source, network), 4)
    found = candidates(rows, chance, table)
    right, part = np.zeros(len(found.part), bool), np.zeros(len(found.part), np.int64)
    for i, page in enumerate(dumps):
        here = np.flatnonzero(table.source[found.part] == i)
        at = np.array(parts.start, np.int64)[found.part[here]]
        titles = np.array([start for start, _, label in page.labels if label == "title"])
        article = np.maximum(np.searchsorted(titles, at, "right") - 1, 0)
        right[here], part[here] = np.isin(at, titles), np.array([*map(part_of, page.name.split("+"))])[article]
    read = [rows.names.index(name) for name in LOOKS]
    slim = Features(rows.values[:, read], LOOKS, rows.rules[:0], rows.words)
    return Lines(found, right, part, slim, chance, table)


def networks(pages: Sequence[GoldPage], more: Sequence[GoldPage]) -> list[Network]:
    """For each fold a labeller trained on the pages of the others and on `more`."""
    return [_quickly_train([*(page for page in pages if fold_of(page.name) != fold), *more]) for fold in range(FOLDS)]


def examples(
    written: Sequence[GoldPage], public: Sequence[GoldPage], labellers: Sequence[Network], labeller: Network
) -> Iterator[Lines]:
    """Lines of dumps joined of single articles; none of the labellers has seen the writers of what it labels.

    labeller: that of the dumps of public articles alone.
    """
    for number in range(ROUNDS * FOLDS):
        rng = random.Random(number)
        own = [article for article in written if fold_of(article.name) == number % FOLDS]
        mixed = rng.sample(own, min(MIXED[0], len(own))) + rng.sample(public, min(MIXED[1], len(public)))
        for some in (own, mixed):
            yield lines_of_dumps(join_articles(some, own, rng), labellers[number % FOLDS])
    for number in range(PUBLIC):
        rng = random.Random(number)
        shorter = [shortened(article, rng) for article in public]
        for articles in (public, shorter):
            yield lines_of_dumps(join_articles(articles, written, rng), labeller)


def boosted(
    values: npt.NDArray[np.float32], right: npt.NDArray[np.bool_], settings: Mapping[str, object], trees: int
) -> lightgbm.Booster:
    return lightgbm.train(dict(settings), lightgbm.Dataset(values, right.astype(np.float64)), trees)


def first_look(lines: Sequence[Lines]) -> tuple[lightgbm.Booster, list[npt.NDArray[np.float32]]]:
    """The trees, and what trees say of each line that were trained without its part of the articles."""
    values, right, part = (
        np.concatenate(all_of)
        for all_of in zip(*((each.found.values, each.right, each.part) for each in lines), strict=True)
    )
    score = np.zeros(len(right), np.float32)
    for one in range(PARTS):
        trees = boosted(values[part != one], right[part != one], _FIRST_LOOK, _TREES)
        score[part == one] = trees.predict(values[part == one], raw_score=True)
    ends = np.cumsum([len(each.right) for each in lines])
    return boosted(values, right, _FIRST_LOOK, _TREES), np.split(score, ends[:-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with ground-truth/ of WCXB")
    parser.add_argument("--extra", type=Path, help="folder of further labelled pages, named like those of the corpus")
    options = parser.parse_args()
    segments = pages_without_claims()
    pages = load_pages(HERE / "corpus", "train") + [page for page in segments if not is_hard(page)]
    pages += load_pages(options.extra) if options.extra else []
    written = [article for page in pages for article in single_articles(page)]
    public = public_articles(options.pages, first=0, kinds=KINDS)
    labellers = networks(pages, [page for page in segments if is_hard(page)])
    lines = [*examples(written, public, labellers, network_of_beginnings())]
    first, scores = first_look(lines)
    again = [(each.right, *each.again(score)) for each, score in zip(lines, scores, strict=True)]
    values, right = np.concatenate([rows for *_, rows in again]), np.concatenate([gold[at] for gold, at, _ in again])
    second = boosted(values, right, _SECOND_LOOK, _SECOND)
    for name, booster, trees in (("first", first, slice(_ASKED)), ("others", first, slice(_ASKED, None)),
                                 ("second", second, slice(None))):  # fmt: skip
        (options.out / f"{name}.onnx").write_bytes(to_onnx(booster.dump_model(), trees))
    print(f"{len(written)} written, {len(public)} public articles; {sum(map(len, scores))} lines, {len(right)} likely")


if __name__ == "__main__":
    main()
