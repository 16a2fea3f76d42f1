r"""Texts whose line breaks stand there as a backslash and a letter: read as lines, each character in its place."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.gold import load_pages
from pipeline.text.backslashes import unescaped_breaks
from pipeline.text.segments import cut_lines, read_lines

TRAINING = Path(__file__).parents[1] / "training"
PAGES = [page.text for folder in ("corpus", "segments") for page in load_pages(TRAINING / folder, "test")]
PIECES = st.lists(
    st.sampled_from([r"\n", r"\n\n", r"\r\n", "\n", " ", "Rest", "ice &amp; heat", "Â°", r"C:\new", ".", "2"])
)


@pytest.mark.parametrize("sign", [r"\n", r"\r\n", r" \n "])
def test_such_a_text_has_the_lines_that_it_would_have(sign: str) -> None:
    for page in PAGES:
        lines = page.strip().splitlines()
        if any(line.strip()[:1].islower() for line in lines) or len(lines) < 5:
            continue
        found, plain = read_lines(sign.join(map(str.strip, lines))), read_lines("\n".join(lines))
        assert (found.text, found.gap) == (plain.text, plain.gap)


@given(PIECES.map("".join))
def test_each_character_is_read_once_and_has_its_place(text: str) -> None:
    times = np.zeros(len(text), int)
    lines = read_lines(text)
    for i, (start, end) in enumerate(zip(lines.start, lines.end, strict=True)):
        times[start:end] += 1
        if i in lines.mended:
            assert lines.mended[i].raw == text[start:end]
    parts = cut_lines([lines])
    for i in range(len(parts.text)):
        part = parts.part(i)
        assert text[part.start : part.end].strip() == text[part.start : part.end]
        if part.alignment is None:
            assert part.text == text[part.start : part.end]
        else:
            assert len(part.alignment) == len(part.text) + 1 and list(part.alignment) == sorted(part.alignment)
            assert part.alignment[0] >= 0 and part.alignment[-1] == part.end - part.start
    assert all(times[i] == 1 or (char.isspace() and times[i] <= 1) for i, char in enumerate(text))
    assert all(lines.text)


SAID = st.sampled_from(["Rest", " ", "\n", "\n\n", "\r\n", "\t", "ü", "😀", "’", '"', "\\", "/", "&amp;", "n", "Â°"])


@given(st.lists(SAID, max_size=9))
def test_a_string_of_json_reads_as_what_it_says(pieces: list[str]) -> None:
    said = "".join(["Knee\nRest\nIce\nOil\nSalt\n", *pieces, "\nHeat"])
    text = json.dumps(said)[1:-1]
    lines, plain = read_lines(text), read_lines(said)
    assert (lines.text, lines.gap) == (plain.text, plain.gap)
    for i, (start, end) in enumerate(zip(lines.start, lines.end, strict=True)):
        own = plain.mended[i].repair.alignment if i in plain.mended else None
        at = lines.mended[i].repair.alignment if i in lines.mended else range(end - start + 1)
        assert own is not None or at is not None
        for j, char in enumerate(lines.text[i]):
            before = said[: plain.start[i] + (own[j] if own else j)]
            assert text[: start + at[j]] == json.dumps(before)[1:-1], char


@pytest.mark.parametrize("text", [r"Open C:\new\notes in \nabla", "Rest.\nIce.\nHeat.\n" + r"A note on \n.", r"a\nB"])
def test_other_backslashes_break_no_line(text: str) -> None:
    assert unescaped_breaks(text) is None
    assert read_lines(text).text == text.splitlines()


def test_no_white_space_is_tried_twice() -> None:
    blanks = " " * 1_000_000  # hours, were it
    assert read_lines(rf"Rest.{blanks}\nIce.\nHeat.\n{blanks}Soon.").text == ["Rest.", "Ice.", "Heat.", "Soon."]


def test_no_page_of_ours_is_taken_for_one() -> None:
    assert not any(map(unescaped_breaks, PAGES))
