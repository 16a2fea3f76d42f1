"""Damaged files through ingest and clean: nothing crashes, nothing is lost, each reject says why.

    python -m benchmarks.fuzz [--inputs N] [--seconds S] [--seed N]

Each input is a small file of one of the known formats with a few random changes: of bytes, of tags, of the
encoding, of what an archive holds. What must hold of it (`check`):

1. No exception but those that become a row of `rejects`.
2. The segments of each source hold each character that is not white space exactly once, slicing the source at an
   unrepaired segment's offsets gives back its words, and each character of a repaired one has a place, in order.
3. The file has a source or a reject, and each reject names the kind of failure and says what is wrong.

The same seed gives the same inputs. A failure is printed with its seed and number, and the damaged file is kept.
"""

import argparse
import bz2
import gzip
import html
import io
import json
import lzma
import random
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pipeline.config import Clean, Ingest
from pipeline.stages.clean import CLEAN
from pipeline.stages.ingest import INGEST, find_files

TEXT = (
    "Knee pain: causes and care | Joint Site\nHome > Joints > Knee\nBy A. Lee, 2023-05-01\n\n"
    "Causes\nMénière’s disease is not one. Worn cartilage may cause knee pain – “often” at night.\r\n"
    "Rest relieves pain.\tIce reduces swelling â€œa lotâ€\x9d &amp; more.\n"
    "Call 400-555-0137 now!\n© 2023 Joint Site. All rights reserved.\n"
)
HTML = (
    '<!doctype html><html><head><meta charset="utf-8"><title>Sore knees | Joint Site</title>'
    '<script type="application/ld+json">{"@type": "Article", "headline": "Sore knees"}</script>'
    "<style>p > a {color: red}</style></head><body><nav><a href=/>Home</a><a href=/a>About</a></nav>"
    "<h1>Sore&nbsp;knees</h1><p>Rest <b>eases</b> pain &amp; swelling.<!-- ad --><ul><li>Ice<li>Heat</ul>"
    "<table><tr><td>Dose<td>200 mg</table><p hidden>Not shown<footer>&copy; Joint Site</footer></body></html>"
)
MARKDOWN = (
    "Title: Sore knees\n\nURL Source: https://a.example/knees\n\n[![Logo](/logo.png)](/)\n"
    "* [Home](/)\n\nSore *knees*\n====\n"
    '## Care ##\n> **Rest** eases [pain](/pain_(knee) "so") and __swelling__ [[1]](#c1), 3\\*4 &amp; more.\n'
)
SUBTITLES = (
    "WEBVTT\n\nNOTE made by hand\n\n1\n00:01.000 --> 00:04.000 align:start\nWorn cartilage may\ncause knee pain.\n\n"
    "2\n00:04.000 --> 00:06.000\n[Music]\n\n00:06.000 --> 00:09.000\nIce eases Ménière’s â€œa lotâ€\x9d &amp; more\n"
)
SPEECH = (
    "0:00\nso rest &amp; ice relieve the\n0:03\npain â€œa lotâ€\x9d of the worn\n0:05\n[Music]\nknee of the old\n"
    "0:07\nand [0:08] heat\n1/3 Rest\n2/3 Ice\n3/3 Heat\n"
)
MAIL = "> Is heat good\n> for the\n>> knee, ten minutes\n> or more?\n> Yes?\n12/03/2024, 19:30 - Ann: Ice.\n1/3 Rest\n"
_BYTES = (b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe2\x80", b"\r\n", b"\r", b"{", b"]", b'"', b"\\u",
          b"\\ud800", b"\xc2\xad", b"\xe2\x80\xae", b"\x1b", b"\x85", b"\xe2\x80\xa8")  # fmt: skip
_TAGS = (b"<", b">", b"</", b"<p>", b"</p>", b"<script>", b"</script>", b"<!--", b"-->", b"<![CDATA[", b"<table>",
         b"<svg>", b"<title>", b"<plaintext>", b"<br/>", b"<a href='", b"&", b"&#x41;", b"&#0;", b"&#x110000;",
         b"&nbsp", b"<p hidden>", b"<template>", b"<textarea>",
         b"**", b"](", b"[", b"\n===", b"&lt;p&gt;", b"\\n",
         b"0:09\n", b"[00:10] ", b"0:01 --> 0:02\n", b"\n> ", b"\n\n")  # fmt: skip
_CODECS = ("latin-1", "cp1252", "cp1251", "utf-16", "utf-16-be", "utf-32", "gb18030", "shift_jis", "utf-7", "cp037")
_PACKERS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {".gz": partial(gzip.compress, mtime=0), ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}
)


@dataclass(frozen=True)
class Result:
    """What became of some inputs: how many, how many sources, rejects by kind."""

    inputs: int
    sources: int
    rejects: Counter[str]


class BrokenPromiseError(Exception):
    """One of the promises of this module does not hold for an input."""


def mutants(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` damaged files as name and bytes; the same ones for the same seed."""
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        kind = rng.choice((*_PLAIN, "zip", "tar", "warc", "parquet"))
        data = _PLAIN[kind]() if kind in _PLAIN else _packed(kind, rng)
        if rng.random() < 0.85:
            data = _mutated(data, rng)
        pack = rng.choice(sorted(_PACKERS)) if rng.random() < 0.2 else ""
        if pack:
            data = _PACKERS[pack](data)
            data = _mutated(data, rng) if rng.random() < 0.3 else data
        yield f"{number:06}.{kind}{pack}", data


def check(files: Mapping[str, bytes], folder: Path) -> Result:
    """Write `files` to `folder`, ingest and clean them, and hold the promises against the rows.

    Raises BrokenPromiseError with the file's name; whatever a stage raises passes through.
    """
    for name, data in files.items():
        (folder / name).write_bytes(data)
    read = INGEST.run({"files": find_files(folder)}, Ingest())
    segments = CLEAN.run({"texts": read["texts"]}, Clean())["segments"].to_pylist()
    by_source: dict[str, list[dict[str, object]]] = {}
    for row in segments:
        by_source.setdefault(row["source_id"], []).append(row)
    for row in read["texts"].to_pylist():
        _check_tiling(row["source_path"], row["text"], by_source.get(row["source_id"], []))
    rejects = read["rejects"].to_pylist()
    for row in rejects:
        if not row["error"] or len(row["detail"].split()) < 3:
            raise BrokenPromiseError(f"{row['source_path']}: a reject that does not say why: {row}")
        if row["error"] == "unreadable":
            raise BrokenPromiseError(f"{row['source_path']}: damage taken for missing permission: {row['detail']}")
    seen = {row["source_path"] for row in (*read["sources"].to_pylist(), *rejects)}
    for name in files:
        if name not in seen:
            raise BrokenPromiseError(f"{name}: neither read nor rejected")
    return Result(len(files), read["sources"].num_rows, Counter(row["error"] for row in rejects))


def run(*, seed: int, inputs: int, seconds: float = float("inf"), batch: int = 100) -> Result:
    """Check up to `inputs` mutants, no new batch being begun after `seconds`."""
    began = time.monotonic()
    total = Result(0, 0, Counter())
    source = mutants(seed, inputs)
    while time.monotonic() - began < seconds and (files := dict(_take(source, batch))):
        found = _checked(files)
        total = Result(total.inputs + found.inputs, total.sources + found.sources, total.rejects + found.rejects)
    return total


def _checked(files: Mapping[str, bytes]) -> Result:
    """`check` in a temporary folder; a failure is traced to its file, which is kept and named."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return check(files, Path(folder))
        except Exception as error:
            if len(files) == 1:
                (name,) = files
                kept = Path(tempfile.gettempdir(), f"fuzz-{name}")
                kept.write_bytes(files[name])
                raise BrokenPromiseError(f"{kept}: {type(error).__name__}: {error}") from error
            for name, data in files.items():
                _checked({name: data})
            raise  # it takes several files to fail


def _take(source: Iterator[tuple[str, bytes]], count: int) -> Iterator[tuple[str, bytes]]:
    for _, item in zip(range(count), source):  # noqa: B905  (the last batch is shorter)
        yield item


def _check_tiling(name: str, text: str, segments: list[dict[str, object]]) -> None:
    times = bytearray(len(text))
    for row in segments:
        start, end = int(str(row["raw_start"])), int(str(row["raw_end"]))
        if not 0 <= start < end <= len(text):
            raise BrokenPromiseError(f"{name}: a segment from {start} to {end} of {len(text)}")
        if row["alignment"] is None and row["text"] != text[start:end]:
            raise BrokenPromiseError(f"{name}: slicing {start}:{end} gives other words than the segment has")
        places = row["alignment"] or [0, end - start]
        if not isinstance(places, list) or places != sorted(places) or places[0] < 0 or places[-1] > end - start:
            raise BrokenPromiseError(f"{name}: an alignment that falls or leaves {start}:{end}")
        if row["alignment"] is not None and len(places) != len(str(row["text"])) + 1:
            raise BrokenPromiseError(f"{name}: an alignment of {len(places)} places at {start}:{end}")
        for i in range(start, end):
            times[i] = min(times[i] + 1, 2)
    for i, char in enumerate(text):
        if times[i] > 1 or (times[i] == 0 and not char.isspace()):
            raise BrokenPromiseError(f"{name}: character {i} ({char!r}) lies in {times[i]} segments")


def _mutated(data: bytes, rng: random.Random) -> bytes:
    """A few changes: bytes set, put in, taken out, doubled; tags and signs put in; the end lost; another encoding."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at, what = rng.randrange(len(out) + 1), rng.random()
        if what < 0.25:
            out[at : at + rng.randint(0, 4)] = rng.choice(_BYTES)
        elif what < 0.5:
            out[at : at + rng.randint(0, 4)] = rng.choice(_TAGS)
        elif what < 0.7 and at < len(out):
            out[at] = rng.randrange(256)
        elif what < 0.75:
            del out[at:]
        elif what < 0.85:
            out[at:at] = out[at // 2 :][: rng.randint(1, 200)]
        elif what < 0.95:
            del out[at : at + rng.randint(1, 40)]
        else:
            out = bytearray(_recoded(bytes(out), rng))
    return bytes(out)


def _recoded(data: bytes, rng: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(_CODECS), "replace")


def _jsonl() -> bytes:
    rows = ({"text": TEXT, "url": "https://a.example/1"}, {"html": HTML}, {"text": "", "url": 3}, {"text": None},
            {"text": html.escape(HTML)}, {"text": json.dumps(TEXT)[1:-1]})  # fmt: skip
    return "\n".join(json.dumps(row, ensure_ascii=i % 2 == 0) for i, row in enumerate(rows)).encode()


def _csv() -> bytes:
    return ('url,text\nhttps://a.example/1,"' + TEXT.replace('"', '""') + '"\nx,Ice helps.\n').encode()


_PLAIN: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        "txt": TEXT.encode,
        "vtt": SUBTITLES.encode,
        "srt": SPEECH.encode,
        "text": MAIL.encode,
        "md": (MARKDOWN + TEXT).encode,
        "html": HTML.encode,
        "jsonl": _jsonl,
        "json": lambda: json.dumps([{"text": TEXT}, {"html": HTML}, MAIL, 7], ensure_ascii=False, indent=1).encode(),
        "csv": _csv,
    }
)


def _packed(kind: str, rng: random.Random) -> bytes:
    """A container with members, some of them damaged before they are packed."""
    members = {f"{'../' * rng.randint(0, 1)}m/{i}.{name}": make() for i, (name, make) in enumerate(_PLAIN.items())}
    members = {name: _mutated(data, rng) if rng.random() < 0.3 else data for name, data in members.items()}
    if kind == "warc":
        return b"".join(_warc_record(data, rng) for data in members.values())
    buffer = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.table({"text": [TEXT, None, "Ice."], "html": [None, HTML, None]}), buffer)
    elif kind == "zip":
        with zipfile.ZipFile(buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, archive.compression)
    else:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, data in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _warc_record(body: bytes, rng: random.Random) -> bytes:
    how = rng.choice(("", "gzip", "chunked"))
    head = {"gzip": "Content-Encoding: gzip\r\n", "chunked": "Transfer-Encoding: chunked\r\n"}.get(how, "")
    body = (
        gzip.compress(body, mtime=0)
        if how == "gzip"
        else b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        if head
        else body
    )
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{head}\r\n".encode() + body
    return (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/1\r\n"
        "WARC-Date: 2024-02-03T04:05:06Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000001>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    ).encode() + http + b"\r\n\r\n"  # fmt: skip


def main() -> None:
    """Read the options and fuzz; exit code 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=600, help="begin no new batch after this time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    found = run(seed=options.seed, inputs=options.inputs, seconds=options.seconds)
    print(f"{found.inputs} damaged files in {time.monotonic() - began:.0f} s: {found.sources} sources, rejects:"
          f" {', '.join(f'{kind} {n}' for kind, n in sorted(found.rejects.items()))}")  # fmt: skip
    if found.inputs < options.inputs:
        sys.stderr.write(f"stopped after {options.seconds:g} s\n")


if __name__ == "__main__":
    main()
