"""The store: bytes that depend on rows alone, a cache that is never stale, tables replaced all or none."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import OutputError
from pipeline.schema import TABLES
from pipeline.stage import from_rows
from pipeline.store import (
    Manifest,
    Step,
    TableFile,
    complete,
    in_order,
    is_intact,
    lack,
    lock,
    not_written,
    open_cache,
    pack,
    publish,
    read_manifest,
    read_table,
    stage_table,
    table_path,
    unpack,
)
from pipeline.store.tables import ROWS_PER_GROUP

KINDS = st.sampled_from(["empty", "binary", "truncated", "not-json"])
REJECTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 9), KINDS, st.text(max_size=5)), max_size=30
)


def rejects(rows) -> pa.Table:
    names = ("source_path", "record", "error", "detail")
    return from_rows("rejects", [dict(zip(names, row, strict=True), stage="ingest") for row in rows])


def manifest(*tables: TableFile) -> Manifest:
    return Manifest(
        version="1", python="3", libraries={"a": "1"}, raw="raw", n_files=1, input_hash="",
        terminology="embedded-0", config={}, flow={"ingest": "1"}, steps=(Step("ingest", 1, 0, 0.5),),
        tables=tables, workers=1, started="2026-01-01T00:00:00+00:00", seconds=1.0,
    )  # fmt: skip


def cut(table: pa.Table, places: list[int]) -> list[pa.Table]:
    bounds = [0, *sorted(place % (table.num_rows + 1) for place in places), table.num_rows]
    # Through IPC, so that each part has chunks and dictionaries of its own, as parts from workers do.
    return [unpack(pack(table.slice(a, b - a))) for a, b in pairwise(bounds)]


@given(rows=REJECTS, places=st.lists(st.integers(0, 99), max_size=4))
def test_packed_bytes_depend_on_rows_alone(rows, places):
    whole = rejects(rows)
    assert pack(pa.concat_tables(cut(whole, places))) == pack(whole)
    assert unpack(pack(whole)).equals(unpack(pack(pa.concat_tables(cut(whole, places)))))


@given(rows=REJECTS)
def test_rows_are_sorted_as_the_schema_says(rows):
    def key(row):
        return [(row[name] is None, row[name]) for name in TABLES["rejects"].sort]

    assert in_order("rejects", rejects(rows)).to_pylist() == sorted(rejects(rows).to_pylist(), key=key)


@given(rows=REJECTS.filter(bool), places=st.lists(st.integers(0, 99), max_size=4))
def test_a_file_does_not_depend_on_how_its_rows_came(tmp_path_factory, rows, places):
    first, second = tmp_path_factory.mktemp("a"), tmp_path_factory.mktemp("b")
    for out in (first, second):
        (out / ".cache").mkdir()
    whole = rejects(rows)
    assert stage_table(first, "rejects", [whole]) == stage_table(second, "rejects", cut(whole, places))


def test_row_groups_are_cut_by_number_of_rows(tmp_path):
    (tmp_path / ".cache").mkdir()
    row = rejects([("a", 1, "empty", "x")])
    parts = [pa.concat_tables([row] * n) for n in (ROWS_PER_GROUP - 1, 3, 2 * ROWS_PER_GROUP)]
    publish(tmp_path, manifest(stage_table(tmp_path, "rejects", parts)))
    metadata = pq.read_metadata(table_path(tmp_path, "rejects"))
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [ROWS_PER_GROUP] * 3 + [2]


def test_every_column_is_described_in_its_file(ran):
    for name, table in TABLES.items():
        if table.public:
            schema = pq.read_schema(table_path(ran.out, name))
            assert schema.equals(table.schema, check_metadata=False)
            assert schema.metadata[b"claimsieve.row"].decode() == table.row
            assert [field.metadata[b"description"].decode() for field in schema] == [
                c.description for c in table.columns
            ]
            assert schema.equals(table.schema)


class TestCache:
    def test_results_come_back(self, tmp_path):
        with open_cache(tmp_path / "c") as cache:
            cache.put([(b"k", "clean", "a.txt", {"texts": (b"xyz", 3), "rejects": (b"", 0)})])
        with open_cache(tmp_path / "c", read_only=True) as cache:
            found = cache.find(b"k")
            assert {name: (cache.load(ref), ref.rows) for name, ref in found.items()} == {
                "texts": (b"xyz", 3),
                "rejects": (b"", 0),
            }
            assert cache.find(b"other") is None
            assert cache.versions("a.txt", "texts") == [found["texts"]]

    def test_a_result_without_tables_is_a_result(self, tmp_path):
        with open_cache(tmp_path / "c") as cache:
            cache.put([(b"k", "clean", "a.txt", {})])
            assert cache.find(b"k") == {}

    def test_a_table_larger_than_one_value_may_be_comes_back(self, tmp_path):
        data = bytes(range(256)) * (300 << 10)
        with open_cache(tmp_path / "c") as cache:
            cache.put([(b"k", "ingest", "big.txt", {"texts": (data, 1)})])
            assert cache.load(cache.find(b"k")["texts"]) == data

    def test_pruning_keeps_what_is_used_and_gives_space_back(self, tmp_path):
        with open_cache(tmp_path / "c") as cache:
            cache.put([(key, "clean", key.decode(), {"texts": (key * 100_000, 1)}) for key in (b"a", b"b", b"c")])
            assert cache.prune([b"b"]) == 2
            assert cache.find(b"a") is None
            assert cache.load(cache.find(b"b")["texts"]) == b"b" * 100_000
        assert (tmp_path / "c").stat().st_size < 200_000

    def test_a_batch_that_fails_half_way_leaves_nothing(self, tmp_path):
        def batch():
            yield b"a", "clean", "a", {"texts": (b"x", 1)}
            raise KeyboardInterrupt

        with open_cache(tmp_path / "c") as cache:
            with pytest.raises(KeyboardInterrupt):
                cache.put(batch())
            assert cache.find(b"a") is None

    def test_damage_is_reported_with_its_remedy(self, tmp_path):
        (tmp_path / "c").write_bytes(b"no database at all" * 1000)
        with pytest.raises(OutputError, match="delete the file"), open_cache(tmp_path / "c"):
            pass

    def test_a_changed_table_is_noticed(self, tmp_path):
        with open_cache(tmp_path / "c") as cache:
            cache.put([(b"k", "clean", "a.txt", {"texts": (b"xyz", 3)})])
        with sqlite3.connect(tmp_path / "c") as db:
            db.execute("UPDATE parts SET data = ?", (b"xyy",))
        db.close()
        with pytest.raises(OutputError, match="delete the file"), open_cache(tmp_path / "c", read_only=True) as cache:
            cache.load(cache.find(b"k")["texts"])

    @pytest.mark.parametrize(
        ("damage", "lacks"),
        [
            (None, ""),
            (b"", r"no such table: results; delete the file and run the pipeline again"),
            (b"no database " * 1000, "file is not a database; delete the file and run the pipeline again"),
            (5000, "malformed; delete the file and run the pipeline again"),
        ],
    )
    def test_what_it_lacks_is_named_with_the_remedy(self, tmp_path, damage, lacks):
        """The status says what a run over the same cache would say."""
        path = tmp_path / "c"
        assert lack(path, 1) == f"the cache {path} is missing; run again"
        with open_cache(path) as cache:
            cache.put([(name, "clean", name.decode(), {"texts": (name * 9000, 3)}) for name in (b"a.txt", b"b.txt")])
        assert lack(path, 3) == f"the cache {path} is incomplete; run again"
        if damage is not None:
            path.write_bytes(path.read_bytes()[:damage] if isinstance(damage, int) else damage)
        found = lack(path, 2)
        assert lacks in found
        assert bool(found) == bool(lacks)

    def test_another_layout_is_dropped(self, tmp_path):
        with sqlite3.connect(tmp_path / "c") as db:
            db.execute("CREATE TABLE results (other)")
            db.execute("PRAGMA user_version = 99")
        db.close()
        with open_cache(tmp_path / "c") as cache:
            assert cache.find(b"k") is None


class TestPublish:
    @pytest.fixture
    def out(self, tmp_path) -> Path:
        """A folder with an old `rejects` table, a new one staged in full beside it, and an old table too many."""
        (tmp_path / ".cache").mkdir()
        publish(tmp_path, manifest(*(stage_table(tmp_path, name, []) for name in ("rejects", "sources"))))
        new = stage_table(tmp_path, "rejects", [rejects([("a", None, "empty", "x")])])
        draft = replace(manifest(new), flow={"ingest": "2"})
        (tmp_path / ".cache" / "staged" / "manifest.json").write_text(draft.to_json())
        return tmp_path

    def test_what_was_staged_in_full_is_completed(self, out):
        complete(out)
        assert read_table(out, "rejects").num_rows == 1
        assert read_manifest(out).flow == {"ingest": "2"}
        assert not table_path(out, "sources").exists(), "the new manifest does not name it"

    def test_completing_may_itself_be_cut_off(self, out):
        (out / ".cache" / "staged" / "rejects.parquet").replace(table_path(out, "rejects"))
        complete(out)
        assert read_table(out, "rejects").num_rows == 1

    def test_half_replaced_tables_are_not_read(self, out):
        with pytest.raises(OutputError, match="run again"):
            read_table(out, "rejects")

    def test_what_was_not_staged_in_full_is_dropped(self, out):
        (out / ".cache" / "staged" / "manifest.json").unlink()
        complete(out)
        assert read_table(out, "rejects").num_rows == 0
        assert read_manifest(out).flow == {"ingest": "1"}
        assert not (out / ".cache" / "staged").exists()

    def test_a_changed_file_is_noticed(self, out):
        complete(out)
        written = read_manifest(out).table("rejects")
        assert is_intact(out, written)
        data = bytearray(table_path(out, "rejects").read_bytes())
        data[50] ^= 1
        table_path(out, "rejects").write_bytes(data)
        assert not is_intact(out, written)


def test_the_manifest_comes_back(tmp_path):
    written = manifest(TableFile("claims", 3, 5, "ab"))
    (tmp_path / "manifest.json").write_text(written.to_json())
    assert read_manifest(tmp_path) == written
    assert written.table("claims").rows == 3
    assert written.step("ingest").computed == 1
    assert written.table("mentions") is written.step("tag") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 2, "x": 2}'])
def test_a_damaged_manifest_is_an_error_that_says_what_to_do(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(OutputError, match="delete it"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [(("config",), []), (("config", "clean.drop_threshold"), 0.4), (("flow",), None), (("n_files",), "1"),
     (("seconds",), "long"), (("steps", 0), []), (("steps", 0, "seconds"), None),
     (("tables", 0, "n_bytes"), "5"), (("tables",), 3)],
)  # fmt: skip
def test_a_manifest_whose_values_are_of_another_kind_is_damaged(tmp_path, path, value):
    data = json.loads(manifest(TableFile("claims", 3, 5, "ab")).to_json()) | {"config": {"clean.drop_threshold": "0.4"}}
    *way, last = path
    place = data
    for step in way:
        place = place[step]
    place[last] = value
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(OutputError, match=r"is damaged \(.*delete it and run again"):
        read_manifest(tmp_path)


def test_a_manifest_of_another_format_is_ignored(tmp_path):
    data = json.loads(manifest().to_json()) | {"format": 0}
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "says"), [("nope", "the tables are: sources"), ("texts", "no table"), ("claims", "run the pipeline")]
)
def test_reading_what_is_not_there(tmp_path, name, says):
    with pytest.raises(OutputError, match=says):
        read_table(tmp_path, name)


HOLD = """
import sys, time
from pathlib import Path
from pipeline.store import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_runs_at_once_are_refused_and_a_killed_one_lets_go(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="another run"), lock(tmp_path):
            pass
        holder.kill()
    with lock(tmp_path):
        pass


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free space"), (errno.EFBIG, "free space"), (errno.EACCES, "check the permissions of here"),
     (errno.EROFS, "check the permissions of here"), (errno.EISDIR, "move here away")],
)  # fmt: skip
def test_the_remedy_is_that_of_what_went_wrong(number, remedy):
    message = str(not_written("the page", OSError(number, os.strerror(number), "here"), "free space"))
    assert message.startswith(f"cannot write the page: {os.strerror(number)}; {remedy}")
    assert ("free space" in message) == (remedy == "free space")


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "gone" / "away")
    with pytest.raises(OutputError, match="out is a link that leads nowhere"), lock(tmp_path / "out"):
        pass


def test_a_manifest_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(OutputError, match=r"manifest\.json is damaged"):
        read_manifest(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"), lock(tmp_path / "file" / "out"):
        pass
