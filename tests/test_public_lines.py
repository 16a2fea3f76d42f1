"""Public pages as text: what is known of a line stands where the line does, and a joined dump holds no other lines."""

import gzip
import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.web_pages import WebPage
from training.public import lines_of, public_dumps, public_page

PROSE = [f"On day {day} the swelling of a sore knee goes down a little more, and the pain with it." for day in range(6)]
MENU = ["Read our other stories on joints", "Subscribe to the letter that we send", "Home", "About"]
HTML = (
    "<h1>How long a sore knee takes to heal</h1>"
    + "".join(f"<p>{line}</p>" for line in PROSE)
    + "<p>Ice.</p>"
    + "".join(f"<div>{line}</div>" for line in MENU)
    + "<p hidden>Nobody sees this line on the page.</p>"
)
LINES = st.lists(
    st.tuples(st.text("abc ", min_size=1, max_size=9).map(lambda s: f"x{s}x"), st.sampled_from(["", "body"]))
)


def test_only_what_is_known_is_labelled():
    page = WebPage("1", "article", "\n".join([*PROSE, "Ice."]), gzip.compress(HTML.encode()))
    [lines] = lines_of([page])
    said = dict(lines)
    assert [said[line] for line in PROSE] == ["body"] * len(PROSE)
    assert [said[line] for line in MENU] == ["noise", "noise", "", ""]
    # A heading that WCXB leaves out may still be the title; two words are on many pages; nobody sees a hidden line.
    assert said["How long a sore knee takes to heal"] == said["Ice."] == ""
    assert "Nobody sees this line on the page." not in said


@given(LINES, st.sampled_from(["\n", "\n\n"]))
def test_labels_stand_where_their_lines_do(lines, between):
    page = public_page("p", lines, between)
    assert [page.text[start:end] for start, end, _ in page.labels] == [line for line, label in lines if label]


@given(st.lists(st.lists(st.sampled_from([*PROSE, *MENU]), min_size=5), min_size=1, max_size=9), st.integers())
def test_dumps_hold_the_pages_lines_each_once(pages, seed):
    texts = [[(line, "body") for line in page] for page in pages]
    dumps = public_dumps(texts, random.Random(seed))
    lines = [line for dump in dumps for line in dump.text.split("\n") if line]
    whole = sorted(line for page in pages for line in page)
    assert len(lines) <= len(whole)
    assert not [line for line in {*lines} if lines.count(line) > whole.count(line)]
