"""Train the model of where articles begin: `python -m training.boundaries` (some five minutes; torch, lightgbm, onnx).

Dumps of known articles are made by joining: the single articles of the train pages of training/corpus, and every second
article of WCXB (title and main text), which is not part of the project: `--pages FOLDER`. What the trees read of the
labeller must be as unsure as on new pages, so each article is labelled by a network that was not trained on its writer:
three quick ones, each without a third of the writers. Train anew when the labeller has changed much. Seeds are fixed.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt

from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.evaluation.web_pages import public_articles
from pipeline.models.boundaries import Candidates, candidates
from pipeline.models.labeller import Network, probabilities
from pipeline.text.features import features, parts_of
from pipeline.text.segments import read_lines
from training.labeller import HERE, train
from training.main_text import WCXB
from training.trees import to_onnx
from training.variants import join_articles, single_articles

WEIGHTS = HERE.parent / "pipeline" / "models" / "boundaries"
FOLDS = 3  # thirds of the writers
ROUNDS = 10  # times each article stands in a dump of its own kind
KINDS = ("article", "documentation", "forum", "product", "service")  # of public pages with one text under a title
MIXED = (40, 20)  # written and public articles that are mixed, in each round and fold
_QUICK = {"networks": 1, "variants": 6, "rounds": 20}  # half a minute each
_BOOSTING = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 40, "feature_fraction": 0.4,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0, "verbose": -1, "num_threads": 1, "seed": 1,
    "deterministic": True,
}  # fmt: skip
_TREES, _FIRST = 400, 60  # all; those that are asked first


def fold_of(name: str) -> int:
    """The fold of a page's writer.

    >>> fold_of("w5-p01"), fold_of("w6-p12")
    (2, 0)
    """
    return int(name[1:].partition("-")[0]) % FOLDS


def rows_of_dumps(dumps: Sequence[GoldPage], network: Network) -> tuple[Candidates, npt.NDArray[np.bool_]]:
    """The lines of some dumps that may begin an article, and whether they do."""
    parts, table = parts_of([read_lines(page.text) for page in dumps])
    rows = features(table)
    found = candidates(rows, np.round(probabilities(rows, table.source, network), 4), table)
    titles = {(i, start) for i, page in enumerate(dumps) for start, _, label in page.labels if label == "title"}
    return found, np.array([(int(table.source[part]), int(parts.start[part])) in titles for part in found.part], bool)


def networks(pages: Sequence[GoldPage], more: Sequence[GoldPage]) -> list[Network]:
    """For each fold a labeller trained on the pages of the others and on `more`."""
    return [train([*(page for page in pages if fold_of(page.name) != fold), *more], **_QUICK) for fold in range(FOLDS)]


def examples(
    written: Sequence[GoldPage], public: Sequence[GoldPage], labellers: Sequence[Network]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Rows of lines that may begin an article, and whether they do, from dumps joined of single articles."""
    values, gold = [], []
    for number in range(ROUNDS * FOLDS):
        rng = random.Random(number)
        own = [article for article in written if fold_of(article.name) == number % FOLDS]
        some = rng.sample(public, len(public) // 2)
        mixed = rng.sample(own, min(MIXED[0], len(own))) + rng.sample(public, min(MIXED[1], len(public)))
        dumps = [dump for articles in (own, some, mixed) for dump in join_articles(articles, own, rng)]
        found, right = rows_of_dumps(dumps, labellers[number % FOLDS])
        values.append(found.values)
        gold.append(right)
    return np.concatenate(values), np.concatenate(gold)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with ground-truth/ of WCXB")
    parser.add_argument("--extra", type=Path, help="folder of further labelled pages, named like those of the corpus")
    options = parser.parse_args()
    pages = load_pages(HERE / "corpus", "train") + (load_pages(options.extra) if options.extra else [])
    written = [article for page in pages for article in single_articles(page)]
    public = public_articles(options.pages, first=0, kinds=KINDS)
    values, gold = examples(written, public, networks(pages, load_pages(HERE / "segments")))
    booster = lightgbm.train(_BOOSTING, lightgbm.Dataset(values, gold.astype(np.float64)), _TREES)
    for name, trees in (("first", slice(_FIRST)), ("others", slice(_FIRST, None))):
        (options.out / f"{name}.onnx").write_bytes(to_onnx(booster.dump_model(), trees))
    print(f"{len(written)} written and {len(public)} public articles; {len(gold)} lines, {gold.sum()} of them titles;")


if __name__ == "__main__":
    main()
