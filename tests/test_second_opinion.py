"""The second opinion: who is asked for one, what it changes, and that it is worth its time."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.config import Clean
from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from pipeline.models.labeller import first_opinion, label_parts
from pipeline.models.second_opinion import REASON, doubted, listed, second_opinion, token_ids
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import Features, PartTable, features, parts_of
from pipeline.text.segments import read_lines
from tests.test_clean import score

SEGMENTS = Path(__file__).parents[1] / "training" / "segments"
DOUBT = Clean().doubt_threshold
Read = tuple[np.ndarray, Features, PartTable]


@pytest.fixture(scope="module")
def pages() -> list[GoldPage]:
    return [page for page in load_pages(SEGMENTS, "test") if writer_of(page.name) in (68, 220)]


def read(pages: list[GoldPage], markup: bool = False) -> Read:
    _, table = parts_of([read_lines(page.text) for page in pages])
    factors = [{"nav": 1.5}] * len(table.texts) if markup else ()
    table = PartTable(table.texts, table.source, table.line, table.gap, table.cut, factors)
    rows = features(table)
    return first_opinion(rows, table), rows, table


def dropped(chance: np.ndarray) -> np.ndarray:
    return chance[:, len(KEPT_LABELS) :].sum(1)


def test_only_what_is_doubted_is_changed(pages: list[GoldPage]) -> None:
    chance, rows, parts = read(pages)
    changed, asked = second_opinion(chance, rows, parts, DOUBT)
    assert 0 < asked.sum() < len(asked) / 3
    assert np.array_equal(changed[~asked], chance[~asked])
    assert (changed[asked] != chance[asked]).any(1).all()
    drop = dropped(chance)
    assert ((drop[asked] > DOUBT) & ((drop[asked] < 0.8) | listed(chance, parts)[asked])).all()
    assert np.allclose(changed.sum(1), 1, atol=0.002)


FOODS = """10 Foods That Lower Blood Pressure
High blood pressure harms the heart and the kidneys. These foods may help.
1. Beets
2. Garlic
3. Bananas
4. Oatmeal
5. Salmon
6. Pistachios
7. Dark chocolate
8. Pomegranate
9. Yogurt
10. Leafy greens
What to limit
- Salt
- Bacon
- Frozen pizza
- Pickles
Bottom line
Eat more plants and less salt. Talk with your doctor before you change your medicine.
"""
LINKS = """You may also like
Why does my baby cry at night?
Nappy rash: five things that help
How to bathe a newborn
"""


@pytest.fixture(scope="module")
def lists() -> list[GoldPage]:
    """Pages of short lists, by five hands of which nothing is in training."""
    return [page for page in load_pages(SEGMENTS, "test") if 235 <= writer_of(page.name) <= 239]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_list_of_foods_is_no_list_of_links(between: str) -> None:
    _, table = parts_of([read_lines(f"{FOODS}\n{LINKS}".replace("\n", between))])
    labels = label_parts(table, drop_threshold=0.4, doubt_threshold=DOUBT)
    kept = [text for text, label in zip(table.texts, labels.label, strict=True) if LABELS[label] in KEPT_LABELS]
    assert " ".join(kept).split() == FOODS.split()


def test_lists_are_asked_about_where_the_labeller_takes_them_for_links(lists: list[GoldPage]) -> None:
    chance, rows, parts = read(lists)
    found, drop = listed(chance, parts), dropped(chance)
    assert found.mean() > 0.1
    assert (drop[found] > 0.3).all() and (drop[found] > 0.8).any()
    size = np.array([len(text) for text in parts.texts])
    assert 0.8 <= (size[found] <= 40).mean() < 1
    changed, asked = second_opinion(chance, rows, parts, DOUBT)
    surely = asked & (drop >= 0.8)
    assert surely.sum() > 100
    assert (surely <= found).all()
    assert (dropped(changed)[surely] <= 0.5).all(), "what it too would drop stays as it was"
    assert not listed(chance, read(lists, markup=True)[2]).any()


def test_pages_of_lists_are_read_far_better(lists: list[GoldPage]) -> None:
    once, twice = score(lists, Clean(doubt_threshold=1)), score(lists)
    assert twice.drop.precision > 0.88 > 0.65 > once.drop.precision
    assert twice.drop.recall > once.drop.recall - 0.05


def test_of_a_large_file_of_lists_a_part_is_asked_about(lists: list[GoldPage]) -> None:
    again = GoldPage("again", "\n".join(page.text for page in lists * 3), (), ())
    chance, _, parts = read([again])
    size = np.array([len(text) for text in parts.texts])
    assert size[listed(chance, parts)].sum() <= 0.2 * size.sum()


def test_a_wider_doubt_asks_about_more(pages: list[GoldPage]) -> None:
    chance, rows, parts = read(pages)
    sizes = [second_opinion(chance, rows, parts, doubt)[1].sum() for doubt in (0.01, 0.05, 0.2, 0.6, 1.0)]
    assert sizes == sorted(sizes, reverse=True)
    assert len({*sizes}) == 5
    assert sizes[-1] == 0


def test_short_lines_are_asked_about_together_or_not_at_all(pages: list[GoldPage]) -> None:
    chance, _, parts = read(pages)
    asked, drop = doubted(chance, parts, DOUBT), dropped(chance)
    size = np.array([len(text) for text in parts.texts])
    places = np.flatnonzero(asked)
    apart = (np.diff(places) > 2) | (np.diff(parts.source[places]) != 0)
    runs = np.split(places, np.flatnonzero(apart) + 1)
    assert min(size[run].sum() for run in runs) >= 100
    assert any(size[run].max() < 100 for run in runs)
    unsure = (drop > 0.2) & (drop < 0.6) & (chance[:, LABELS.index("title")] < 0.2)
    assert (unsure & ~asked).any()
    assert asked[unsure & (size >= 100)].all()


def test_a_likely_headline_is_left_to_the_trees(pages: list[GoldPage]) -> None:
    chance, rows, parts = read(pages)
    titles = chance[:, LABELS.index("title")] > 0.5
    drop = dropped(chance)
    assert (titles & (drop > DOUBT)).any()
    assert not (second_opinion(chance, rows, parts, DOUBT)[1] & titles).any()


def test_markup_needs_no_second_opinion(pages: list[GoldPage]) -> None:
    chance, rows, parts = read(pages, markup=True)
    changed, asked = second_opinion(chance, rows, parts, DOUBT)
    assert not asked.any()
    assert np.array_equal(changed, chance)


def test_a_source_is_read_the_same_whatever_is_read_with_it(pages: list[GoldPage]) -> None:
    together, _ = second_opinion(*read(pages), DOUBT)
    alone = [second_opinion(*read([page]), DOUBT)[0] for page in pages]
    assert np.array_equal(together, np.concatenate(alone))


def test_a_large_text_that_is_doubted_all_over_is_read_again_in_part(pages: list[GoldPage]) -> None:
    again = GoldPage("again", "\n".join(page.text for page in pages * 12), (), ())
    chance, _, parts = read([again])
    asked, drop = doubted(chance, parts, DOUBT), dropped(chance)
    size = np.array([len(text) for text in parts.texts])
    assert 0.03 < size[asked].sum() / size.sum() < 0.05
    left = ~asked & (drop > DOUBT) & (drop < drop[asked].max()) & (chance[:, LABELS.index("title")] < 0.2)
    left &= size >= 100  # worth it alone
    assert left.any()
    assert np.abs(drop[left] - 0.4).min() >= np.abs(drop[asked] - 0.4).max()


def test_what_was_read_twice_says_so(pages: list[GoldPage]) -> None:
    _, _, parts = read(pages)
    twice = label_parts(parts, drop_threshold=0.4, doubt_threshold=DOUBT)
    once = label_parts(parts, drop_threshold=0.4, doubt_threshold=1)
    assert REASON in twice.reason
    assert REASON not in once.reason


def test_a_long_part_is_read_at_both_ends() -> None:
    start, end = "Call the clinic today. " * 10, "Ask the doctor tomorrow. " * 3
    short, long = token_ids([start + end, start + "It is a disease of the skin. " * 500 + end])
    assert len(long) < 2 * len(short)
    assert np.array_equal(token_ids([start + "It is a disease of the skin. " * 100_000 + end])[0], long)
    assert (long[:40] == short[:40]).all()
    assert (long[-15:] == short[-15:]).all()


# No training has seen these hands: promotion that reads like the article; eight more in the mix of the real pages, with
# sections that turn to an offer, honest look-alikes and the open web.
@pytest.mark.parametrize("writers", [range(68, 74), range(219, 235)])
def test_more_is_found_than_by_the_labeller_alone(writers: range) -> None:
    found = [page for page in load_pages(SEGMENTS, "test") if writer_of(page.name) in writers]
    once, twice = score(found, Clean(doubt_threshold=1)), score(found)
    assert twice.drop.f1 > once.drop.f1
    assert twice.accuracy > once.accuracy
