"""What the labels of parts make of one another: a headline is one whole, and no title stands behind another."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.boundaries import CUT_OF_SUFFIX
from pipeline.models.decisions import decide
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import PartTable

N = len(LABELS)
AT = {label: i for i, label in enumerate(LABELS)}


def table(cuts: list[int]) -> PartTable:
    """Parts of one source; a cut of 0 begins a line."""
    line = np.cumsum(np.array(cuts) == 0) - 1
    zeros = np.zeros(len(cuts), np.int64)
    return PartTable(["Sore knees and what helps"] * len(cuts), zeros, line, zeros, np.array(cuts))


def sure(*labels: tuple[str, float]) -> np.ndarray:
    """Each part's label with its probability, the rest shared by the others."""
    chance = np.empty((len(labels), N), np.float32)
    for row, (label, p) in zip(chance, labels, strict=True):
        row[:] = (1 - p) / (N - 1)
        row[AT[label]] = p
    return chance


def names(best: np.ndarray) -> list[str]:
    return [LABELS[i] for i in best.tolist()]


def test_a_headline_of_two_sentences_is_title_from_its_beginning() -> None:
    parts = table([0, 0, 0, 4, CUT_OF_SUFFIX, 0])
    chance = sure(("title", 0.9), ("body", 0.9), ("body", 0.9), ("title", 0.8), ("seo", 0.9), ("body", 0.9))
    assert names(decide(chance, parts, 0.4)) == ["title", "body", "title", "title", "seo", "body"]


def test_prose_before_a_title_without_a_suffix_stays_prose() -> None:
    parts = table([0, 0, 0, 4, 0])
    chance = sure(("title", 0.9), ("body", 0.9), ("body", 0.9), ("title", 0.8), ("body", 0.9))
    assert names(decide(chance, parts, 0.4))[2] == "body"


def test_the_first_entry_of_a_menu_is_no_title_where_one_comes_below() -> None:
    entries = [("title", 0.7), ("nav", 0.9), ("nav", 0.9), ("nav", 0.8)]
    texts = ["Home", "Babies", "Toddlers", "Home / Toddlers / Croup", "Croup", "It is usually worse at night."]
    chance = sure(*entries, ("heading", 1.0), ("body", 0.9))
    chance[4, [AT["heading"], AT["title"]]] = 0.6, 0.4
    parts = table([0] * 6)
    parts = PartTable(texts, parts.source, parts.line, parts.gap, parts.cut)
    assert names(decide(chance, parts, 0.4)) == ["nav", "nav", "nav", "nav", "title", "body"]
    chance[4] = sure(("heading", 0.9))[0]  # as the tabs of a page below its title
    assert names(decide(chance, parts, 0.4)) == ["title", "nav", "nav", "nav", "heading", "body"]


def test_a_menu_ends_where_its_source_ends() -> None:
    texts = ["Gout", "Print", "Share", "More", "Croup", "It is usually worse at night."]
    chance = sure(("title", 0.7), ("nav", 0.9), ("nav", 0.9), ("nav", 0.9), ("title", 0.6), ("body", 0.9))
    zeros = np.zeros(6, np.int64)
    for cut in (2, 3, 4):
        parts = PartTable(texts, (np.arange(6) >= cut).astype(np.int64), np.arange(6), zeros, zeros)
        assert names(decide(chance, parts, 0.4))[0] == "title"


def test_of_two_titles_the_one_with_text_behind_it_stays() -> None:
    chance = sure(("title", 0.9), ("title", 0.9), ("body", 0.9))
    assert names(decide(chance, table([0, 0, 0]), 0.4))[1:] == ["title", "body"]


def test_of_two_titles_the_one_with_a_suffix_stays() -> None:
    chance = sure(("title", 0.9), ("seo", 0.9), ("title", 0.9), ("body", 0.9))
    found = names(decide(chance, table([0, CUT_OF_SUFFIX, 0, 0]), 0.4))
    assert (found[0], found[2] == "title") == ("title", False)


@given(st.integers(0, 100_000), st.lists(st.sampled_from([0, 0, 0, 1, 4]), min_size=1, max_size=25))
@settings(max_examples=200, deadline=None)
def test_no_title_stands_behind_another_without_text_between(seed: int, cuts: list[int]) -> None:
    parts = table([0, *cuts])
    chance = np.random.default_rng(seed).dirichlet(np.full(N, 0.2), len(cuts) + 1).astype(np.float32)
    chance[:, AT["title"]] += 1
    best = names(decide(chance / chance.sum(1, keepdims=True), parts, 0.4))
    last = None
    for label, line in zip(best, parts.line.tolist(), strict=True):
        if label == "title":
            assert last in (None, line)
            last = line
        elif label in KEPT_LABELS:
            last = None
