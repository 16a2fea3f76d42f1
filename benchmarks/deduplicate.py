"""How well and how fast copies are found.

`python -m benchmarks.deduplicate quality [--pages training/corpus]` makes copies of the written articles
(words changed, paragraphs dropped or added, furniture changed) and prints, for each way of copying, the
share of copies found, the share of those whose Jaccard is at the bound at all, and how many of the
clustered pairs truly have one origin. The articles of the pages stand beside them as unrelated ones.

`python -m benchmarks.deduplicate speed [--articles 10000]` prints the CPU time of the three parts on articles of 400
words drawn from a Zipf distribution, of which a tenth are copies with 5 % of their words changed.
"""

import argparse
import itertools
import random
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.config import Deduplicate
from pipeline.evaluation.gold import load_pages
from pipeline.schema import KEPT_LABELS
from pipeline.stage import from_rows
from pipeline.stages.deduplicate import join, mark, sketch

Article = list[tuple[str, str]]  # label and text of each segment
Change = Callable[[Article, random.Random, list[str]], Article]


def articles(folder: Path) -> Iterator[Article]:
    """The articles of the written pages; a title begins one."""
    for page in load_pages(folder):
        segments = [(label, page.text[a:b]) for a, b, label in page.labels]
        starts = [i for i, (label, _) in enumerate(segments) if label == "title"]
        for begin, end in itertools.pairwise([0, *starts[1:], len(segments)]):
            yield segments[begin:end]


def change_words(share: float) -> Change:
    """Replace each word with probability `share` by one of the corpus."""

    def change(article: Article, rng: random.Random, vocabulary: list[str]) -> Article:
        return [
            (label, " ".join(rng.choice(vocabulary) if rng.random() < share else word for word in text.split()))
            for label, text in article
        ]

    return change


def drop_paragraphs(article: Article, rng: random.Random, vocabulary: list[str]) -> Article:
    """Leave out a fifth of the body."""
    return [(label, text) for label, text in article if label != "body" or rng.random() > 0.2]


def excerpt(article: Article, rng: random.Random, vocabulary: list[str]) -> Article:
    """Only the first third of the body."""
    body = [row for row in article if row[0] == "body"]
    return body[: max(1, len(body) // 3)]


def change_furniture(article: Article, rng: random.Random, vocabulary: list[str]) -> Article:
    """Other navigation, adverts and notices around the same text."""
    kept = [row for row in article if row[0] in KEPT_LABELS]
    return [("nav", " ".join(rng.choices(vocabulary, k=60))), *kept, ("legal", " ".join(rng.choices(vocabulary, k=80)))]


def add_around(article: Article, rng: random.Random, vocabulary: list[str]) -> Article:
    """A paragraph of 30 words before and after."""
    before, after = (" ".join(rng.choices(vocabulary, k=30)) for _ in range(2))
    return [("body", before), *article, ("body", after)]


CHANGES: dict[str, Change] = {
    "5 % of words changed": change_words(0.05),
    "10 % of words changed": change_words(0.10),
    "20 % of words changed": change_words(0.20),
    "a fifth of the paragraphs dropped": drop_paragraphs,
    "first third only": excerpt,
    "other furniture": change_furniture,
    "30 words before and after": add_around,
}


def tables(corpus: Iterable[Article]) -> dict[str, pa.Table]:
    """documents and segments, one source an article, sources named by their number."""
    documents, segments = [], []
    for i, article in enumerate(corpus):
        name, start = f"{i:07}", 0
        place = {"document_id": name, "source_id": name, "source_path": name, "record": 0}
        for position, (label, text) in enumerate(article):
            segments.append({
                **place, "segment_id": f"{name}:{position}", "position": position, "raw_start": start,
                "raw_end": start + len(text), "text": text, "alignment": None, "label": label,
                "kept": label in KEPT_LABELS, "reason": "given", "score": 1.0, "duplicate_of": None,
            })  # fmt: skip
            start += len(text) + 1
        kept = sum(len(text.replace(" ", "")) for label, text in article if label in KEPT_LABELS)
        documents.append({
            **place, "url": None, "site": None, "title": None, "language": "en", "language_score": 1.0,
            "raw_start": 0, "raw_end": start, "n_chars_kept": kept, "n_chars_dropped": 0, "repairs": [],
            "cluster_id": name, "duplicate_of": None, "is_representative": True,
        })  # fmt: skip
    return {"documents": from_rows("documents", documents), "segments": from_rows("segments", segments)}


def clusters(corpus: Iterable[Article], config: Deduplicate) -> list[str]:
    """cluster_id of each article."""
    given = tables(corpus)
    joined = join(sketch(given, config), config)
    return mark({**given, **joined}, config)["documents"]["cluster_id"].to_pylist()  # type: ignore[no-any-return]


def quality(folder: Path, config: Deduplicate) -> None:
    originals = list(articles(folder))
    vocabulary = sorted({word for article in originals for _, text in article for word in text.split()})
    n, everything = len(originals), list(originals)
    print(f"{n} written articles")
    for name, change in CHANGES.items():
        rng = random.Random(name)
        copies = [change(article, rng, vocabulary) for article in originals]
        everything += copies
        found = clusters(originals + copies, config)
        print(f"{name:36} found {sum(found[i] == found[n + i] for i in range(n)) / n:6.3f}   {purity(found, n)}")
    print(f"{'all of these together':36} {'':13} {purity(clusters(everything, config), n)}")
    alone = clusters(originals, config)
    print(f"{'originals alone':36} {'':13} {purity(alone, n)}")


def purity(found: list[str], n: int) -> str:
    """Of the pairs of articles in one cluster, those that have one origin; article i comes from i modulo n."""
    members: dict[str, list[int]] = {}
    for i, cluster_id in enumerate(found):
        members.setdefault(cluster_id, []).append(i % n)
    pairs = [a == b for group in members.values() for a, b in itertools.combinations(group, 2)]
    return f"{sum(pairs)} of {len(pairs)} clustered pairs have one origin"


def speed(size: int, config: Deduplicate) -> None:
    rng = np.random.default_rng(1)
    vocabulary = np.array([f"w{i}" for i in range(30_000)])
    weights = 1 / np.arange(10, 30_010)
    texts = rng.choice(vocabulary, (size * 9 // 10, 400), p=weights / weights.sum())
    copies = texts[rng.integers(0, len(texts), size - len(texts))].copy()
    changed = rng.random(copies.shape) < 0.05
    copies[changed] = rng.choice(vocabulary, changed.sum())
    rows = itertools.chain(texts, copies)
    given = tables([("body", " ".join(row[a : a + 50])) for a in range(0, 400, 50)] for row in rows)
    began = time.process_time()
    sketches = sketch(given, config)
    sketched = time.process_time()
    joined = join(sketches, config)
    ended = time.process_time()
    mark({**given, **joined}, config)
    marked = time.process_time()
    found = sum(kind == "document" for kind in joined["duplicates"]["kind"].to_pylist())
    print(f"{size} articles of 400 words, CPU time: sketch {sketched - began:.1f} s, join {ended - sketched:.1f} s,")
    print(f"mark {marked - ended:.1f} s; {found} articles in clusters, sketches {sketches.nbytes / 1e6:.0f} MB,")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB with the texts")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["quality", "speed"])
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"))
    parser.add_argument("--articles", type=int, default=10_000)
    options = parser.parse_args()
    if options.what == "quality":
        quality(options.pages, Deduplicate())
    else:
        speed(options.articles, Deduplicate())


if __name__ == "__main__":
    main()
