"""How fast text dumps are cleaned, beside the quality filters of datatrove, on the same texts in the same run.

    python -m benchmarks.clean [--pages FOLDER [FOLDER ...]] [--rounds N]

The texts are the test parts of the written pages, which no training has seen, each once and as it is, for how much is
read twice depends on the sentences. The clean stage runs over all of them in one call, in this process, on one thread.
The filters of datatrove (C4, Gopher, FineWeb, with their defaults; `pip install -e ".[bench]"`) judge each page as one
document, where they are installed; they say keep or drop of a whole document and give no labels, offsets, articles or
languages. Each set gets fresh documents; in "one after the other" a document that one filter drops is not seen by the
next. Seconds are CPU time of the process, the best of the rounds.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.config import Clean
from pipeline.evaluation.gold import load_pages
from pipeline.schema import TABLES
from pipeline.stages.clean import CLEAN

Run = Callable[[Sequence[str]], str]
_TRAINING = Path(__file__).parent.parent / "training"


def clean(texts: Sequence[str], config: Clean | None = None) -> str:
    """The clean stage; what it found, in words."""
    rows = [
        {"source_id": str(i), "source_path": f"{i}.txt", "record": 0, "format": "txt", "text": text}
        for i, text in enumerate(texts)
    ]
    out = CLEAN.run({"texts": pa.Table.from_pylist(rows, schema=TABLES["texts"].schema)}, config or Clean())
    return f"{out['documents'].num_rows} articles, {out['segments'].num_rows} segments"


def _filters() -> dict[str, tuple[str, ...]]:
    """Sets of filters of datatrove, by class name; all of them in the order of FineWeb's own pipeline."""
    gopher, c4, fineweb = ("GopherRepetitionFilter", "GopherQualityFilter"), "C4QualityFilter", "FineWebQualityFilter"
    return {"C4": (c4,), "Gopher": gopher, "FineWeb": (fineweb,), "one after the other": (*gopher, c4, fineweb)}


def _filtered(names: Sequence[str], texts: Sequence[str]) -> str:
    from datatrove.data import Document
    from datatrove.pipeline import filters

    documents = (Document(text=text, id=str(i)) for i, text in enumerate(texts))
    for name in names:
        documents = getattr(filters, name)().run(documents)
    return f"{sum(1 for _ in documents)} of {len(texts)} pages kept"


def _peers() -> Mapping[str, Run]:
    if importlib.util.find_spec("datatrove") is None:
        return {}
    return {f"datatrove {label}": lambda texts, n=names: _filtered(n, texts) for label, names in _filters().items()}


def measure(run: Run, texts: Sequence[str], rounds: int) -> tuple[float, str]:
    """CPU seconds of the fastest round, and what came out; tables and models are loaded before the clock starts."""
    run(texts[:2])
    best, found = float("inf"), ""
    for _ in range(rounds):
        begun = time.process_time()
        found = run(texts)
        best = min(best, time.process_time() - begun)
    return best, found


def main() -> None:
    """Read the options, measure, print one table."""
    parser = argparse.ArgumentParser(prog="benchmarks.clean", description=__doc__.split("\n")[0])
    folders = [_TRAINING / "corpus", _TRAINING / "segments"]
    parser.add_argument("--pages", type=Path, nargs="+", default=folders, help="folders of .page files")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is run")
    options = parser.parse_args()
    texts = [page.text for folder in options.pages for page in load_pages(folder, "test")]
    if not texts:
        parser.error("no page of the test part lies in " + ", ".join(map(str, options.pages)))
    size = sum(len(text.encode()) for text in texts) / 1e6
    peers = _peers()
    print(f"{len(texts)} pages, {size:.1f} MB, one thread" + ("" if peers else "; datatrove is not installed"))
    print(f"{'':30} {'CPU seconds':>12} {'MB/s':>8}  result")
    pa.set_cpu_count(1)
    own: Mapping[str, Run] = {
        "claimsieve, clean stage": clean,
        "without second opinions": lambda texts: clean(texts, Clean(doubt_threshold=1)),
    }
    for label, run in {**own, **peers}.items():
        seconds, found = measure(run, texts, options.rounds)
        print(f"{label:30} {seconds:12.2f} {size / seconds:8.2f}  {found}", flush=True)


if __name__ == "__main__":
    main()
