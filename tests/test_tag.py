"""Tagging: mentions are true to the source, right by the written cases, and the same however the work is split."""

import json
import os
import re
import shutil
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Config, Extract, Tag, load_config
from pipeline.errors import ConfigError
from pipeline.knowledge.abbreviations import find_short_forms
from pipeline.knowledge.concepts import Concept
from pipeline.knowledge.linking import link
from pipeline.knowledge.recognise import Recogniser, find
from pipeline.knowledge.terminology import embedded, load, version_of
from pipeline.knowledge.tokens import fold, key_of, tokenise
from pipeline.stage import from_rows
from pipeline.stages.extract import EXTRACT
from pipeline.stages.tag import TAG

CASES = Path(__file__).parent / "cases"
# A small terminology of the test's own, so that no case hangs on how the embedded one grows.
CONCEPTS = [
    ("T:1", "low back pain", "symptom", ["lumbago"]),
    ("T:2", "knee", "anatomy", []),
    ("T:3", "hip pain", "symptom", []),
    ("T:4", "fracture", "condition", ["broken bone"]),
    ("T:5", "wrist", "anatomy", []),
    ("T:6", "pain", "symptom", ["ache"]),
    ("T:7", "AIDS", "condition", []),
    ("T:8", "knee pain", "symptom", []),
    ("T:9", "cough", "symptom", []),
    ("T:10", "fever", "symptom", []),
    ("T:11", "oedema", "symptom", []),
    ("T:12", "x-ray", "test", []),
]
TEXTS = [
    "Low back pain (LBP) is common. LBP may come with fever.",
    "No fever but cough; knee and hip pain follow.",
    "A broken bone of the wrist needs an x-ray.",
    "AIDS aids nobody, edema — Œdème ‘quotes’ naïve.",
    "nothing here",
]


@pytest.fixture(scope="session")
def terms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("terms") / "terms.parquet"
    rows = [
        {
            "curie": curie, "name": name, "entity_type": kind, "synonyms": "|".join(synonyms), "xrefs": "X:1",
            "keys": "|".join(key_of(term) for term in (name, *synonyms)),
        }
        for curie, name, kind, synonyms in CONCEPTS
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def segment(document: int, position: int, text: str, **changed: Any) -> dict[str, Any]:
    """A kept segment; segments of a document lie 1,000 code points apart."""
    start = 1000 * position
    return {
        "segment_id": f"s{document}-{position}", "document_id": f"d{document}", "source_id": f"x{document}",
        "source_path": f"{document}.txt", "record": 0, "position": position, "raw_start": start,
        "raw_end": start + len(text), "text": text, "alignment": None, "label": "body", "kept": True,
        "reason": "test", "score": 1.0, "duplicate_of": None,
    } | changed  # fmt: skip


def document(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "document_id": f"d{number}", "source_id": f"x{number}", "source_path": f"{number}.txt", "record": 0,
        "url": None, "site": None, "title": None, "language": "en", "language_score": 1.0, "raw_start": 0,
        "raw_end": 9000, "n_chars_kept": 1, "n_chars_dropped": 0, "repairs": [], "cluster_id": f"d{number}",
        "duplicate_of": None, "is_representative": True,
    } | changed  # fmt: skip


def tagged(documents: list[dict[str, Any]], segments: list[dict[str, Any]], terms: Path) -> pa.Table:
    tables = {"documents": from_rows("documents", documents), "segments": from_rows("segments", segments)}
    return TAG.run(tables, Tag(terminology=str(terms)))["mentions"]


def test_a_mention_is_the_text_at_its_place(terms: Path) -> None:
    segments = [segment(1, i, text) for i, text in enumerate(TEXTS)]
    source = "".join(text.ljust(1000) for text in TEXTS)
    rows = tagged([document(1)], segments, terms).to_pylist()
    assert len(rows) >= 10
    for row in rows:
        assert source[row["raw_start"] : row["raw_end"]] == row["text"]


def test_places_go_through_the_alignment_of_repaired_text(terms: Path) -> None:
    source, text = "thereâ€™s fever", "there’s fever"
    alignment = [*range(6), *range(8, len(source) + 1)]
    rows = tagged([document(1)], [segment(1, 0, text, alignment=alignment)], terms).to_pylist()
    assert [source[r["raw_start"] : r["raw_end"]] for r in rows] == ["fever"]


def test_only_first_hand_text_of_readable_articles_is_tagged_of_copies_too(terms: Path) -> None:
    documents = [document(1), document(2, language="de"), document(3, is_representative=False, duplicate_of="d1")]
    segments = [
        segment(1, 0, "fever"),
        segment(1, 1, "fever", kept=False, label="ad"),
        segment(1, 2, "fever", duplicate_of="s9"),
        segment(2, 0, "fever"),
        segment(3, 0, "fever"),
        segment(3, 1, "fever", duplicate_of="s1-0"),
    ]
    assert tagged(documents, segments, terms)["segment_id"].to_pylist() == ["s1-0", "s3-0"]


def test_short_forms_hold_in_their_article_only(terms: Path) -> None:
    copy = [segment(3, 0, TEXTS[0], duplicate_of="s1-0"), segment(3, 1, "No LBP")]
    segments = [segment(1, 0, TEXTS[0]), segment(2, 0, "LBP alone"), *copy]
    rows = tagged([document(1), document(2), document(3)], segments, terms).to_pylist()
    assert [(r["document_id"], r["concept_name"]) for r in rows if r["match_kind"] == "abbreviation"] == [
        ("d1", "low back pain"),
        ("d1", "low back pain"),
        ("d3", "low back pain"),
    ]


@pytest.mark.parametrize(
    ("text", "short", "name"),
    [
        ("Children with phenylketonuria (PKU) keep a diet.", "PKU", "phenylketonuria"),
        ("Bipolar affective disorder (BAD; manic depression) runs in families.", "BAD", "bipolar affective disorder"),
        ("A form of dystrophy of muscle (MD) was found.", "MD", "dystrophy of muscle"),
        ("An unknown thing about pigs (PKU) was said.", "PKU", None),
        ("It was dear to us (DTU).", "DTU", None),
    ],
)
def test_letters_inside_words_make_a_short_form_of_known_concepts_only(text: str, short: str, name: str | None) -> None:
    known = {"phenylketonuria", "bipolar affective disorder", "dystrophy of muscle"}

    def read(words: str) -> Concept | None:
        return Concept("X:1", words.lower(), "condition") if words.lower() in known else None

    concept = find_short_forms([text], read).get(short)
    assert (concept.name if concept else None) == name


def test_a_list_shares_its_head(terms: Path) -> None:
    rows = tagged([document(1)], [segment(1, 0, "knee and hip pain")], terms).to_pylist()
    assert [(r["text"], r["concept_name"]) for r in rows] == [
        ("knee and hip pain", "knee pain"),
        ("hip pain", "hip pain"),
    ]


def test_no_terminology_file_is_a_config_error() -> None:
    tables = {"documents": from_rows("documents", [document(1)]), "segments": from_rows("segments", [])}
    with pytest.raises(ConfigError, match=r"nowhere\.parquet"):
        TAG.run(tables, Tag(terminology="nowhere.parquet"))


def test_what_is_no_terminology_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "notes.parquet").write_text("nothing of the kind")
    pq.write_table(pa.table({"curie": ["T:1"]}), tmp_path / "others.parquet")
    for name in ("notes.parquet", "others.parquet"):
        with pytest.raises(ConfigError, match="make terminology"):
            version_of(str(tmp_path / name))


def test_a_version_tells_what_a_terminology_holds_not_how_it_is_written(terms: Path, tmp_path: Path) -> None:
    """Another compression changes nothing, another term does, also for who has loaded it before."""
    assert version_of("") == embedded().version != version_of(str(terms)) == load(terms).version
    assert version_of("").startswith("embedded-") and version_of(str(terms)).startswith("large-")
    copy = tmp_path / "copy.parquet"
    table = pq.read_table(terms)
    pq.write_table(table, copy, compression="gzip", row_group_size=2)
    before = load(copy)
    assert before.version == version_of(str(terms))
    pq.write_table(table.slice(1), copy)
    os.utime(copy, ns=(1, 1))
    assert load(copy).version == version_of(str(copy)) != before.version


@pytest.mark.parametrize("large", [True, False])
def test_arguments_are_looked_up_in_the_terminology_of_the_run(terms: Path, tmp_path: Path, large: bool) -> None:
    """`tag.terminology` is the one setting: what readers add is linked, and what rows say follows it."""
    path = tmp_path / "own.parquet"
    own = pq.read_table(terms).to_pylist()[0]
    own |= {"curie": "T:99", "name": "zonkery", "synonyms": "", "keys": "zonkery", "entity_type": "condition"}
    pq.write_table(pa.Table.from_pylist([own]), path)
    config = Config(tag=Tag(terminology=str(path) if large else ""), extract=Extract(readers=("frames",)))
    tables = {
        "documents": from_rows("documents", [document(1)]),
        "segments": from_rows("segments", [segment(1, 0, "Ginger tea relieves severe zonkerry.")]),
    }
    tables |= TAG.run(tables, config.tag)
    found = EXTRACT.run(tables, config.extract)
    (claim,) = [row for row in found["claims"].to_pylist() if "zonk" in row["object_text"]]
    assert claim["object_id"] == ("T:99" if large else None)
    rows = [*found["claims"].to_pylist(), *found["mentions"].to_pylist()]
    assert {row["terminology"] for row in rows} == {version_of(config.tag.terminology)}


def test_the_terminology_has_one_home(tmp_path: Path) -> None:
    assert Config(tag=Tag(terminology="a"), extract=Extract(terminology="b")).extract.terminology == "a"
    (tmp_path / "c.toml").write_text('[extract]\nterminology = "a"\n')
    with pytest.raises(ConfigError, match="'terminology' is unknown"):
        load_config(tmp_path / "c.toml")


def test_a_spacy_model_may_take_the_place_of_the_matches(terms: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "SYMPTOM", "pattern": "fever"}, {"label": "SYMPTOM", "pattern": "the blues"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    tables = {
        "documents": from_rows("documents", [document(1)]),
        "segments": from_rows("segments", [segment(1, 0, "no fever but cough and the blues")]),
    }
    rows = TAG.run(tables, Tag(terminology=str(terms), model=str(tmp_path)))["mentions"].to_pylist()
    assert [(r["text"], r["concept_id"], r["match_kind"], r["negated"]) for r in rows] == [
        ("fever", "HP:0001945", "model", True),
        ("the blues", None, "model", False),
    ]
    for name in ("no_such_model", "spacy", str(terms.parent)):  # nothing, a package and a folder that are none
        with pytest.raises(ConfigError, match=re.escape(name)):
            TAG.run(tables, Tag(terminology=str(terms), model=name))


def test_an_installed_spacy_model_goes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package laid out as `spacy package` does it; what it finds is linked, and readers' arguments beside it."""
    nlp = spacy.blank("en")
    nlp.meta |= {"name": "demo", "version": "0.1"}
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "DISEASE", "pattern": "gout"}, {"label": "PERSON", "pattern": "Ms Li"}])  # type: ignore[attr-defined]
    package = tmp_path / "en_demo"
    package.mkdir()
    nlp.to_disk(package / "en_demo-0.1")
    shutil.copy(package / "en_demo-0.1" / "meta.json", package)
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n\n\n"
        "def load(**overrides):\n    return load_model_from_init_py(__file__, **overrides)\n"
    )
    (tmp_path / "en_demo-0.1.dist-info").mkdir()
    (tmp_path / "en_demo-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: en_demo\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = Config(tag=Tag(model="en_demo"), extract=Extract(readers=("frames",)))
    tables = {
        "documents": from_rows("documents", [document(1)]),
        "segments": from_rows("segments", [segment(1, 0, "Ms Li says: cherries relieve gout.")]),
    }
    tables |= TAG.run(tables, config.tag)
    found = [(r["text"], r["concept_name"], r["match_kind"], r["link_kind"]) for r in tables["mentions"].to_pylist()]
    assert found == [("gout", "gout", "model", "exact")]
    (claim,) = EXTRACT.run(tables, config.extract)["claims"].to_pylist()
    assert (claim["subject_text"], claim["object_name"]) == ("cherries", "gout")


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_splitting_the_input_changes_no_row(terms: Path, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.lists(st.sampled_from(TEXTS), max_size=4), max_size=4))
    cut = data.draw(st.integers(0, len(chosen)))
    documents = [document(n) for n in range(len(chosen))]
    segments = [[segment(n, i, text) for i, text in enumerate(texts)] for n, texts in enumerate(chosen)]
    whole = tagged(documents, list(chain(*segments)), terms)
    parts = [
        tagged(documents[a:b], list(chain(*segments[a:b])), terms).to_pylist()
        for a, b in ((0, cut), (cut, len(chosen)))
    ]
    assert whole.to_pylist() == parts[0] + parts[1]


@given(st.text())
def test_tokens_lie_in_order_and_apart(text: str) -> None:
    tokens = tokenise(text)
    assert all(a < b for a, b in zip(tokens.starts, tokens.ends, strict=True))
    assert all(b <= a for b, a in zip(tokens.ends, tokens.starts[1:], strict=False))


@given(st.text(alphabet="abcdeishoux'", min_size=1))
def test_folding_a_folded_plain_word_is_stable_in_lookup(word: str) -> None:
    assert fold(word.upper()) == fold(word.lower())


@settings(deadline=None)
@given(st.lists(st.sampled_from([w for c in CONCEPTS for w in c[1].split()] + [",", "and", "of", "the", "(LBP)", "."])))
def test_found_entities_are_slices_of_any_text(terms: Path, words: list[str]) -> None:
    text = " ".join(words)
    for found in Recogniser(load(terms)).find(text):
        assert text[found.start : found.end] == found.text


def cases(name: str) -> list[Any]:
    rows = [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    known = pytest.mark.xfail(strict=True, reason="known failure")
    return [pytest.param(r, id=r["label"], marks=[known] if r["status"] == "fail" else []) for r in rows]


def named(term: str) -> set[str | None]:
    """The concepts that the embedded terminology knows by this name."""
    return {e.concept.curie for e in embedded().entries[key_of(term)] if e.concept}


@pytest.mark.parametrize("case", cases("rewrites"))
def test_rewrite(case: dict[str, Any]) -> None:
    """A variant is read as its rule says, unless the terminology has come to know it as a term in its own right."""
    found = find(case["input"])
    for text, target in case["expected"]:
        assert any(f.text == text and (f.concept_id in named(target) or f.match_kind == "exact") for f in found)
    if "absent" in case:
        assert named(case["absent"]).isdisjoint(f.concept_id for f in found)


def test_every_rewrite_has_a_target_and_a_case() -> None:
    assert embedded().unresolved == ()
    rules = json.loads(files("pipeline.knowledge").joinpath("rules").joinpath("rewrites.json").read_text("utf-8"))
    labels = {case.values[0]["label"] for case in cases("rewrites")}
    assert len(rules["phrases"]) >= 250
    assert [row for row in rules["phrases"] if f"{row['from']} -> {row['to']}" not in labels] == []


@pytest.mark.parametrize("case", cases("mentions"))
def test_mentions_of_a_sentence(case: dict[str, Any]) -> None:
    """The expected concepts are found, and the absent word is no part of any entity."""
    text = case["input"]
    found = find(text)
    assert set(case["expected"]) <= {(f.concept_name or "").lower() for f in found}
    if "absent" in case:
        place = re.search(rf"\b{re.escape(case['absent'])}\b", text)
        assert place is not None
        assert not [f for f in found if f.start < place.end() and f.end > place.start()]


@pytest.mark.parametrize(
    ("text", "entity_type", "name", "kind"),
    [
        ("severe low back pain", "symptom", "low back pain", "exact"),
        ("low back pain (LBP)", "symptom", "low back pain", "exact"),
        ("the disc protrusion", "condition", "disc herniation", None),
        ("osteoporossis", "condition", "osteoporosis", "fuzzy"),
        ("pain of the knee", "symptom", "knee pain", None),
    ],
)
def test_a_phrase_is_linked(text: str, entity_type: str, name: str, kind: str | None) -> None:
    linked = link(text, entity_type)
    assert linked is not None
    assert linked.concept_name == name
    assert kind in (None, linked.match_kind)


@pytest.mark.parametrize("text", ["vitamin b77", "table of contents", "", "C9 deficiencies of the state"])
def test_what_names_no_concept_is_linked_to_none(text: str) -> None:
    assert link(text, "nutrient") is None
