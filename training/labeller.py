"""Train the labeller on the written corpus: `python -m training.labeller`.

Reads training/corpus/*.page, writes pipeline/models/labeller/weights.txt.gz, prints the figures of the held-out
pages. Deterministic; about a minute on two cores.
"""

import argparse
import gzip
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.evaluation.gold import GoldPage, load_pages, part_of
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import PartTable, features
from pipeline.text.segments import Part, cut_line, read_lines

HERE = Path(__file__).parent
WEIGHTS = HERE.parent / "pipeline" / "models" / "labeller" / "weights.txt.gz"
ROUNDS = 120
SETTINGS = {
    "objective": "multiclass",
    "num_class": len(LABELS),
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 8,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 2.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def parts_of(texts: Sequence[str]) -> tuple[list[Part], PartTable]:
    """The parts of some sources, as a list and as the table that features are counted on."""
    rows = [
        (part, source, number, line.gap)
        for source, text in enumerate(texts)
        for number, line in enumerate(read_lines(text))
        for part in cut_line(line)
    ]
    parts, sources, lines, gaps = zip(*rows, strict=True)
    cuts = [part.cut for part in parts]
    return list(parts), PartTable([p.text for p in parts], np.array(sources), np.array(lines), np.array(gaps), cuts)


def gold_labels(parts: Sequence[Part], source: Ints, pages: Sequence[GoldPage]) -> tuple[Ints, Ints]:
    """The label that most characters of each part carry (-1: none), and its characters that are not white space."""
    marks = []
    for page in pages:
        mark = np.full(len(page.text), -1)
        for start, end, label in page.labels:
            mark[start:end] = LABELS.index(label)
        marks.append(mark)
    labels, sizes = [], []
    for part, s in zip(parts, source, strict=True):
        solid = [int(m) for m, c in zip(marks[s][part.start : part.end], pages[s].text[part.start : part.end], strict=True) if not c.isspace()]
        sizes.append(len(solid))
        labels.append(Counter(solid).most_common(1)[0][0])
    return np.array(labels), np.array(sizes)


def drop_f1(predicted: Ints, gold: Ints, sizes: Ints) -> float:
    """F1 of the dropped characters."""
    drop, dropped = gold >= len(KEPT_LABELS), predicted >= len(KEPT_LABELS)
    return float(2 * sizes[drop & dropped].sum() / (sizes[drop].sum() + sizes[dropped].sum()))


def main() -> None:
    import lightgbm

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    pages = load_pages(args.corpus)
    parts, table = parts_of([page.text for page in pages])
    gold, sizes = gold_labels(parts, table.source, pages)
    rows = features(table).values
    train = np.array([part_of(page.name) == "train" for page in pages])[table.source]
    model = lightgbm.train(SETTINGS, lightgbm.Dataset(rows[train], gold[train]), ROUNDS)
    held = model.predict(rows[~train]).argmax(1)
    print(f"held-out pages: drop F1 {drop_f1(held, gold[~train], sizes[~train]):.4f}")
    args.out.write_bytes(gzip.compress(model.model_to_string().encode("utf-8"), mtime=0))
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
