"""A run may be killed at any moment: the next one goes on from there and ends in the same bytes.

Real processes, real kill -9, at random moments of the whole run (a fixed seed) and while the tables are
replaced.
"""

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, SAMPLES, Ran, command, table_bytes

import pipeline
from pipeline.engines.flow import RunOptions, run_stages
from pipeline.store import read_manifest

RANDOM_KILLS = 14
PUBLISHING_KILLS = 6


def start(out: Path) -> subprocess.Popen[bytes]:
    run = command("run", "--raw", SAMPLES, "--out", out, "--workers", 2)
    return subprocess.Popen(run, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process, and nothing but it; its workers must end by themselves."""
    with contextlib.suppress(psutil.NoSuchProcess):
        workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive, "a worker outlived its run"


def finished(out: Path) -> set[bytes]:
    """Keys of the results that the cache holds."""
    path = out / ".cache" / "work.sqlite"
    if not path.exists():
        return set()
    with contextlib.closing(sqlite3.connect(path)) as db:
        known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'results'").fetchone()
        return {key for (key,) in db.execute("SELECT key FROM results")} if known else set()


def resume(out: Path, expected: Ran) -> None:
    """Finish the run; nothing that was finished before is redone, and the bytes are those of a run never cut off."""
    before = len(finished(out))
    outcome = pipeline.run_with_report(RunOptions(SAMPLES, out, workers=1))
    steps = outcome.manifest.steps
    if before and not outcome.fresh:  # a run that was killed behind its tables is over: the steps are its own
        assert sum(step.reused for step in steps) == before
    assert sum(step.computed + step.reused for step in steps) == sum(step.computed for step in expected.manifest.steps)
    assert table_bytes(out) == table_bytes(expected.out)
    assert (out / "report.html").exists()


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a whole run takes here and now."""
    begun = time.monotonic()
    assert start(tmp_path_factory.mktemp("timed") / "out").wait() == 0
    return time.monotonic() - begun


def test_killed_at_random_moments(ran, seconds, tmp_path):
    moments = random.Random(20)
    out, kills = tmp_path / "out", 0
    while kills < RANDOM_KILLS:
        before = finished(out)
        process = start(out)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.05, 0.5) * seconds)
        if process.poll() is None:
            kill(process)
            kills += 1
            assert finished(out) >= before, "finished work was lost"
        else:
            assert process.returncode == 0
            assert table_bytes(out) == table_bytes(ran.out)
            shutil.rmtree(out)
    resume(out, ran)


def test_killed_behind_its_tables_a_run_is_a_finished_one(ran, tmp_path):
    out = tmp_path / "out"
    run_stages(RunOptions(SAMPLES, out, workers=1, upto="deduplicate"))  # so that the killed run reuses and computes
    (out / "manifest.json").unlink()
    process = start(out)
    while process.poll() is None and not (out / "manifest.json").exists():
        time.sleep(0.001)
    kill(process)
    steps = read_manifest(out).steps
    assert any(step.reused for step in steps) and any(step.computed for step in steps)
    resume(out, ran)
    assert read_manifest(out).steps == steps


def test_killed_while_the_tables_are_replaced(ran, tmp_path):
    moments = random.Random(6)
    out, kills = tmp_path / "out", 0
    pipeline.run(SAMPLES, out, workers=2)
    while kills < PUBLISHING_KILLS:
        (out / "manifest.json").unlink(missing_ok=True)
        process = start(out)
        while process.poll() is None and not (out / ".cache" / "staged").exists():
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.15))
        if process.poll() is None:
            kill(process)
            kills += 1
    manifest = pipeline.run(SAMPLES, out, workers=1)
    assert not any(step.computed for step in manifest.steps) or not manifest.steps
    assert table_bytes(out) == table_bytes(ran.out)
    assert not (out / ".cache" / "staged").exists()
