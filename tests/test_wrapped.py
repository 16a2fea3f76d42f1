"""Paragraphs that a program broke at some width: put together again, and nothing else."""

import re
import textwrap
from pathlib import Path

import pytest

from pipeline.evaluation.gold import load_pages
from pipeline.text.segments import cut_lines, read_lines

TRAINING = Path(__file__).parents[1] / "training"
PAGES = [page.text for folder in ("corpus", "segments") for page in load_pages(TRAINING / folder, "test")]
# What a broken line may begin with and a list does, too, is taken for a list.
LIKE_A_LIST = re.compile(r"\s([-–•*·●○■▪◆#>]|[(（\[【]?\d{1,2}[.)、）\]】](\s|$))")


def paragraphs(page: str) -> list[str]:
    lines = [" ".join(line.split()) for line in page.splitlines()]
    return [line for line in lines if line and not LIKE_A_LIST.search(line) and read_lines(line).text == [line]]


def wrapped(page: str, width: int, between: str, end: str) -> str:
    broken = [textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) for line in paragraphs(page)]
    return between.join(end.join(lines) for lines in broken)


@pytest.mark.parametrize(("width", "end"), [(60, "\n"), (72, "\r\n"), (80, "\n  "), (132, " \n")])
def test_paragraphs_are_put_together(width: int, end: str) -> None:
    long = [page for page in PAGES if sum(len(line) > 4 * width for line in paragraphs(page)) > 4]
    assert len(long) > 10
    for page in long:
        text = wrapped(page, width, end.strip(" ") * 2, end)
        lines = read_lines(text)
        assert lines.text == paragraphs(page)
        for start, stop, words in zip(lines.start, lines.end, lines.text, strict=True):
            assert text[start:stop].split() == words.split()


def parted(line: str, width: int) -> str:
    """A paragraph broken at a width, long words parted there."""
    rows = [""]
    for word in line.split(" "):
        room = width - len(rows[-1]) - 2
        if room >= len(word) - 1 or not rows[-1]:
            rows[-1] = f"{rows[-1]} {word}".lstrip()
        elif re.fullmatch(r"[a-z]{8,}\W?", word) and 3 <= room <= len(word) - 4:
            rows[-1] += f" {word[:room]}-"
            rows.append(word[room:])
        else:
            rows.append(word)
    return "\n".join(rows)


def test_words_that_were_parted_are_put_together() -> None:
    whole = found = hyphens = 0
    for page in PAGES:
        if sum(len(line) > 300 for line in paragraphs(page)) > 4:
            text = "\n\n".join(parted(line, 78) for line in paragraphs(page))
            hyphens += text.count("-\n")
            whole, found = whole + len(paragraphs(page)), found + len({*paragraphs(page)} & {*read_lines(text).text})
    assert hyphens > 500
    assert found > 0.97 * whole


@pytest.mark.parametrize("tail", ["a-" + "\n" * 300_000, "a-" + " " * 300_000, "a-\n" * 100_000, "a" * 300_000 + "-"])
def test_no_break_is_tried_twice(tail: str) -> None:
    """A pattern that tries each of them with each other would take hours."""
    page = max(PAGES, key=lambda page: sum(len(line) > 300 for line in paragraphs(page)))
    text = "\n\n".join(parted(line, 78) for line in paragraphs(page))
    assert read_lines(f"{text}\n\n{tail}").end[-1] == len(f"{text}\n\n{tail}".rstrip())


def test_a_broken_page_in_a_dump_of_others() -> None:
    whole, broken = (max(PAGES[half::2], key=lambda page: len(paragraphs(page))) for half in (0, 1))
    text = "\n".join([*paragraphs(whole), "", wrapped(broken, 80, "\n\n", "\n"), "", *paragraphs(whole)])
    short = [line for line in paragraphs(broken) if len(line) <= 80]
    found = read_lines(text).text
    assert len(set(found) & set(paragraphs(broken))) >= 0.95 * len(set(paragraphs(broken)) - set(short))
    assert set(found) >= {line for line in paragraphs(whole) if len(line) > 200}


def test_each_character_of_a_broken_line_has_its_place() -> None:
    for page in PAGES[::20]:
        for text in (
            wrapped(page, 70, "\n\n", "\r\n"),
            "\n\n".join(parted(line, 70) for line in paragraphs(page)),
        ):
            parts = cut_lines([read_lines(text)])
            for i in range(len(parts.text)):
                part = parts.part(i)
                places = part.alignment or range(len(part.text) + 1)
                shown = [(char, text[part.start + place]) for char, place in zip(part.text, places, strict=False)]
                assert all(char == raw or (char == " " and raw in " \r\n") for char, raw in shown)


def test_pages_that_are_not_broken_stay_as_they_are() -> None:
    for page in PAGES:
        assert len(read_lines(page).text) == sum(bool(line.strip()) for line in page.splitlines())


def test_a_list_of_short_lines_is_none() -> None:
    rows = [f"Clinic {i}, {'long ' * (i % 7)}street {i}, open from Monday to Friday" for i in range(60)]
    assert read_lines("\n".join(rows)).text == rows


def test_a_line_that_repair_leaves_without_words_ends_no_run() -> None:
    text = "\n".join(["&nbsp;", *["a knee that hurts at night, when one lies still, and"] * 9])
    for at in range(10):
        rows = text.split("\n")
        rows.insert(at, rows.pop(0))
        assert sum(len(words) for words in read_lines("\n".join(rows)).text) >= 9 * 51
