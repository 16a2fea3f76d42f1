"""How a claim is meant: the written cases, and what must hold for any sentence."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evaluation.attributes import gold_readings, score_attributes, token_f1, words_f1
from pipeline.evaluation.gold import load_dumps, load_pages
from pipeline.knowledge.attributes import attributes_of, offers, read_attributes
from pipeline.knowledge.evidence import Sentence
from pipeline.knowledge.reading import Article, Reading, Segment, Span

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "training/corpus"
REAL = ROOT.parent / "shared"
CASES = [
    json.loads(line) for line in (Path(__file__).parent / "cases/attributes.jsonl").read_text("utf-8").splitlines()
]


def place(text: str, words: str) -> tuple[int, int] | None:
    at = text.find(words)
    return None if at < 0 else (at, at + len(words))


def as_params(case: dict) -> object:
    marks = [pytest.mark.xfail(strict=True, reason=case["comment"])] if case["status"] == "fail" else []
    return pytest.param(case["input"], case["expected"], id=case["label"], marks=marks)


@pytest.mark.parametrize(("given_", "expected"), [as_params(case) for case in CASES])
def test_case(given_, expected):
    text = given_["text"]
    context = {key: given_[key] for key in ("previous", "heading", "following") if key in given_}
    claim = Sentence(
        text, place(text, given_["subject"]), place(text, given_["object"]), given_["predicate"], **context
    )
    found = read_attributes(claim)
    assert {name: getattr(found, name) for name in expected} == expected


@given(st.text(alphabet="may not 5% of in . , cause A study says", max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_text_fields_are_words_of_the_sentence(text, a, b):
    start, end = sorted((min(a, len(text)), min(b, len(text))))
    found = read_attributes(Sentence(text, (start, end), None, "causes"))
    for words in (found.quantity, found.qualifier, found.attribution):
        assert words is None or (words and words in text)
    assert found.certainty in {"asserted", "hedged"}
    assert all(words in text.lower() for _, _, words in (cue.partition(":") for cue in found.cues))


def test_what_the_reader_says_goes_first():
    text = "Massage may not relieve pain."
    article = Article((Segment(text, "body"),))
    spans = Span(0, 0, len(text)), Span(0, 0, 7), Span(0, 24, 28)
    for negated in (True, False):
        for certainty in ("asserted", "hedged"):
            reading = Reading(spans[0], spans[1], "treatment", "relieves", spans[2], "symptom", 0.5, "x",
                              negated=negated, certainty=certainty)  # fmt: skip
            found = attributes_of(article, reading)
            assert (found.negated, found.certainty) == (negated, certainty)


def test_a_verdict_counts_right_behind_the_claim_only():
    text = "Claim: Lemon water cures cancer. Verdict: False. Ginger tea cures colds. It tastes good. This is false."
    article = Article((Segment(text, "body"),))
    denied = []
    for words, subject, object_ in (
        ("Claim: Lemon water cures cancer.", "Lemon water", "cancer"),
        ("Ginger tea cures colds.", "Ginger tea", "colds"),
    ):
        evidence, first, last = (Span(0, *place(text, part)) for part in (words, subject, object_))
        reading = Reading(evidence, first, "food", "treats", last, "condition", 0.5, "x")
        found = attributes_of(article, reading)
        denied.append((found.negated, found.cues))
    assert denied == [(True, ("negation:verdict: false",)), (False, ())]


def test_a_question_behind_the_claim_counts_with_its_answer_only():
    denied = []
    for behind in ("True or false? False.", "True or false? True.", "Fiction?", "Not true? It is."):
        words = "Garlic cures cancer."
        article = Article((Segment(f"{words} {behind}", "body"),))
        evidence, first, last = (Span(0, *place(words, part)) for part in (words, "Garlic", "cancer"))
        reading = Reading(evidence, first, "food", "treats", last, "condition", 0.5, "x")
        denied.append(attributes_of(article, reading).negated)
    assert denied == [True, False, False, False]


@pytest.mark.parametrize(
    ("below", "denied"),
    [
        ((Segment("Verdict: False.", "body"),), True),
        ((Segment("This is a rumor.", "body"), Segment("It tastes good.", "body")), True),
        ((Segment("Advertisement", "ad"), Segment("False!", "heading")), True),
        ((Segment("Honey soothes coughs.", "body"), Segment("This is false.", "body")), False),
        ((Segment("False teeth need care.", "body"),), False),
        ((), False),
    ],
)
def test_a_verdict_on_the_next_line_counts(below, denied):
    words = "Lemon water cures cancer."
    article = Article((Segment(words, "body"), *below))
    evidence, first, last = (Span(0, *place(words, part)) for part in (words, "Lemon water", "cancer"))
    reading = Reading(evidence, first, "food", "treats", last, "condition", 0.5, "x")
    assert attributes_of(article, reading).negated is denied


def test_long_rows_of_words_cost_what_they_are_long():
    """A heading of a thousand like words took a minute, when articles and adjectives could be read in two ways."""
    claim = Sentence("Tea relieves pain.", (0, 3), (13, 17), "relieves")
    for word in ("old", "common", "not", "the claim", "is said"):
        rows = dict.fromkeys(("heading", "previous", "following"), f"{word} " * 1000)
        assert read_attributes(replace(claim, **rows)).certainty in {"asserted", "hedged"}


def test_offers_do_not_repeat_a_stretch():
    spans = [(a, b) for _, a, b in offers("quantity", "Take 2 g twice a day for 3 weeks.")]
    assert len(spans) == len(set(spans))
    assert "2 g" in {"Take 2 g twice a day for 3 weeks."[a:b] for a, b in spans}


def test_word_f1():
    assert words_f1([("5%", "5%"), ("", ""), (None or "", "two weeks")]) == pytest.approx(2 / 3)
    assert token_f1(None, "") == 1.0


def test_floors_on_held_out_written_pages():
    """Given the labelled arguments; measured .976 and .980 on these pages when the weights were made."""
    scores = score_attributes(load_pages(CORPUS, "test"))
    assert scores.accuracy["negated"] >= 0.97
    assert scores.accuracy["certainty"] >= 0.95
    assert scores.fields["quantity"] >= 0.5


def test_floors_on_unseen_wordings():
    """402 made-up sentences of a hand that no training has seen; measured .843 and .898 when the weights were made."""
    rows = [
        json.loads(line) for line in (ROOT / "training/assertion_examples/test.jsonl").read_text("utf-8").splitlines()
    ]
    right = {"negated": 0, "certainty": 0}
    for row in rows:
        around = {key: row[key] for key in ("previous", "heading", "following") if key in row}
        arguments = place(row["text"], row["subject"]), place(row["text"], row["object"])
        found = read_attributes(Sentence(row["text"], *arguments, row["predicate"], **around))
        for name in right:
            right[name] += getattr(found, name) == row[name]
    assert right["negated"] >= 0.835 * len(rows)
    assert right["certainty"] >= 0.89 * len(rows)


def test_the_arguments_themselves_do_not_count():
    """Only where they stand is read, and what is said around them."""
    for text in ("Few doctors believe that {} causes {}.", "{} may relieve {}.", "{} relieves {} in most people."):
        meant = set()
        for subject, object_ in (("garlic", "cancer"), ("lack of sleep", "a headache"), ("Zolpidem", "insomnia")):
            words = text.format(subject, object_)
            found = read_attributes(Sentence(words, place(words, subject), place(words, object_), "relieves"))
            meant.add((found.negated, found.certainty))
        assert len(meant) == 1, text


@pytest.mark.skipif(not (REAL / "gold/dev").exists(), reason="the annotated dumps are not here")
def test_floors_on_real_pages():
    pages = load_dumps(REAL / "raw", REAL / "gold/dev/labels", REAL / "gold/dev/claims")
    scores = score_attributes(pages)
    assert scores.n == sum(len(page.claims) for page in pages)
    assert scores.accuracy["negated"] >= 0.97
    assert scores.accuracy["certainty"] >= 0.95


def test_every_labelled_claim_of_the_corpus_has_its_place():
    pages = load_pages(CORPUS, "dev")
    assert sum(1 for page in pages for _ in gold_readings(page)) == sum(len(page.claims) for page in pages)
