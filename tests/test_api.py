"""The public API: cheap and silent to import, typed, and true to the tables."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SAMPLES, table_bytes

import pipeline
from pipeline import report
from pipeline.config import Clean, Config, Deduplicate, Ingest, Tag, load_config
from pipeline.engines.flow import RunOptions
from pipeline.errors import ConfigError, InputError, OutputError
from pipeline.schema import TABLES
from pipeline.store import read_text, table_path

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
    assert len(pipeline.claims(out=ran.out, min_confidence=np.float32(0.5))) >= len(sure)
    for wrong in (60, "0.8", True, float("nan")):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            pipeline.claims(out=ran.out, min_confidence=wrong)


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


@pytest.mark.parametrize("claim", [None, 3, [], {"name": "tea"}, pd.DataFrame({"claim_id": ["a", "b"]})])
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
    with pytest.raises(OutputError, match="no table"):
        pipeline.load(["claims"], out=tmp_path)


def test_folders_are_those_that_a_user_means(ran, monkeypatch):
    monkeypatch.setenv("HOME", str(ran.out.parent))
    assert len(pipeline.load("claims", out=f"~/{ran.out.name}")) == ran.manifest.table("claims").rows
    for empty in ("", " "):
        with pytest.raises(ConfigError, match="raw: its name is empty"):
            pipeline.run(empty)
        with pytest.raises(ConfigError, match="out: its name is empty"):
            pipeline.run(SAMPLES, empty)


@pytest.mark.parametrize("name", [None, 5, b"raw", "a\0b", "~nosuchuser/x", "x" * 300, "loop"])
def test_what_can_be_no_folder_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    calls = {
        "raw": [lambda: pipeline.run(name, "out")],
        "out": [lambda: pipeline.run(SAMPLES, name), lambda: pipeline.load("claims", out=name),
                lambda: pipeline.claims(out=name), lambda: pipeline.evidence("abc", out=name)],
    }  # fmt: skip
    for what, refused in calls.items():
        for call in refused:
            with pytest.raises(ConfigError, match=f"^{what} (must be named by|cannot be )"):
                call()


def test_a_home_folder_is_meant_wherever_a_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "c.toml").write_text('[tag]\nterminology = "~/terms.parquet"\nmodel = "~/model"\n')
    for path in ("~/c.toml", Path("~/c.toml")):
        tag = load_config(path).tag
        assert (tag.terminology, tag.model) == (f"{tmp_path}/terms.parquet", f"{tmp_path}/model")
        with pytest.raises(ConfigError, match=f"no spaCy model '{tmp_path}/model'"):
            pipeline.run(SAMPLES, tmp_path / "out", config=path)
    assert Config(tag=Tag(model="en_core_web_sm")).tag.model == "en_core_web_sm"
    for empty in ("", " "):
        with pytest.raises(ConfigError, match="config: its name is empty"):
            pipeline.run(SAMPLES, tmp_path / "out", config=empty)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Config(clean=Clean(drop_threshold=5)), "clean.drop_threshold must lie between 0 and 1"),
        (lambda: Config(clean=Clean(drop_threshold="0.6")), "clean.drop_threshold must be float"),
        (lambda: Config(clean=Clean(drop_threshold=True)), "clean.drop_threshold must be float"),
        (lambda: Config(deduplicate=Deduplicate(bands=0)), "deduplicate.bands must be 1 or more"),
        (lambda: Config(deduplicate=Deduplicate(bands=10**23)), "deduplicate.bands must be 1024 or less"),
        (lambda: Config(tag=Tag(languages="en")), "tag.languages must be a list of strings"),
        (lambda: Config(ingest=Ingest(text_field="")), "ingest.text_field must not be empty"),
        (lambda: Config(clean=None), "clean must be a pipeline.config.Clean"),
        (lambda: pipeline.run(SAMPLES, config={}), "config must be a pipeline.config.Config or a TOML file"),
    ],
)
def test_settings_made_in_python_are_checked(make, says):
    with pytest.raises(ConfigError, match=says):
        make()


def test_values_are_brought_to_the_type_of_their_setting():
    config = Config(clean=Clean(drop_threshold=1), tag=Tag(languages=["en"]))
    assert config == Config(clean=Clean(drop_threshold=1.0), tag=Tag(languages=("en",)))
    assert repr(config.clean.drop_threshold) == "1.0"


@pytest.mark.parametrize(
    ("text", "says"),
    [(f"[deduplicate]\nbands = {10**23}", "1024 or less"), ('[ingest]\ntext_field = ""', "must not be empty"),
     ("[ingest]\nmax_bytes = " + "9" * 30, "or less"), (f"[clean]\ndrop_threshold = {10**400}", "between 0 and 1")],
)  # fmt: skip
def test_a_file_of_settings_that_fail_later_is_refused(tmp_path, text, says):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_config(tmp_path / "c.toml")


def test_a_file_of_settings_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "c.toml").write_text("[clean]\ndrop_threshold = 0.7\n", encoding="utf-8-sig")
    assert load_config(tmp_path / "c.toml").clean.drop_threshold == 0.7


@pytest.fixture
def copy(ran, tmp_path):
    """A copy of the run's output that a test may damage."""
    return shutil.copytree(ran.out, tmp_path / "copy")


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def without(*columns):
    return lambda path: pq.write_table(pq.read_table(path).drop_columns(list(columns)), path)


class TestDamage:
    """Whatever lies in the output folder, what is wrong with it is one error that names the file and the remedy."""

    @pytest.mark.parametrize(
        ("table", "damage"),
        [
            ("claims", cut),
            ("claims", lambda path: path.write_bytes(b"")),
            ("claims", lambda path: (path.unlink(), path.mkdir())),
            ("claims", without("claim_id", "predicate")),
            ("segments", lambda path: path.write_text("no table")),
            ("segments", without("segment_id", "text")),
            ("segments", Path.unlink),
        ],
    )
    def test_of_a_table(self, ran, copy, table, damage):
        claim_id = pipeline.claims(out=ran.out)["claim_id"].iloc[0]
        damage(table_path(copy, table))
        for read in (lambda: pipeline.evidence(claim_id, out=copy), lambda: report.write(copy)):
            with pytest.raises(OutputError, match=rf"{table}\.parquet .*(run the pipeline|check its)"):
                read()

    @pytest.mark.parametrize("other", [lambda rows: rows.slice(0, 0), lambda rows: rows.slice(0, 1)])
    def test_segments_of_another_run(self, copy, other):
        path = table_path(copy, "segments")
        claim = pipeline.claims(out=copy).iloc[-1]
        pq.write_table(other(pq.read_table(path)), path)
        with pytest.raises(OutputError, match=r"segments\.parquet does not hold"):
            pipeline.evidence(claim, out=copy)
        with pytest.raises(OutputError, match="not of one run"):
            report.write(copy)

    def test_of_the_manifest(self, copy):
        path = copy / "manifest.json"
        data = json.loads(path.read_text())
        del data["config"]["tag.languages"]
        path.write_text(json.dumps(data))
        with pytest.raises(OutputError, match=r"manifest\.json is damaged .*tag.languages"):
            report.write(copy)

    def test_of_the_cache_is_mended_by_a_run(self, copy, ran):
        claim = pipeline.claims(out=copy).iloc[0]
        shutil.rmtree(copy / ".cache")
        with pytest.raises(OutputError, match="run the pipeline again"):
            pipeline.evidence(claim, out=copy)
        pipeline.run(SAMPLES, copy, workers=1)
        assert pipeline.evidence(claim, out=copy) == pipeline.evidence(claim, out=ran.out)
        assert table_bytes(copy) == table_bytes(ran.out)


class TestReportOfTheTables:
    def test_no_other_run_gets_the_folder_before_it_is_written_and_all_is_counted(self, tmp_path):
        out = tmp_path / "out"
        (out / ".cache").mkdir(parents=True)
        os.mkfifo(out / ".cache" / report.FILE_NAME)  # where the report is written first: it waits for a reader
        run = [sys.executable, "-m", "pipeline", "run", "--raw", SAMPLES, "--out", out, "--workers", "1"]
        with subprocess.Popen(run, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
            while process.poll() is None and not (out / "manifest.json").exists():
                time.sleep(0.05)
            with pytest.raises(OutputError, match="another run is writing"):
                pipeline.run(SAMPLES, out, config=Config(clean=Clean(drop_threshold=0.9)))
            (out / ".cache" / report.FILE_NAME).read_bytes()
            assert "disputed groups" in process.stdout.read()
        assert process.returncode == 0

    @pytest.mark.parametrize("old", ["<!doctype html>", None])
    def test_one_of_other_tables_is_written_anew(self, copy, ran, old):
        path = copy / report.FILE_NAME
        path.unlink()
        if old is not None:
            path.write_text(old)
        assert not report.is_current(copy, ran.manifest)
        pipeline.run(SAMPLES, copy)
        assert path.read_bytes() == (ran.out / report.FILE_NAME).read_bytes()
        assert report.is_current(copy, ran.manifest)

    def test_a_run_up_to_some_stage_leaves_none(self, copy):
        assert (copy / report.FILE_NAME).is_file()
        pipeline.run_with_report(
            RunOptions(SAMPLES, copy, config=Config(clean=Clean(drop_threshold=0.6)), upto="clean")
        )
        assert not (copy / report.FILE_NAME).exists()

    def test_what_is_in_its_way_is_named(self, copy):
        path = copy / report.FILE_NAME
        path.unlink()
        path.mkdir()
        with pytest.raises(OutputError, match=r"Is a directory; move \S+report.html away"):
            report.write(copy)
