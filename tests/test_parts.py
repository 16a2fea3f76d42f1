"""Large files are read in parts: the same rows, whatever the size of the parts, and every offset into the whole."""

import csv
import gzip
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from test_formats import response

import pipeline.stages.ingest as ingest
import pipeline.text.formats as formats
from pipeline.config import Ingest
from pipeline.engines.flow import RunOptions, run_stages
from pipeline.errors import PASSING, RejectError
from pipeline.store import read_table, read_text, read_texts
from pipeline.text.decode import is_utf8
from pipeline.text.formats import plain

PAGES = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))[1:9] if path.name not in (
    "empty.txt", "photo.txt", "breast-lump-windows.txt", "neuropathy-latin1.txt")]  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few thousand characters."""
    monkeypatch.setattr(ingest, "_LARGE", 1000)
    monkeypatch.setattr(ingest, "_PART", 3000)
    monkeypatch.setattr(plain, "STRETCH", 3000)
    monkeypatch.setattr(plain, "_LAST", 500)
    monkeypatch.setattr(formats, "_HELD", 2000)


def jsonl() -> bytes:
    rows = [json.dumps({"text": page, "url": f"https://a.example/{i}"}) for i, page in enumerate(PAGES)]
    return "\n".join([*rows, "{broken", ""]).encode()


def table() -> bytes:
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([["url", "text"], *(["u", page] for page in PAGES)])
    return ("\ufeff\r\n" + sink.getvalue()).encode()


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", jsonl())
        archive.writestr("b.jsonl.gz", gzip.compress(jsonl()))
        archive.writestr("c.csv", table())
    return sink.getvalue()


def tarred() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        entry = tarfile.TarInfo("a.jsonl")
        entry.size = len(jsonl())
        archive.addfile(entry, io.BytesIO(jsonl()))
    return sink.getvalue()


def warc() -> bytes:
    pages = (response(f"https://a.example/{i}", page.encode("cp1252", "ignore")) for i, page in enumerate(PAGES))
    return gzip.compress(b"".join(pages))


FILES = {
    "a.jsonl": jsonl(), "a.jsonl.gz": gzip.compress(jsonl()), "a.csv": table(), "a.csv.gz": gzip.compress(table()),
    "a.warc.gz": warc(),
    "a.zip": zipped(), "a.tar": tarred(), "cut.jsonl.gz": gzip.compress(jsonl())[:-20],
}  # fmt: skip


def rows(folder: Path) -> tuple[dict[str, list], dict[str, list] | None]:
    tables = {"files": ingest.find_files(folder)}
    whole = {name: made.to_pylist() for name, made in ingest.INGEST.run(tables, Ingest()).items()}
    parts = ingest.INGEST.parts(tables, Ingest())
    if parts is None:
        return whole, None
    made = list(parts)
    assert len(made) > 1 or whole["rejects"]
    return whole, {name: pa.concat_tables([part[name] for part in made]).to_pylist() for name in whole}


@pytest.mark.parametrize("name", FILES)
def test_parts_together_are_the_whole(tmp_path: Path, small: None, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    whole, parts = rows(tmp_path)
    assert parts == whole
    assert bool(whole["texts"]) != name.startswith("cut")


def test_a_file_that_breaks_off_when_read_again_has_changed(tmp_path: Path, small: None) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"text": "%s"}\n' % os.urandom(900).hex().encode() for _ in range(400))))
    parts = ingest.INGEST.parts({"files": ingest.find_files(tmp_path)}, Ingest())
    assert parts is not None
    assert next(parts)["texts"].num_rows
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(RejectError) as caught:
        list(parts)
    assert caught.value.error == PASSING


def test_small_files_are_not_cut(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl())
    assert rows(tmp_path)[1] is None


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.txt.gz", "latin.txt"])
def test_a_long_text_is_one_source_in_stretches(tmp_path: Path, small: None, name: str) -> None:
    text = "".join(PAGES) if name != "latin.txt" else "Ménière nausées très fortes et répétées. " * 300
    data = text.encode("cp1252" if name == "latin.txt" else "utf-8")
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    whole, parts = rows(tmp_path)
    assert parts == whole
    [source] = whole["sources"]
    assert source["n_chars"] == len(text)
    assert "".join(row["text"] for row in whole["texts"]) == text
    bases = [row["raw_base"] for row in whole["texts"]]
    assert len(bases) > 2
    assert all(text[base - 1].isspace() for base in bases[1:])
    assert all(len(row["text"]) <= 3000 for row in whole["texts"])


def test_a_run_over_parts_gives_the_tables_of_a_run_over_wholes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a.jsonl", "a.zip", "cut.jsonl.gz"):
        (raw / name).write_bytes(FILES[name])
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run_stages(RunOptions(raw, whole, workers=1, upto="deduplicate"))
    monkeypatch.setattr(ingest, "_LARGE", 1000)
    monkeypatch.setattr(ingest, "_PART", 3000)
    manifest = run_stages(RunOptions(raw, parts, workers=1, upto="deduplicate")).manifest
    assert manifest.n_files == 3
    assert next(step.computed for step in manifest.steps if step.name == "clean") > 6
    for path in whole.glob("*.parquet"):
        assert path.read_bytes() == (parts / path.name).read_bytes()
    assert run_stages(RunOptions(raw, parts, workers=1, upto="deduplicate")).fresh
    texts = read_texts("a.zip", out=parts)
    sources = read_table(parts, "sources", where=pc.field("source_path") == "a.zip")
    assert texts["record"].to_pylist() == sources["record"].to_pylist()


def test_offsets_of_a_long_text_count_from_its_start(tmp_path: Path, small: None) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    text = "".join(PAGES)
    (raw / "a.txt").write_text(text, encoding="utf-8", newline="")
    run_stages(RunOptions(raw, out, workers=1, upto="clean"))
    [source] = read_table(out, "sources").to_pylist()
    assert read_text(source["source_id"], out=out) == text
    times = [0] * len(text)
    for row in read_table(out, "segments").to_pylist():
        times[row["raw_start"] : row["raw_end"]] = [1 + n for n in times[row["raw_start"] : row["raw_end"]]]
        if row["alignment"] is None:
            assert row["text"] == text[row["raw_start"] : row["raw_end"]]
    assert all(n == 1 for n, char in zip(times, text, strict=True) if not char.isspace())
    for row in read_table(out, "documents").to_pylist():
        if row["title_start"] is not None:
            assert row["raw_start"] <= row["title_start"] < row["title_end"] <= row["raw_end"]


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode), st.integers(1, 9))
def test_utf8_is_known_in_chunks(data: bytes, step: int) -> None:
    chunks = [data[i : i + step] for i in range(0, len(data), step)]
    if is_utf8(chunks):
        data.decode("utf-8")


def test_a_parquet_file_in_a_tar_archive_is_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    pq.write_table(pa.table({"text": PAGES}), packed)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        entry = tarfile.TarInfo("a.parquet")
        entry.size = packed.tell()
        packed.seek(0)
        archive.addfile(entry, packed)
    assert [row["text"] for row in rows(tmp_path)[0]["texts"]] == PAGES
