"""Headings that prose was glued to are told apart from it, and little else is taken for one."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rewritten import WAYS
from pipeline.evaluation.gold import load_pages
from pipeline.evaluation.pages import score_cleaning
from pipeline.models.glued_headings import REASON
from pipeline.models.line_breaks import break_chances, break_chances_at_heads
from tests.test_clean import clean

TRAINING = Path(__file__).parents[1] / "training"
DEV = load_pages(TRAINING / "corpus", "dev")
PAGES = [page for folder in ("corpus", "segments") for page in load_pages(TRAINING / folder, "test")]
LINES = sorted({line for page in DEV for line in page.text.splitlines() if len(line) > 30})
PROSE = "This is a feeling of the body, mostly from work that it is not used to, and it passes after two or three days."


@pytest.mark.parametrize("way", ["headings glued to prose", "headings glued, no blank"])
def test_most_headings_are_found_and_nothing_else_changes(way: str) -> None:
    plain, score = score_cleaning(DEV), score_cleaning([WAYS[way](page) for page in DEV])
    found = score.places["heading and prose"]
    assert found.gold > 200 and found.recall > 0.6 and found.precision > 0.9
    assert score.covered_once == 1 and score.drop.f1 > plain.drop.f1 - 0.005


def test_few_honest_paragraphs_lose_their_beginning() -> None:
    rows = clean([page.text for page in PAGES])["segments"].to_pylist()
    paragraphs = sum(row["label"] == "body" and len(row["text"]) > 80 for row in rows)
    assert sum(row["reason"] == REASON for row in rows) < 0.01 * paragraphs


@pytest.mark.parametrize("prose", [PROSE, PROSE.replace("it passes", "itâ€™s gone"), PROSE.replace(" ", "\u00a0")])
@pytest.mark.parametrize("between", [" ", "", "\u00a0"])
def test_a_heading_has_its_place_and_its_reason(prose: str, between: str) -> None:
    line = f"Muscle pain{between}{prose}"
    text = f"Why everything aches today\n\n{line}\n\nRest for a while, and drink enough water on such days.\n"
    heading, body = (
        row for row in clean([text])["segments"].to_pylist() if row["raw_start"] in range(28, 28 + len(line))
    )
    assert (heading["text"], heading["label"], heading["kept"]) == ("Muscle pain", "heading", True)
    assert text[heading["raw_start"] : heading["raw_end"]] == "Muscle pain"
    assert text[body["raw_start"] : body["raw_end"]] == prose and body["label"] == "body"
    assert (body["alignment"] is None) == (body["text"] == prose)


@pytest.mark.parametrize(
    "paragraph",
    [
        "Doctor Yun Zhengqi tells us that most patients come too late, when the hand has been asleep for a year.",
        "According to the World Health Organization more than a billion people live with it, most in poor countries.",
        "A part of the muscle that is called Soleus is easily forgotten, although it works with each step you take.",
    ],
)
def test_a_sentence_keeps_its_beginning(paragraph: str) -> None:
    text = f"Why everything aches today\n\n{paragraph}\n\nRest for a while, and drink enough water on such days.\n"
    assert paragraph in [row["text"] for row in clean([text])["segments"].to_pylist()]


def test_a_word_with_a_capital_inside_sentences_begins_no_prose() -> None:
    name = "The bill tells you the expected Actions usage of a month, and what each minute of it costs you at the end."
    head = "Estimating the usage "
    rows = clean([f"What it costs to run\n\n{head}{name.replace('The bill', 'Actions bills')}\n\n{name}\n"])
    assert REASON not in rows["segments"]["reason"].to_pylist()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(1, 40))
def test_lines_read_together_are_read_as_alone(lines: list[str], words: int) -> None:
    together = list(break_chances_at_heads(lines, words))
    assert together == [next(break_chances_at_heads([line], words)) for line in lines]


def test_a_line_read_whole_is_read_like_any_text() -> None:
    for line in LINES[:50]:
        [chances] = break_chances_at_heads([line], 10_000)
        places, expected = break_chances(line)
        assert chances == dict(zip(places.tolist(), expected.tolist(), strict=True))
