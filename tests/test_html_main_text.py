"""Promises of the model of main text: one probability a block, menus out and prose in, small records kept whole."""

from importlib import resources
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Clean
from pipeline.models.main_text import main_text
from pipeline.models.main_text.features import Rows
from pipeline.models.main_text.pages import Pages
from pipeline.models.main_text.second import STEPS, expected_f1, second_look, stepped
from pipeline.models.onnx import instead, shipped
from pipeline.text.blocks import read_pages
from pipeline.text.html import extract

PROSE = "Rest and ice, on most days of the first week, let the swelling of a sore knee go down, and the pain with it. "
MENU = "".join(f'<li class="menu-item"><a href="/{name}">{name}</a></li>' for name in ("Home", "News", "About us"))
PAGE = f"""<html><head><title>Sore knees | Joint Site</title></head><body><header><nav class="main-menu"><ul>{MENU}
</ul></nav></header><main><article class="post"><h1>Sore knees</h1><div class="entry-content">
{"".join(f"<p>{PROSE * 3}{i}</p>" for i in range(8))}</div></article></main>
<footer class="site-footer"><ul>{MENU}</ul><p>Copyright 2024 Joint Site. All rights reserved.</p></footer></body>
</html>"""
PIECES = st.sampled_from(
    [
        "<p>",
        "<div class='menu'>",
        "</div>",
        "<h1>",
        "</h1>",
        "<li>",
        "<a href=/>",
        "</a>",
        PROSE,
        "x",
        "\xa0",
        "©",
        "<p hidden>",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_each_block_has_a_probability(page):
    blocks = extract(page).blocks
    chances, expected = main_text([blocks] if len(blocks) else [])
    assert len(chances) == len(blocks)
    assert all(0 <= number <= 1 for number in (*chances, *expected))
    # Something is worth keeping on each page.
    assert not expected or max(chances) > expected[0] / 2


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=5), st.floats(0.05, 0.95))
def test_pages_do_not_depend_on_one_another(pages, threshold):
    alone = [read for page in pages for read in read_pages([page], main_text_threshold=threshold)]
    assert read_pages(pages, main_text_threshold=threshold) == alone


def test_sums_over_shares_do_not_depend_on_the_pages_before():
    shares, words = np.array([1e-3, 1 / 3, 1e-6], np.float32), np.array([1e6, 3.3], np.float32)
    alone = Pages([3]).windows({"shares": shares})[0]
    together = Pages([2, 3]).windows({"shares": np.append(words, shares)})[0]
    assert np.array_equal(together[2:], alone)


@given(st.lists(PIECES, max_size=30).map("".join), st.floats(0.05, 0.95))
def test_each_block_is_read_or_left_out(page, threshold):
    [found] = read_pages([page], main_text_threshold=threshold)
    places = sorted(
        [(line.start, line.end) for line in found.lines] + [*zip(found.dropped.start, found.dropped.end, strict=True)]
    )
    read = extract(page)
    unseen = {*found.markup} - {*read.markup}
    assert sorted([*places, *unseen]) == [*zip(read.blocks.start, read.blocks.end, strict=True)]
    assert len(unseen) == sum(read.taken_out)
    assert all(score >= threshold - 1e-4 for score in found.dropped.score)


def test_a_row_has_a_column_for_each_name():
    rows = Rows([extract(PAGE).blocks])
    assert rows.values.shape[1] == len(rows.names) == len(set(rows.names))
    values, names = second_look(rows, stepped(np.zeros(len(rows.values), np.float32)))
    assert values.shape[1] == len(names) == len(set(names))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, STEPS)), min_size=1, max_size=7))
def test_no_other_choice_of_blocks_promises_more_words(blocks):
    """Of all ways to choose blocks, that of the ones above half the F1 that can be expected has the best."""
    words, chance = (np.array(column, np.float32) for column in zip(*blocks, strict=True))
    chance /= STEPS
    [f1] = expected_f1(SimpleNamespace(words=words, pages=Pages([len(words)])), chance)

    def promised(kept):
        return 2 * (words * chance)[kept].sum() / max(words[kept].sum() + (words * chance).sum(), 1e-9)

    best = max(promised(np.array(choice)) for choice in product((False, True), repeat=len(words)))
    assert f1 == pytest.approx(best, abs=1e-5)
    assert promised(chance > f1 / 2) == pytest.approx(best, abs=1e-5)


def test_prose_stays_and_menus_go():
    [found] = read_pages([PAGE], main_text_threshold=Clean().main_text_threshold)
    kept = [line.repair.text for line in found.lines]
    assert kept[0] == "Sore knees"
    assert sum(PROSE.strip() in text for text in kept) == 8
    labels = [*zip(found.dropped.text, found.dropped.label, strict=True)]
    assert ("News", "nav") in labels
    assert ("Copyright 2024 Joint Site. All rights reserved.", "legal") in labels


@pytest.mark.parametrize(
    "record", ["<p>Ice helps.", f"<h1>Sore knees</h1><p>{PROSE}</p><ul><li>Ice</li><li>Heat</li></ul>"]
)
def test_a_record_without_a_frame_is_kept(record):
    [found] = read_pages([record], main_text_threshold=Clean().main_text_threshold)
    assert found.dropped.text == []


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ("hidden", False),
        ("class=x STYLE='color: red; Display : none'", False),
        ("class='a hidden b' data-x=none", True),  # for phones alone, it may be
        ("aria-hidden=true", True),
        ("style='visibility:hidden'", True),  # until a script moves it in
    ],
)
def test_a_paragraph_that_says_itself_that_it_is_not_displayed_is_markup(attributes, shown):
    page = f"<h1>Sore knees</h1><p>{PROSE}</p><p {attributes}>Ice cures <b>gout</b>.</p><p>{PROSE}</p>"
    [found] = read_pages([page], main_text_threshold=0.95)
    assert ("Ice cures gout." in [line.repair.text for line in found.lines]) == shown
    assert ("Ice cures <b>gout</b>." in [page[begin:end] for begin, end in found.markup]) != shown


@pytest.mark.parametrize("page", ["<div style='display:none'><p>{}</p></div><p>{}</p>", "<p hidden>{}</p><p>Ice.</p>"])
def test_what_a_click_or_a_script_shows_is_text(page):
    [found] = read_pages([page.replace("{}", PROSE)], main_text_threshold=0.95)
    assert found.lines[0].repair.text == PROSE.strip()


def test_a_threshold_of_one_drops_next_to_nothing():
    [found] = read_pages([PAGE], main_text_threshold=1.0)
    assert all(score == 1 for score in found.dropped.score)


def test_other_weights_are_read_instead_and_then_the_shipped_ones_again():
    other = resources.files("pipeline.models").joinpath("main_text/second.onnx").read_bytes()

    def width():
        return shipped("main_text/first.onnx").get_inputs()[0].shape[1]

    own, wider = width(), shipped("main_text/second.onnx").get_inputs()[0].shape[1]
    with instead({"main_text/first.onnx": other}):
        assert width() == wider
    assert width() == own < wider
