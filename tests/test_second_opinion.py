"""The second opinion: who is asked for one, what it changes, and that it is worth its time."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.config import Clean
from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from pipeline.models.labeller import first_opinion, label_parts
from pipeline.models.second_opinion import REASON, doubted, second_opinion, token_ids
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
    assert ((drop[asked] > DOUBT) & (drop[asked] < 1)).all()
    assert np.allclose(changed.sum(1), 1, atol=0.002)


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
