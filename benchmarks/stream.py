"""Whether memory grows with the size of a file.

    python -m benchmarks.stream [--pages FOLDER] [--sizes MB,MB] [--formats NAME,...] [--stage STAGE]

Writes one file of each format and size, made of the written pages over and over, into a temporary folder, runs the
stages up to STAGE over it in a process of its own with one worker, and prints seconds and peak memory. Memory that is
flat in the size of a file gives nearly equal peaks. Sizes are megabytes of text, before packing.
"""

import argparse
import csv
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import IO

from pipeline.evaluation.gold import load_pages

Pages = Iterator[str]


def _text(pages: Pages, path: Path) -> None:
    with path.open("wb") as sink:
        sink.writelines(page.encode() + b"\n" for page in pages)


def _jsonl(pages: Pages, sink: IO[bytes]) -> None:
    sink.writelines(json.dumps({"text": page, "url": f"https://a.example/{i}"}).encode() + b"\n"
                    for i, page in enumerate(pages))  # fmt: skip


def _csv(pages: Pages, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerow(["text"])
        csv.writer(sink).writerows([page] for page in pages)


def _warc(pages: Pages, path: Path) -> None:
    from fastwarc.warc import WarcRecord, WarcRecordType

    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    with path.open("wb") as sink:
        for i, page in enumerate(pages):
            record, packed = WarcRecord(), io.BytesIO()
            record.init_headers(WarcRecordType.response)
            record.headers["WARC-Target-URI"] = f"https://a.example/{i}"
            record.headers["Content-Type"] = "application/http; msgtype=response"
            record.set_bytes_content(head + page.encode())
            record.write(packed)
            sink.write(gzip.compress(packed.getvalue(), 1))


def _packed(pages: Pages, path: Path) -> None:
    with ExitStack() as stack:
        if path.suffix == ".gz":
            _jsonl(pages, stack.enter_context(gzip.open(path, "wb", compresslevel=1)))
        elif path.suffix == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1))
            _jsonl(pages, stack.enter_context(archive.open("pages.jsonl", "w", force_zip64=True)))
        else:
            _jsonl(pages, stack.enter_context(path.open("wb")))


WRITERS: dict[str, Callable[[Pages, Path], None]] = {
    "txt": _text, "jsonl": _packed, "jsonl.gz": _packed, "csv": _csv, "warc.gz": _warc, "zip": _packed,
}  # fmt: skip


def some(pages: list[str], size: int) -> Pages:
    """The pages over and over, `size` megabytes of them, each with a line of its own."""
    written = 0
    for number, page in enumerate(cycle(pages)):
        if written >= size * 1_000_000:
            return
        text = f"{page}\nPage {number}\n"
        written += len(text)
        yield text


def measure(kind: str, size: int, pages: list[str], stage: str) -> None:
    """Write a file, run over it, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        raw.mkdir()
        WRITERS[kind](some(pages, size), raw / f"pages.{kind}")
        stored = (raw / f"pages.{kind}").stat().st_size / 1e6
        run = ["run", "--raw", str(raw), "--out", str(Path(folder, "out")), "--workers", "1", "--stage", stage]
        begun = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "pipeline", *run], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"the run over {kind} failed")
        seconds = time.monotonic() - begun
        print(f"{kind:9} {size:5} MB of text, {stored:6.1f} MB stored: {seconds:6.1f} s,"
              f" peak {used.ru_maxrss / 1024:6,.0f} MiB", flush=True)  # fmt: skip


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.stream", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, default=Path("training/corpus"), help="folder of .page files")
    parser.add_argument("--sizes", default="50,400", help="megabytes of text")
    parser.add_argument("--formats", default=",".join(WRITERS), help="formats, of those in the default")
    parser.add_argument("--stage", default="ingest", help="last stage that is run")
    options = parser.parse_args()
    pages = [page.text for page in load_pages(options.pages, "test")]
    for kind in options.formats.split(","):
        for size in map(int, options.sizes.split(",")):
            measure(kind, size, pages, options.stage)


if __name__ == "__main__":
    main()
