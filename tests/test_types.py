"""The types of a claim's two arguments are chosen together, with its predicate, and nothing else changes by that."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.evaluation.articles import gold_articles
from pipeline.evaluation.gold import load_pages
from pipeline.models.reader.network import load
from pipeline.models.reader.windows import Line
from pipeline.schema import ENTITY_TYPES, PREDICATES


def test_for_each_predicate_the_shares_of_types_add_up_to_one() -> None:
    shares = load().types
    assert shares is not None
    assert shares.shape == (len(PREDICATES), len(ENTITY_TYPES), len(ENTITY_TYPES))
    np.testing.assert_allclose(np.exp(shares).sum((1, 2)), 1, atol=0.01)


def test_types_change_only_to_a_pair_that_is_commoner_with_the_predicate() -> None:
    together = load()
    alone = replace(together, types=None)
    assert together.types is not None
    share = dict(zip(PREDICATES, together.types, strict=True))
    number = {name: i for i, name in enumerate(ENTITY_TYPES)}
    changed = 0
    for page in load_pages(Path("training/corpus"), "test")[::16]:
        for placed in gold_articles(page):
            lines = [Line(segment.label, segment.text) for segment in placed.article.segments]
            for one, other in zip(together.read(lines)[0], alone.read(lines)[0], strict=True):
                kinds, before = ((number[c.subject_type], number[c.object_type]) for c in (one, other))
                assert replace(one, subject_type=other.subject_type, object_type=other.object_type) == other
                if kinds != before:
                    changed += 1
                    assert share[one.predicate][kinds] > share[one.predicate][before]
    assert changed
