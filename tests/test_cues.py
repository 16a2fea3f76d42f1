"""Cues: what they touch by the written cases, and what holds for any text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.knowledge.context import context_of
from pipeline.knowledge.cues import find_cues

CASES = Path(__file__).parent / "cases" / "cues.jsonl"
WORDS = st.sampled_from(
    ["no", "not", "without", "fever", "cough", "pain", ",", ".", "but", "and", "or", "may", "if", "possibly", "history"]
)


def cases() -> list[Any]:
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    known = pytest.mark.xfail(strict=True, reason="known failure")
    return [pytest.param(r, id=r["label"], marks=[known] if r["status"] == "fail" else []) for r in rows]


@pytest.mark.parametrize("case", cases())
def test_the_kinds_of_cue_that_touch_a_word(case: dict[str, Any]) -> None:
    text, word = case["input"]
    at = text.index(word)
    touching = {cue.kind for cue in find_cues(text) if cue.scope[0] <= at < cue.scope[1]}
    assert sorted(touching) == case["expected"]


@given(st.lists(WORDS).map(" ".join) | st.text())
def test_cues_are_slices_and_their_scopes_leave_them_out(text: str) -> None:
    for cue in find_cues(text):
        assert text[cue.start : cue.end] == cue.text
        assert cue.kind in ("negation", "hedge", "hypothetical", "historical", "experiencer")
        begin, end = cue.scope
        assert 0 <= begin < end <= len(text)
        assert end <= cue.start or begin >= cue.end


@given(st.lists(WORDS).map(" ".join), st.lists(WORDS).map(" ".join))
def test_a_sentence_does_not_touch_the_next(first: str, second: str) -> None:
    head = f"{first} . "
    alone = [(c.kind, c.start + len(head), c.scope[0] + len(head)) for c in find_cues(second)]
    behind = [(c.kind, c.start, c.scope[0]) for c in find_cues(head + second) if c.start >= len(head)]
    assert behind == alone


def test_an_entity_is_not_touched_by_a_cue_in_its_own_words() -> None:
    text = "Pain-free walking is possible without pain."
    cues = find_cues(text)
    assert not context_of(text.index("without"), len(text) - 1, cues).negated
    assert context_of(text.rindex("pain"), len(text) - 1, cues).negated


@pytest.mark.parametrize(
    ("text", "entity", "flag"),
    [
        ("When you feel dizzy, sit down.", "feel dizzy", "hypothetical"),
        ("When you have a headache, rest.", "have a headache", "hypothetical"),
        ("You may not have a fever.", "have a fever", "negated"),
    ],
)
def test_an_entity_that_shares_the_last_words_of_a_cue_is_touched(text: str, entity: str, flag: str) -> None:
    start = text.index(entity)
    assert getattr(context_of(start, start + len(entity), find_cues(text)), flag)


def test_an_entity_that_says_by_itself_what_the_cue_says_is_not_touched() -> None:
    text = "He does not exercise."
    assert not context_of(text.index("not"), len(text) - 1, find_cues(text)).negated


@given(st.lists(WORDS).map(" ".join), st.data())
def test_the_context_of_a_place_is_what_the_scopes_around_it_say(text: str, data: st.DataObject) -> None:
    cues = find_cues(text)
    start = data.draw(st.integers(0, len(text)))
    touching = {cue for cue in cues if cue.scope[0] <= start < cue.scope[1]}
    assert set(context_of(start, start, cues).cues) == touching


def test_a_long_text_of_cues_costs_no_more_than_its_length() -> None:
    cues = find_cues("no fever but " * 30_000)  # compared each with each, a thousand million times
    assert all(context_of(cue.scope[0], cue.scope[1], cues).negated for cue in cues)
