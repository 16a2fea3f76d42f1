"""Weigh the cues that say how a claim is meant (models/attributes.json).

    python -m training.fit_attributes [--corpus FOLDER] [--out FILE]

Fits on the labelled claims of the written corpus' train pages and picks thresholds in folds over them. Takes
about three minutes.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from sklearn.linear_model import LogisticRegression

from pipeline.evaluation.attributes import gold_readings, token_f1, words_f1
from pipeline.evaluation.gold import GoldClaim, GoldPage, load_pages
from pipeline.knowledge.assertion import flag_features
from pipeline.knowledge.attributes import FIELDS, offer_features, sigmoid
from pipeline.knowledge.evidence import FLAGS, Sentence, place
from training.weights import table, vectorise

SEED = 11
MIN_COUNT = 3
C_FLAGS = 0.5
C_FIELDS = 0.3
FOLDS = 4  # of whole pages
GOOD = 0.6  # word F1 of an offered stretch and the labelled one
CORPUS = Path(__file__).with_name("corpus")
EXAMPLES = Path(__file__).with_name("attribute_examples.jsonl")
MADE_UP = Path(__file__).with_name("assertion_examples")
MADE_UP_OFTEN = 2  # times that each made-up sentence counts: each shows a wording that running text has seldom
OUT = Path(__file__).parent.parent / "pipeline/models/attributes.json"


Claims = Sequence[tuple[GoldClaim, Sentence]]


def labelled(pages: Sequence[GoldPage]) -> Claims:
    """The labelled claims of `pages`, each with its sentence as the attributes see it."""
    return [(claim, place(article, reading)) for page in pages for claim, article, reading in gold_readings(page)]


def examples(flag: str) -> list[tuple[Sentence, bool]]:
    """The guideline's own wordings in short made-up sentences, and others in longer ones, of which running text has
    few."""
    name, value = ("negated", True) if flag == "negation" else ("certainty", "hedged")
    rows = made_up(EXAMPLES) + made_up(MADE_UP / "train.jsonl") * MADE_UP_OFTEN
    return [(example(row), row[name] == value) for row in rows if name in row]


def made_up(path: Path) -> list[dict[str, str]]:
    """The rows of a file of made-up sentences."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def example(row: Mapping[str, str]) -> Sentence:
    """A made-up sentence as the attributes see it."""
    places = {}
    for role in ("subject", "object"):
        at = row["text"].index(row[role])
        places[role] = (at, at + len(row[role]))
    around = {name: row.get(name, "") for name in ("previous", "heading", "following")}
    return Sentence(row["text"], places["subject"], places["object"], row["predicate"], **around)


def fit_flag(flag: str, claims: Claims) -> dict[str, float]:
    """Weights of the cues of `negation` or `hedge`."""
    rows = [flag_features(flag, sentence) for _, sentence in claims]
    kept = [i for i, row in enumerate(rows) if len(row) > 2]  # without a cue there is nothing to weigh
    right = [claims[i][0].negated if flag == "negation" else claims[i][0].certainty == "hedged" for i in kept]
    made = [(flag_features(flag, claim), value) for claim, value in examples(flag)]
    return fit([rows[i] for i in kept] + [row for row, _ in made], right + [value for _, value in made], C_FLAGS)


def fit_field(field: str, claims: Claims) -> dict[str, float]:
    """Weights of the stretches offered as a text field: right is the best of a claim's, if it is good at all."""
    rows, right = [], []
    for claim, sentence in claims:
        offers = list(offer_features(field, sentence))
        agreed = [token_f1(words, getattr(claim, field)) for words, _ in offers]
        rows += [names for _, names in offers]
        right += [f1 >= GOOD and f1 == max(agreed) for f1 in agreed]
    return fit(rows, right, C_FIELDS)


def fit(rows: Sequence[Sequence[str]], right: Sequence[bool], c: float) -> dict[str, float]:
    """Logistic regression over 0/1 features."""
    names, matrix = vectorise(rows, MIN_COUNT)
    model = LogisticRegression(C=c, max_iter=300, fit_intercept=False, solver="liblinear", random_state=SEED)
    return table(names, model.fit(matrix, right).coef_[0])


def threshold(field: str, folds: Sequence[Claims]) -> float:
    """The probability above which the best offer is taken: best word F1 on each fold by the weights of the others."""
    best = []
    for i, fold in enumerate(folds):
        weights = fit_field(field, [claim for j, other in enumerate(folds) if j != i for claim in other])
        for claim, sentence in fold:
            offers = offer_features(field, sentence)
            scored = [(sum(weights.get(n, 0.0) for n in names), words) for words, names in offers]
            value, words = max(scored, key=lambda row: row[0], default=(-30.0, ""))
            best.append((sigmoid(value), words, getattr(claim, field)))

    def f1(limit: float) -> float:
        return words_f1([(words if value >= limit else "", gold) for value, words, gold in best])

    return max((step / 20 for step in range(2, 18)), key=f1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    pages = load_pages(args.corpus, "train")
    train, folds = labelled(pages), [labelled(pages[i::FOLDS]) for i in range(FOLDS)]
    data = {
        "card": {
            "what": "weights of cue words and offered stretches for the attributes of claims",
            "data": f"{len(train)} labelled claims of the written corpus' train part; thresholds: {FOLDS} folds of it",
            "command": "python -m training.fit_attributes",
        },
        "flags": {flag: fit_flag(flag, train) for flag in FLAGS},
        "fields": {field: fit_field(field, train) for field in FIELDS},
        "thresholds": {field: threshold(field, folds) for field in FIELDS},
    }
    args.out.write_text(json.dumps(data, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{args.out}: {args.out.stat().st_size // 1024} KiB, thresholds {data['thresholds']}")


if __name__ == "__main__":
    main()
