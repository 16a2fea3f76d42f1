"""The judge: what it weighs, that it invents nothing, and that its parts fit one another."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.reader.decode import Found
from pipeline.models.reader.judge import facts_of, load_judge
from pipeline.models.reader.surroundings import Page, describe
from pipeline.models.reader.windows import Line
from pipeline.models.reader.wording import Pair, clues, load_wording
from pipeline.schema import ENTITY_TYPES, PREDICATES

CASES = [
    json.loads(row)
    for row in (Path(__file__).parent / "cases" / "judge.jsonl").read_text(encoding="utf-8").splitlines()
]
LINES = (
    Line("title", "Gout, its care"),
    Line("heading", "What causes it"),
    Line("body", "Beer, meat and sugar do."),
)


def _claim(lines, subject, predicate, object_, score=0.5):
    line = max(subject[0], object_[0])
    evidence = (line, 0, len(lines[line].text))
    kinds = "condition", "symptom"
    return Found(tuple(subject), tuple(object_), evidence, *kinds, predicate, 0.0, 0.0, score, (score, 0.5, 0.5))


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_facts(case):
    lines = tuple(Line(*line) for line in case["input"]["lines"])
    claims = [_claim(lines, *claim) for claim in case["input"]["claims"]]
    facts = describe(Page(lines, claims), claims[case["input"]["of"]])
    assert {name: facts[name] for name in case["expected"]} == case["expected"]


@st.composite
def _articles(draw):
    words = st.sampled_from(["beer", "causes", "gout", "and", "is", "not", "caused", "by", "pain", ",", "?", "which"])
    texts = draw(st.lists(st.lists(words, min_size=3, max_size=12).map(" ".join), min_size=1, max_size=4))
    lines = tuple(Line(draw(st.sampled_from(["title", "heading", "body"])), text) for text in texts)
    places = [(i, a, a + 3) for i, line in enumerate(lines) for a in range(0, len(line.text) - 3, 4)]
    pair = st.tuples(st.sampled_from(places), st.sampled_from(places)).filter(lambda p: p[0] != p[1])
    claims = [
        replace(
            _claim(lines, subject, draw(st.sampled_from(list(PREDICATES))), object_, draw(st.floats(0.05, 0.99))),
            subject_type=draw(st.sampled_from(ENTITY_TYPES)),
        )
        for subject, object_ in draw(st.lists(pair, min_size=1, max_size=5))
    ]
    return lines, claims


@given(_articles())
@settings(max_examples=60, deadline=None)
def test_it_only_scores_anew_and_leaves_out(article):
    lines, claims = article
    judged = load_judge().judge(lines, claims, 0.1)
    assert all(0.1 <= claim.score < 1 for claim in judged)
    whatever = [replace(claim, score=0.0) for claim in claims]
    at = 0
    for claim in judged:
        at = whatever.index(replace(claim, score=0.0), at) + 1


@given(_articles())
@settings(max_examples=60, deadline=None)
def test_each_fact_is_a_number_that_the_judge_weighs(article):
    judge = load_judge()
    names, rows = facts_of(*article, judge.prior)
    assert set(names) == set(judge.weights)
    assert rows.shape == (len(article[1]), len(names))
    assert np.isfinite(rows).all()


def test_an_article_without_claims_has_none():
    assert load_judge().judge(LINES, [], 0.0) == []


def test_one_claim_is_surer_the_surer_the_network_was():
    scores = [0.1, 0.3, 0.5, 0.7, 0.9]
    claims = [_claim(LINES, (2, 0, 4), "causes", (0, 0, 4), score) for score in scores]
    judged = [load_judge().judge(LINES, [claim], 0.0)[0].score for claim in claims]
    assert judged == sorted(judged)


@given(st.text("abcdefgh", min_size=1, max_size=8), st.text("abcdefgh", min_size=1, max_size=8))
def test_wording_does_not_see_the_arguments(subject, object_):
    def seen(first, second):
        text = f"Too much {first} may well lead to {second} in time."
        places = (0, 9, 9 + len(first)), (0, 27 + len(first), 27 + len(first) + len(second))
        pair = Pair((0, 0, len(text)), *places, "food", "condition")
        return list(clues((Line("body", text),), None, pair))

    assert seen(subject, object_) == seen("beer", "gout")


@pytest.mark.parametrize(
    ("text", "subject", "object_", "predicate"),
    [
        ("Beer can lead to gout.", (0, 0, 4), (0, 17, 21), "causes"),
        ("Garlic is used to treat warts.", (0, 0, 6), (0, 24, 29), "treats"),
        ("A vaccine protects against measles.", (0, 2, 9), (0, 27, 34), "prevents"),
        ("Milk is rich in calcium.", (0, 0, 4), (0, 16, 23), "contains"),
    ],
)
def test_wording_knows_plain_words(text, subject, object_, predicate):
    kinds = {"treats": ("treatment", "condition"), "contains": ("food", "nutrient"), "prevents": ("drug", "condition")}
    pair = Pair((0, 0, len(text)), subject, object_, *kinds.get(predicate, ("food", "condition")))
    margins = load_wording().margins((Line("body", text),), None, pair)
    assert tuple(PREDICATES)[int(margins[1:].argmax())] == predicate


def test_calibrated_scores_are_probabilities_of_the_shipped_reader():
    from pipeline.models.confidence import calibration_for
    from pipeline.models.reader import EXTRACTOR

    calibration = calibration_for(EXTRACTOR)
    assert calibration is not None
    assert all(0 < calibration.apply(score) < 1 for score in (0.0, 0.5, 1.0))
