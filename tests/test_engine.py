"""The engine with small stages of its own: what is redone, what a failure says, how much is in memory."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import ROOT, table_bytes

from pipeline.config import Config, Tag
from pipeline.engines.batches import Task
from pipeline.engines.fingerprint import code_and_data, config_entries, stage_key
from pipeline.engines.flow import RunOptions, check, run_stages
from pipeline.engines.local import LocalEngine
from pipeline.errors import PASSING, ConfigError, OutputError, RejectError, StageError
from pipeline.stage import Stage, content_id, from_rows
from pipeline.stages.clean import CLEAN
from pipeline.stages.extract import EXTRACT
from pipeline.stages.ingest import INGEST, find_files
from pipeline.stages.tag import TAG
from pipeline.store import cache_path, pack, read_table, unpack


def read(tables, config) -> dict[str, pa.Table]:
    rows = []
    for file in tables["files"].to_pylist():
        text = Path(file["file_path"]).read_text()
        if "reject" in text:
            raise RejectError("binary", "says so", record=3)
        if "crash" in text:
            raise ValueError("no such luck")
        if "die" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        rows.append(text_row(file["source_path"], text))
    return {"texts": from_rows("texts", rows)}


def text_row(path: str, text: str) -> dict[str, Any]:
    return {
        "source_id": content_id(path), "source_path": path, "record": 0, "url": None, "format": "txt", "text": text,
    }  # fmt: skip


def read_in_another_way(tables, config) -> dict[str, pa.Table]:
    return read(tables, config)


def count(tables, config) -> dict[str, pa.Table]:
    names = ("source_id", "source_path", "record", "url", "format")
    rows = [
        {name: row[name] for name in names}
        | {"sha256": "", "n_bytes": 0, "encoding": "utf-8", "n_chars": len(row["text"]), "fetched_at": None}
        for row in tables["texts"].to_pylist()
    ]
    return {"sources": from_rows("sources", rows)}


def lines(tables, config):
    """Each line of each file as a part, as long as nobody takes the files away."""
    for file in tables["files"].to_pylist():
        path = Path(file["file_path"])
        for number, line in enumerate(path.read_text().split(), 1):
            yield {"texts": from_rows("texts", [text_row(file["source_path"], line) | {"record": number}])}
            if number == 3 and (path.parent.parent / "away").exists():
                raise RejectError(PASSING, "it is away: run again")


READ = Stage("ingest", ("files",), ("texts",), read, "ingest", together=8)
COUNT = Stage("clean", ("texts",), ("sources",), count, "clean", together=8)


@pytest.fixture
def options(tmp_path) -> RunOptions:
    """A run of two small stages over forty files."""
    (tmp_path / "raw").mkdir()
    for number in range(40):
        (tmp_path / "raw" / f"{number:02}.txt").write_text("word " * number + ".")
    return RunOptions(tmp_path / "raw", tmp_path / "out", stages=(READ, COUNT), find_files=find_files, workers=1)


def computed(options: RunOptions) -> dict[str, int]:
    outcome = run_stages(options)
    return {} if outcome.fresh else {step.name: step.computed for step in outcome.manifest.steps}


class TestWhatIsRedone:
    def test_nothing_when_nothing_changed(self, options):
        assert computed(options) == {"ingest": 40, "clean": 40}
        assert computed(options) == {}
        assert computed(replace(options, workers=2)) == {}

    def test_the_work_of_a_changed_and_a_new_file(self, options):
        run_stages(options)
        (options.raw / "07.txt").write_text("changed")
        (options.raw / "40.txt").write_text("new")
        assert computed(options) == {"ingest": 2, "clean": 2}

    def test_nothing_for_a_file_that_is_gone(self, options):
        run_stages(options)
        (options.raw / "07.txt").unlink()
        assert computed(options) == {"ingest": 0, "clean": 0}
        assert read_table(options.out, "sources").num_rows == 39

    def test_only_the_stage_whose_code_changed_where_its_rows_did_not(self, options):
        run_stages(options)
        before = table_bytes(options.out)
        newer = replace(READ, run=read_in_another_way, version="2")
        assert computed(replace(options, stages=(newer, COUNT))) == {"ingest": 40, "clean": 0}
        assert table_bytes(options.out) == before

    def test_the_stages_behind_a_changed_setting(self, options):
        run_stages(options)
        config = replace(options.config, clean=replace(options.config.clean, drop_threshold=0.9))
        assert computed(replace(options, config=config)) == {"ingest": 0, "clean": 40}

    def test_what_was_deleted_from_the_output(self, options):
        run_stages(options)
        before = table_bytes(options.out)
        (options.out / "sources.parquet").unlink()
        assert computed(options) == {"ingest": 0, "clean": 0}
        assert table_bytes(options.out) == before

    def test_the_work_that_a_lost_cache_held(self, options):
        run_stages(options)
        before = table_bytes(options.out)
        cache_path(options.out).unlink()
        assert "cache" in check(options)[1]
        assert computed(options) == {"ingest": 40, "clean": 40}
        assert table_bytes(options.out) == before

    @pytest.mark.parametrize("damage", [b"no database " * 500, b""])
    def test_a_damaged_cache_is_no_dead_end(self, options, damage):
        run_stages(options)
        path = cache_path(options.out)
        path.write_bytes(damage)
        if damage:
            with pytest.raises(OutputError, match="delete the file"):
                run_stages(options)
            path.unlink()
        assert computed(options) == {"ingest": 40, "clean": 40}


class TestWhatPasses:
    """A file that cannot be read for a moment is read by the next run, as in a fresh folder."""

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_file_that_went_after_it_was_listed(self, options, workers):
        path, elsewhere = options.raw / "07.txt", options.out.parent / "07.txt"

        def take_away(step: str, done: int, total: int) -> None:
            if step == "ingest" and not done:
                path.rename(elsewhere)

        options = replace(options, stages=(INGEST,), workers=workers)
        run_stages(replace(options, progress=take_away))
        assert [row["error"] for row in read_table(options.out, "rejects").to_pylist()] == [PASSING]
        assert check(options)[1].startswith("out of date: the pages changed")
        elsewhere.rename(path)
        assert check(options)[1].startswith("out of date: files changed, or could not be read")
        assert computed(options) == {"ingest": 1}
        assert check(options)[1].startswith("fresh")
        assert computed(options) == {}
        run_stages(replace(options, out=options.out.parent / "anew"))
        assert table_bytes(options.out) == table_bytes(options.out.parent / "anew")

    def test_a_large_file_that_went_half_way_is_lost_whole_until_it_is_read(self, options):
        stage = replace(READ, parts=lines)
        options = replace(options, stages=(stage, COUNT))
        away = options.out.parent / "away"
        away.touch()
        run_stages(options)
        assert read_table(options.out, "sources").num_rows == 3
        assert read_table(options.out, "rejects").num_rows == 38
        away.unlink()
        assert computed(options)["ingest"] == 38
        assert computed(options) == {}
        assert read_table(options.out, "sources").num_rows == sum(range(1, 41))
        run_stages(replace(options, out=options.out.parent / "anew"))
        assert table_bytes(options.out) == table_bytes(options.out.parent / "anew")


class TestFingerprint:
    """A stage's cached rows are taken only as long as nothing they were made from has changed."""

    @pytest.mark.parametrize(
        ("stage", "reads"),
        [
            ("clean", "pipeline/models/labeller/weights.npz"),
            ("clean", "pipeline/models/second_opinion/weights.onnx"),
            ("clean", "pipeline/models/line_breaks/weights.onnx"),
            ("clean", "pipeline/text/repair.py"),
            ("tag", "pipeline/knowledge/terms/condition.csv"),
            ("tag", "pipeline/schema.py"),
            ("extract", "pipeline/models/attributes.json"),
            ("consolidate", "pipeline/knowledge/rules/opposites.json"),
        ],
    )
    def test_knows_what_a_stage_reads(self, stage, reads):
        assert ROOT / reads in code_and_data(f"pipeline.stages.{stage}")

    def test_knows_what_it_does_not_read(self):
        files = code_and_data("pipeline.stages.ingest")
        assert not [path for path in files if {"knowledge", "models", "report"} & set(path.parts)]
        assert ROOT / "pipeline/stages/clean.py" not in files
        assert not [path for path in code_and_data("pipeline.stages.clean") if path.suffix == ".md"]

    def test_a_file_named_by_a_setting_counts_with_its_content(self, tmp_path):
        config = Config(tag=Tag(terminology=str(tmp_path / "terms.parquet")))
        for stage, section in ((TAG, config.tag), (EXTRACT, config.extract)):
            (tmp_path / "terms.parquet").write_bytes(b"1")
            before = stage_key(stage, section)
            assert before == stage_key(stage, section) != stage_key(stage, getattr(Config(), stage.config))
            (tmp_path / "terms.parquet").write_bytes(b"2")
            assert stage_key(stage, section) != before
        assert "extract.terminology" not in config_entries(config), "it stands at its home"


class TestFailure:
    @pytest.mark.parametrize("workers", ["2", 1.5, True, 0])
    def test_workers_are_a_whole_number(self, options, workers):
        with pytest.raises(ConfigError, match="workers must be a whole number"):
            run_stages(replace(options, workers=workers))

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_crash_names_stage_file_and_place(self, options, workers):
        (options.raw / "05.txt").write_text("crash")
        with pytest.raises(
            StageError, match=r"stage ingest failed on 05.txt: ValueError: no such luck \(test_engine.py:\d+\)"
        ):
            run_stages(replace(options, workers=workers))
        assert not table_bytes(options.out)

    def test_finished_work_outlives_a_crash(self, options):
        (options.raw / "39.txt").write_text("crash")
        with pytest.raises(StageError):
            run_stages(options)
        (options.raw / "39.txt").write_text("well")
        assert computed(options)["ingest"] == 8, "the batch that crashed, and no other"

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_reject_is_a_row_and_the_run_goes_on(self, options, workers):
        (options.raw / "05.txt").write_text("reject")
        run_stages(replace(options, workers=workers))
        (row,) = read_table(options.out, "rejects").to_pylist()
        assert row == {"source_path": "05.txt", "record": 3, "stage": "ingest", "error": "binary", "detail": "says so"}
        assert read_table(options.out, "sources").num_rows == 39

    def test_a_worker_that_dies_is_named(self, options):
        (options.raw / "05.txt").write_text("die")
        with pytest.raises(StageError, match=r"stage ingest: a worker process died .* from 0\d.txt to \d\d.txt"):
            run_stages(replace(options, workers=2))


def test_rows_do_not_depend_on_what_is_taken_together(tmp_path):
    written = []
    for together in (1, 3, 64):
        stages = [replace(stage, together=together) for stage in (INGEST, CLEAN, TAG)]
        run_stages(RunOptions(ROOT / "data" / "raw", tmp_path / str(together), stages=stages, workers=1))
        written.append(table_bytes(tmp_path / str(together)))
    assert written[0] == written[1] == written[2]
    assert read_table(tmp_path / "64", "mentions").num_rows


def test_parts_of_one_file_in_a_batch_keep_their_rows(options):
    parts = [
        Task(bytes([i]), "a.txt", {"texts": pack(from_rows("texts", [text_row("a.txt", "word " * i)]))})
        for i in range(1, 4)
    ]
    other = Task(b"", "b.txt", {"texts": pack(from_rows("texts", [text_row("b.txt", "word")]))})
    with LocalEngine(workers=1) as engine:
        results = [result for batch in engine.map(COUNT, None, [*parts, other]) for result in batch]
    assert [(r.key, r.unit, r.tables["sources"][1]) for r in results] == [(t.key, t.unit, 1) for t in [*parts, other]]
    sizes = [unpack(result.tables["sources"][0]).column("n_chars").to_pylist() for result in results]
    assert sizes == [[5], [10], [15], [4]]


def test_large_files_that_pack_to_nothing_are_not_taken_together():
    calls = []

    def counting(tables, config):
        calls.append(tables["texts"].nbytes)
        return count(tables, config)

    large = [
        Task(b"", f"{i}.txt", {"texts": pack(from_rows("texts", [text_row(f"{i}.txt", "a" * 5_000_000)]))})
        for i in range(8)
    ]
    assert sum(task.n_bytes for task in large) < 100_000
    with LocalEngine(workers=1) as engine:
        results = [result for batch in engine.map(replace(COUNT, run=counting), None, large) for result in batch]
    assert len(results) == 8
    assert len(calls) < 8 and max(calls) < 20_000_000


@pytest.mark.parametrize("workers", [1, 2])
def test_few_batches_are_in_memory_at_a_time(options, workers):
    taken = 0

    def tasks():
        nonlocal taken
        files = find_files(options.raw)
        for number in range(400):
            taken += 1
            yield Task(b"", str(number), {"files": pack(files.slice(number % 40, 1))})

    with LocalEngine(workers=workers) as engine:
        done = 0
        for results in engine.map(READ, None, tasks()):
            done += len(results)
            assert taken - done <= 8 * 2 * (workers + 1)
    assert done == 400
