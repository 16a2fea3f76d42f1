"""Where long texts are cut: at the beginning of a line, and between two articles of a dump."""

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.gold import load_pages
from pipeline.schema import KEPT_LABELS
from pipeline.text.cuts import article_cut

PAGES = load_pages(Path(__file__).parent.parent / "training" / "corpus", "test")


def dump(seed: int, between: str, size: int) -> tuple[str, list[tuple[int, int]]]:
    """Written pages one after the other, and the places between two articles: from kept text to the next title."""
    rng, text = random.Random(seed), ""
    places, last = [], 0
    while len(text) < size:
        page = rng.choice(PAGES)
        for start, end, label in page.labels:
            if label == "title":
                places.append((last, len(text) + start))
            if label in KEPT_LABELS:
                last = len(text) + end
        text += page.text.rstrip("\n") + between
    return text[:size], places


def test_dumps_are_cut_between_articles() -> None:
    right = by_blank_line = 0
    for seed in range(12):
        text, places = dump(seed, "\n" * (1 + seed % 3), 100_000)
        cut = article_cut(text)
        right += cut is not None and any(start <= cut <= end for start, end in places)
        blank = text.rfind("\n\n") + 2
        by_blank_line += any(start <= blank <= end for start, end in places)
    assert right >= 11 > by_blank_line


@given(st.text(st.sampled_from("Ab 1.|-\n©"), max_size=300))
def test_a_cut_is_where_a_line_begins(text: str) -> None:
    cut = article_cut(text)
    assert cut is None or (
        0 < cut < len(text) and not text[cut].isspace() and not text[:cut].rpartition("\n")[2].strip()
    )


def test_prose_without_a_title_has_no_cut() -> None:
    assert article_cut("Rest helps a sore back, and so does a short walk.\n" * 200) is None


def test_a_date_in_prose_ends_no_page() -> None:
    prose = "The doctors asked on 2019-05-03 wrote down how the knees of their patients were on each day of a year, "
    prose += "and what they had done for them."
    rest = "Rest helps a sore knee, and so does a short walk on each day, if it is made with a friend who is sore too."
    text = "\n".join([prose, prose, "Sore knees", f"{rest} {rest}", rest])
    assert article_cut(text) is None
    assert article_cut(text.replace(prose, "2019-05-03")) == text.replace(prose, "2019-05-03").index("Sore")


def test_blanks_are_read_once() -> None:
    """A pattern that tries again from each place would take hours."""
    assert article_cut("\t" * 1_000_000) is None
    assert article_cut(" \n" * 500_000) is None
