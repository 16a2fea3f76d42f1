"""Bytes to text, with the codec on record.

`data.decode(*encoding.split("/"))` gives the same text for every `Decoded`, so anyone can check an offset
without this package. Nothing is tidied: BOM, CRLF and NUL stay, for offsets count them.

Order of trial: byte order mark, UTF-8, UTF-16 without a mark, the web codec the page declares, UTF-8 with a few broken
bytes (lossy, recorded as `utf-8/replace`), an Eastern codec where the outcome is English with Eastern marks,
windows-1252 where the outcome, or that of the lines which are not UTF-8, reads as Western prose, charset-normalizer,
and last latin-1, which maps every byte and is mended by the repair of mojibake.
UTF-16 and UTF-32 may have a few broken characters too (`utf-16-le/replace`).
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from pipeline.errors import RejectError

__all__ = ["Decoded", "decode", "is_utf8", "is_wide"]

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
          (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
# First bytes of common files that are no text (their published format descriptions).
_SIGNATURES = {
    b"%PDF-": "PDF", b"\x89PNG\r\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF",
    b"PK\x03\x04": "zip or Office", b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "Zstandard", b"7z\xbc\xaf": "7z",
    b"\xd0\xcf\x11\xe0": "old Office", b"\x7fELF": "ELF", b"SQLite format 3\x00": "SQLite", b"PAR1": "Parquet",
}  # fmt: skip
_CONTROLS = bytes({*range(32), 0x7F} - set(b"\t\n\v\f\r\x1b"))
# Above this share of control characters a file is no text. Text has next to none; evenly spread bytes have 27/256.
_MAX_CONTROL_SHARE = 0.05
_FEW_CONTROLS = 8  # a short text may hold some
# Characters that may be broken in UTF-16 or UTF-32, and one more for so many; of evenly spread bytes 1 in 32 is.
_FEW_BROKEN, _PER_BROKEN = 2, 1000
# Bytes looked at to tell UTF-16 without a mark, and bytes handed to the detector (its cost grows with them).
_SNIFF = 4096
_DETECT = 1 << 18
_ASCII = bytes(range(128))
_NO_MARKS = bytes({*range(256)} - {*b" !\"#$%&'()*+,-./:;<=>?"})  # those are no part of a character of more bytes
# Codecs worth telling apart on the web; without the list the detector prefers DOS and Icelandic Macintosh pages.
_CANDIDATES = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "koi8_r",
    "iso8859_2", "mac_roman", "gb18030", "big5hkscs", "cp932", "euc_jp", "cp949",
)  # fmt: skip
# Codecs that pages name by the label of a subset; what browsers take instead (WHATWG Encoding Standard).
_DECLARED = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs",
             "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-9": "cp1254", "tis-620": "cp874"}  # fmt: skip
# The codecs of that standard under Python's names: a page may name any codec, and Python has some that are no text's.
# UTF-16 is not heeded either: where it is true, a mark or the bytes show it.
_WEB = frozenset({
    "utf-8", "cp866", *(f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14, 15, 16)), "koi8-r", "koi8-u",
    "mac-roman", "mac-cyrillic", "cp874", *(f"cp{n}" for n in range(1250, 1259)), "gb18030", "big5hkscs", "euc_jp",
    "iso2022_jp", "cp932", "cp949",
})  # fmt: skip
# Letters and places that windows-1252 prose does not have, but other codecs read as windows-1252 do.
_NOT_WESTERN = re.compile("[ðþýÐÞÝ]|[À-ÿ]{3}|[a-zà-ÿ][À-ÞŠŽŒŸ‚„†‡ˆ‹ƒ]|[A-Za-z][¡-¶¸-¿×÷][A-Za-z]")
# Codecs in which English with Chinese, Japanese or Korean marks comes: translated, or typed on such a keyboard.
_EASTERN = ("gb18030", "cp949", "euc_jp", "big5hkscs", "cp932")
_IDEOGRAPH = re.compile("[\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")
# What such text does not hold: other than ASCII, ideographs and the marks and signs of those keyboards.
_NOT_EASTERN = re.compile(
    "[^\x00-\x7f\u3000-\u3017\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e"
    "‘’“”…—–·×÷±≤≥≠≈∼℃°′″‰§№Α-Ωα-ωⅠ-Ⅻ①-⑳■-◿★☆←-↓√]"
)
_CLOSING = re.compile("[，。、；：？！．’”）」』》】]")
_BEHIND_WORD = re.compile(rf"(?<=[A-Za-z)\]\"'’”）」』》】]){_CLOSING.pattern}")
_LETTERS_FOR_ONE = 10  # an ideograph at most for so many ASCII letters: text with more is for the detector


@dataclass(frozen=True)
class Decoded:
    """`text`, and the `encoding` that gave it: a Python codec, with `/replace` when some bytes were lost."""

    text: str
    encoding: str


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """The text in `data`; `declared` is the codec the page itself names, heeded when the bytes are not UTF-8.

    Raises RejectError `empty` (no bytes, or only white space and NUL) and `binary` (the first bytes of a known
    format, or more than 8 and more than 5 % control characters, trailing NULs aside).

    >>> decode("50 µg".encode("cp1252"))
    Decoded(text='50 µg', encoding='cp1252')
    """
    if not data.strip(b"\0 \t\r\n\v\f"):
        raise RejectError("empty", f"the file holds no text ({len(data)} bytes): remove it or fetch the page again")
    decoded = _nearly_strict(data, _marked(data)) or _nearly_strict(data, _wide(data))
    if decoded:
        return decoded
    _check_text(data)
    return _strict(data, "utf-8") or _strict(data, _browser_codec(declared)) or _guess(data)


def is_wide(head: bytes) -> bool:
    """Whether bytes that begin with `head` are UTF-16 or UTF-32: their lines end in more than one byte."""
    return head.startswith(tuple(mark for mark, _ in _MARKS)) or _wide(head) is not None


def is_utf8(chunks: Iterable[bytes]) -> bool:
    """Whether `decode` would take the bytes of all chunks together for UTF-8; one chunk is held at a time.

    False as well where `decode` would reject them.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    solid = controls = n_bytes = 0
    for chunk in chunks:
        if not n_bytes and (chunk.startswith(tuple(_SIGNATURES)) or is_wide(chunk)):
            return False
        if _decoded(decoder, chunk) is None:
            return False
        n_bytes += len(chunk)
        solid += len(chunk.strip(b"\0 \t\r\n\v\f"))
        controls += len(chunk) - len(chunk.translate(None, _CONTROLS))
    enough = solid > 0 and controls <= max(_FEW_CONTROLS, _MAX_CONTROL_SHARE * n_bytes)
    return enough and _decoded(decoder, b"", final=True) is not None


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> str | None:
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return None


def _marked(data: bytes) -> str | None:
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def _nearly_strict(data: bytes, codec: str | None) -> Decoded | None:
    """Text in a wide codec, though it were cut in a character or had a few that are half a pair."""
    found = _strict(data, codec)
    if found or codec is None:
        return found
    text = data.decode(codec, "replace")
    n_broken = len(text) - len(data.decode(codec, "ignore"))
    return Decoded(text, f"{codec}/replace") if n_broken <= _FEW_BROKEN + len(text) // _PER_BROKEN else None


def _strict(data: bytes, codec: str | None) -> Decoded | None:
    if codec is None:
        return None
    try:
        return Decoded(data.decode(codec), codec)
    except UnicodeDecodeError:
        return None


def _wide(data: bytes) -> str | None:
    """The UTF-16 codec of unmarked bytes: Western text in it has a NUL at (nearly) every other place."""
    head = data[:_SNIFF]
    half = len(head) // 2
    low, high = head[1::2].count(0), head[0::2].count(0)
    if half >= 4 and low > 0.7 * half and high < 0.1 * half:
        return "utf-16-le"
    if half >= 4 and high > 0.7 * half and low < 0.1 * half:
        return "utf-16-be"
    return None


def _check_text(data: bytes) -> None:
    remedy = "convert it to text first, or remove it"
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise RejectError("binary", f"the bytes are a {kind} file, not text: {remedy}")
    body = data.rstrip(b"\0")
    controls = len(body) - len(body.translate(None, _CONTROLS))
    if controls > max(_FEW_CONTROLS, _MAX_CONTROL_SHARE * len(body)):
        raise RejectError("binary", f"{controls} of {len(body)} bytes are control characters: {remedy}")


def _browser_codec(label: str | None) -> str | None:
    if not label:
        return None
    try:
        codec = codecs.lookup(label.strip())
    except (LookupError, ValueError):
        return None
    name = _DECLARED.get(codec.name, codec.name)
    return name if name in _WEB else None


def _guess(data: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    if _mostly_utf8(data):
        return Decoded(data.decode("utf-8", "replace"), "utf-8/replace")
    if eastern := _with_eastern_marks(data):
        return eastern
    western = _strict(_not_utf8(data), "cp1252")
    if western and not _NOT_WESTERN.search(western.text):
        return _strict(data, "cp1252") or Decoded(data.decode("latin-1"), "latin-1")
    for match in from_bytes(_telling_part(data), cp_isolation=list(_CANDIDATES)):
        if decoded := _strict(data, match.encoding):
            return decoded
    return Decoded(data.decode("latin-1"), "latin-1")


def _mostly_utf8(data: bytes) -> bool:
    """True when UTF-8 sequences are at least four times the bytes that break the code.

    Two-byte Asian codecs form UTF-8 sequences by chance, but far more broken ones; a page with one cut or
    mangled character is the other way round.
    """
    whole = data.decode("utf-8", "ignore")
    n_sequences = len(whole) - sum(map(len, re.findall(r"[\x00-\x7f]+", whole)))
    n_broken = len(data.decode("utf-8", "replace")) - len(whole)
    return n_sequences >= 4 * n_broken


def _not_utf8(data: bytes) -> bytes:
    """The lines that are not UTF-8: what several files were joined to may have others, which repair mends."""
    return b"\n".join(line for line in data.split(b"\n") if not line.isascii() and not _strict(line, "utf-8"))


def _with_eastern_marks(data: bytes) -> Decoded | None:
    """English in the codec in which the most Eastern marks close words, as `pain，`: these are read as Western signs
    (`pain£¬`), which close none. The first of such codecs, for most have some marks in common."""
    found = [(_closed(decoded.text), decoded) for codec in _EASTERN if (decoded := _strict(data, codec))]
    most, best = max(found, key=itemgetter(0), default=(0, None))
    return best if most else None


def _closed(text: str) -> int:
    """How many words Eastern marks close; 0 where such marks stand elsewhere as often, or it is not English."""
    closed = len(_BEHIND_WORD.findall(text))
    if 2 * closed <= len(_CLOSING.findall(text)) or _NOT_EASTERN.search(text):
        return 0
    n_letters = sum(map(len, re.findall("[A-Za-z]+", text)))
    return closed if _LETTERS_FOR_ONE * len(_IDEOGRAPH.findall(text)) <= n_letters else 0


def _telling_part(data: bytes) -> bytes:
    """The lines that hold bytes above 127, up to a fixed size: ASCII lines tell nothing about the codec.

    Of a long line the part from the first such byte on, cut at a mark where there is one: the detector passes over a
    codec in which the last character is broken.
    """
    if len(data) <= _DETECT:
        return data
    part = bytearray()
    for line in data.split(b"\n"):
        if line.isascii():
            continue
        if len(line) > _DETECT // 4:
            long = line.lstrip(_ASCII)[: _DETECT // 4]
            line = long.rstrip(_NO_MARKS) or long
        part += line + b"\n"
        if len(part) >= _DETECT:
            break
    return bytes(part)
