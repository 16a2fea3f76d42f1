"""Promises of the model of main text: one probability a block, menus out and prose in, small records kept whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Clean
from pipeline.models.main_text import main_text
from pipeline.models.main_text.features import Rows
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
    ["<p>", "<div class='menu'>", "</div>", "<h1>", "</h1>", "<li>", "<a href=/>", "</a>", PROSE, "x", "\xa0", "©"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_each_block_has_a_probability(page):
    blocks = extract(page).blocks
    chances = main_text([blocks]) if len(blocks) else []
    assert len(chances) == len(blocks)
    assert all(0 <= chance <= 1 for chance in chances)


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=5), st.floats(0.05, 0.95))
def test_pages_do_not_depend_on_one_another(pages, threshold):
    alone = [read for page in pages for read in read_pages([page], main_text_threshold=threshold)]
    assert read_pages(pages, main_text_threshold=threshold) == alone


@given(st.lists(PIECES, max_size=30).map("".join), st.floats(0.05, 0.95))
def test_each_block_is_read_or_left_out(page, threshold):
    [found] = read_pages([page], main_text_threshold=threshold)
    places = sorted(
        [(line.start, line.end) for line in found.lines] + [*zip(found.dropped.start, found.dropped.end, strict=True)]
    )
    blocks = extract(page).blocks
    assert places == [*zip(blocks.start, blocks.end, strict=True)]
    assert all(score >= threshold - 1e-4 for score in found.dropped.score)


def test_a_row_has_a_column_for_each_name():
    rows = Rows([extract(PAGE).blocks])
    assert rows.values.shape[1] == len(rows.names) == len(set(rows.names))


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


def test_a_threshold_of_one_drops_next_to_nothing():
    [found] = read_pages([PAGE], main_text_threshold=1.0)
    assert all(score == 1 for score in found.dropped.score)
