"""Damaged files: a few hundred in every run of the tests, 20,000 in `make fuzz`."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from test_formats import PAGES, parquet, zipped

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
