"""The audit: its sums are those of the table, its bounds hold, --exact counts what a run with the setting does."""

import dataclasses
import re

import pyarrow as pa
import pytest
from conftest import SAMPLES, call
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Clean, Config
from pipeline.engines.flow import RunOptions, run_stages
from pipeline.errors import OutputError
from pipeline.report.audit import Exact, audit, bound, exact
from pipeline.store import read_table, table_path


def solid(table: pa.Table, *, kept: bool = True) -> int:
    return sum(len("".join(row["text"].split())) for row in table.to_pylist() if row["kept"] == kept)


def test_sums_are_those_of_the_table(ran):
    rows = [row for row in ran.table("segments").to_pylist() if not row["kept"]]
    found = audit(ran.out, n_rows=10_000)
    dropped = solid(ran.table("segments"), kept=False)
    assert found.n_chars_dropped == dropped > 0
    for shares in found.by.values():
        assert sum(share.n_chars for share in shares) == dropped
        assert sum(share.n_segments for share in shares) == len(rows)
    assert {share.name for share in found.by["reason"]} == {row["reason"] for row in rows}
    assert len(found.longest) == len(rows)
    assert [drop.n_chars for drop in found.longest] == sorted((drop.n_chars for drop in found.longest), reverse=True)
    assert [d.score for d in found.least_certain] == sorted(d.score for d in found.least_certain)


def test_lists_are_cut_and_say_so(ran):
    found = audit(ran.out, n_rows=2)
    assert all(len(shares) == 2 for shares in found.by.values())
    assert found.more["reason"] == len(audit(ran.out, n_rows=10_000).by["reason"]) - 2
    assert len(found.longest) == len(found.least_certain) == 2


@given(
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=5), min_size=1, max_size=8),
    st.floats(0.05, 0.95),
    st.floats(0.05, 0.95),
)
def test_nothing_outside_the_bound_changes(rows, current, other):
    """Of some probabilities (the first label is the kept one) only the best is stored, as in the tables."""
    shares = [[p / (sum(row) or 1) for p in row] for row in rows]
    drops = [sum(row[1:]) for row in shares]
    segments = pa.table({
        "kept": [drop < current for drop in drops],
        "score": [row[0] if drop < current else max(row[1:]) for row, drop in zip(shares, drops, strict=True)],
        "reason": ["model:labeller"] * len(rows),
        "n": [1] * len(rows),
    })  # fmt: skip
    changed = sum((drop < current) != (drop < other) for drop in drops if abs(drop - other) > 1e-9)
    assert changed <= bound(segments, other, current).n_chars


def test_what_rules_dropped_is_no_matter_of_scores():
    segments = pa.table({
        "kept": [False, False, False],
        "score": pa.array([1.0, 0.7, 0.6], pa.float32()),
        "reason": ["markup", "model:main-text", "model:labeller"],
        "n": [1000, 10, 1],
    })  # fmt: skip
    found = bound(segments, 0.9, 0.5)
    assert (found.to, found.n_segments, found.n_chars, found.n_chars_ruled) == ("kept", 1, 1, 1010)


@pytest.mark.parametrize("threshold", [0.3, 0.9])
def test_exact_counts_what_a_run_with_the_setting_does(ran, tmp_path, threshold):
    config = dataclasses.replace(Config(), clean=Clean(drop_threshold=threshold))
    run_stages(RunOptions(SAMPLES, tmp_path / "out", config=config, workers=1, upto="clean"))
    change = exact(ran.out, threshold)
    before, after = (read_table(out, "segments", columns=["text", "kept"]) for out in (ran.out, tmp_path / "out"))
    # Repair shortens some characters, so the words differ from the raw ones by as little.
    assert change.n_chars_kept - change.n_chars_dropped == pytest.approx(solid(after) - solid(before), abs=20)
    assert (change.n_chars_kept if threshold > 0.5 else change.n_chars_dropped) > 0


def test_a_line_dropped_for_its_site_is_no_matter_of_thresholds(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for path in sorted(SAMPLES.glob("*.txt"))[:5]:
        (raw / path.name).write_bytes(path.read_bytes() + b"\nClip this and read it at supper\n")
    run_stages(RunOptions(raw, out, workers=1, upto="deduplicate"))
    threshold = Clean().drop_threshold
    assert exact(out, threshold) == Exact(threshold, 0, 0)


def test_exact_keeps_the_other_settings_of_the_run(tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    prose = "".join(
        f"<p>Rest number {i} helps most sore knees, and ice eases the swelling for an hour.</p>" for i in range(9)
    )
    (raw / "knees.html").write_text(f"<nav><a>Home</a><a>Shop</a></nav><h1>Sore knees</h1>{prose}<p>Copyright</p>")
    config = dataclasses.replace(Config(), clean=Clean(main_text_threshold=0.0))
    run_stages(RunOptions(raw, out, config=config, workers=1, upto="clean"))
    threshold = Clean().drop_threshold
    assert exact(out, threshold) == Exact(threshold, 0, 0)


def test_a_setting_of_clean_reads_no_raw_file_again(tmp_path):
    run_stages(RunOptions(SAMPLES, tmp_path, workers=1, upto="clean"))
    config = dataclasses.replace(Config(), clean=Clean(drop_threshold=0.7))
    steps = {
        s.name: s
        for s in run_stages(RunOptions(SAMPLES, tmp_path, config=config, workers=1, upto="clean")).manifest.steps
    }
    assert steps["ingest"].computed == 0
    assert steps["clean"].computed == steps["ingest"].reused > 0


def test_the_command_prints_it(ran):
    done = call(["audit", "--out", ran.out, "--rows", 3, "--threshold", 0.8, "--exact"])
    assert done.returncode == 0, done.stderr
    for line in (
        r"\d+ of \d+ characters dropped \(\d+ %\), at clean.drop_threshold = 0.4",
        "dropped by label:",
        "dropped by reason:",
        "dropped by site:",
        r"and \d+ more: --rows \d+",
        "the longest drops:",
        "least certain",
        r"0.8 \(laxer\): at most \d+ characters in \d+ segments more kept",
        r"0.8 labelled anew: \d+ characters more dropped, \d+ more kept",
    ):
        assert re.search(line, done.stdout), (line, done.stdout)


def test_a_threshold_that_is_no_number_is_damage(tmp_path):
    run_stages(RunOptions(SAMPLES, tmp_path, workers=1, upto="clean"))
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"clean.drop_threshold": "0.4"', '"clean.drop_threshold": "abc"'))
    for read in (lambda: audit(tmp_path), lambda: exact(tmp_path, 0.5)):
        with pytest.raises(OutputError, match=r"manifest\.json is damaged .*'abc'"):
            read()


def test_bad_thresholds_and_missing_tables_are_said(ran, tmp_path):
    done = call(["audit", "--out", ran.out, "--threshold", 1.5])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not table_path(tmp_path, "segments").exists()
    with pytest.raises(OutputError, match="run the pipeline first"):
        audit(tmp_path)
