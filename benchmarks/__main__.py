"""How fast the stages are, and whether memory grows with the corpus.

    python -m benchmarks [--pages FOLDER] [--times N] [--workers N]

Runs all stages over the written test pages, then over N times as many: the test pages and others of the corpus, each
once, for copies would be found and passed over. Prints seconds, characters per second and the peak memory of both
runs, and the words per second of the extract stage, its start included: of the kept text of the articles that it
reads. Memory that is flat in the corpus gives nearly equal peaks.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Extract
from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.stages.extract import EXTRACT
from pipeline.store import read_manifest, read_table


def some(folder: Path, times: int) -> list[GoldPage]:
    """The test pages of the folder and others of it, `times` as many in all, or as many as there are."""
    tests = load_pages(folder, "test")
    others = [*load_pages(folder, "train"), *load_pages(folder, "dev")]
    return [*tests, *others[: (times - 1) * len(tests)]]


def measure(pages: Sequence[GoldPage], workers: int) -> None:
    """Run over the pages in a process of its own and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        raw, out = Path(folder, "raw"), Path(folder, "out")
        raw.mkdir()
        for page in pages:
            (raw / f"{page.name}.txt").write_text(page.text, encoding="utf-8")
        characters = sum(len(page.text) for page in pages)
        run = ["run", "--raw", str(raw), "--out", str(out), "--workers", str(workers)]
        subprocess.run([sys.executable, "-m", "pipeline", *run], check=True, stdout=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        manifest = read_manifest(out)
        if manifest is None:
            sys.exit("the run wrote no manifest")
        rate = characters / manifest.seconds
        print(f"{len(pages)} pages, {characters / 1e6:.2f} M characters, {workers} workers:"
              f" {manifest.seconds:.1f} s, {rate:,.0f} characters/s, largest process {peak:,.0f} MiB")  # fmt: skip
        for step in manifest.steps:
            words = f"{words_read(out) / step.seconds:10,.0f} words/s" if step.name == EXTRACT.name else ""
            rate = characters / max(step.seconds, 1e-3)
            print(f"  {step.name:20} {step.seconds:8.2f} s {rate:14,.0f} characters/s{words}")


def words_read(out: Path) -> int:
    """Words of the kept text, repeats left out, that the extract stage of a run with the default settings read."""
    read = pc.field("language").cast("string").isin(pa.array(Extract().languages))
    ids = read_table(out, "documents", columns=["document_id"], where=read)["document_id"]
    own = pc.field("kept") & pc.field("duplicate_of").is_null() & pc.field("document_id").isin(ids)
    kept = read_table(out, "segments", columns=["text"], where=own)
    return sum(len(text.split()) for text in kept["text"].to_pylist())


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"), help="folder of .page files")
    parser.add_argument("--times", type=int, default=4, help="how many times the test pages in the larger run")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    for times in (1, options.times):
        measure(some(options.pages, times), options.workers)


if __name__ == "__main__":
    main()
