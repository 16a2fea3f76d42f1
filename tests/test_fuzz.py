"""Damaged files: a few hundred in every run of the tests, 20,000 in `make fuzz`."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from test_formats import PAGES, parquet, zipped

import pipeline
from benchmarks.fuzz import BrokenPromiseError, check, mutants, run

# 2,000 where all checks run (.ci/run sets it); fewer here, so that the tests stay quick.
INPUTS = int(os.environ.get("FUZZ_INPUTS", "300"))


def test_damaged_files_crash_nothing_and_lose_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(seed=2, inputs=INPUTS)
    assert found.inputs == INPUTS
    assert found.sources > INPUTS / 2  # most of what is damaged a little is read
    assert {"corrupt", "empty", "truncated", "json"} <= set(found.rejects)


def test_the_same_seed_damages_alike() -> None:
    once, twice, other = (dict(mutants(seed, 40)) for seed in (3, 3, 4))
    assert once == twice
    assert once != other


def test_undamaged_text_passes_and_is_counted(tmp_path: Path) -> None:
    found = check({"a.txt": b"Rest helps.", "b.txt": b"", "c.docx": b"x"}, tmp_path)
    assert (found.inputs, found.sources) == (3, 1)
    assert found.rejects == {"empty": 1, "format": 1}


def test_a_file_that_is_passed_over_breaks_the_promise(tmp_path: Path) -> None:
    with pytest.raises(BrokenPromiseError, match="neither read nor rejected"):
        check({"~lock.txt": b"Rest helps.", "a.txt": b"Ice helps."}, tmp_path)


def test_what_holds_no_page_is_rejected(tmp_path: Path) -> None:
    files = {
        "a.csv": b"url,text\n",
        "b.zip": zipped({}),
        "c.zip": zipped({"~lock.txt": b"x"}),
        "d.zip": zipped({"e.csv": b"text\n"}),
        "f.parquet": parquet(pa.table({"text": pa.array([], pa.string())})),
    }
    assert check(files, tmp_path).rejects == {"empty": 5}


def test_a_zip_whose_directory_points_nowhere_is_corrupt_not_forbidden(tmp_path: Path) -> None:
    data = zipped(PAGES)
    end = data.rindex(b"PK\x05\x06")
    for at in (end + 12, end + 16):  # the directory's size, and where it begins
        folder = tmp_path / str(at)
        folder.mkdir()
        found = check({"a.zip": data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :]}, folder)
        assert found.rejects == {"corrupt": 1}


def test_half_a_surrogate_pair_in_a_field_name_is_quoted_as_its_number(tmp_path: Path) -> None:
    assert check({"a.jsonl": b'{"\\ud800": "Rest helps."}\n'}, tmp_path).rejects == {"field": 1}


def test_a_number_of_thousands_of_digits_ends_no_run(tmp_path: Path) -> None:
    """Python refuses to read one."""
    nines, zeros, raw = "9" * 5000, "0" * 5000, tmp_path / "raw"
    files = {
        "a.html": f"<title>Gout &#{nines};</title><a href='/?id=&#{nines};'>Home</a><p>Rest helps the knee.</p>",
        "b.txt": f"&lt;p&gt;Ice helps.&lt;/p&gt;&#{zeros}60;p&gt;Heat &#{nines}; does not.&lt;/p&gt;",
        "c.csv": f"text\n<p>Rest &#x{nines}; and &#{zeros}56; weeks of ice help.</p>\n",
        "d.html": f"<p>Walks help.</p><time datetime='{nines}'>May {nines}</time>"
        f'<script type="application/ld+json">{{"@type": "Article", "position": {nines}}}</script>',
        "e.md": f"# Gout {nines}\n\n{nines}. Rest\n\n&#{nines};",
    }
    raw.mkdir()
    for name, text in files.items():
        (raw / name).write_text(text, encoding="utf-8")
    pipeline.run(raw, tmp_path / "out", workers=1)
    texts = {*pipeline.load("segments", out=tmp_path / "out")["text"]}
    assert {"Rest helps the knee.", "Heat \ufffd does not.", "Rest \ufffd and 8 weeks of ice help."} <= texts
    assert len(pipeline.load("rejects", out=tmp_path / "out")) == 0
