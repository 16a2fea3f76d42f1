"""What stands before lines and is none of their words: left out where it is a mark, and nothing else."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.gold import load_pages
from pipeline.text.breaks import restored
from pipeline.text.line_marks import outside, without_line_marks
from pipeline.text.segments import read_lines

CASES = [json.loads(row) for row in (Path(__file__).parent / "cases" / "line_marks.jsonl").read_text().splitlines()]
TRAINING = Path(__file__).parents[1] / "training"
PIECES = st.sampled_from(
    ["0:00", "0:03", "[00:05] ", "00:00:01,000 --> 00:00:02,000", "WEBVTT", "NOTE", "1", "2", "> ", ">>", "1/3 ", "2/3",
     "[Music]", "(", "12/03/2024, 19:30 - Ann: ", "the heart of", "pain.", "&nbsp;", "Â°", " ", "\n", "\n\n", "\u2028",
     "<i>", "</c>", "<00:00:01.500>", "<v Ann>", "{\\an8}", "intro\n", "&lt;b&gt;", "ﬁ"]
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_marks_before_lines_are_left_out(case: dict) -> None:
    text = case["input"]
    lines, marks, spoken = without_line_marks(read_lines(text), text)
    found = {"lines": restored(lines, text, spoken=spoken).text, "marks": [text[slice(*mark)] for mark in marks]}
    assert found == case["expected"]


def test_of_pages_without_marks_the_lines_stay_as_they_are() -> None:
    marked = 0
    for folder in ("corpus", "segments"):
        pages = load_pages(TRAINING / folder)
        for page in pages:
            lines = read_lines(page.text)
            found, marks, _ = without_line_marks(lines, page.text)
            marked += bool(marks)
            assert marks or found is lines
    assert marked < 20  # of three thousand: posts in a row, slides, a recipe by the clock, and those of s244 and s248


@given(st.lists(PIECES, max_size=60).map("".join))
def test_lines_and_marks_hold_each_character_once(text: str) -> None:
    lines, marks, spoken = without_line_marks(read_lines(text), text)
    lines = restored(lines, text, spoken=spoken)
    places = sorted([*outside(marks, lines), *zip(lines.start, lines.end, strict=True)])
    end = 0
    for begin, stop in places:
        assert begin >= end and not text[end:begin].strip()
        end = stop
    assert not text[end:].strip()
    for i, words in enumerate(lines.text):
        line = lines.line(i, text)
        places = line.repair.alignment or range(len(words) + 1)
        assert len(places) == len(words) + 1 and places[-1] <= line.end - line.start
