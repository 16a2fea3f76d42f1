"""The gate saves the reader work and takes next to nothing away."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation.articles import gold_articles
from pipeline.evaluation.gold import load_pages
from pipeline.models.reader.decode import Found
from pipeline.models.reader.gate import STANDINGS, standing
from pipeline.models.reader.network import Network, load
from pipeline.models.reader.windows import Line

Lines = tuple[Line, ...]
SURE = 0.2  # near the score of the shipped threshold


@pytest.fixture(scope="module")
def articles() -> list[Lines]:
    pages = load_pages(Path("training/corpus"), "test")[::16]
    placed = [each.article for page in pages for each in gold_articles(page)]
    return [tuple(Line(segment.label, segment.text) for segment in article.segments) for article in placed]


def sure(network: Network, articles: list[Lines]) -> list[tuple[int, Found]]:
    read = enumerate(network.read(article)[0] for article in articles)
    return [(i, claim) for i, claims in read for claim in claims if claim.score >= SURE]


def test_no_pair_that_counts_is_lost(articles: list[Lines]) -> None:
    gated = load()
    with_gate = {(i, c.subject, c.predicate, c.object) for i, c in sure(gated, articles)}
    without = {(i, c.subject, c.predicate, c.object) for i, c in sure(replace(gated, gate=None), articles)}
    assert len(with_gate & without) >= 0.97 * len(without)


def test_most_pairs_are_stopped(articles: list[Lines]) -> None:
    gated = load()
    windows = [window for article in articles for window in gated.windows(article)]
    found = [gated.candidates(window) for window in windows]
    both = [*zip(windows, found, strict=True)]
    stopped = sum(len(gated.likely_pairs(*each)[0]) for each in both)
    every = sum(len(replace(gated, gate=None).likely_pairs(*each)[0]) for each in both)
    assert stopped <= every / 3


def test_ways_to_stand_are_numbered(articles: list[Lines]) -> None:
    gated = replace(load(), gate=None)
    seen: set[int] = set()
    for article in articles:
        for window in gated.windows(article):
            found = gated.candidates(window)
            seen |= set(standing(window, found[:3], gated.likely_pairs(window, found)).tolist())
    assert seen <= set(range(STANDINGS))
    assert len(seen) > STANDINGS / 2


def test_the_gate_looks_at_each_pair_alone(articles: list[Lines]) -> None:
    gated = load()
    assert gated.gate is not None
    window = gated.windows(articles[0])[0]
    found = gated.candidates(window)
    pairs = replace(gated, gate=None).likely_pairs(window, found)
    odds = gated.gate.odds(window, found[:3], found.hidden, pairs)
    back = gated.gate.odds(window, found[:3], found.hidden, (pairs[0][::-3].copy(), pairs[1][::-3].copy()))
    np.testing.assert_allclose(odds[::-3], back, rtol=1e-5, atol=1e-5)
