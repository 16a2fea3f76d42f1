"""What several tests share: the sample pages, one run over them, and a way to call the command line."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock
import pyarrow as pa
import pytest
from hypothesis import settings

import pipeline
from pipeline.schema import TABLES
from pipeline.store import Manifest, read_table, table_path

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "data" / "raw"
# The same examples on each machine and day; no deadline, since a first example may load a model.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")


@dataclass(frozen=True)
class Ran:
    """A finished run."""

    raw: Path
    out: Path
    manifest: Manifest

    def table(self, name: str) -> pa.Table:
        return read_table(self.out, name)


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run over the sample pages, shared by all test processes; tests must not change its files."""
    base = tmp_path_factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "ran"
    with filelock.FileLock(out.with_suffix(".lock")):
        return Ran(SAMPLES, out, pipeline.run(SAMPLES, out, workers=1))


def table_bytes(out: Path) -> dict[str, bytes]:
    """The bytes of every public table in a folder; missing tables are left out."""
    paths = {name: table_path(out, name) for name, table in TABLES.items() if table.public}
    return {name: path.read_bytes() for name, path in paths.items() if path.exists()}


def command(*arguments: object) -> list[str]:
    """The command line as a list, run by the Python that runs the tests."""
    return [sys.executable, "-m", "pipeline", *map(str, arguments)]


def call(arguments: Sequence[object], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, output captured as text."""
    return subprocess.run(command(*arguments), cwd=cwd, capture_output=True, text=True, check=False)
