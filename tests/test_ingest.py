"""Promises of ingest: what is read, what is rejected and why, and that no input breaks the run."""

import bz2
import gzip
import json
import lzma
import os
import re
import stat

import pyarrow as pa
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import Ingest
from pipeline.errors import InputError
from pipeline.stage import content_id, from_rows
from pipeline.stages.ingest import INGEST, find_files

PACK = {
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def ingest(raw, **settings):
    tables = INGEST.run({"files": find_files(raw)}, Ingest(**settings))
    return {name: table.to_pylist() for name, table in tables.items()}


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def only_reject(raw, **settings):
    tables = ingest(raw, **settings)
    assert not tables["sources"]
    assert not tables["texts"]
    [reject] = tables["rejects"]
    return reject


def test_a_text_file_becomes_a_source(tmp_path):
    put(tmp_path, "site/page.txt", "\ufeffBack pain\r\nRest.\0\n")
    tables = ingest(tmp_path)
    [source], [text] = tables["sources"], tables["texts"]
    assert text["text"] == (tmp_path / "site/page.txt").read_bytes().decode("utf-8")
    assert (source["source_path"], source["format"], source["encoding"], source["record"]) == (
        "site/page.txt",
        "txt",
        "utf-8",
        0,
    )
    assert source["n_chars"] == len(text["text"])
    assert source["source_id"] == text["source_id"] == content_id("site/page.txt", source["sha256"], 0)
    assert not tables["rejects"]


@pytest.mark.parametrize("suffix", list(PACK))
@pytest.mark.parametrize("kind", ["txt", "md", "jsonl", "html"])
def test_compressed_files_read_like_plain_ones(tmp_path, suffix, kind):
    page = json.dumps({"text": "Rest helps."}) if kind == "jsonl" else "Rest helps."
    put(tmp_path, f"a.{kind}", page)
    put(tmp_path, f"b.{kind}{suffix}", PACK[suffix](page.encode()))
    put(tmp_path, f"c.{kind}{suffix}", PACK[suffix](page[:5].encode()) + PACK[suffix](page[5:].encode()))
    tables = ingest(tmp_path)
    assert [row["text"] for row in tables["texts"]] == ["Rest helps."] * 3
    assert {row["format"] for row in tables["sources"]} == {kind}


@pytest.mark.parametrize("suffix", list(PACK))
@pytest.mark.parametrize("size", [20, 20_000])
def test_zeros_behind_packed_data_are_padding(tmp_path, suffix, size):
    page = os.urandom(size).hex()
    packed = PACK[suffix](page.encode())
    put(tmp_path, f"a.txt{suffix}", packed + bytes(8))
    put(tmp_path, f"b.txt{suffix}", packed + bytes(8000) + packed + bytes(8000))
    assert [row["text"] for row in ingest(tmp_path)["texts"]] == [page, page * 2]


@pytest.mark.parametrize("suffix", list(PACK))
def test_a_cut_file_is_rejected_whole(tmp_path, suffix):
    lines = "".join(json.dumps({"text": os.urandom(30).hex()}) + "\n" for _ in range(500))
    packed = PACK[suffix](lines.encode())
    put(tmp_path, f"a.jsonl{suffix}", packed[: len(packed) // 2])
    reject = only_reject(tmp_path)
    assert reject["error"] == "truncated"
    assert "fetch" in reject["detail"]


@pytest.mark.parametrize("suffix", list(PACK))
def test_damaged_bytes_are_rejected(tmp_path, suffix):
    packed = bytearray(PACK[suffix](os.urandom(3000).hex().encode()))
    packed[len(packed) // 2] ^= 0xFF
    put(tmp_path, f"a.txt{suffix}", bytes(packed))
    assert only_reject(tmp_path)["error"] in {"corrupt", "truncated", "binary"}
    put(tmp_path, f"a.txt{suffix}", b"this was never packed")
    assert only_reject(tmp_path)["error"] == "corrupt"


def test_a_bomb_is_rejected(tmp_path):
    put(tmp_path, "a.txt.zst", zstandard.compress(b" " * (100 << 20)))
    reject = only_reject(tmp_path)
    assert reject["error"] == "bomb"
    assert "ingest.max_ratio" in reject["detail"]


@pytest.mark.parametrize(("data", "error"), [(b"", "empty"), (b"\n \0", "empty"), (b"%PDF-1.4 \xff\xfe", "binary")])
def test_what_is_no_text_is_rejected(tmp_path, data, error):
    put(tmp_path, "a.txt", data)
    reject = only_reject(tmp_path)
    assert (reject["error"], reject["stage"], reject["record"]) == (error, "ingest", None)
    assert ":" in reject["detail"]  # what is wrong: what to do


def test_an_unknown_format_is_rejected_with_a_remedy(tmp_path):
    put(tmp_path, "a.docx", b"PK\x03\x04")
    put(tmp_path, "b.txt", "Rest helps.")
    tables = ingest(tmp_path)
    [reject] = tables["rejects"]
    assert (reject["source_path"], reject["error"]) == ("a.docx", "format")
    assert ".jsonl" in reject["detail"]
    assert len(tables["sources"]) == 1


def test_a_broken_record_is_rejected_by_line_and_the_others_read(tmp_path):
    lines = [
        '{"text": "one", "url": "https://a.example/1", "fetched_at": "2024-01-02"}',
        "",
        '{"text": "two',
        '{"text": "three"}',
    ]
    put(tmp_path, "a.jsonl", "\ufeff" + "\n".join(lines))
    tables = ingest(tmp_path)
    assert [(row["record"], row["text"]) for row in tables["texts"]] == [(0, "one"), (2, "three")]
    assert (tables["sources"][0]["url"], tables["sources"][0]["fetched_at"]) == ("https://a.example/1", "2024-01-02")
    [reject] = tables["rejects"]
    assert (reject["record"], reject["error"]) == (1, "json")
    assert "line 3" in reject["detail"]


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ('{"body": "x"}', "field", "ingest.text_field"),
        ('{"text": 5}', "field", "int"),
        ('{"text": null}', "field", "ingest.html_field"),
        ('{"text": "  "}', "empty", "text"),
        ("[1]", "json", "list"),
        ("[" * 100_000, "json", "nested"),
        ('{"text": "\\u0000"}', "empty", "text"),
    ],
)
def test_a_record_without_a_page_is_rejected(tmp_path, line, error, words):
    put(tmp_path, "a.jsonl", '{"text": "one"}\n' + line)
    tables = ingest(tmp_path)
    assert [row["text"] for row in tables["texts"]] == ["one"]
    [reject] = tables["rejects"]
    assert (reject["error"], reject["record"]) == (error, 1)
    assert words in reject["detail"]


def test_fields_go_by_the_settings(tmp_path):
    put(tmp_path, "a.jsonl", '{"content": "one", "link": "https://a.example", "date": 20240102}')
    tables = ingest(tmp_path, text_field="content", url_field="link", fetched_field="date")
    assert tables["texts"][0]["text"] == "one"
    assert (tables["texts"][0]["url"], tables["sources"][0]["fetched_at"]) == ("https://a.example", "20240102")


def test_odd_json_is_read(tmp_path):
    lines = [
        b'{"text": "half a pair \\ud83d here"}',
        b'{"text": "not a number", "n": NaN}',
        '{"text": "caf\xe9"}'.encode("cp1252"),
    ]
    put(tmp_path, "a.jsonl", b"\n".join(lines))
    tables = ingest(tmp_path)
    assert [row["text"] for row in tables["texts"]] == ["half a pair \ufffd here", "not a number", "café"]
    assert [row["encoding"] for row in tables["sources"]] == ["utf-8/replace", "utf-8", "cp1252"]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_json_lines_in_wide_codecs_are_read(tmp_path, codec):
    put(tmp_path, "a.jsonl", '\ufeff{"text": "knee Ċ"}\r\n{\n{"text": "café\u2028", "n": NaN}\n'.encode(codec))
    tables = ingest(tmp_path)
    assert [row["text"] for row in tables["texts"]] == ["knee Ċ", "café\u2028"]
    assert {row["encoding"] for row in tables["sources"]} == {codec}
    assert ["line 2" in row["detail"] for row in tables["rejects"]] == [True]


def test_a_json_document_is_read_whatever_its_name(tmp_path):
    put(tmp_path, "a.jsonl", '[\n{"text": "one", "url": "https://a.example"},\n{"text": "two"}\n]')
    put(tmp_path, "b.json", '{"id": 7,\n"text": "three"}')
    put(tmp_path, "c.json", '{"text": "four"}\n{"text": "five"}\n')
    put(tmp_path, "d.json", '{\n"status": "ok", "pages": [{"text": "six"}, {"text": "seven"}], "tags": ["a"]}')
    tables = ingest(tmp_path)
    assert [row["text"] for row in tables["texts"]] == ["one", "two", "three", "four", "five", "six", "seven"]
    assert [row["url"] for row in tables["texts"]] == ["https://a.example", *[None] * 6]


def test_html_is_known_by_field_suffix_or_opening(tmp_path):
    put(tmp_path, "a.jsonl", '{"html": "<p>Rest"}\n{"text": "<!doctype html><p>Rest"}\n{"text": "a <b>"}')
    put(tmp_path, "b.htm", "<p>Rest")
    put(tmp_path, "c.txt", "<html><p>Rest")
    kinds = [(row["source_path"], row["format"]) for row in ingest(tmp_path)["texts"]]
    assert kinds == [("a.jsonl", "html"), ("a.jsonl", "html"), ("a.jsonl", "txt"), ("b.htm", "html"), ("c.txt", "html")]


def test_many_comments_before_a_page_cost_no_time(tmp_path):
    put(tmp_path, "a.txt", "<!---->" * 5000 + "<p>Rest")
    put(tmp_path, "b.txt", "<!-- - -- -> a-->\n<!---->" * 100 + "<html><p>Rest")
    assert [row["format"] for row in ingest(tmp_path)["texts"]] == ["txt", "html"]


def test_html_heeds_the_declared_codec(tmp_path):
    page = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>腰'
    put(tmp_path, "a.html", page.encode("gb18030"))
    tables = ingest(tmp_path)
    assert (tables["texts"][0]["text"], tables["sources"][0]["encoding"]) == (page, "gb18030")


def test_equal_bytes_keep_their_own_rows(tmp_path):
    for name in ("a.txt", "b/a.txt", "c.md"):
        put(tmp_path, name, "Rest helps.")
    tables = ingest(tmp_path)
    assert len({row["sha256"] for row in tables["sources"]}) == 1
    assert len({row["source_id"] for row in tables["sources"]}) == 3
    assert [row["format"] for row in tables["texts"]] == ["txt", "txt", "md"]


def test_unreadable_files_are_rejected(tmp_path):
    put(tmp_path, "ok.txt", "Rest helps.")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "memory.txt").symlink_to("/proc/self/mem")  # may be opened, and fails to be read
    (tmp_path / "folder.txt").mkdir()
    put(tmp_path, "folder.txt/in.txt", "Ice helps.")
    tables = ingest(tmp_path)
    assert [row["source_path"] for row in tables["sources"]] == ["folder.txt/in.txt", "ok.txt"]
    assert {(row["source_path"], row["error"]) for row in tables["rejects"]} == {
        ("dangling.txt", "unreadable"),
        ("memory.txt", "unreadable"),
        ("pipe.txt", "unreadable"),
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_rejected(tmp_path):
    put(tmp_path, "ok.txt", "Rest helps.")
    put(tmp_path, "shut.txt", "Rest helps.").chmod(0)
    assert [row["error"] for row in ingest(tmp_path)["rejects"]] == ["unreadable"]


def test_a_file_that_went_or_changed_is_rejected(tmp_path):
    put(tmp_path, "gone.txt", "Rest helps.").touch()
    put(tmp_path, "new.txt", "Rest helps too.").touch()
    files = find_files(tmp_path)
    (tmp_path / "gone.txt").unlink()
    put(tmp_path, "new.txt", "Something else.")
    rejects = INGEST.run({"files": files}, Ingest())["rejects"].to_pylist()
    assert [row["error"] for row in rejects] == ["changed", "changed"]


def test_a_name_that_is_not_utf8_is_rejected_and_its_copy_read(tmp_path):
    put(tmp_path, "ok.txt", "Rest helps.")
    put(tmp_path, os.fsdecode(b"caf\xe9.txt"), "Rest helps.")
    tables = ingest(tmp_path)
    assert [row["source_path"] for row in tables["sources"]] == ["ok.txt"]
    [reject] = tables["rejects"]
    assert reject["source_path"] == "caf\\xe9.txt"
    assert "UTF-8" in reject["detail"]


def test_names_that_are_shown_with_escapes_stay_apart(tmp_path):
    put(tmp_path, os.fsdecode(b"a\xff.txt"), "Rest helps.")
    put(tmp_path, r"a\xff.txt", "Rest helps.")
    put(tmp_path, r"a\b.txt", "Ice helps.")
    tables = ingest(tmp_path)
    assert [row["source_path"] for row in tables["sources"]] == [r"a\\xff.txt", r"a\b.txt"]
    assert [(row["source_path"], row["error"]) for row in tables["rejects"]] == [(r"a\xff.txt", "unreadable")]


def test_a_file_above_the_limit_is_rejected(tmp_path):
    put(tmp_path, "a.txt", "x" * 100)
    assert only_reject(tmp_path, max_bytes=99)["error"] == "large"


def test_a_line_of_200_megabytes_is_read(tmp_path):
    put(tmp_path, "a.txt", b"back pain " * (20 << 20))
    put(tmp_path, "b.jsonl", b'{"text": "' + b"back pain " * (20 << 20) + b'"}')
    assert [row["n_chars"] for row in ingest(tmp_path)["sources"]] == [200 << 20, 200 << 20]


@pytest.mark.parametrize("make", [None, "file", "empty", "junk"])
def test_a_folder_without_pages_is_an_input_error(tmp_path, make):
    raw = tmp_path / "raw"
    if make == "file":
        raw.write_text("x")
    elif make:
        raw.mkdir()
        if make == "junk":
            put(raw, ".hidden.txt", "x")
            put(raw, "README.md", "x")
            put(raw, "a.docx", "x")
    with pytest.raises(InputError, match=re.escape(str(raw))):
        find_files(raw)


def test_a_folder_that_cannot_be_opened_is_rejected_as_such(tmp_path):
    """As it is listed where reading a folder is not allowed; root may read any."""
    (tmp_path / "locked").mkdir()
    locked = {"source_path": "locked", "file_path": str(tmp_path / "locked"), "sha256": "", "n_bytes": 0}
    (row,) = INGEST.run({"files": from_rows("files", [locked])}, Ingest())["rejects"].to_pylist()
    assert row["error"] == "unreadable"
    assert "the folder cannot be opened" in row["detail"]
    assert "permissions" in row["detail"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anywhere")
def test_a_raw_folder_that_cannot_be_opened_is_an_input_error(tmp_path):
    (tmp_path / "raw").mkdir(mode=0)
    with pytest.raises(InputError, match="check its permissions"):
        find_files(tmp_path / "raw")


def test_leftovers_are_passed_over(tmp_path):
    for name in (".a.txt", "a.txt~", "b.txt.part", "Thumbs.db", "README.md", "LICENSE", ".git/x.txt", "__MACOSX/a.txt"):
        put(tmp_path, name, "x")
    put(tmp_path, "kept/readme.txt", "x")
    assert find_files(tmp_path).column("source_path").to_pylist() == ["kept/readme.txt"]


def test_files_are_sorted_and_the_folder_untouched(tmp_path):
    for name in ("b.txt", "a/z.txt", "a.txt", "B.txt"):
        put(tmp_path, name, name)
    before = sorted(tmp_path.rglob("*"))
    assert find_files(tmp_path).column("source_path").to_pylist() == ["B.txt", "a.txt", "a/z.txt", "b.txt"]
    assert sorted(tmp_path.rglob("*")) == before
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o600 for path in before)


NAMES = st.sampled_from(["a.txt", "b.jsonl", "c.txt.gz", "d.md", "e.html", "f.jsonl.zst", "g.bin", "h/a.txt"])
CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8")),
    st.sampled_from(
        [b'{"text": "a"}\n{\n{"text": "b"}', gzip.compress(b"packed"), zstandard.compress(b'{"text": "p"}')]
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(files=st.dictionaries(NAMES, CONTENTS, min_size=1), cut=st.integers(0, 8))
def test_rows_do_not_depend_on_how_files_were_split(tmp_path_factory, files, cut):
    raw = tmp_path_factory.mktemp("raw")
    put(raw, "always.txt", "Rest helps.")
    for name, data in files.items():
        put(raw, name, data)
    listed = find_files(raw)
    whole = INGEST.run({"files": listed}, Ingest())
    parts = [INGEST.run({"files": part}, Ingest()) for part in (listed.slice(0, cut), listed.slice(cut))]
    for name in INGEST.outputs:
        both = pa.concat_tables([part[name] for part in parts]).to_pylist()
        assert from_rows(name, both).to_pylist() == whole[name].to_pylist()
    paths = {row["source_path"] for name in ("sources", "rejects") for row in whole[name].to_pylist()}
    assert paths == set(listed.column("source_path").to_pylist())
