"""The public API: cheap and silent to import, typed, and true to the tables."""

import subprocess
import sys

import pandas as pd
import pytest
from conftest import ROOT, SAMPLES

import pipeline
from pipeline.config import Config
from pipeline.errors import ConfigError, InputError, OutputError
from pipeline.schema import TABLES
from pipeline.store import read_text

HEAVY = ("pandas", "pyarrow", "numpy", "spacy", "onnxruntime", "duckdb", "typer", "rich", "ftfy")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_importing_is_silent_and_loads_nothing_heavy():
    assert python("import pipeline") == ""
    assert python(f"import pipeline, sys; print([name for name in {HEAVY!r} if name in sys.modules])") == "[]\n"


def test_the_public_names_are_these():
    assert pipeline.__all__ == ["OUT", "RAW", "__version__", "claims", "evidence", "load", "run"]
    assert all(hasattr(pipeline, name) for name in pipeline.__all__)


def test_no_model_is_loaded_to_learn_that_all_is_fresh(ran):
    code = f"""
import sys, pipeline
pipeline.run({str(SAMPLES)!r}, {str(ran.out)!r})
print([name for name in ("spacy", "onnxruntime", "duckdb", "torch", "sklearn") if name in sys.modules])
"""
    assert python(code) == "[]\n"


def test_every_table_loads_with_its_columns_and_categoricals(ran):
    for name, table in TABLES.items():
        if table.public:
            frame = pipeline.load(name, out=ran.out)
            assert list(frame.columns) == [column.name for column in table.columns]
            assert len(frame) == ran.manifest.table(name).rows
    claims = pipeline.load("claims", out=ran.out)
    for column in ("predicate", "subject_type", "object_type", "certainty", "evidence_type"):
        assert isinstance(claims[column].dtype, pd.CategoricalDtype)


def test_claims_above_a_confidence(ran):
    every, sure = pipeline.claims(out=ran.out), pipeline.claims(out=ran.out, min_confidence=0.6)
    assert 0 < len(sure) < len(every)
    assert sure["confidence"].min() >= 0.6
    assert set(sure["claim_id"]) == set(every[every["confidence"] >= 0.6]["claim_id"])
    with pytest.raises(ConfigError, match="between 0 and 1"):
        pipeline.claims(out=ran.out, min_confidence=60)


def test_evidence_is_the_raw_passage_with_the_parts_in_it(ran):
    source_ids = pipeline.load("documents", out=ran.out).set_index("document_id")["source_id"]
    for _, claim in pipeline.claims(out=ran.out).iloc[::7].iterrows():
        found = pipeline.evidence(claim, out=ran.out)
        text = read_text(source_ids[claim["document_id"]], out=ran.out)
        marks = {mark.role: (mark, passage) for passage in found.passages for mark in passage.marks}
        for role in ("evidence", "subject", "object"):
            mark, passage = marks[role]
            assert (mark.start, mark.end) == (claim[f"{role}_start"], claim[f"{role}_end"])
            assert passage.slice(mark) == text[mark.start : mark.end]
            assert passage.text == text[passage.start : passage.end]
        assert found.segment_label in ("title", "heading", "body")
        assert found._repr_html_().count('<mark title="subject">') == 1


def test_evidence_by_the_beginning_of_an_id(ran):
    claim_id = pipeline.claims(out=ran.out)["claim_id"].iloc[0]
    assert pipeline.evidence(claim_id[:10], out=ran.out) == pipeline.evidence(claim_id, out=ran.out)
    for unknown in ("", "zz"):
        with pytest.raises(OutputError, match="no claim"):
            pipeline.evidence(unknown, out=ran.out)


@pytest.mark.parametrize("claim", [None, 3, [], {"name": "tea"}])
def test_what_is_no_claim_is_said_to_be_none(claim, tmp_path):
    with pytest.raises(ConfigError, match="a claim_id or a row of `claims`"):
        pipeline.evidence(claim, out=tmp_path)


def test_marks_nest_and_words_are_escaped():
    from pipeline.store import Mark, Passage

    marks = (Mark("evidence", 10, 19), Mark("subject", 10, 13), Mark("object", 16, 19))
    passage = Passage(8, 20, "> tea < gas.", marks)
    assert passage.marked({"evidence": ("«", "»"), "subject": ("[", "]"), "object": ("(", ")")}) == "> «[tea] < (gas)»."
    no_marks = dict.fromkeys(("evidence", "subject", "object"), ("", ""))
    assert passage.marked(no_marks, escape=str.upper) == "> TEA < GAS."


def test_settings_may_be_an_object_or_a_file(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        pipeline.run(SAMPLES, tmp_path / "out", config=tmp_path / "none.toml")
    with pytest.raises(InputError):
        pipeline.run(tmp_path / "none", tmp_path / "out", config=Config())


def test_without_tables_the_remedy_is_named(tmp_path):
    for read in (lambda: pipeline.load("claims", out=tmp_path), lambda: pipeline.claims(out=tmp_path)):
        with pytest.raises(OutputError, match="run the pipeline first"):
            read()
