"""The notebooks run from top to bottom over the sample pages, and over tables without a row."""

import re
import shutil
from pathlib import Path

import nbformat
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, table_bytes
from nbclient import NotebookClient

from pipeline.schema import TABLES
from pipeline.stage import empty
from pipeline.store import table_path

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
names = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def executed(path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """The notebook run over the tables in `out`; a cell that fails raises."""
    monkeypatch.setenv("OUT", str(out))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


def outputs(notebook: nbformat.NotebookNode, kind: str) -> list[str]:
    """What its cells showed, as far as it is of this MIME type."""
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [data[kind] for data in shown if kind in data]


def test_there_are_notebooks():
    assert NOTEBOOKS


@names
def test_it_is_kept_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@names
def test_it_uses_the_public_api_alone(path):
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert not re.search(r"pipeline\.[a-z_]+\.|from pipeline|read_parquet|to_parquet|\.to_csv", code)


def test_claims_over_the_sample_pages(ran, monkeypatch):
    before = table_bytes(ran.out)
    notebook = executed(ROOT / "notebooks" / "explore_claims.ipynb", ran.out, monkeypatch)
    assert len(outputs(notebook, "image/png")) == 2
    tables = [html for html in outputs(notebook, "text/html") if "<table" in html]
    assert any("belief" in table and table.count("<tr") == 11 for table in tables), "ten relations and a head"
    assert any('<mark title="subject">' in html for html in outputs(notebook, "text/html"))
    assert table_bytes(ran.out) == before


def test_claims_over_tables_without_a_row(ran, tmp_path, monkeypatch):
    out = Path(shutil.copytree(ran.out, tmp_path / "out"))
    for name, table in TABLES.items():
        if table.public:
            pq.write_table(empty(name), table_path(out, name))
    notebook = executed(ROOT / "notebooks" / "explore_claims.ipynb", out, monkeypatch)
    assert any("0 claims" in output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
