"""The spaCy components: through the entry points of the installed package, alone, together and in displaCy."""

import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

NAMES = ("claimsieve_terms", "claimsieve_linker", "claimsieve_context")
TEXT = "No fever, but knee and hip pain may follow gout."


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = spacy.blank("en")
    for name in NAMES:
        nlp.add_pipe(name)
    return nlp


@pytest.fixture(scope="module")
def doc(nlp: Language) -> Doc:
    return nlp(TEXT)


@pytest.mark.parametrize("name", NAMES)
def test_spacy_knows_each_component_though_nothing_was_imported(name: str) -> None:
    code = f"import spacy; nlp = spacy.blank('en'); nlp.add_pipe({name!r}); nlp('fever'); print(*nlp.pipe_names)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == [name], ran.stderr


def test_terms_carry_type_concept_and_context(doc: Doc) -> None:
    said = {e.text: (e.label_, e._.concept.concept_name, e._.negated, e._.hedged) for e in doc.ents}
    assert said["fever"] == ("symptom", "fever", True, False)
    assert said["gout"] == ("condition", "gout", False, True)


def test_entities_that_share_a_head_are_in_the_span_group(doc: Doc) -> None:
    assert [span.text for span in doc.spans["claimsieve"]][1:3] == ["knee and hip pain", "hip pain"]


def test_displacy_shows_the_entities_with_type_and_concept(doc: Doc) -> None:
    html = displacy.render(doc, style="ent", jupyter=False)
    marked = re.findall(r"<mark[^>]*>\s*(.*?)\s*<span[^>]*>(\w+)\s*<a[^>]*>([^<]*)</a>", html, re.DOTALL)
    assert marked == [(e.text, e.label_, e.kb_id_) for e in doc.ents]
    assert ("fever", "symptom", "HP:0001945") in marked


def test_displacy_shows_entities_that_overlap(doc: Doc) -> None:
    html = displacy.render(doc, style="span", options={"spans_key": "claimsieve"}, jupyter=False)
    assert html.count("symptom") + html.count("condition") == len(doc.spans["claimsieve"]) == 4


def test_short_forms_of_the_document_are_read(nlp: Language) -> None:
    doc = nlp("Low back pain (LBP) is common. Rest helps LBP.")
    assert [e._.concept.concept_name for e in doc.ents if e.text == "LBP"] == ["low back pain"] * 2


@pytest.mark.parametrize(
    ("text", "words", "name"),
    [
        ("Type 1 diabetes (T1D) is common. T1D harms the eyes.", "T1D", "type 1 diabetes"),
        ("Omega-3 fatty acids (O3FA) help. Fish has O3FA.", "O3FA", "omega-3 fatty acid"),
        ("Low back pain (L-BP) is common. Rest helps L-BP.", "L-BP", "low back pain"),
        ("Blood pressure (BP), low back pain (L-BP): rest helps L-BP.", "L-BP", "low back pain"),
    ],
)
def test_short_forms_hold_digits_and_hyphens(nlp: Language, text: str, words: str, name: str) -> None:
    doc = nlp(text)
    assert [e._.concept.concept_name for e in doc.ents if words in e.text] == [name] * 2
    assert [e.text for e in doc.spans["claimsieve"] if e.start_char >= text.rindex(words)][:1] == [words]


def test_a_short_form_is_not_read_out_of_a_longer_word(nlp: Language) -> None:
    doc = nlp("Type 1 diabetes (T1D) is common. The T1D2 cell, the T1DX gene.")
    assert [e.text for e in doc.ents if "T1D" in e.text] == ["T1D"]


def test_a_pipeline_comes_back_from_disk(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.pipe_names == list(NAMES)
    assert [(e.text, e.kb_id_) for e in again(TEXT).ents] == [(e.text, e.kb_id_) for e in nlp(TEXT).ents]


def said_of(doc: Doc) -> list[tuple[str, object, object, bool]]:
    return [(e.text, e._.concept, e._.context_cues, e._.negated) for e in doc.ents]


def test_what_is_said_of_spans_comes_back_from_bytes_with_its_types(nlp: Language, doc: Doc) -> None:
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (again,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    for other in (again, Doc(nlp.vocab).from_bytes(doc.to_bytes())):
        assert said_of(other) == said_of(doc)
        assert other.ents[0]._.concept.concept_name == "fever"
        assert [(cue.kind, cue.scope) for cue in other.ents[0]._.context_cues] == [("negation", (3, 9))]
        assert other.spans["claimsieve"][0]._.concept == doc.spans["claimsieve"][0]._.concept


def test_what_is_said_of_spans_comes_back_from_other_processes(nlp: Language, doc: Doc) -> None:
    for other in nlp.pipe([TEXT, TEXT], n_process=2):
        assert said_of(other) == said_of(doc)
        assert other.ents[0]._.concept.concept_name == "fever"


def test_a_large_terminology_is_one_setting(tmp_path: Path) -> None:
    row = {"curie": "T:1", "name": "zonkery", "entity_type": "condition", "xrefs": "", "keys": "zonkery"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "terms.parquet")
    nlp = spacy.blank("en")
    nlp.add_pipe("claimsieve_terms", config={"terminology": str(tmp_path / "terms.parquet")})
    assert [(e.text, e.kb_id_) for e in nlp("Zonkery and fever.").ents] == [("Zonkery", "T:1"), ("fever", "HP:0001945")]


@pytest.mark.parametrize("label", ["condition", "CONDITION", "DISEASE"])
def test_entities_of_another_recogniser_are_linked(label: str) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    patterns = [{"label": label, "pattern": "gout"}, {"label": label, "pattern": "zonkery"}]
    nlp.get_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
    nlp.add_pipe("claimsieve_linker")
    nlp.add_pipe("claimsieve_context")
    doc = nlp("Gout hurts, no gout is zonkery.")
    assert [(e.kb_id_ != "", e._.concept and e._.concept.concept_name, e._.negated) for e in doc.ents] == [
        (True, "gout", False), (True, "gout", True), (False, None, True),
    ]  # fmt: skip
