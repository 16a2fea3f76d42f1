"""The scorer agrees with its definition, and calibration does what it says."""

import itertools
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.calibration import ece, fit_isotonic, fit_platt, precision_at, reliability, save
from pipeline.evaluation.claims import ReadClaim, matches, read_claims, score_claims
from pipeline.evaluation.gold import load_pages
from pipeline.models.confidence import Calibration
from pipeline.text.agreement import agreement

CORPUS = Path(__file__).parent.parent / "training/corpus"
OFFICIAL = Path(__file__).parent.parent.parent / "shared/tools/score_claims.py"

words = st.text(alphabet="abc s-", max_size=12)
outcomes = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def claim(evidence=(0, 10), subject="massage", predicate="relieves", object_="back pain", **rest):
    return ReadClaim(evidence, subject, predicate, object_, **rest)


@given(words, words)
def test_agreement_is_symmetric_and_bounded(a, b):
    assert agreement(a, b) == agreement(b, a)
    assert 0.0 <= agreement(a, b) <= 1.0


@given(st.text(alphabet="abc ", min_size=1).filter(str.strip))
def test_words_agree_with_themselves(text):
    assert agreement(text, text) == 1.0


def test_labels_read_back_are_perfect():
    pages = load_pages(CORPUS, "dev")[:4]
    scores = score_claims([(read_claims(p), read_claims(p)) for p in pages])
    assert scores.strict.f1 == scores.evidence.f1 == 1.0
    assert set(scores.on_matches.values()) == {1.0}
    assert scores.strict.labelled == sum(len(p.claims) for p in pages)


def test_a_claim_is_matched_once():
    found = matches([claim()], [claim(subject="gentle massage"), claim()])
    assert found == [(0, 1)]


@pytest.mark.parametrize(
    ("read", "strict", "lenient", "pair"),
    [
        (claim(), 1, 1, 1),
        (claim(predicate="treats"), 0, 1, 1),
        (claim(predicate="causes"), 0, 0, 1),
        (claim(object_="knee"), 0, 0, 0),
        (claim(evidence=(10, 20)), 0, 0, 0),
        (claim(evidence=(5, 25)), 1, 1, 1),
        (claim(evidence=(6, 26)), 0, 0, 0),
    ],
)
def test_what_counts_as_a_match(read, strict, lenient, pair):
    scores = score_claims([([claim()], [read])])
    assert (scores.strict.hits, scores.lenient.hits, scores.pair.hits) == (strict, lenient, pair)


def test_nothing_read_is_no_error():
    scores = score_claims([([claim()], [])])
    assert scores.strict.f1 == 0.0
    assert scores.on_matches == {}


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the reference scorer is not here")
def test_same_figures_as_the_reference_scorer(tmp_path):
    sys.path.insert(0, str(OFFICIAL.parent))
    try:
        import score_claims as official
    finally:
        sys.path.pop(0)
    rng = random.Random(5)
    ours, theirs = [], []
    for page in load_pages(CORPUS, "dev"):
        gold = read_claims(page)
        read = [garbled(c, rng) for c in gold if rng.random() < 0.8]
        ours.append((gold, read))
        theirs.append(([as_row(c) for c in gold], [as_row(c) for c in read]))
    expected, found = official.score(theirs), score_claims(ours)
    for name in ("strict", "lenient", "pair", "evidence"):
        assert getattr(found, name).f1 == pytest.approx(expected[name]["f1"])
    assert dict(found.on_matches) == pytest.approx(expected["on_matches"])
    assert ece(found.outcomes) == pytest.approx(expected["calibration"]["ece"])
    for name, rate in found.predicates.items():
        assert rate.f1 == pytest.approx(expected["predicates"][name]["f1"])


def garbled(c, rng):
    """A claim read badly: arguments cut, predicate swapped, evidence moved."""
    cut = rng.randrange(3)
    return ReadClaim(
        (c.evidence[0] + rng.randrange(40), c.evidence[1] + rng.randrange(40)),
        " ".join(c.subject.split()[cut:]) or c.subject, rng.choice([c.predicate, c.predicate, "causes", "treats"]),
        c.object, c.subject_type, rng.choice([c.object_type, "factor"]), rng.random() < 0.1, c.certainty,
        rng.random(),  # no two alike: the reference scorer parts rows of one confidence
    )  # fmt: skip


def as_row(c):
    return {
        "span": c.evidence, "subject": c.subject, "predicate": c.predicate, "object": c.object,
        "subject_type": c.subject_type, "object_type": c.object_type, "negated": c.negated,
        "certainty": c.certainty, "confidence": c.confidence,
    }  # fmt: skip


@given(outcomes)
def test_calibrated_probabilities_rise_with_the_score(rows):
    for fit in (fit_isotonic, fit_platt):
        calibration = fit(rows, extractor="x", data="made up")
        values = [calibration.apply(score / 20) for score in range(21)]
        assert all(0.0 <= value <= 1.0 for value in values)
        if calibration.kind == "isotonic":
            assert values == sorted(values)


def test_isotonic_brings_the_error_down():
    rng = random.Random(3)
    rows = [(score, rng.random() < score**3) for score in (rng.random() for _ in range(4000))]
    for fit in (fit_isotonic, fit_platt):
        calibration = fit(rows[:2000], extractor="x", data="made up")
        held_out = [(calibration.apply(s), right) for s, right in rows[2000:]]
        assert ece(rows[2000:]) > 0.2
        assert ece(held_out) < 0.05


@given(outcomes)
def test_bins_hold_every_row(rows):
    bins = reliability(rows)
    assert sum(b.n for b in bins) == len(rows)
    assert 0.0 <= ece(rows) <= 1.0
    n, precision = precision_at(rows, 0.5)
    assert n == sum(score >= 0.5 for score, _ in rows)
    assert (precision is None) == (n == 0)


@given(outcomes, st.floats(0, 1))
def test_rows_of_one_score_count_by_their_number_and_the_share_that_was_right(rows, score):
    """They stay in one bin, and a step of the fit is as high as the share that was right in it."""
    rows = [*rows, *((score, i % 3 == 0) for i in range(60))]
    bins = reliability(rows)
    assert sum(b.n for b in bins) == len(rows)
    values = sorted(score for score, _ in rows)
    ends = list(itertools.accumulate(b.n for b in bins))
    assert all(values[end - 1] < values[end] for end in ends[:-1])
    alone = rows[-60:]
    assert ece([(1 / 3, right) for _, right in alone]) == pytest.approx(0, abs=1e-9)
    assert fit_isotonic(alone, extractor="x", data="made up").apply(score) == pytest.approx(1 / 3, abs=1e-4)
    fitted = fit_isotonic(rows, extractor="x", data="made up")
    assert fitted == fit_isotonic(rows[::-1], extractor="x", data="made up")


def test_a_saved_calibration_carries_its_card(tmp_path):
    import json

    calibration = fit_isotonic([(0.1, False), (0.9, True)], extractor="x", data="two rows")
    save(calibration, tmp_path / "x.json", command="none", ece=0.0)
    row = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert row["data"] == "two rows" and row["command"] == "none"
    again = Calibration(**{k: row[k] for k in ("id", "extractor", "kind", "n", "data")},
                        points=tuple(map(tuple, row["points"])))  # fmt: skip
    assert again == calibration
