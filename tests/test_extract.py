"""Extract: every claim stands where it says it does, in words of the source, however the work is split."""

import json
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Extract, Tag
from pipeline.errors import ConfigError
from pipeline.evaluation.articles import gold_articles, gold_tables
from pipeline.evaluation.claims import ReadClaim, read_claims, score_claims
from pipeline.evaluation.gold import GoldPage, load_dumps, load_pages
from pipeline.knowledge import frames
from pipeline.knowledge.predicates import find_predicates
from pipeline.knowledge.reading import Article, Mention, Segment, passages
from pipeline.knowledge.recognise import find
from pipeline.models.confidence import calibration_for
from pipeline.schema import ENTITY_TYPES, KEPT_LABELS, PREDICATES
from pipeline.stage import empty, from_rows
from pipeline.stages.extract import EXTRACT
from pipeline.stages.tag import TAG

ROOT = Path(__file__).parent.parent
FRAMES = Extract(readers=("frames",))
CORPUS = ROOT / "training/corpus"
REAL = ROOT.parent / "shared"
CASES = [json.loads(line) for line in (Path(__file__).parent / "cases/frames.jsonl").read_text("utf-8").splitlines()]


def tables_of(pages: list[GoldPage]) -> dict[str, pa.Table]:
    """`documents`, `segments` and `mentions` of labelled pages, as a perfect cleaner would cut them."""
    return {**gold_tables(pages), "mentions": empty("mentions")}


@pytest.fixture(scope="module")
def pages():
    return load_pages(CORPUS, "dev")[:3]


@pytest.fixture(scope="module")
def tables(pages):
    cut = tables_of(pages)
    return {**cut, **TAG.run(cut, Tag())}


@pytest.fixture(scope="module")
def claims(tables):
    return EXTRACT.run(tables, FRAMES)["claims"].to_pylist()


def test_every_span_slices_back(pages, claims):
    assert claims
    text = {f"{page.name}.txt": page.text for page in pages}
    for row in claims:
        for part in ("evidence", "subject", "object"):
            assert text[row["source_path"]][row[f"{part}_start"] : row[f"{part}_end"]] == row[f"{part}_text"]


def test_rows_hold_what_they_must(claims):
    assert len({row["claim_id"] for row in claims}) == len(claims)
    for row in claims:
        assert row["predicate_curie"] == PREDICATES[row["predicate"]]
        assert {row["subject_type"], row["object_type"]} <= set(ENTITY_TYPES)
        assert row["cues"], "a claim says why"
        assert 0.0 <= row["raw_score"] <= 1.0
        assert row["confidence"] is None or row["confidence"] >= FRAMES.min_confidence
        assert (row["confidence"] is None) == (row["calibration_id"] is None)
        for name in ("quantity", "qualifier"):
            assert row[name] is None or row[name] in row["evidence_text"]


def test_same_group_for_the_same_words(claims):
    groups = {}
    for row in claims:
        key = (
            row["subject_id"] or row["subject_text"].lower(),
            row["predicate"],
            row["object_id"] or row["object_text"].lower(),
        )
        assert groups.setdefault(key, row["group_id"]) == row["group_id"]


def take(tables, names):
    return {
        name: table.filter(pc.is_in(table["source_path"], pa.array(sorted(names), pa.string())))
        for name, table in tables.items()
    }


@pytest.mark.parametrize("chosen", [(), (0,), (1,), (0, 2)])
def test_run_does_not_care_how_sources_are_split(tables, claims, chosen):
    names = sorted(set(tables["documents"]["source_path"].to_pylist()))
    first = {names[i] for i in chosen}
    parts = [EXTRACT.run(take(tables, part), FRAMES)["claims"] for part in (first, set(names) - first)]
    found = sorted((row["claim_id"], row["raw_score"]) for part in parts for row in part.to_pylist())
    assert found == sorted((row["claim_id"], row["raw_score"]) for row in claims)


def test_nothing_in_nothing_out():
    nothing = {name: empty(name) for name in EXTRACT.inputs}
    assert EXTRACT.run(nothing, FRAMES)["claims"].num_rows == 0


def test_repeats_and_foreign_articles_are_not_read(tables, claims):
    documents = [{**row, "language": "de"} for row in tables["documents"].to_pylist()]
    assert EXTRACT.run({**tables, "documents": from_rows("documents", documents)}, FRAMES)["claims"].num_rows == 0
    repeated = [{**row, "duplicate_of": "x"} for row in tables["segments"].to_pylist()]
    assert EXTRACT.run({**tables, "segments": from_rows("segments", repeated)}, FRAMES)["claims"].num_rows == 0


def test_of_a_copy_is_read_what_repeats_nothing(tables, claims):
    """In a copy as in any article; what repeats there stays context."""
    documents = [{**row, "is_representative": False, "duplicate_of": "x"} for row in tables["documents"].to_pylist()]
    said = {row["segment_id"] for row in claims}
    segments = [
        {**row, "duplicate_of": None if row["segment_id"] in said else "x"} for row in tables["segments"].to_pylist()
    ]
    copies = {**tables, "documents": from_rows("documents", documents), "segments": from_rows("segments", segments)}
    found = EXTRACT.run(copies, FRAMES)["claims"].to_pylist()
    assert {row["claim_id"] for row in found} == {row["claim_id"] for row in claims}


def test_unknown_reader_names_the_known(tables):
    with pytest.raises(ConfigError, match="frames"):
        EXTRACT.run(tables, Extract(readers=("nobody",)))


def test_repaired_text_points_at_raw_characters():
    """One raw character more than the text has before the arguments: offsets go through the alignment."""
    raw = "Massage relieves baÌck pain."  # not what ftfy makes of it; any alignment will do
    text = raw.replace("Ì", "")
    at = raw.index("Ì")
    page = GoldPage("p", raw, ((0, len(raw), "body"),), ())
    tables = tables_of([page])
    alignment = [i if i < at else i + 1 for i in range(len(text) + 1)]
    row = {**tables["segments"].to_pylist()[0], "text": text, "alignment": alignment}
    tables = {**tables, "segments": from_rows("segments", [row])}
    config = Extract(readers=("frames",), min_confidence=0.0)
    found = EXTRACT.run({**tables, **TAG.run(tables, Tag())}, config)["claims"]
    (claim,) = [c for c in found.to_pylist() if c["object_text"] == "back pain"]
    assert raw[claim["object_start"] : claim["object_end"]] == "baÌck pain"
    assert claim["evidence_text"] == text


def test_what_is_only_asked_is_no_claim():
    lines = ("Coffee and the heart", "Does coffee cause cancer?", "Coffee causes insomnia.", "Can garlic cure the flu?")
    text = "\n".join(lines)
    starts = [text.index(line) for line in lines]
    labels = [
        (at, at + len(line), label) for at, line, label in zip(starts, lines, ["title", *["body"] * 3], strict=True)
    ]
    cut = gold_tables([GoldPage("asked", text, tuple(labels), ())])
    rows = EXTRACT.run({**cut, "mentions": empty("mentions")}, Extract(min_confidence=0.0))["claims"].to_pylist()
    assert {row["evidence_text"] for row in rows} == {"Coffee causes insomnia."}


def test_context_of_a_sentence():
    article = Article(
        (Segment("Back pain", "title"), Segment("Causes", "heading"), Segment("They include:", "body"),
         Segment("1. Sitting long. It strains the disc.", "body"), Segment("2. Cold.", "body"))
    )  # fmt: skip
    last = passages(article)[-1]

    def words(span):
        return None if span is None else article.words(span)

    assert (words(last.title), words(last.heading), words(last.lead_in)) == ("Back pain", "Causes", "They include:")
    assert words(last.previous) == "It strains the disc."


def test_repeated_segments_are_context_only():
    article = Article((Segment("Causes", "heading"), Segment("Cold.", "body", (), True), Segment("Heat.", "body")))
    read = passages(article)
    assert [p.text for p in read] == ["Causes", "Heat."]
    assert read[1].previous is not None and article.words(read[1].previous) == "Cold."


def entities(text: str) -> tuple[Mention, ...]:
    return tuple(Mention(f.start, f.end, f.entity_type, f.concept_id, f.concept_name) for f in find(text))


def as_params(case: dict) -> object:
    marks = [pytest.mark.xfail(strict=True, reason=case["comment"])] if case["status"] == "fail" else []
    return pytest.param(case["input"], case["expected"], id=case["label"], marks=marks)


@pytest.mark.parametrize(("lines", "expected"), [as_params(case) for case in CASES])
def test_frame_case(lines, expected):
    article = Article(tuple(Segment(text, label, entities(text)) for label, text in lines))
    found = {(article.words(r.subject), r.predicate, article.words(r.object)) for r in frames.read(passages(article))}
    assert set(map(tuple, expected)) <= found


@given(st.text(max_size=200))
def test_cues_lie_in_the_text_and_do_not_overlap(text):
    cues = find_predicates(text)
    for cue in cues:
        assert 0 <= cue.start < cue.end <= len(text)
    spans = sorted({(c.start, c.end) for c in cues})
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(KEPT_LABELS), st.text(max_size=60)), max_size=5))
def test_readings_of_any_text_are_well_formed(lines):
    article = Article(tuple(Segment(text, label) for label, text in lines))
    for reading in frames.read(passages(article)):
        for span in (reading.evidence, reading.subject, reading.object):
            assert 0 <= span.start < span.end <= len(article.segments[span.segment].text)
        assert reading.subject != reading.object


def read_pages(pages):
    return [(read_claims(page), read_page(page)) for page in pages]


def read_page(page):
    found = []
    for placed in gold_articles(page):
        for r in frames.read(passages(placed.article)):
            words = placed.article.words(r.subject), placed.article.words(r.object)
            calibration = calibration_for(r.extractor)
            confidence = calibration.apply(r.raw_score) if calibration else None
            found.append(ReadClaim(placed.place(r.evidence), words[0], r.predicate, words[1], confidence=confidence))
    return found


def test_floor_on_held_out_written_pages():
    assert score_claims(read_pages(load_pages(CORPUS, "test")[::4])).strict.f1 >= 0.2


@pytest.mark.skipif(not (REAL / "gold/dev").exists(), reason="the annotated dumps are not here")
def test_floor_on_real_pages():
    pages = load_dumps(REAL / "raw", REAL / "gold/dev/labels", REAL / "gold/dev/claims")
    assert score_claims(read_pages(pages)).strict.f1 >= 0.3
