"""How much of the main text of web pages is kept, beside other extractors, on the same pages in the same run.

    python -m benchmarks.html [--pages FOLDER] [--folds K]

FOLDER holds `html/ID.html.gz` and `ground-truth/ID.json` in the layout of WCXB (Murrough Foley, Web Content Extraction
Benchmark), which is not part of this project. Word F1 is as WCXB defines it: words are runs of \\w in lower case,
counted with repetition; the mean over pages; a page without main text counts 1 where nothing is extracted, else 0.

claimsieve's model of main text was trained on the pages of WCXB that lie in the default folder. So each page is read
by another, made here in the same way from the pages of the other folds (page i lies in fold i modulo K; a minute of a
core each; `pip install -e ".[bench]"`). `--folds 0` reads all pages with the weights that ship: for other pages.
The labeller, which has less to say here, was told what is main text of the pages 0, 2, 4, ...; the others have
columns of their own.
trafilatura, resiliparse and jusText are measured where they are installed (`pip install -e ".[bench]"`), with their
defaults; each gets the page as claimsieve has decoded it. Seconds are CPU time of this process, for claimsieve of all
that `ingest` and `clean` do: unpacking, decoding, main text, metadata, labels, rows with offsets.
"""

import argparse
import gzip
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from pipeline.config import Clean, Ingest
from pipeline.errors import InputError
from pipeline.evaluation.web_pages import WebPage, by_name, load_web_pages, word_f1, write_web_pages
from pipeline.models.onnx import instead
from pipeline.stages.clean import CLEAN
from pipeline.stages.ingest import INGEST, find_files
from training.main_blocks import WCXB


@dataclass(frozen=True)
class Found:
    """What claimsieve makes of pages. kept, sources: words kept of each, and its decoded source, by its name; empty for
    one that was rejected. seconds: CPU time of `ingest` and `clean`."""

    kept: dict[str, str]
    sources: dict[str, str]
    seconds: float


def claimsieve(pages: Sequence[WebPage]) -> Found:
    """Pages as files, read and cleaned."""
    with tempfile.TemporaryDirectory() as folder:
        write_web_pages(pages, Path(folder))
        began = time.process_time()
        texts = INGEST.run({"files": find_files(Path(folder))}, Ingest())["texts"]
        segments = CLEAN.run({"texts": texts}, Clean())["segments"].select(["source_path", "kept", "text"])
        seconds = time.process_time() - began
    kept: dict[str, list[str]] = {page.name: [] for page in pages}
    for row in segments.filter(segments["kept"]).to_pylist():
        kept[row["source_path"].partition(".")[0]].append(row["text"])
    return Found({name: "\n".join(parts) for name, parts in kept.items()}, by_name(texts), seconds)


def cross_fitted(pages: Sequence[WebPage], folds: int) -> Found:
    """Each page read with a model of main text that was trained on the pages of the other folds."""
    from training.main_text import train

    kept, sources, seconds = {}, {}, 0.0
    for fold in range(folds):
        models = train([page for i, page in enumerate(pages) if i % folds != fold])
        with instead({f"main_text/{name}": packed for name, packed in models.items()}):
            claimsieve(pages[fold : fold + 1])  # opens the models, which is not measured
            found = claimsieve(pages[fold::folds])
        kept |= found.kept
        sources |= found.sources
        seconds += found.seconds
        print(f"fold {fold + 1} of {folds} read", file=sys.stderr, flush=True)
    return Found(kept, sources, seconds)


def _trafilatura(html: str) -> str:
    import trafilatura

    return trafilatura.extract(html) or ""


def _resiliparse(html: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(html, main_content=True))


def _justext(html: str) -> str:
    import justext

    parts = justext.justext(html.encode("utf-8"), justext.get_stoplist("English"), encoding="utf-8") if html else []
    return "\n".join(part.text for part in parts if not part.is_boilerplate)


PEERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"trafilatura": _trafilatura, "resiliparse": _resiliparse, "justext": _justext}
)


def table(pages: Sequence[WebPage], folds: int = 0) -> str:
    """One row an extractor: pages a second, and mean word F1 over all pages, over articles and the rest; and over
    every second page, of which the labeller has not been told either what is main text, and its articles.

    folds: as in `cross_fitted`; 0 for the weights that ship.
    """
    groups = {
        "all": pages,
        "articles": [page for page in pages if page.kind == "article"],
        "others": [page for page in pages if page.kind != "article"],
        "second": pages[1::2],
        "articles of these": [page for page in pages[1::2] if page.kind == "article"],
    }
    heads = [f"{name} ({len(group)})" for name, group in groups.items()]
    rows = ["  ".join([f"{'':12}", *heads, "pages/s"])]

    def add(name: str, found: Mapping[str, str], seconds: float) -> None:
        score = {page.name: word_f1(found[page.name], page.main) for page in pages}
        means = [np.mean([score[page.name] for page in group] or [np.nan]) for group in groups.values()]
        cells = [f"{mean:{len(head)}.3f}" for mean, head in zip(means, heads, strict=True)]
        rows.append("  ".join([f"{name:12}", *cells, f"{len(pages) / max(seconds, 1e-3):7.0f}"]))

    ours = cross_fitted(pages, folds) if folds else claimsieve(pages)
    add("claimsieve", ours.kept, ours.seconds)
    for name, extract in PEERS.items():
        if importlib.util.find_spec(name) is None:
            rows.append(f"{name:12}  not installed")
            continue
        began = time.process_time()
        found = {page.name: extract(ours.sources.get(page.name, "")) for page in pages}
        add(name, found, time.process_time() - began)
    return "\n".join(rows)


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(prog="html", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/")
    parser.add_argument("--folds", type=int, default=5, help="2 or more, or 0 for the weights that ship; default 5")
    options = parser.parse_args()
    try:
        pages = load_web_pages(options.pages)
    except InputError as error:
        sys.exit(str(error))
    if options.folds and not 2 <= options.folds <= len(pages):
        parser.error(f"--folds must be 0, or 2 to the number of pages, {len(pages)}")
    if options.folds and not all(map(importlib.util.find_spec, ("lightgbm", "onnx"))):
        sys.exit('folds need training: pip install -e ".[bench]", or --folds 0 for the weights that ship')
    claimsieve(pages[::100])  # loads models and libraries, which is not measured
    found = table(pages, options.folds)
    how = f"{options.folds} folds, each page unseen" if options.folds else "the weights that ship"
    size = np.mean([len(gzip.decompress(page.packed)) for page in pages]) / 1000
    print(f"word F1 on {len(pages)} pages of {options.pages.name}, {size:.0f} KB each; claimsieve: {how}\n{found}")


if __name__ == "__main__":
    main()
