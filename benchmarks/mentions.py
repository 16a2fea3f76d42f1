"""How fast text is tagged, and how many labelled arguments are met by mentions.

    python -m benchmarks.mentions [--pages FOLDER] [--dumps FOLDER] [--reader FOLDER]

Speed: the tag stage over the kept text of the written test pages, words (by white space) per second of one core, the
best of a few rounds. Arguments: those of the labelled claims of --dumps (raw/, labels/, claims/), or of the written
test pages, that share half of their content words with a mention of their type, and with a linked one: by the terms
alone, and by the terms and the arguments that the reader with the weights in --reader (the shipped ones unless given)
takes for any claim it considers. Segments are as labelled. Weights that learned from the pages show what was learned.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from pipeline.config import Tag
from pipeline.evaluation.articles import PlacedArticle, gold_articles, gold_tables
from pipeline.evaluation.entities import PlacedMention, score_arguments
from pipeline.evaluation.gold import GoldPage, load_dumps, load_pages
from pipeline.knowledge.linking import link
from pipeline.knowledge.reading import Span
from pipeline.models.reader.network import Network, load
from pipeline.models.reader.windows import Line
from pipeline.stages.tag import TAG

_ROUNDS = 4


def tag_speed(pages: Sequence[GoldPage]) -> float:
    """Words per second of processor time, the terminology loaded before."""
    tables = gold_tables(pages)
    TAG.run(gold_tables(pages[:1]), Tag())
    words = sum(len(text.split()) for text in tables["segments"].filter(tables["segments"]["kept"])["text"].to_pylist())
    return max(words / _seconds(tables) for _ in range(_ROUNDS))


def _seconds(tables: dict[str, pa.Table]) -> float:
    begun = time.process_time()
    TAG.run(tables, Tag())
    return time.process_time() - begun


def tagged(page: GoldPage) -> list[PlacedMention]:
    """The mentions of the tag stage."""
    rows = TAG.run(gold_tables([page]), Tag())["mentions"].to_pylist()
    return [PlacedMention(row["raw_start"], row["raw_end"], row["entity_type"], row["concept_id"]) for row in rows]


def read(page: GoldPage, network: Network) -> list[PlacedMention]:
    """What a reader takes for an argument."""
    found = {mention for placed in gold_articles(page) for mention in _arguments(placed, network)}
    return sorted(found, key=lambda mention: mention[:3])


def _arguments(placed: PlacedArticle, network: Network) -> Iterator[PlacedMention]:
    claims, spans = network.read([Line(segment.label, segment.text) for segment in placed.article.segments])
    found = {(span.place, span.entity_type) for span in spans}
    for claim in claims:
        found |= {(claim.subject, claim.subject_type), (claim.object, claim.object_type)}
    for place, kind in sorted(found):
        concept = link(placed.article.words(Span(*place)), kind)
        yield PlacedMention(*placed.place(Span(*place)), kind, concept.concept_id if concept else None)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.mentions", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"), help="folder of .page files")
    parser.add_argument("--dumps", type=Path, help="folder with raw/, labels/ and claims/")
    parser.add_argument("--reader", type=Path, help="folder of a reader's weights")
    options = parser.parse_args()
    pages = load_pages(options.pages, "test")
    print(f"tag: {tag_speed(pages):,.0f} words/s")
    if options.dumps:
        pages = load_dumps(options.dumps / "raw", options.dumps / "labels", options.dumps / "claims")
    network = load(options.reader) if options.reader else load()
    terms = [tagged(page) for page in pages]
    both = [[*found, *read(page, network)] for page, found in zip(pages, terms, strict=True)]
    for name, mentions in (("terms", terms), ("terms and reader", both)):
        cover = score_arguments(pages, mentions)
        print(f"{name:18} of {cover.n} arguments covered {cover.covered:.3f}, linked {cover.linked:.3f},"
              f" covered by any type {cover.any_type:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
