"""Markdown: words as they are shown, each character with its place."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from benchmarks.rewritten import WAYS
from pipeline.evaluation.gold import load_pages
from pipeline.text.markdown import has_marks
from pipeline.text.segments import read_lines

CORPUS = Path(__file__).parents[1] / "training" / "corpus"
WORDS = st.sampled_from(["Rest", "beer,", "a_b", "knee.", "C#", "(some)", "&amp;", "Â°", "1"])
# What is well-formed; the rest of the grammar is not followed to the letter.
EMPHASIS = ["**{}**", "*{}*", "__{}__", "***{}***", "\\*{}\\*", "{}"]
LINKS = ["[{}](/page)", '[{}](https://x.example/a_(b) "so")', "[{}](<a b>)", "[**{}**](/page)", "**[{}](/page)**"]
PICTURES = ["![{}](/i.png)", "[![{}](/i.png)](/page)", "[![x](/i.png) {}](/page)"]
MARKED = st.sampled_from([*EMPHASIS, *LINKS, *PICTURES])
PIECES = st.lists(st.tuples(MARKED, WORDS), min_size=1, max_size=8)


def shown(line: str) -> str:
    """The words that a reader sees, by a library that follows the standard."""
    [inline] = MarkdownIt("commonmark").parseInline(line)
    return "".join(token.content for token in inline.children or () if token.type == "text")


@given(PIECES)
def test_marks_are_left_out_as_the_standard_says(pieces: list[tuple[str, str]]) -> None:
    line = " ".join(["Water", *(form.format(word) for form, word in pieces), "helps"])
    lines = read_lines(line, markdown=True)
    assert lines.text[0].replace("Â°", "°").split() == shown(line).replace("Â°", "°").split()


@given(st.text(alphabet="ab *_#[]()!\\<>\"'&amp;Â°=-\n", max_size=60))
def test_each_character_has_its_place(text: str) -> None:
    plain = read_lines(text)
    lines = read_lines(text, markdown=True)
    left = {i for begin, end in zip(lines.start, lines.end, strict=True) for i in range(begin, end)}
    assert {i for i, char in enumerate(text) if not char.isspace()} <= left
    assert {*lines.start} <= {*plain.start} and {*lines.end} <= {*plain.end}
    for i, line in lines.mended.items():
        alignment, words = line.repair.alignment, lines.text[i]
        assert words == line.repair.text == words.strip() != ""
        assert alignment is not None and len(alignment) == len(words) + 1
        assert alignment[-1] == len(line.raw) and all(a <= b for a, b in pairwise(alignment))
        if not plain.mended:
            assert all(line.raw[at] == char for char, at in zip(words, alignment, strict=False))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("## [Causes](/c) of gout ##", "Causes of gout"),
        ("> Rest, he **said**.", "Rest, he said."),
        ("C* is an acid, D* is none", "C* is an acid, D* is none"),
        ("Take 3*4*5 of file_name_x", "Take 3*4*5 of file_name_x"),
        ("It heals [[1]](#cite-1) soon.", "It heals [1] soon."),
        ("[see](the other page)", "[see](the other page)"),
        ("* [Home](/) | [Knee](/knee)", "* Home | Knee"),
        ("![A knee](/knee.png)", "![A knee](/knee.png)"),
        ("# [Knee](/knee)", "Knee"),
        ("#1 of all", "#1 of all"),
        ("Causes of gout\n---", "Causes of gout"),
        ("**Gout**\n=======", "Gout"),
        ("| Age | Dose |\n|:---|---:|", "| Age | Dose |"),
    ],
)
def test_lines(line: str, words: str) -> None:
    assert read_lines(line, markdown=True).text == [words]


HOSTILE = ["[", "[a](", "**a ", "*a ", "[[a]", "[x](a(b)", "![[", "\\", "[a](<b", "[a](b '", "> "]
HOSTILE += ["[a\\](", "-", "|---"]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_read_once(piece: str) -> None:
    """A pattern that tries again from each place would take hours."""
    text = piece * 100_000 + "x"
    assert read_lines(text, markdown=True).start == [0]


def test_rows_of_signs_below_a_heading_are_one_with_it_however_many() -> None:
    text = "Gout\n" + "---\n" * 300_000 + "Rest"
    lines = read_lines(text, markdown=True)
    assert (lines.text, lines.start, lines.end) == (["Gout", "Rest"], [0, len(text) - 4], [len(text) - 5, len(text)])


def test_pages_are_told_by_their_marks() -> None:
    pages = load_pages(CORPUS)
    assert sum(has_marks(page.text) for page in pages) <= 1  # one has bold words
    assert all(has_marks(WAYS["Markdown"](page).text) for page in pages)
