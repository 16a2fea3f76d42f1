"""Promises of decoding: exact, reproducible, no rejection without a remedy."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RejectError
from pipeline.text.decode import decode
from pipeline.text.repair import repair_line

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "cases/decode.jsonl").read_text("utf-8").split("\n") if line
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_codec_is_found(case, request):
    if case["status"] == "fail":
        request.applymarker(pytest.mark.xfail(strict=True, reason=case["comment"]))
    decoded = decode(case["input"].encode(case["codec"]))
    assert decoded.text == case["input"]
    assert decoded.encoding == case["expected"]


@given(st.binary(min_size=1, max_size=300))
def test_text_is_the_recorded_codec_applied_to_the_bytes(data):
    try:
        decoded = decode(data)
    except RejectError as error:
        assert error.error in {"empty", "binary"}
        assert error.detail
    else:
        assert data.decode(*decoded.encoding.split("/")) == decoded.text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).filter(str.strip))
def test_utf8_is_taken_as_it_is(text):
    assert decode(text.encode()).text == text


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1).filter(str.strip))
def test_no_byte_is_lost_without_a_note(text):
    data = text.encode("latin-1")
    decoded = decode(data)
    assert "/replace" in decoded.encoding or decoded.text.encode(decoded.encoding) == data


def test_bom_crlf_and_nul_stay():
    text = "\ufeffA\r\nB\0C\n"
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\0\0\0\n"])
def test_no_text_is_empty(data):
    with pytest.raises(RejectError) as caught:
        decode(data)
    assert caught.value.error == "empty"


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\ntext text", b"\x89PNG\r\n\x1a\n", bytes(range(256)), b"ab\x01\x02\x03" * 9]
)
def test_no_text_is_binary(data):
    with pytest.raises(RejectError) as caught:
        decode(data)
    assert caught.value.error == "binary"


def test_trailing_nuls_do_not_make_text_binary():
    assert decode(b"Drink water.\n" + b"\0" * 500).text.startswith("Drink water.\n")


def test_a_mangled_character_does_not_turn_the_rest_to_mojibake():
    data = "Ménière’s disease – vertigo, tinnitus… and “fullness”.".encode() + b"\xe2\x80"
    assert decode(data).encoding == "utf-8/replace"
    assert decode(data).text.startswith("Ménière’s disease – vertigo")


@pytest.mark.parametrize(("line", "codec"), [("Café pain’s cause", "cp1252"), ("“Café” pain", "latin-1")])
def test_lines_of_utf8_among_western_ones_are_mended(line, codec):
    western = "Ménière’s disease: “vertigo”, nausées"
    data = f"{line}\n".encode() + f"{western}\n".encode("cp1252") * 3 + f"{line}\n".encode()
    decoded = decode(data)
    assert decoded.encoding == codec
    assert [repair_line(each).text for each in decoded.text.splitlines()] == [line, *[western] * 3, line]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("end", ["\ud83d helps.", "cut"])
def test_a_broken_character_in_a_wide_codec_leaves_the_others(codec, mark, end):
    if codec == "utf-32-le" and not mark:
        pytest.skip("UTF-32 is known by its mark only")
    data = f"{mark}Rest for the knee – ice too. {end}".encode(codec, "surrogatepass")
    decoded = decode(data[:-1] if end == "cut" else data)
    assert decoded.encoding == f"{codec}/replace"
    assert decoded.text == f"{mark}Rest for the knee – ice too. " + ("cu\ufffd" if end == "cut" else "\ufffd helps.")


def test_bytes_that_only_begin_like_a_mark_are_binary():
    with pytest.raises(RejectError, match="control characters"):
        decode(b"\xff\xfe" + random.Random(1).randbytes(5000))


NO_WEB = ["undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "charmap", "palmos", "utf-7",
          "rot13", "utf-16", "UTF-16BE", "unicode", "utf-32", "cp037"]  # fmt: skip


@pytest.mark.parametrize("label", NO_WEB)
def test_a_declared_codec_that_is_none_of_the_web_is_not_heeded(label):
    data = "It’s sore: take 50 µg – no more.".encode("cp1252")
    assert decode(data, declared=label) == decode(data)


@pytest.mark.parametrize("label", ["gb2312", "GBK", "hex", "no-such-codec", "", "utf\x008"])
def test_a_declared_codec_is_heeded_when_it_fits(label):
    text = "腰痛可能由多种原因引起，请咨询医生。腰椎间盘突出症的治疗方法"
    assert decode(text.encode("gb18030"), declared=label).text == text


BEFORE = [b"", b"x", b"var a=1;" * 50_000, b"A" * 1_000_000 + b"\n"]


@pytest.mark.parametrize("before", BEFORE, ids=["nothing", "a letter", "a script", "a line"])
@pytest.mark.parametrize(
    ("words", "codec"),
    [("Боль в спине лечат покоем. ", "cp1251"), ("腰痛的治疗包括休息和冷敷，膝盖肿胀时应该冰敷.", "gb18030")],
)
def test_the_codec_of_long_lines_is_found_in_no_time(before, words, codec):
    """ASCII before the words neither hides them nor is tried again from each byte, which would take hours."""
    line = before + (words * 12_000).encode(codec)
    assert decode(line + b"\n" + line).encoding == codec
