"""Make the claim reader's weights.

    python -m training.reader [--extra FOLDER] [--out FOLDER] [--teachers N] [--held-out] [--cross-validate]

First the teachers, from a larger encoder, on the written corpus but for its test pages and those kept for the judge;
they never see the pages of --extra. Then the reader, on the same pages and those of --extra, with the teachers' opinion
beside the labels, and alone on the pages of `training/segments`, which have no claims. Scores the test pages, which no
run is trained on, exports to --out (default: the package's own models/reader) and fits the gate. With --held-out the
reader leaves out the pages of --extra and scores them too; with --cross-validate it reads them in five folds of
articles, prints their score and keeps what it read in folds.jsonl. The scores are the network's: the judge and the
calibration are fitted afterwards (`training.reader.judge`). With --teachers 0 the labels alone are learned from.
"""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.evaluation.gold import load_pages
from pipeline.models import reader
from pipeline.models.reader.decode import Decoding
from training.reader.corpus import CORPUS, base, extra_pages, network_pages, teacher_base, unlabelled_pages
from training.reader.crossval import Judged, folds, scores
from training.reader.data import Article, articles_of
from training.reader.export import export
from training.reader.gate import fit_gate
from training.reader.judge import write_folds
from training.reader.model import Reader
from training.reader.predict import predict
from training.reader.train import PUPIL, TEACHER, Base, Settings, fit

_FOLDER = Path(reader.__file__).parent
_EXTRA_WEIGHT = 3  # a real page does the work of about three written ones


def main() -> None:
    """Parse the command line and do the one thing asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extra", type=Path, help="folder of more labelled pages")
    parser.add_argument("--out", type=Path, default=_FOLDER)
    parser.add_argument("--teachers", type=int, default=2)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--cross-validate", action="store_true")
    args = parser.parse_args()
    labelled = [article for page in network_pages() for article in articles_of(page)]
    extra = [a for page in extra_pages(args.extra) for a in articles_of(page)] if args.extra else []
    teachers = [
        fit([labelled], teacher_base(), replace(TEACHER, seed=seed), report=_progress) for seed in range(args.teachers)
    ]
    pages = unlabelled_pages() if teachers else []
    bare = [replace(a, relations=(), labelled=False) for page in pages for a in articles_of(page)]
    school = School([*labelled, *bare], base(), PUPIL, teachers)
    if args.cross_validate:
        judged = [row for part in cross_validate(school, extra) for row in part]
        _report("folds", judged)
        write_folds(judged)
        return
    model = school.pupil([] if args.held_out else extra)
    test = [article for page in load_pages(CORPUS, "test") for article in articles_of(page)]
    _report("test", read(model, test, school.start, school.settings))
    if args.held_out:
        _report("extra", read(model, extra, school.start, school.settings))
        return
    export(model, args.out)
    shutil.copyfile(school.start.weights.parent / "tokenizer.json", args.out / "tokenizer.json")
    fit_gate(args.out)


@dataclass(frozen=True)
class School:
    """What every reader is taught with: written articles, where it starts from, settings, teachers."""

    written: Sequence[Article]
    start: Base
    settings: Settings
    teachers: Sequence[Reader]

    def pupil(self, extra: Sequence[Article]) -> Reader:
        """A reader that learns from the extra articles too."""
        groups = [self.written, *([extra] * _EXTRA_WEIGHT if extra else [])]
        return fit(groups, self.start, self.settings, teachers=self.teachers, report=_progress)


def read(model: Reader, articles: Sequence[Article], start: Base, settings: Settings) -> Judged:
    """Claims of articles that the reader was not trained on."""
    found = predict([model], articles, start.tokenizer, settings.shape, Decoding())
    return [(article, found.get(i, [])) for i, article in enumerate(articles)]


def cross_validate(school: School, extra: Sequence[Article]) -> list[Judged]:
    """Fold by fold the claims of extra articles, by a reader taught with the written pages and the other folds."""
    parts = []
    for part in folds(extra):
        model = school.pupil([article for i, article in enumerate(extra) if i not in part])
        parts.append(read(model, [extra[i] for i in part], school.start, school.settings))
    return parts


def _report(name: str, judged: Judged) -> None:
    for threshold in (0.2, 0.3, 0.4):
        result = scores(judged, threshold)
        print(f"{name} at {threshold}: strict {result.strict.f1:.3f}, evidence {result.evidence.f1:.3f}")


def _progress(epoch: int, loss: float) -> None:
    print(f"epoch {epoch + 1}: loss {loss:.3f}", flush=True)


if __name__ == "__main__":
    main()
