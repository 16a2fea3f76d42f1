"""Make the claim reader's weights.

    python -m training.reader [--extra FOLDER] [--out FOLDER] [--held-out] [--cross-validate]

Trains on the written corpus, but for its test pages and those kept for the judge, and on the pages of --extra, exports
to --out (default: the package's own models/reader) and scores the test pages, which no run is trained on. With
--held-out it leaves out the pages of --extra and scores them too; with --cross-validate it reads them in five folds of
articles, prints their score and keeps what it read in folds.jsonl. The scores are the network's: the
judge and the calibration are fitted afterwards (`training.reader.judge`).
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from pipeline.evaluation.gold import load_pages
from pipeline.models import reader
from pipeline.models.reader.decode import Decoding
from training.reader.corpus import CORPUS, base, extra_pages, network_pages
from training.reader.crossval import Judged, folds, scores
from training.reader.data import Article, articles_of
from training.reader.export import export
from training.reader.judge import write_folds
from training.reader.model import Reader
from training.reader.predict import predict
from training.reader.train import Base, Settings, fit

_FOLDER = Path(reader.__file__).parent
_EXTRA_WEIGHT = 3  # a real page does the work of about three written ones


def main() -> None:
    """Parse the command line and do the one thing asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", type=Path, help="folder of more labelled pages")
    parser.add_argument("--out", type=Path, default=_FOLDER)
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--cross-validate", action="store_true")
    args = parser.parse_args()
    start, settings = base(), Settings(epochs=args.epochs)
    extra = [a for page in extra_pages(args.extra) for a in articles_of(page)] if args.extra else []
    train = [article for page in network_pages() for article in articles_of(page)]
    if args.cross_validate:
        judged = [row for part in cross_validate(train, extra, start, settings) for row in part]
        _report("folds", judged)
        write_folds(judged)
        return
    model = fit(train + ([] if args.held_out else extra * _EXTRA_WEIGHT), start, settings, report=_progress)
    test = [article for page in load_pages(CORPUS, "test") for article in articles_of(page)]
    _report("test", read(model, test, start, settings))
    if args.held_out:
        _report("extra", read(model, extra, start, settings))
        return
    export(model, args.out)
    shutil.copyfile(start.weights.parent / "tokenizer.json", args.out / "tokenizer.json")


def read(model: Reader, articles: Sequence[Article], start: Base, settings: Settings) -> Judged:
    """Claims of articles that the reader was not trained on."""
    found = predict([model], articles, start.tokenizer, settings.shape, Decoding())
    return [(article, found.get(i, [])) for i, article in enumerate(articles)]


def cross_validate(
    written: Sequence[Article], extra: Sequence[Article], start: Base, settings: Settings
) -> list[Judged]:
    """Fold by fold the claims of extra articles, by a reader trained on the written pages and the other folds."""
    parts = []
    for part in folds(extra):
        rest = [article for i, article in enumerate(extra) if i not in part]
        model = fit([*written, *rest * _EXTRA_WEIGHT], start, settings, report=_progress)
        parts.append(read(model, [extra[i] for i in part], start, settings))
    return parts


def _report(name: str, judged: Judged) -> None:
    for threshold in (0.2, 0.3, 0.4):
        result = scores(judged, threshold)
        print(f"{name} at {threshold}: strict {result.strict.f1:.3f}, evidence {result.evidence.f1:.3f}")


def _progress(epoch: int, loss: float) -> None:
    print(f"epoch {epoch + 1}: loss {loss:.3f}", flush=True)


if __name__ == "__main__":
    main()
