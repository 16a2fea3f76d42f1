"""Promises of repair: what it mends, that clean text stays, and that every character keeps its place."""

import json
from itertools import pairwise, product
from pathlib import Path

import ftfy
import pytest
from ftfy.badness import is_bad
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.repair import SENTENCES
from pipeline.text.align import to_raw
from pipeline.text.repair import _FAR, _INVISIBLE, Repair, _config, _is_suspect, repair_line

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "cases/repair.jsonl").read_text("utf-8").split("\n") if line]
PAGES = sorted((HERE.parent / "training/corpus").glob("*.page"))[:40]
# What software mistakes UTF-8 for, by how often it is seen on the web.
WRONG_CODECS = ("sloppy-windows-1252", "latin-1", "sloppy-windows-1251", "sloppy-windows-1250", "macroman", "cp437")

# Characters that are not looked at further, those that have a part in ftfy's rules as often as all the others.
PASSED = [char for char in map(chr, range(32, 0x10000)) if not _is_suspect(char)]
PASSED += [*"‘’“”–—…•·° &;#aZs\t"] * (len(PASSED) // 16)


def check_alignment(raw, repair):
    """The alignment never falls, runs over the whole raw line, and gives each character a slice."""
    if repair.alignment is None:
        assert repair.text == raw
        assert not repair.steps
        return
    assert len(repair.alignment) == len(repair.text) + 1
    assert repair.alignment[0] == 0
    assert repair.alignment[-1] == len(raw)
    assert all(a <= b for a, b in pairwise(repair.alignment))
    assert repair.steps
    for i in range(len(repair.text)):
        begin, end = to_raw(i, i + 1, 0, repair.alignment)
        assert raw[begin:end]


def mangled(text, codec, times):
    """`text` read with the wrong codec; None where that codec cannot show its bytes."""
    import ftfy.bad_codecs  # noqa: F401  (registers the sloppy codecs)

    for _ in range(times):
        text = text.encode("utf-8").decode(codec)
    return text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case, request):
    if case["status"] == "fail":
        request.applymarker(pytest.mark.xfail(strict=True, reason=case["comment"]))
    repair = repair_line(case["input"])
    check_alignment(case["input"], repair)
    assert repair.text == case["expected"]
    assert list(repair.steps) == case["steps"]


@pytest.mark.parametrize(("text", "codec", "times"), list(product(SENTENCES, WRONG_CODECS, (1, 2))))
def test_mojibake_is_undone(text, codec, times, request):
    if codec == "cp437" and text in SENTENCES[1:3]:
        request.applymarker(pytest.mark.xfail(strict=True, reason="ftfy does not take its box-drawing for mojibake"))
    raw = mangled(text, codec, times)
    repair = repair_line(raw)
    check_alignment(raw, repair)
    assert repair.text == text
    for i, char in enumerate(text):  # each character was made of the mangled form of exactly that character
        begin, end = to_raw(i, i + 1, 0, repair.alignment)
        assert raw[begin:end] == mangled(char, codec, times)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_clean_lines_stay(page):
    for line in page.read_text("utf-8").split("\n"):
        if "&" not in line and "Ã" not in line and "â" not in line and "Â" not in line:
            repair = repair_line(line)
            check_alignment(line, repair)
            assert repair.text == line


RAW = st.text(st.one_of(st.characters(), st.sampled_from("Ãâ€™œ\x9d&amp;#39Â \u0301\ufeff\x1b[0mﬁＡ")))


@given(RAW)
@example("\x1b[36mblue\x1b[0m &amp;amp; \ufeffﬁt")
@example("\u0323\u0307q q\u0307\u0323 \u1112\u1161\u11ab")
def test_any_line_keeps_its_places(raw):
    check_alignment(raw, repair_line(raw))


@given(st.lists(st.sampled_from((*SENTENCES, "Ã©tÃ©", "&eacute;", "plain", "\x00", "x\u0301\u0323y")), max_size=8))
def test_mixed_lines_keep_their_places(parts):
    raw = " ".join(parts)
    repair = repair_line(raw)
    check_alignment(raw, repair)
    at = 0
    for word in repair.text.split(" "):
        begin, end = to_raw(at, at + len(word), 0, repair.alignment)
        assert repair_line(raw[begin:end]).text == word or "Ã" in raw
        at += len(word) + 1


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="&")))
def test_ascii_is_never_touched(raw):
    assert repair_line(raw) == Repair(raw)


@given(st.text(st.sampled_from(PASSED), min_size=1, max_size=60))
def test_what_is_passed_over_is_what_ftfy_leaves(raw):
    if not _is_suspect(raw):
        assert ftfy.fix_text(raw, _config()) == raw


MIXED = st.sampled_from(("words of plain text", "a", " ", "\n", *"ÂÃœ°×²³ØŸ™€»¡ГўВЂ‚Ä¶"))


@given(st.lists(MIXED, max_size=12).map("".join))
def test_plain_text_far_from_other_signs_makes_no_line_bad(raw):
    assert is_bad(_FAR.sub("", raw)) == is_bad(raw)


def test_a_long_line_is_mended_like_a_short_one():
    short = "The patientâ€™s knee &amp; hip. "
    repair = repair_line(short * 3000)
    check_alignment(short * 3000, repair)
    assert repair.text == "The patient’s knee & hip. " * 3000


@given(RAW)
def test_repair_is_what_ftfy_makes_of_it(raw):
    fixed = ftfy.fix_and_explain(
        raw, unescape_html=True, uncurl_quotes=False, fix_character_width=False, fix_line_breaks=False
    ).text
    assert repair_line(raw).text == _INVISIBLE.sub("", fixed or raw)


@pytest.mark.parametrize(
    ("raw", "places"),
    [
        ("\ufeffﬁsh", [(0, 2), (0, 2), (2, 3), (3, 4)]),
        ("\ufeff\x00fish", [(0, 3), (3, 4), (4, 5), (5, 6)]),
        ("ﬁ\u00adsh", [(0, 2), (0, 2), (2, 3), (3, 4)]),
    ],
)
def test_what_is_removed_belongs_to_the_raw_character_beside_it(raw, places):
    repair = repair_line(raw)
    assert repair.text == "fish"
    assert [to_raw(i, i + 1, 0, repair.alignment) for i in range(4)] == places
