"""How fast the stages are, and whether memory grows with the corpus.

    python -m benchmarks [--pages FOLDER] [--times N] [--workers N]

Runs all stages over the written pages once and over N altered copies of them, and prints seconds, characters per
second and the peak memory of the whole run for both. Memory that is flat in the corpus gives nearly equal peaks.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.store import read_manifest


def write_pages(pages: Sequence[GoldPage], times: int, raw: Path) -> int:
    """`times` copies of each page in the folder `raw`, lines turned so that none is a copy; number of characters."""
    raw.mkdir()
    written = 0
    for page in pages:
        for copy in range(times):
            text = altered(page, copy)
            (raw / f"{page.name}-{copy}.txt").write_text(text, encoding="utf-8")
            written += len(text)
    return written


def altered(page: GoldPage, copy: int) -> str:
    """The text of the page, lines turned so that no copy, by its number, is a near-duplicate of another."""
    return "\n".join(_turned(line, copy) for line in page.text.split("\n"))


def _turned(line: str, by: int) -> str:
    words = line.split(" ")
    at = by * 3 % max(len(words), 1)
    return " ".join([*words[at:], *words[:at]])


def measure(pages: Sequence[GoldPage], times: int, workers: int) -> None:
    """Run over `times` copies in a process of its own and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        raw, out = Path(folder, "raw"), Path(folder, "out")
        characters = write_pages(pages, times, raw)
        run = ["run", "--raw", str(raw), "--out", str(out), "--workers", str(workers)]
        subprocess.run([sys.executable, "-m", "pipeline", *run], check=True, stdout=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        manifest = read_manifest(out)
        if manifest is None:
            sys.exit("the run wrote no manifest")
        rate = characters / manifest.seconds
        print(f"{len(pages) * times} pages, {characters / 1e6:.2f} M characters, {workers} workers:"
              f" {manifest.seconds:.1f} s, {rate:,.0f} characters/s, largest process {peak:,.0f} MiB")  # fmt: skip
        for step in manifest.steps:
            print(f"  {step.name:20} {step.seconds:8.2f} s {characters / max(step.seconds, 1e-3):14,.0f} characters/s")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"), help="folder of .page files")
    parser.add_argument("--times", type=int, default=4, help="copies of each page in the larger run")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    pages = load_pages(options.pages, "test")
    for times in (1, options.times):
        measure(pages, times, options.workers)


if __name__ == "__main__":
    main()
