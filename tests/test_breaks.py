"""Pages that come as one line: their lines read back, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rewritten import WAYS
from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from pipeline.evaluation.pages import score_cleaning
from pipeline.models import line_breaks
from pipeline.models.line_breaks import break_chances, read_tokens
from pipeline.text.breaks import restored
from pipeline.text.segments import read_lines

TRAINING = Path(__file__).parents[1] / "training"
DEV = load_pages(TRAINING / "corpus", "dev")
BROKEN = range(240, 251)  # writers of pages that come broken: printed matter, transcripts, mails
PAGES = [
    page
    for folder in ("corpus", "segments")
    for page in load_pages(TRAINING / folder, "test")
    if writer_of(page.name) not in BROKEN
]
PIECES = st.sampled_from(
    [*{word for page in PAGES[::40] for word in page.text.split()}, "&nbsp;", "don&#39;t", "\u00a0", "\x1f", "Â°", "​"]
)


def on_one_line(page: GoldPage) -> GoldPage:
    return WAYS["a page on one line"](page)


def test_most_lines_of_a_page_on_one_line_are_read_back() -> None:
    found = right = all_breaks = 0
    for page in DEV:
        lines = [" ".join(line.split()) for line in page.text.splitlines() if line.strip()]
        starts = np.cumsum([0, *(len(line) + 1 for line in lines)])[1:-1]
        places, chances = break_chances(" ".join(lines))
        likely = places[chances >= 0.5]
        found, all_breaks = found + len(likely), all_breaks + len(starts)
        right += len(np.intersect1d(likely, starts))
    assert right >= 0.6 * all_breaks and right >= 0.8 * found


@pytest.mark.parametrize(
    ("way", "least"),  # where lines stay as they came, of written test pages .66, .66, .89, articles .21, .22, .92
    [
        ("a page on one line", 0.85),
        ("an article on each line", 0.85),
        ("a sentence on each line", 0.94),
        ("cut at links", 0.92),
    ],
)
def test_such_pages_are_cleaned(way: str, least: float) -> None:
    score = score_cleaning([WAYS[way](page) for page in DEV])
    assert score.covered_once == 1
    assert score.drop.f1 > least and score.articles.f1 > 0.6


def test_lines_that_are_not_long_stay_as_they_are() -> None:
    for page in PAGES:
        lines = read_lines(page.text)
        if max(map(len, lines.text)) < 1000:
            assert restored(lines, page.text) is lines


@given(st.lists(PIECES, min_size=150, max_size=400), st.sampled_from([" ", "  ", "\u00a0"]))
def test_each_character_of_a_long_line_has_its_place(pieces: list[str], blank: str) -> None:
    text = blank.join(pieces)
    lines = restored(read_lines(text), text)
    times = np.zeros(len(text), int)
    for i, (start, end, words) in enumerate(zip(lines.start, lines.end, lines.text, strict=True)):
        times[start:end] += 1
        assert start < end and text[start:end] == text[start:end].strip()
        if i not in lines.mended:
            assert words == text[start:end]
            continue
        alignment = lines.mended[i].repair.alignment
        assert alignment is not None and len(alignment) == len(words) + 1
        assert alignment[0] >= 0 and alignment[-1] == end - start and list(alignment) == sorted(alignment)
        assert lines.mended[i].raw == text[start:end]
    assert all(times[i] == 1 or (char.isspace() and not times[i]) for i, char in enumerate(text))


def test_sentences_on_lines_are_put_together_and_only_these() -> None:
    for page in PAGES[::5]:
        broken = WAYS["a sentence on each line"](page).text
        lines, plain = restored(read_lines(broken), broken), read_lines(broken)
        assert lines is plain or len(lines.text) <= len(plain.text)
        assert " ".join(lines.text) == " ".join(plain.text)
        blank = {start for start, gap in zip(plain.start, plain.gap, strict=True) if gap}
        assert blank <= {*lines.start}  # what blank lines keep apart stays apart


def test_sentences_that_were_cut_at_links_are_whole_again() -> None:
    text = (
        "Sore knees\nRest\nWhat helps\nWhen the knee is sore,\ncold packs\nease the pain, and so do\nparacetamol\n"
        ", ibuprofen and\nphysiotherapy\n(see\nour guide\n).\nFoods to eat\nOily fish\nBerries\nCall a\n"
        "doctor\n, if it is hot and swollen."
    )
    lines = restored(read_lines(text), text)
    assert lines.text == [
        "Sore knees", "Rest", "What helps",
        "When the knee is sore, cold packs ease the pain, and so do paracetamol, ibuprofen and physiotherapy (see our"
        " guide).",
        "Foods to eat", "Oily fish", "Berries", "Call a doctor, if it is hot and swollen.",
    ]  # fmt: skip
    for i, (start, end, words) in enumerate(zip(lines.start, lines.end, lines.text, strict=True)):
        at = lines.mended[i].repair.alignment if i in lines.mended else range(len(words) + 1)
        assert at is not None and len(at) == len(words) + 1 and at[-1] == end - start
        assert all(text[start + place] == char or char == " " for char, place in zip(words, at[:-1], strict=True))


def test_pages_cut_at_links_are_told_from_others() -> None:
    assert all(restored(lines, page.text) is lines for page in PAGES
               if max(map(len, (lines := read_lines(page.text)).text)) < 1000)  # fmt: skip
    dump = "\n".join(page.text for page in PAGES if max(map(len, page.text.splitlines())) < 1000)
    dump += "\nAsk\n, if in doubt, a\ndoctor\n, not us."  # two such lines in a dump of hundreds of pages
    assert restored(lines := read_lines(dump), dump) is lines
    cut = [WAYS["cut at links"](page).text for page in PAGES[::5]]
    mended = [restored(lines := read_lines(text), text) is not lines for text in cut]
    assert np.mean(mended) > 0.7


@pytest.mark.parametrize("way", ["as they are", "two blanks behind sentences", "full-width marks", "curly quotes"])
def test_paragraphs_of_some_sentences_are_not_taken_for_sentences_on_lines(way: str) -> None:
    changed = 0
    for page in PAGES:
        text = WAYS[way](page).text
        lines = read_lines(text)
        changed += max(map(len, lines.text)) < 1000 and restored(lines, text) is not lines
    assert changed <= 0.005 * len(PAGES)


def test_prose_on_one_line_stays_whole_where_it_is_of_one_kind() -> None:
    prose = max((line for page in PAGES for line in page.text.splitlines()), key=len)
    text = f"{prose} {prose}"
    lines = restored(read_lines(text), text)
    ended = [i for i, text in enumerate(lines.text[:-1], 1) if text.rstrip("\"'”’)").endswith((".", "!", "?"))]
    assert {*range(1, len(lines.text))} - {*ended} <= lines.goes_on


def test_a_line_of_many_pages_is_read_like_each_of_them() -> None:
    pages = [" ".join(page.text.split()) for page in PAGES[::4]]
    text = " ".join(pages)
    assert len(text) > 300_000
    places, chances = break_chances(text)
    assert places.tolist() == read_tokens([text]).start[1:].tolist()
    of_all = dict(zip(places.tolist(), chances.tolist(), strict=True))
    begin, alike = 0, []
    for page in pages:
        own_places, own = break_chances(page)
        alike += [abs(of_all[begin + at] - chance) < 0.1 for at, chance in zip(own_places.tolist(), own, strict=True)]
        begin += len(page) + 1
    assert np.mean(alike) > 0.97


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "\t", ""])
def test_a_long_line_is_read_in_stretches_that_end_where_a_word_does(blank: str) -> None:
    text = blank.join(["Gout", "is", "a", "painful", "disease.2.", "Rest"] * 8000)
    stretches = [*line_breaks._stretches(text)]
    assert [0, *(end for _, end in stretches)] == [*(begin for begin, _ in stretches), len(text)]
    assert max(end - begin for begin, end in stretches) < 110_000
    starts = [begin + at for begin, end in stretches for at in read_tokens([text[begin:end]]).start.tolist()]
    assert starts == read_tokens([text]).start.tolist()
