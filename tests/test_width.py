"""Texts in other widths: one sign for one, and read the same."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.articles import gold_articles
from pipeline.evaluation.gold import load_pages
from pipeline.models.reader.network import load
from pipeline.models.reader.windows import Line
from pipeline.text.width import narrow, visible

CORPUS = Path(__file__).parents[1] / "training" / "corpus"


@given(st.text())
def test_one_sign_for_one(text: str) -> None:
    assert len(narrow(text)) == len(text)
    assert narrow(narrow(text)) == narrow(text)
    assert bool(visible(text)) == bool(text)


def test_the_reader_is_given_the_same() -> None:
    other = str.maketrans(" ,:;()?", "\u00a0，：；（）？")
    reader = load()
    for page in load_pages(CORPUS, "test")[::16]:
        for each in gold_articles(page):
            lines = [Line(segment.label, segment.text) for segment in each.article.segments]
            plain = reader.windows(lines)
            wide = reader.windows([Line(line.label, line.text.translate(other)) for line in lines])
            assert len(plain) == len(wide)
            assert all(np.array_equal(a.token_ids, b.token_ids) for a, b in zip(plain, wide, strict=True))
            assert all(np.array_equal(a.start, b.start) for a, b in zip(plain, wide, strict=True))
