"""The same pages as other programs would have written them are cleaned like those that are plain."""

from pathlib import Path

import pytest

from benchmarks.rewritten import WAYS
from pipeline.evaluation.gold import load_pages
from pipeline.evaluation.pages import score_cleaning
from pipeline.evaluation.segments import SegmentScore

DEV = load_pages(Path(__file__).parents[1] / "training" / "corpus", "dev")
# The other ways lose something: their least figures stand in test_breaks.py, or they are measured alone.
LIKE_PLAIN = [
    "no-break spaces",
    "zero-width spaces",
    "full-width marks",
    "two blanks behind sentences",
    "curly quotes",
    "marks of items apart",
    "quoted",
    "times before lines",
    "line breaks written out",
    "a string of JSON",
    "line breaks as tags",
    "paragraphs of escaped HTML",
    "Markdown",
]


@pytest.fixture(scope="module")
def plain() -> SegmentScore:
    return score_cleaning(DEV)


@pytest.mark.parametrize("way", LIKE_PLAIN)
def test_pages_in_another_dress_are_cleaned_like_plain_ones(way: str, plain: SegmentScore) -> None:
    score = score_cleaning([WAYS[way](page) for page in DEV])
    assert score.covered_once == 1
    assert score.drop.f1 > plain.drop.f1 - 0.005 and score.articles.f1 > plain.articles.f1 - 0.03
