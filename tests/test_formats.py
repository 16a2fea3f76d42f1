"""Promises of the readers of tables, web archives and packed files."""

import csv
import datetime
import gzip
import io
import json
import random
import stat
import tarfile
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.formats import Record, read

PAGES = {"a/one.txt": b"Rest helps.", "two.html": b"<p>Ice helps.", "three.jsonl": b'{"text": "x"}\n{"text": "y"}\n{'}


def records(name, data, **settings):
    """What `read` gives: ("text", ...) for records and the kind of failure for lost ones."""
    items = read(name, io.BytesIO(data), len(data), Ingest(**settings))
    return [item.text if isinstance(item, Record) else item.error for item in items]


def failure(name, data, **settings):
    with pytest.raises(RejectError) as caught:
        records(name, data, **settings)
    assert ":" in caught.value.detail
    return caught.value.error


def warc_record(kind, uri, body, content_type):
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2024-02-03T04:05:06Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def response(uri, body, kind="text/html; charset=windows-1252", status="200 OK", extra=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{extra}\r\n".encode()
    return warc_record("response", uri, head + body, "application/http; msgtype=response")


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def parquet(table, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


# --- JSON documents

TEXTS = st.lists(st.text(min_size=1).filter(lambda text: text.strip("\0\ufeff \t\r\n")), min_size=1, max_size=8)


@given(TEXTS, st.sampled_from([None, 0, 2]), st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_document_holds_what_lines_would(texts, indent, ascii_only, codec):
    rows = [{"id": i, "text": text} for i, text in enumerate(texts)]
    document = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode(codec, "surrogatepass")
    lines = "\n".join(json.dumps(row) for row in rows).encode()
    assert records("a.json", document) == records("a.jsonl", lines)


def test_elements_longer_than_what_is_read_at_once_are_whole():
    texts = ["Ice. " * size for size in (1, 300_000, 2, 700_000, 3, 250_000)]
    assert records("a.json", json.dumps(texts).encode()) == texts
    assert records("a.json", json.dumps({"pages": [{"text": text} for text in texts]}, indent=1).encode()) == texts


@pytest.mark.parametrize("at", range(-6, 3))
def test_numbers_where_a_piece_ends_are_whole(at):
    first = "x" * (2**20 - len('["", ') + at)  # what is read at once
    assert records("a.json", f'["{first}", 1234, "Ice."]'.encode()) == [first, "json", "Ice."]
    assert records("a.json", b"7") == ["json"]


def test_a_document_cut_off_gives_what_is_whole():
    document = json.dumps([{"text": 'Rest, [ice] and "heat".'}, "Ice.", 7, {"text": "Zinc {x}."}]).encode()
    whole = records("a.json", document)
    assert whole == ['Rest, [ice] and "heat".', "Ice.", "json", "Zinc {x}."]
    for end in range(1, len(document)):
        found = records("a.json", document[:end])
        assert found[-1] == "json" and found[:-1] == whole[: len(found) - 1]
    for tail in (b" {}", b"]", b",[]"):
        assert records("a.json", document + tail) == [*whole, "json"]


def test_a_broken_document_says_where():
    [first, broken] = read("a.json", io.BytesIO(b'[{"text": "Ice."} {"text": "x"}]'), 33, Ingest())
    assert first.text == "Ice."
    assert "character 18" in broken.detail and "element 1" in broken.detail
    text = '["' + "Ice. " * 300_000 + '", {"text": "Zinc'  # more than is read at once
    [*_, cut_off] = read("a.json", io.BytesIO(text.encode()), len(text), Ingest())
    assert f"character {text.index('Zinc') - 1}" in cut_off.detail


# --- JSON lines


@given(st.text('[]{}":,\\\\ t1', max_size=12), TEXTS.filter(lambda texts: len(texts) > 1), st.sampled_from(["", ","]))
def test_whatever_the_first_line_is_the_others_are_read(first, texts, behind):
    lines = [json.dumps({"text": text}) + behind for text in texts]
    assert records("a.jsonl", "\n".join([first, *lines, ""]).encode())[-len(texts) :] == records(
        "a.jsonl", "\n".join(lines).encode()
    )


@pytest.mark.parametrize(
    ("first", "error"),
    [('{"text": "cut off here,', "json"), ("[INFO] 3 pages", "json"), ('{"text":', "json"), ("[", "json"),
     ('{"id": 7,', "json"), ('{"id": [', "json"), ("[]", "json"), ("3 pages", "json"), ('{"id": 7}', "field")],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 100_000])  # a line of more than is looked at to tell a document
def test_a_first_line_that_is_no_record_is_lost_alone(first, error, size):
    if size > 1 and first in ("[", '{"text":', '{"id": ['):
        pytest.skip("so an array or object may begin")
    lines = [first, *(json.dumps({"text": f"Rest {i}. " + "Ice. " * size}) for i in range(3))]
    assert [found[:6] for found in records("a.jsonl", "\n".join(lines).encode())] == [
        error, "Rest 0", "Rest 1", "Rest 2"]  # fmt: skip


@pytest.mark.parametrize("around", ['{}\n', '{},\n', '\ufeff{}\n', '\x1e{}\n', '  {} \r\n', '\0{}\0\n'])  # fmt: skip
def test_what_stands_around_a_record_is_none_of_it(around):
    lines = "".join(around.replace("{}", json.dumps({"text": f"Rest {i}."})) for i in range(3))
    assert records("a.jsonl", lines.encode()) == ["Rest 0.", "Rest 1.", "Rest 2."]
    assert records("a.jsonl", lines.encode("utf-16")) == ["Rest 0.", "Rest 1.", "Rest 2."]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_answer_of_an_api_is_read_on_one_line_or_more(indent):
    answer = {"status": "ok", "tags": [{"name": "a"}], "results": [{"text": "one"}, {"id": 2}, {"html": "<p>two"}]}
    one = json.dumps(answer, indent=indent).encode()
    assert records("a.json", one) == ["one", "field", "<p>two"]
    assert records("a.jsonl", json.dumps(answer).encode() + b"\n" + json.dumps({"text": "x"}).encode()) == [
        "one", "field", "<p>two", "x"]  # fmt: skip
    for none in ({"results": [{"body": "x"}]}, {"one": [{"text": "x"}], "two": [{"text": "y"}]}, {"tags": ["a"]}):
        assert records("a.json", json.dumps(none, indent=indent).encode()) == ["field"]
    page = {"text": "one", "comments": [{"text": "two"}]}
    assert records("a.json", json.dumps(page, indent=indent).encode()) == ["one"]


# --- what records say of their pages


def said(fields, **settings):
    """url, fetched_at, title, author and published of a record, which JSON lines, JSON and, of texts, CSV agree on."""
    found = []
    line = json.dumps({"text": "Ice.", **fields}).encode()
    files = {"a.jsonl": line, "a.json": b"[" + line + b"]"}
    if all(isinstance(value, str) for value in fields.values()):
        buffer = io.StringIO(newline="")
        csv.writer(buffer).writerows([["text", *fields], ["Ice.", *fields.values()]])
        files["a.csv"] = buffer.getvalue().encode()
        files["a.parquet"] = parquet(pa.table({"text": ["Ice."], **{name: [value] for name, value in fields.items()}}))
    for name, data in files.items():
        [item] = read(name, io.BytesIO(data), len(data), Ingest(**settings))
        found.append((item.url, item.fetched_at, item.title, item.author, item.published))
    assert len(set(found)) == 1
    return found[0]


NOTHING = ["", " \n", "NULL", "null", "None", "nan", "NaN", "N/A", "\\N", "false", None, False, True, float("nan"),
           float("inf"), [], {}, {"a": 1}, [None], [["x"]]]  # fmt: skip


@pytest.mark.parametrize("value", NOTHING, ids=repr)
def test_what_is_no_answer_is_null(value):
    assert said(dict.fromkeys(("url", "fetched_at", "title", "author", "published"), value)) == (None,) * 5


def test_what_is_not_of_its_type_is_null():
    assert said({"url": 5, "fetched_at": 1683000000.5, "title": 7, "author": 12}) == (
        None, "1683000000.5", None, None, None)  # fmt: skip
    assert said({"url": ["https://a.example"], "fetched_at": ["x"], "title": {"a": "x"}}) == (None,) * 5


def test_blanks_around_are_none_of_a_field():
    assert said({"url": " https://a.example/1\n", "title": "\ufeff Gout\t"})[:3] == (
        "https://a.example/1",
        None,
        "Gout",
    )


@pytest.mark.parametrize(
    ("fields", "title", "author", "published"),
    [
        ({"title": "Gout", "author": "Ada Reed", "date": "2020-01-02"}, "Gout", "Ada Reed", "2020-01-02"),
        ({"Headline": "Gout", "BYLINE": "By Ada Reed", "datePublished": "2 May 2020"}, "Gout",
         "By Ada Reed", "2 May 2020"),
        ({"title": "", "headline": "Gout", "author": None, "authors": ["Ada Reed", "Jo Hall"]}, "Gout",
         "Ada Reed, Jo Hall", None),
        ({"author": [{"name": "Ada Reed"}, {"id": 2}], "publish_date": None, "date_publish": "2020-01-02"}, None,
         "Ada Reed", "2020-01-02"),
        ({"author": {"name": "Ada Reed"}, "publishedAt": "2020-01-02T03:04Z"}, None, "Ada Reed", "2020-01-02T03:04Z"),
        ({"date": "2020-01-02", "dump": "CC-MAIN-2020-05"}, None, None, None),
        ({"subtitle": "Gout", "coauthor": "Ada Reed", "date_download": "2020-01-02"}, None, None, None),
    ],
)  # fmt: skip
def test_a_record_says_title_author_and_date_by_their_usual_names(fields, title, author, published):
    assert said(fields)[2:] == (title, author, published)


def test_a_field_that_settings_name_says_nothing_else():
    assert said({"date": "2020-01-02", "title": "https://a.example"}, fetched_field="date", url_field="title") == (
        "https://a.example", "2020-01-02", None, None, None)  # fmt: skip


def test_a_parquet_column_that_says_something_of_pages_never_costs_one():
    broken = pa.StringArray.from_buffers(2, *pa.array([b"caf\xe9", b"x"]).buffers()[1:])
    columns = {
        "authors": pa.ListArray.from_arrays([0, 1, 2], broken),
        "title": pa.array([1.5, None]),
        "published": pa.array([86_400_000 * 365 * 50, None], pa.date64()),
        "date": pa.array([{"day": 1}, None]),
    }
    data = parquet(pa.table({"text": ["one", "two"], **columns}))
    one, two = read("a.parquet", io.BytesIO(data), len(data), Ingest())
    assert (one.text, one.title, one.author, one.published) == ("one", None, None, "2019-12-20")
    assert (two.text, two.author) == ("two", "x")


# --- web archives


def test_a_web_archive_gives_its_pages():
    page = "<p>It’s sore".encode("cp1252")
    data = (
        warc_record("warcinfo", "", b"software: x", "application/warc-fields")
        + warc_record("request", "https://a.example/", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request")
        + response("https://a.example/1", page)
        + response("https://a.example/2", gzip.compress(page), extra="Content-Encoding: gzip\r\n")
        + response("https://a.example/3", b"5\r\n<p>Hi\r\n0\r\n\r\n", extra="Transfer-Encoding: chunked\r\n")
        + response("https://a.example/4", b"gone", status="404 Not Found")
        + response("https://a.example/5", b"\x89PNG", kind="image/png")
        + response("https://a.example/6", b"  ")
        + warc_record("conversion", "https://a.example/7", b"Rest helps.", "text/plain")
    )
    for name, packed in (("a.warc", data), ("a.warc.gz", gzip.compress(data)), ("a.wet", data)):
        items = list(read(name, io.BytesIO(packed), len(packed), Ingest()))
        pages = [item for item in items if isinstance(item, Record)]
        assert [(page.text, page.kind) for page in pages] == [
            ("<p>It’s sore", "html"), ("<p>It’s sore", "html"), ("<p>Hi", "html"), ("Rest helps.", "txt")]  # fmt: skip
        assert [page.url for page in pages] == [f"https://a.example/{i}" for i in (1, 2, 3, 7)]
        assert {page.fetched_at for page in pages} == {"2024-02-03T04:05:06Z"}
        assert pages[0].encoding == "cp1252"
        assert [item.error for item in items if isinstance(item, RejectError)] == ["empty"]


def test_a_cut_web_archive_keeps_its_whole_records():
    data = response("https://a.example/1", b"<p>Rest") + response("https://a.example/2", b"<p>Ice helps a lot")
    assert records("a.warc", data[:-12]) == ["<p>Rest", "truncated"]
    assert failure("a.warc.gz", gzip.compress(data)[:-12]) == "truncated"


def test_damage_between_records_costs_what_comes_after_and_says_where():
    one, two = response("https://a.example/1", b"<p>Rest"), response("https://a.example/2", b"<p>Ice")
    data = one + two.replace(b"WARC/1.0", b"WARK/1.0") + two
    [page, lost] = read("a.warc", io.BytesIO(data), len(data), Ingest())
    assert page.text == "<p>Rest"
    assert lost.error == "corrupt" and "https://a.example/1 at byte 0" in lost.detail


def test_a_record_whose_header_is_damaged_is_lost_alone():
    whole = response("https://a.example/1", b"<p>Rest")
    for before, after in ((b"HTTP/1.1", b"HTXP/1.1"), (b"HTTP/1.1 200 OK", b"HTTP/1.1 OK 200")):
        assert records("a.warc", whole.replace(before, after) + whole) == ["corrupt", "<p>Rest"]
    assert records("a.warc", whole + whole[:150]) == ["<p>Rest", "corrupt"]
    chunked = response("https://a.example/1", b"9\r\n<p>Hi", extra="Transfer-Encoding: chunked\r\n")
    assert records("a.warc", chunked + whole) == ["truncated", "<p>Rest"]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5), st.sampled_from(["", ";a=b", ' ; a="b c"', "  ", ";"]))
def test_a_page_in_chunks_is_put_together(pieces, extension):
    body = b"<p>Rest" + b"".join(pieces)
    chunks = b"".join(f"{len(each):x}{extension}\r\n".encode() + each + b"\r\n" for each in [b"<p>Rest", *pieces])
    for end in (b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b""):
        whole = response("https://a.example/1", chunks + end, extra="Transfer-Encoding: chunked\r\n")
        assert records("a.warc", whole) == records("a.warc", response("https://a.example/1", body))
    cut = response("https://a.example/1", chunks[:-3], extra="Transfer-Encoding: chunked\r\n")
    assert records("a.warc", cut) == ["truncated"]


def test_what_the_standard_allows_in_a_web_archive_is_read():
    page = response(
        "<https://a.example/1>", b"<p>Rest", extra="Transfer-Encoding: chunked\r\nX: " + "x" * 50_000 + "\r\n"
    )
    data = page.replace(b"WARC-Type", b"warc-type") + b"\r\n" + page
    [one, two] = read("a.warc", io.BytesIO(data), len(data), Ingest())
    assert one == two
    assert (one.text, one.url) == ("<p>Rest", "https://a.example/1")


def test_a_web_archive_cut_in_a_large_record_is_rejected_whole():
    page = random.Random(1).randbytes(1 << 20).hex().encode()
    packed = gzip.compress(response("https://a.example/1", b"<p>" + page))
    assert failure("a.warc.gz", packed[:-20_000]) == "truncated"


def test_what_is_no_web_archive_is_rejected():
    assert failure("a.warc", b"garbage " * 100) in {"corrupt", "empty"}
    assert failure("a.warc", b"") == "empty"
    assert failure("a.warc", warc_record("warcinfo", "", b"software: x", "application/warc-fields")) == "empty"


def test_a_bomb_in_a_web_archive_is_rejected():
    packed = gzip.compress(b" " * (100 << 20))
    data = response("https://a.example/1", packed, extra="Content-Encoding: gzip\r\n")
    assert records("a.warc", data) == ["bomb"]


@pytest.mark.parametrize("encoding", ["br", "deflate"])
def test_a_page_that_is_not_packed_as_its_header_says_is_read(encoding):
    def read_one(body, kind="text/html"):
        data = response("https://a.example/1", body, kind=kind, extra=f"Content-Encoding: {encoding}\r\n")
        return records("a.warc", data)

    assert read_one(b"\n<p>Rest") == ["\n<p>Rest"]
    assert read_one(b"\xef\xbb\xbf<html><p>Rest") == ["\ufeff<html><p>Rest"]
    assert read_one("\ufeff<p>Rest".encode("utf-16-le")) == ["\ufeff<p>Rest"]
    assert read_one("Rest helps – ice too.".encode(), "text/plain") == ["Rest helps – ice too."]
    assert read_one(zlib.compress(b"<p>Rest")) == ["format"]
    assert read_one(b"\x0b\x03\x80<p>Rest\x03") == ["format"]  # as Brotli stores what is too short to pack


@pytest.mark.parametrize("kind", ["text/plain", "Text/Plain", " TEXT/PLAIN; charset=utf-8"])
def test_a_type_is_known_in_capitals_too(kind):
    for one in (response("https://a.example/1", b"Rest <b>helps", kind=kind),
                warc_record("conversion", "https://a.example/2", b"Rest <b>helps", kind)):  # fmt: skip
        [page] = read("a.warc", io.BytesIO(one), len(one), Ingest())
        assert (page.text, page.kind) == ("Rest <b>helps", "txt")


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\nContent-Type: text/html\n\n",
                                  "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nContent-Type: text/html\n\n"])  # fmt: skip
def test_a_page_behind_a_bare_http_header_is_read(head):
    one = warc_record("response", "https://a.example/1", head.encode() + b"<p>Rest", "application/http")
    assert records("a.warc", one + response("https://a.example/2", b"<p>Ice")) == ["<p>Rest", "<p>Ice"]
    gone = warc_record("response", "https://a.example/3", b"HTTP/1.1 404 Gone\n\n<p>Gone", "application/http")
    assert records("a.warc", one + gone) == ["<p>Rest"]


# --- tables


@pytest.mark.parametrize("delimiter", list(",;|\t"))
def test_csv_rows_are_records(delimiter):
    lines = [["id", "text", "url"], ["1", 'Rest, "helps";\nice\ttoo|', "https://a.example"], ["2", "x" * 200_000, ""]]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(lines)
    data = buffer.getvalue().encode("utf-8-sig")
    items = list(read("a.csv", io.BytesIO(data), len(data), Ingest()))
    assert [item.text for item in items] == [lines[1][1], lines[2][1]]
    assert [item.url for item in items] == ["https://a.example", None]


def test_a_broken_csv_row_leaves_the_others():
    data = b'id,text\n1,one\n2,"two"x\n3,"three"\n4,four,five\n5\n6,six\n7,"open'
    assert records("a.csv", data) == ["one", "csv", "three", "csv", "field", "six", "csv"]


def test_a_broken_csv_row_says_which_lines_are_lost():
    data = b'id,text\n1,one\n2,"open\n3,three\n4,"four\n'
    [page, lost] = read("a.csv", io.BytesIO(data), len(data), Ingest())
    assert page.text == "one"
    assert "lines 3 to 5" in lost.detail
    data = b'id,text\n1,one\n2,"two\n\ntwo",x\n'
    [_, lost] = read("a.csv", io.BytesIO(data), len(data), Ingest())
    assert "lines 3 to 5" in lost.detail


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_an_empty_text_field_does_not_hide_the_html_field(name):
    data = b'text,html\n,<p>Rest\n" ",\n' if name == "a.csv" else (
        b'{"text": "", "html": "<p>Rest"}\n{"text": " ", "html": ""}')  # fmt: skip
    assert records(name, data) == ["<p>Rest", "empty"]


def test_a_piece_of_html_in_a_text_field_or_file_as_words():
    rows = ["<p class=x>Rest helps.</p>\n<ul><li>Ice</li></ul>", "<p> begins a paragraph.", "x<p>y</p>"]
    rows += ["<h2>Causes</h2>\nA fall.\nA twist.", "<p>Rest helps.<p>Ice helps.</p> Soon."]
    rows += [
        "Gout<br>Beer<br/>Rest<BR />Ice",
        "\nGout<br><br>Beer<br><br>Rest\n<br>Ice\n",
        "Gout<br>\nBeer<br>\nRest<br>\nIce<br>",
    ]
    data = "\n".join(json.dumps({"text": row}) for row in rows).encode()
    kinds = [item.kind for item in read("a.jsonl", io.BytesIO(data), len(data), Ingest())]
    assert kinds == ["html", "txt", "txt", "txt", "html", "html", "html", "txt"]
    piece = b"\n<div>\n<p>Rest helps.</p></div>"
    assert [item.kind for item in read("a.txt", io.BytesIO(piece), len(piece), Ingest())] == ["html"]
    assert [item.kind for item in read("a.md", io.BytesIO(piece), len(piece), Ingest())] == ["md"]


def test_a_table_without_the_field_is_rejected():
    assert failure("a.csv", b"id,body\n1,x") == "field"
    assert failure("a.parquet", parquet(pa.table({"body": ["x"]}))) == "field"
    assert records("a.csv", b"id,body\n1,x", text_field="body") == ["x"]
    assert records("a.parquet", parquet(pa.table({"body": ["x"]})), text_field="body") == ["x"]


def test_a_table_with_two_columns_for_the_page_is_rejected():
    twice = pa.Table.from_arrays([pa.array(["one"]), pa.array(["two"])], names=["text", "text"])
    for name, data in (("a.csv", b"id,text,text\n1,one,two\n"), ("a.parquet", parquet(twice))):
        with pytest.raises(RejectError, match="2 columns are called 'text': rename") as caught:
            records(name, data)
        assert caught.value.error == "field"
    assert records("a.csv", b"id,text,id\n1,one,two\n") == ["one"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), min_size=1, max_size=5))
def test_csv_cells_come_back_as_they_were(texts):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["text"], *([text] for text in texts)])
    kept = [item for item in records("a.csv", buffer.getvalue().encode("utf-8")) if item != "empty"]
    assert kept == [text for text in texts if text.strip("\0\ufeff \t\r\n")]


def test_parquet_rows_are_records():
    table = pa.table({
        "text": pa.array(["one", None, "", "four"], pa.large_string()),
        "html": pa.array([None, "<p>two", None, None]),
        "url": ["https://a.example", None, None, None],
        "junk": [[1], [2], [3], [4]],
    })  # fmt: skip
    data = parquet(table, row_group_size=2)
    items = list(read("a.parquet", io.BytesIO(data), len(data), Ingest()))
    assert [(i.text, i.kind, i.url) if isinstance(i, Record) else i.error for i in items] == [
        ("one", "txt", "https://a.example"), ("<p>two", "html", None), "empty", ("four", "txt", None)]  # fmt: skip
    assert records("a.parquet.gz", gzip.compress(data))[0] == "one"


def test_parquet_bytes_are_decoded_as_those_of_a_file():
    table = pa.table({
        "text": pa.array([b"Rest helps", "café".encode(), "caf\xe9".encode("cp1252"), b"%PDF-1.7", b"", None]),
        "html": pa.array([None, None, None, None, b'<meta charset="gb2312">' + "腰".encode("gb18030"), b""]),
        "url": pa.array([b"https://a.example", b"", None, None, None, None]),
    })  # fmt: skip
    data = parquet(table)
    items = list(read("a.parquet", io.BytesIO(data), len(data), Ingest()))
    assert [(i.text, i.encoding, i.url) if isinstance(i, Record) else i.error for i in items] == [
        ("Rest helps", "utf-8", "https://a.example"), ("café", "utf-8", None), ("café", "cp1252", None), "binary",
        ('<meta charset="gb2312">腰', "gb18030", None), "empty"]  # fmt: skip


@pytest.mark.parametrize("dictionary", [False, True])
def test_a_parquet_text_that_is_not_utf8_leaves_the_others(dictionary):
    array = pa.array([b"one", "caf\xe9".encode("cp1252"), b"three"])
    text = pa.StringArray.from_buffers(3, *array.buffers()[1:])  # Arrow does not look at the bytes
    table = pa.table({"text": text.dictionary_encode() if dictionary else text})
    assert records("a.parquet", parquet(table)) == ["one", "café", "three"]


@pytest.mark.parametrize("zone", ["Z", "GMT+8", "UTC+8", "+0800", "PST", "UTC", "+08:00", "Asia/Seoul"])
def test_a_time_of_any_zone_costs_no_page(zone):
    fetched = pa.array([1_683_000_000_000_000, None], pa.timestamp("us", zone))
    data = parquet(pa.table({"text": ["one", "two"], "fetched_at": fetched}))
    one, two = read("a.parquet", io.BytesIO(data), len(data), Ingest())
    assert (one.text, two.text, two.fetched_at) == ("one", "two", None)
    assert datetime.datetime.fromisoformat(one.fetched_at).timestamp() == 1_683_000_000


@pytest.mark.parametrize(
    "kind", [pa.timestamp("s"), pa.timestamp("s", "Asia/Seoul"), pa.timestamp("s", "PST"), pa.date64()]
)
def test_a_day_that_no_calendar_has_costs_itself_alone(kind):
    far = 1_683_000_000_000 * (1 if kind != pa.date64() else 86_400)
    table = pa.table({"text": ["one", "two"], "fetched_at": pa.array([far, 86_400_000], pa.int64()).cast(kind)})
    one, two = read("a.parquet", io.BytesIO(data := parquet(table)), len(data), Ingest())
    assert (one.text, one.fetched_at, two.text) == ("one", None, "two")
    data = parquet(table.slice(1))
    assert two.fetched_at == next(read("a.parquet", io.BytesIO(data), len(data), Ingest())).fetched_at


def test_damaged_parquet_is_rejected():
    data = parquet(pa.table({"text": ["one"]}))
    assert failure("a.parquet", data[: len(data) // 2]) == "corrupt"
    assert failure("a.parquet", b"") == "corrupt"


def test_a_parquet_bomb_is_rejected():
    data = parquet(pa.table({"text": ["x" * (1 << 20)] * 200}))
    assert failure("a.parquet", data) == "bomb"


# --- archives


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", zipped(PAGES)),
        ("a.tar", tarred(PAGES)),
        ("a.tar.gz", tarred(PAGES, "w:gz")),
        ("a.tgz", tarred(PAGES, "w:gz")),
        ("a.tar.xz", tarred(PAGES, "w:xz")),
    ],
)
def test_members_are_records(name, data):
    items = list(read(name, io.BytesIO(data), len(data), Ingest()))
    found = [(item.text, item.kind) if isinstance(item, Record) else item.error for item in items]
    assert found == [("Rest helps.", "txt"), ("<p>Ice helps.", "html"), ("x", "txt"), ("y", "txt"), "json"]
    assert "three.jsonl" in items[-1].detail


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bad_member_leaves_the_others(pack):
    files = {
        "a.txt.gz": gzip.compress(b"one"),
        "b.txt": b"",
        "c.docx": b"PK",
        "d.zip": zipped({"x.txt": b"x"}),
        "../../e.txt": b"two",
        "__MACOSX/f.txt": b"no",
        "g.txt.gz": gzip.compress(b"cut")[:-3],
        "h.txt": b"three",
    }
    name = "a.zip" if pack is zipped else "a.tar"
    assert records(name, pack(files)) == ["one", "empty", "format", "format", "two", "truncated", "three"]


@pytest.mark.parametrize(
    ("method", "at"), [(zipfile.ZIP_DEFLATED, 45), (zipfile.ZIP_BZIP2, 45), (zipfile.ZIP_LZMA, 39)]
)
def test_a_damaged_member_leaves_the_others(method, at):
    data = bytearray(zipped({"a.txt": b"Rest helps. " * 50, "b.txt": b"Ice helps."}, method))
    data[at] ^= 0xFF
    assert records("a.zip", bytes(data)) == ["corrupt", "Ice helps."]


def test_a_member_that_cannot_be_opened_leaves_the_others():
    whole = zipped({"a.txt": b"Rest helps.", "b.txt": b"Ice helps."})
    at = whole.find(b"PK\x01\x02") + 10
    deflate64 = whole[:at] + b"\x09" + whole[at + 1 :]
    assert records("a.zip", deflate64) == ["format", "Ice helps."]
    assert records("a.zip", whole.replace(b"a.txt", b"x.txt", 1)) == ["corrupt", "Ice helps."]


def test_a_link_in_an_archive_is_no_page():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "page.txt")
        archive.writestr("page.txt", "Rest helps.")
    assert records("a.zip", buffer.getvalue()) == ["Rest helps."]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_cut_archives_are_rejected(share):
    files = {f"{i}.txt": json.dumps(list(range(i, 500))).encode() for i in range(9)}
    for name, data in (("a.zip", zipped(files)), ("a.tar.gz", tarred(files, "w:gz"))):
        assert failure(name, data[: int(len(data) * share)]) in {"corrupt", "truncated"}


@pytest.mark.parametrize("blocks", range(1, 20))
def test_a_cut_tar_is_rejected(blocks):
    data = tarred({f"{i}.txt": f"{i} helps. ".encode() * 100 for i in range(6)})
    assert failure("a.tar", data[: blocks * 512]) in {"corrupt", "truncated"}
    assert failure("a.tar", data[: blocks * 512 - 100]) in {"corrupt", "truncated"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("room", [0, 512, 700, 3_000_000])
def test_archives_behind_one_another_are_all_read(pack, room):
    each = tarred({"a.txt": b"Rest helps. " * 9, "b.txt": b"Ice helps."})
    assert len(each) % tarfile.RECORDSIZE == 0
    data = (each + bytes(room)) * 2 + each.rstrip(b"\0") + bytes(1024 + 512)
    name = "a.tar.gz" if pack is gzip.compress else "a.tar"
    assert records(name, pack(data)) == ["Rest helps. " * 9, "Ice helps."] * 3
    assert failure(name, pack(data[: len(data) - 1100])) in {"corrupt", "truncated"}
    assert records(name, pack(each + b"no archive")) == ["Rest helps. " * 9, "Ice helps.", "corrupt"]


def test_zstandard_may_look_back_as_far_as_it_can():
    options = zstandard.ZstdCompressionParameters.from_level(3, window_log=31, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=options).compressobj()
    packed = packer.compress(b"Rest helps.") + packer.flush()
    assert zstandard.get_frame_parameters(packed).window_size == 1 << 31
    assert records("a.txt.zst", packed) == ["Rest helps."]


def test_archive_bombs_are_rejected():
    bomb = {f"{i}.txt": b" " * (20 << 20) for i in range(5)}
    assert failure("a.zip", zipped(bomb)) == "bomb"
    assert failure("a.tar.gz", tarred(bomb, "w:gz")) == "bomb"
    assert failure("a.tar", tarred({"a.txt.gz": gzip.compress(b" " * (100 << 20))})) == "bomb"


def test_a_locked_member_is_rejected():
    data = bytearray(zipped({"a.txt": b"x", "b.txt": b"y"}))
    for header in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[header] |= 1
    assert records("a.zip", bytes(data)) == ["encrypted", "y"]


@given(
    st.sampled_from(["a.zip", "a.tar", "a.warc", "a.parquet", "a.csv", "a.jsonl", "a.tar.gz", "a.txt.zst"]), st.data()
)
def test_mutated_files_never_break_the_run(name, data):
    whole = {
        "a.zip": zipped(PAGES),
        "a.tar": tarred(PAGES),
        "a.tar.gz": tarred(PAGES, "w:gz"),
        "a.warc": response("https://a.example/1", b"<p>Rest") + response("https://a.example/2", b"<p>Ice"),
        "a.parquet": parquet(pa.table({"text": ["one", "two"], "url": ["a", "b"]})),
    }.get(name, b'text,"url"\n"Rest",x\n')
    mutated = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        mutated[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        items = list(read(name, io.BytesIO(bytes(mutated)), len(mutated), Ingest()))
    except RejectError as error:
        items = [error]
    for item in items:
        assert isinstance(item, Record) or (item.error and item.detail)
