"""The HTML benchmark: its F1 is that of bags of words, and its table stands on pages in the layout it names."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_html import PAGE

from benchmarks.html import claimsieve, table
from benchmarks.metadata import Said, rates
from benchmarks.metadata import claimsieve as said_of
from pipeline.errors import InputError
from pipeline.evaluation.web_pages import WebPage, load_web_pages, word_f1
from training.main_blocks import WCXB

WORDS = st.lists(st.sampled_from(["rest", "Ice", "the", "knee"]), max_size=8).map(" ".join)


@given(WORDS, WORDS)
def test_f1_lies_between_nought_and_one_and_does_not_mind_sides(found: str, main: str) -> None:
    assert 0 <= word_f1(found, main) == word_f1(main, found) <= 1
    assert word_f1(main, main) == 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pages in the layout of WCXB, two of them articles."""
    for name in ("html", "ground-truth"):
        (tmp_path / name).mkdir()
    for number, kind in enumerate(("article", "forum", "article", "listing")):
        (tmp_path / "html" / f"{number:04}.html.gz").write_bytes(gzip.compress(PAGE.encode()))
        said = {
            "main_content": "Rest and ice help.",
            "title": "Sore knees",
            "author": None,
            "publish_date": "2023-05-01",
        }
        truth = {"_internal": {"page_type": {"primary": kind}}, "ground_truth": said}
        (tmp_path / "ground-truth" / f"{number:04}.json").write_text(json.dumps(truth))
    return tmp_path


def test_every_nth_page_is_taken(folder: Path) -> None:
    assert [page.name for page in load_web_pages(folder, every=2, first=1)] == ["0001", "0003"]


def test_a_folder_without_pages_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no ground-truth.*--pages"):
        load_web_pages(tmp_path)


def test_the_table_has_a_row_for_each_extractor(folder: Path) -> None:
    pages = load_web_pages(folder, every=1)
    found = claimsieve(pages)
    assert "Rest and ice help." in found.kept["0000"]
    assert found.sources["0003"] == PAGE
    assert found.seconds > 0
    head, first, *others = table(pages).splitlines()
    assert "all (4)" in head
    assert "articles (2)" in head
    assert float(first.split()[1]) == pytest.approx(word_f1(found.kept["0000"], "Rest and ice help."), abs=0.001)
    assert [row.split()[0] for row in others] == ["trafilatura", "resiliparse", "justext"]


@pytest.mark.skipif(not WCXB.exists(), reason="the public pages stay outside the project")
def test_public_pages_keep_their_main_text() -> None:
    """A floor well under the figure on unseen pages; the shipped weights have seen these thirty."""
    pages = load_web_pages(WCXB, every=10)
    kept = claimsieve(pages).kept
    assert sum(word_f1(kept[page.name], page.main) for page in pages) / len(pages) >= 0.75


def test_what_pages_say_of_themselves_is_counted_by_hand(folder: Path) -> None:
    pages = load_web_pages(folder)
    found = said_of(pages)
    assert found["0000"] == Said("Sore knees", "A. Lee, B. Roy", "2023-05-01")
    counted = {name: (one.hit, one.gold, one.predicted) for name, one in rates(pages, found).items()}
    assert counted == {"title": (4, 4, 4), "author": (0, 0, 4), "published": (4, 4, 4)}
    other = WebPage("0000", "article", "", b"", "Sore Knees!", "B. Roy and A. Lee", "2024-01-01T08:00")
    counted = {name: (one.hit, one.gold, one.predicted) for name, one in rates([other], found).items()}
    assert counted == {"title": (1, 1, 1), "author": (1, 1, 1), "published": (0, 1, 1)}
