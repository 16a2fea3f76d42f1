"""Labels in a row: exact sums over all ways to label it, sure parts left alone, sources apart."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.chain import _SHARE, _SURE, STEPS, in_a_row, steps_of
from pipeline.models.labeller import load_network
from pipeline.schema import LABELS
from pipeline.text.features import PartTable

N = len(LABELS)


def table_of(sizes: list[int], seed: int) -> tuple[np.ndarray, PartTable]:
    """Chances, some of them sure, and the parts they are of."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    chance = rng.dirichlet(np.full(N, 0.3), n)
    for i in np.flatnonzero(rng.random(n) < 0.3):
        chance[i] = np.where(np.arange(N) == rng.integers(N), 0.987, 0.001)
    source = np.repeat(np.arange(len(sizes)), sizes)
    parts = PartTable(["x"] * n, source, np.arange(n), rng.integers(0, 3, n), rng.integers(0, 2, n))
    return chance.round(4).astype(np.float32), parts


def piece(parts: PartTable, at: slice) -> PartTable:
    return PartTable(parts.texts[at], parts.source[at], parts.line[at], parts.gap[at], parts.cut[at])


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_as_the_sum_over_all_ways_to_label(seed: int) -> None:
    chance, parts = table_of([3], seed)
    follows = load_network().follows
    table, step = np.exp(_SHARE * follows.astype(float)), steps_of(parts)
    own = np.maximum(chance.astype(float), 1e-4)
    sure = chance.max(1) >= _SURE
    expected = np.zeros((3, N))
    for way in product(range(N), repeat=3):
        # A sure part parts the row: what is on its other side is not heard of.
        for i in range(3):
            low = max((j for j in range(i) if sure[j]), default=0)
            high = min((j for j in range(i + 1, 3) if sure[j]), default=2)
            weight = np.prod([own[j, way[j]] for j in range(low, high + 1)])
            weight *= np.prod([table[step[j], way[j - 1], way[j]] for j in range(low + 1, high + 1)])
            expected[i, way[i]] += weight
    expected /= expected.sum(1, keepdims=True)
    found = in_a_row(chance, parts, follows)
    assert np.array_equal(found[sure], chance[sure])
    assert found[~sure] == pytest.approx(expected[~sure], abs=1e-4)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_a_source_does_not_depend_on_its_company(sizes: list[int], seed: int) -> None:
    chance, parts = table_of(sizes, seed)
    follows = load_network().follows
    together = in_a_row(chance, parts, follows)
    ends = np.cumsum(sizes).tolist()
    spans = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    alone = [in_a_row(chance[at], piece(parts, at), follows) for at in spans]
    assert np.array_equal(together, np.concatenate(alone))
    assert together.sum(1) == pytest.approx(1, abs=0.002)


def test_the_table_is_of_all_labels() -> None:
    follows = load_network().follows
    assert follows.shape == (STEPS, N, N)
    ad = LABELS.index("ad")
    body = LABELS.index("body")
    assert follows[1, ad, ad] > follows[1, ad, body]  # promotions go on


def test_nothing_to_label() -> None:
    chance, parts = table_of([], 0)
    assert len(in_a_row(chance, parts, load_network().follows)) == 0
