"""Varied training pages keep their labels, and hold as little promotion that was set in as they say."""

import random
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluation.gold import load_pages
from pipeline.schema import KEPT_LABELS
from training.related import Pointer, related_list
from training.variants import _run_together, rows_of, vary_pages

PAGES = load_pages(Path(__file__).parent.parent / "training" / "corpus", "train")[::40]
OTHERS = [
    Pointer(f"How to treat knee number {i}", f"{i} knees ache in the morning and after stairs. " * 6) for i in range(20)
]


def labelled(rows: list[list[tuple[str, str]]]) -> list[tuple[str, str]]:
    return [piece for row in rows for piece in row if piece[0]]


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_line_of_a_variant_has_the_label_it_had(seed: int) -> None:
    """Article text stays article text, whatever is set in beside it."""
    known = {piece for page in PAGES for row in rows_of(page) for piece in row if piece[0] in KEPT_LABELS}
    for dump in vary_pages(PAGES, random.Random(seed)):
        assert all(dump.text[start:end].strip() for start, end, _ in dump.labels)
        for row in rows_of(dump):
            kept = {(label, text.removeprefix(",")) for label, text in row if label in KEPT_LABELS}
            assert kept <= {(label, text.removeprefix(",")) for label, text in known}


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_lines_that_run_together_keep_their_words_labels_and_order(seed: int) -> None:
    rng = random.Random(seed)
    rows = rows_of(rng.choice(PAGES))
    joined = _run_together(rows, rng)
    assert labelled(joined) == labelled(rows)
    assert len(joined) <= len(rows)
    assert any(len(_run_together(rows_of(page), random.Random(seed))) < len(rows_of(page)) for page in PAGES)


def test_variants_are_made_of_every_page_and_repeat_by_their_number() -> None:
    first, again = (vary_pages(PAGES, random.Random(5)) for _ in range(2))
    assert first == again
    assert sorted(name for dump in first for name in dump.name.split("+")) == sorted(page.name for page in PAGES)


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_a_list_of_other_articles_is_cut_at_one_length(seed: int) -> None:
    lines = related_list(OTHERS, random.Random(seed))
    assert {label for label, _ in lines} == {"related"}
    cut = [re.sub(r"^\W*(\d+\. )?", "", text) for _, text in lines if re.search(r"(\.{3,}|…)$", text)]
    sizes = [len(re.sub(r"[ .…]+$", "", text)) for text in cut]
    assert not sizes or max(sizes) - min(sizes) <= 8  # what stands before the cut: numbers, spaces and full stops
