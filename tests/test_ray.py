"""A Ray cluster (here one of this machine's cores) makes the tables that one process makes; needs the `ray` extra."""

from importlib.util import find_spec

import pytest
from conftest import SAMPLES, call, table_bytes

from pipeline.config import Ingest
from pipeline.errors import StageError
from pipeline.schema import TABLES
from pipeline.stage import Stage, empty, from_rows

CLUSTER = pytest.mark.skipif(find_spec("ray") is None, reason="needs the ray extra")


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is there")
def test_without_ray_it_says_what_to_install(tmp_path):
    done = call(["run", "--raw", SAMPLES, "--out", tmp_path / "out", "--workers", "ray"])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert ".[ray]" in done.stderr
    assert not (tmp_path / "out").exists()


@CLUSTER
def test_the_tables_are_those_of_one_process(ran, tmp_path):
    done = call(["run", "--raw", SAMPLES, "--out", tmp_path / "out", "--workers", "ray"])
    assert done.returncode == 0, done.stderr
    assert table_bytes(tmp_path / "out") == table_bytes(ran.out)
    assert len(table_bytes(ran.out)) == sum(table.public for table in TABLES.values())


@CLUSTER
def test_a_cluster_that_does_not_answer_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    done = call(["run", "--raw", SAMPLES, "--out", tmp_path / "out", "--workers", "ray"])
    assert done.returncode == 2
    assert "RAY_ADDRESS" in done.stderr.splitlines()[-1]


@CLUSTER
def test_a_machine_that_does_not_see_the_pages_stops_the_run():
    from pipeline.engines.batches import Task
    from pipeline.engines.ray import RayEngine
    from pipeline.stages.ingest import INGEST
    from pipeline.store import pack

    row = {"source_path": "a.txt", "file_path": "/no/such/folder/a.txt", "sha256": "0", "n_bytes": 1}
    task = Task(b"", "a.txt", {"files": pack(from_rows("files", [row]))})
    with RayEngine() as engine, pytest.raises(StageError, match="has no folder /no/such/folder"):
        [*engine.map(INGEST, Ingest(), [task])]


@CLUSTER
def test_a_stage_that_fails_elsewhere_names_the_unit():
    from pipeline.engines.batches import Task
    from pipeline.engines.ray import RayEngine
    from pipeline.store import pack

    def fail(tables, config):  # inside, so that it travels by value: workers know no tests
        raise ValueError("no such luck")

    stage = Stage("unlucky", ("texts",), ("documents",), fail, "clean")
    with RayEngine() as engine, pytest.raises(StageError, match=r"stage unlucky failed on a\.txt.*no such luck"):
        [*engine.map(stage, None, [Task(b"", "a.txt", {"texts": pack(empty("texts"))})])]
