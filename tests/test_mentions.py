"""Mentions: every argument of a claim is one, and what the text says of an entity stands beside it, with its words."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import Ran
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Extract, Tag
from pipeline.evaluation.articles import gold_tables
from pipeline.evaluation.entities import PlacedMention, score_arguments
from pipeline.evaluation.gold import GoldClaim, GoldPage
from pipeline.knowledge.reading import Passage, Reading, Span
from pipeline.schema import ENTITY_TYPES
from pipeline.stage import content_id
from pipeline.stages import extract
from pipeline.stages.extract import EXTRACT
from pipeline.stages.tag import TAG
from pipeline.store import read_text

CASES = Path(__file__).parent / "cases" / "context.jsonl"
FLAGS = {
    "negation": "negated", "hedge": "hedged", "hypothetical": "hypothetical", "historical": "historical",
    "experiencer": "other_experiencer",
}  # fmt: skip
LINKED = {"exact", "rewrite", "abbreviation", "composed", "fuzzy"}
FRAMES = Extract(readers=("frames",), min_confidence=0.0)
WORDS = st.sampled_from([
    "no", "not", "without", "may", "if", "possibly", "history of", "previous", "mother", "fever", "cough", "pain",
    "knee", "insomnia", "massage", "relieves", "causes", "severe", "osteoporossis", "low back pain (LBP)", "LBP",
    "ginger", "tea", "should", "avoid", "(", ")", ",", ".", ";", "but", "and", "or",
])  # fmt: skip


@pytest.fixture(scope="module")
def mentions(ran: Ran) -> list[dict[str, Any]]:
    return ran.table("mentions").to_pylist()


def article(*lines: str) -> dict[str, pa.Table]:
    """The tables of one article of body lines, tagged."""
    text = "\n".join(lines)
    places, at = [], 0
    for line in lines:
        places += [(at, at + len(line), "body")] if line.strip() else []
        at += len(line) + 1
    tables = gold_tables([GoldPage("page", text, tuple(places), ())])
    return tables | TAG.run(tables, Tag())


def holds_together(mentions: Sequence[dict[str, Any]], claims: Sequence[dict[str, Any]]) -> None:
    """Each argument is a row of `mentions` and says the same; each row is well formed, and there once."""
    by_id = {row["mention_id"]: row for row in mentions}
    assert len(by_id) == len(mentions)
    for claim in claims:
        for role in ("subject", "object"):
            mention = by_id[claim[f"{role}_mention_id"]]
            assert mention["document_id"] == claim["document_id"]
            argument = [claim[f"{role}_{name}"] for name in ("text", "start", "end", "type", "id", "name")]
            names = ("text", "raw_start", "raw_end", "entity_type", "concept_id", "concept_name")
            assert argument == [mention[name] for name in names]
    for row in mentions:
        place = [row[name] for name in ("segment_id", "raw_start", "raw_end", "entity_type", "concept_id")]
        assert row["mention_id"] == content_id(*place)
        assert row["entity_type"] in ENTITY_TYPES
        assert (row["concept_id"] is None) == (row["concept_name"] is None) == (row["link_kind"] is None)
        assert row["link_kind"] in {None, *LINKED}
        assert row["match_kind"] in {"model", row["link_kind"]}
        assert 0 <= row["score"] <= 1
        assert {kind for kind, flag in FLAGS.items() if row[flag]} == {cue["kind"] for cue in row["context_cues"]}


def test_every_argument_is_a_mention(ran: Ran, mentions: list[dict[str, Any]]) -> None:
    claims = ran.table("claims").to_pylist()
    assert len(claims) > 100
    holds_together(mentions, claims)


def test_arguments_that_were_tagged_are_not_added_again(mentions: list[dict[str, Any]]) -> None:
    found = Counter((row["segment_id"], row["raw_start"], row["raw_end"], row["entity_type"]) for row in mentions)
    added = [row for row in mentions if row["match_kind"] == "model"]
    assert 0 < len(added) < len(mentions)
    assert [row for row in added
            if found[row["segment_id"], row["raw_start"], row["raw_end"], row["entity_type"]] > 1] == []  # fmt: skip


def test_the_stage_gives_back_every_tagged_mention() -> None:
    tables = article("Massage relieves severe low back pain.", "No fever.")
    after = EXTRACT.run(tables, FRAMES)["mentions"].to_pylist()
    assert [row for row in tables["mentions"].to_pylist() if row not in after] == []


def test_arguments_of_unlikely_readings_are_mentions_by_their_scores() -> None:
    lines = (
        "Warm poultices may ease the stubborn grumbling of the gut.",
        "Cold cellars prevent nothing but a bad mood.",
    )
    tables = article(*lines)
    every, sure = (EXTRACT.run(tables, Extract(min_confidence=least)) for least in (0.0, 1.0))
    assert every["claims"].num_rows > sure["claims"].num_rows == 0
    assert sure["mentions"].equals(every["mentions"])
    best: dict[str, float] = {}
    for claim in every["claims"].to_pylist():
        for id_ in (claim["subject_mention_id"], claim["object_mention_id"]):
            best[id_] = max(best.get(id_, 0.0), claim["raw_score"])
    added = [row for row in sure["mentions"].to_pylist() if row["match_kind"] == "model"]
    assert any(row["mention_id"] in best for row in added)
    assert all(row["score"] == best[row["mention_id"]] if row["mention_id"] in best else row["score"] >= 0.5
               for row in added)  # fmt: skip


def test_cues_are_words_of_the_source_outside_the_mention(ran: Ran, mentions: list[dict[str, Any]]) -> None:
    texts = {id_: read_text(id_, out=ran.out) for id_ in ran.table("sources").column("source_id").to_pylist()}
    source_of = {row["document_id"]: row["source_id"] for row in ran.table("documents").to_pylist()}
    segments = {row["segment_id"]: row for row in ran.table("segments").to_pylist()}
    seen = Counter[str]()
    for row in mentions:
        segment, text = segments[row["segment_id"]], texts[source_of[row["document_id"]]]
        for cue in row["context_cues"]:
            seen[cue["kind"]] += 1
            assert segment["raw_start"] <= cue["raw_start"] < cue["raw_end"] <= segment["raw_end"]
            assert not row["raw_start"] <= cue["raw_start"] < row["raw_end"]
            assert cue["text"] in segment["text"]
            if segment["alignment"] is None:
                assert text[cue["raw_start"] : cue["raw_end"]] == cue["text"]
    assert set(seen) == set(FLAGS)


@settings(max_examples=60)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=12).map(" ".join), min_size=1, max_size=4))
def test_any_article_holds_together(lines: list[str]) -> None:
    tables = article(*lines)
    found = EXTRACT.run(tables, FRAMES)
    holds_together(found["mentions"].to_pylist(), found["claims"].to_pylist())
    assert EXTRACT.run(tables, FRAMES)["mentions"].equals(found["mentions"])


def saying(words: str, kind: str) -> Any:
    """A reader that takes `words` as the subject and the end of the line as the object of every claim."""

    def read(passages: Sequence[Passage]) -> list[Reading]:
        readings = []
        for passage in passages:
            start = passage.text.index(words)
            index, begin, end = passage.sentence
            subject = Span(index, begin + start, begin + start + len(words))
            last = Span(index, begin + passage.text.rindex(" ") + 1, end)
            readings.append(Reading(passage.sentence, subject, kind, "causes", last, "symptom", 0.5, "test"))
        return readings

    return read


@pytest.mark.parametrize(
    ("line", "words", "kind", "match_kind", "link_kind", "name"),
    [
        ("Low back pain may cause worry", "Low back pain", "symptom", "exact", "exact", "low back pain"),
        ("The severe low back pain causes worry", "severe low back pain", "symptom", "model", "exact", "low back pain"),
        ("Low back pain (LBP) or bad LBP causes worry", "bad LBP", "symptom", "model", None, None),
        ("Low back pain (LBP): severe LBP hurts", "severe LBP", "symptom", "model", "abbreviation", "low back pain"),
        ("Low back pain (LBP): the LBP hurts", "the LBP", "condition", "model", "abbreviation", "low back pain"),
        ("Insomnia may cause worry", "Insomnia", "condition", None, "exact", "insomnia"),
        ("An osteoporossis may cause worry", "osteoporossis", "condition", "model", "fuzzy", "osteoporosis"),
        ("Chemotherapy causes cancer", "Chemotherapy", "factor", "model", "exact", "chemotherapy"),
        ("The sort of thing may cause worry", "sort of thing", "factor", "model", None, None),
    ],
)  # fmt: skip
def test_how_an_argument_is_linked(
    monkeypatch: pytest.MonkeyPatch, line: str, words: str, kind: str, match_kind: str | None,
    link_kind: str | None, name: str | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(extract, "READERS", {"said": saying(words, kind)})
    found = EXTRACT.run(article(line), Extract(readers=("said",), min_confidence=0.0))
    (claim,) = found["claims"].to_pylist()
    (mention,) = [row for row in found["mentions"].to_pylist() if row["mention_id"] == claim["subject_mention_id"]]
    assert (mention["text"], mention["entity_type"]) == (words, kind)
    assert match_kind in (None, mention["match_kind"])
    assert mention["link_kind"] == link_kind
    assert (mention["concept_name"] or "").lower() == (name or "")


def test_compatibility_letters_keep_their_places() -> None:
    line = "Some say Ｖｉｔａｍｉｎ Ｃ and vitamin B₁₂ help ﬁbromyalgia"
    rows = article(line)["mentions"].to_pylist()
    found = {line[row["raw_start"] : row["raw_end"]]: row["concept_name"] for row in rows}
    assert found == {"Ｖｉｔａｍｉｎ Ｃ": "vitamin c", "vitamin B₁₂": "vitamin b12", "ﬁbromyalgia": "fibromyalgia"}


def test_an_argument_has_the_context_of_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "READERS", {"said": saying("odd ache", "symptom")})
    found = EXTRACT.run(article("If you have no odd ache but dizziness"), Extract(readers=("said",)))
    (mention,) = [row for row in found["mentions"].to_pylist() if row["text"] == "odd ache"]
    cues = [(cue["kind"], cue["text"]) for cue in mention["context_cues"]]
    assert cues == [("hypothetical", "If"), ("negation", "no")]
    assert mention["negated"] and mention["hypothetical"] and not mention["hedged"]


def cases() -> list[Any]:
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    known = pytest.mark.xfail(strict=True, reason="known failure")
    return [pytest.param(r, id=r["label"], marks=[known] if r["status"] == "fail" else []) for r in rows]


@pytest.mark.parametrize("case", cases())
def test_context_of_a_mention(case: dict[str, Any]) -> None:
    """The kinds of context of the mentions with these words, each with the words that say so."""
    text, words = case["input"]
    rows = [row for row in article(text)["mentions"].to_pylist() if row["text"].lower() == words.lower()]
    assert rows, "the entity is found"
    for row in rows:
        found = {(cue["kind"], text[cue["raw_start"] : cue["raw_end"]]) for cue in row["context_cues"]}
        assert sorted(found) == sorted(map(tuple, case["expected"]))


def test_how_labelled_arguments_are_met() -> None:
    text = "Bad insomnia causes headache"
    claim = GoldClaim((0, len(text)), (0, 12), "condition", "causes", (20, 28), "symptom")
    page = GoldPage("page", text, ((0, len(text), "body"),), (claim,))
    other_type, no_concept = PlacedMention(4, 12, "symptom", "X:1"), PlacedMention(20, 28, "symptom", None)
    assert score_arguments([page], [[]])[1:] == (0, 0, 0, 0)
    assert score_arguments([page], [[other_type]])[1:] == (0, 0, 0, 0.5)
    assert score_arguments([page], [[other_type, no_concept]])[1:] == (0.5, 0.5, 0, 1)
    assert score_arguments([page], [[PlacedMention(0, 3, "condition", "X:2")]])[1:] == (0.5, 0.5, 0.5, 0.5)
    assert score_arguments([], []).n == 0
