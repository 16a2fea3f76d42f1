"""Lines are cut where kinds change, each character kept once; articles begin at titles; the scorer counts right."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.evaluation.segments import score_segments
from pipeline.schema import KEPT_LABELS
from pipeline.text import places, segments
from pipeline.text.articles import article_starts
from pipeline.text.cues import _found, cues
from pipeline.text.features import features
from pipeline.text.features import parts_of as table_of
from pipeline.text.line import Line, lines_of
from pipeline.text.repair import Repair, repair_line
from pipeline.text.segments import Part, cut_lines, join_parts, read_lines
from pipeline.text.sentences import sentences
from pipeline.text.width import narrow

CORPUS = Path(__file__).parent.parent / "training" / "corpus"
CASES, RULE_CASES, SENTENCES = (
    [json.loads(row) for row in (Path(__file__).parent / "cases" / name).read_text().splitlines()]
    for name in ("segments.jsonl", "line_rules.jsonl", "sentences.jsonl")
)
PIECES = (
    "Back pain", " ", "\n", "\r\n", "\r", "\v", "\f", "\x00", "\u2028", "\u200b", "\x01", "\x85", " – Site | a/b",
    "_kw", "Â", "â€™", "&amp;", "ﬁ", ". ", "(reporter X)", "WeChat 400-123", "?Up to one ", "é", "，", "1. ", ":", "\t",
    "painThis is ", "a sentence that is long enough to count as prose here. ",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=25).map("".join)


def parts_of(text: str) -> list[Part]:
    parts = cut_lines([read_lines(text)])
    return [parts.part(i) for i in range(len(parts.text))]


def lines_with_parts(text: str) -> Iterator[tuple[Line, list[Part]]]:
    lines = read_lines(text)
    parts = cut_lines([lines])
    for i, words in enumerate(lines.text):
        raw = text[lines.start[i] : lines.end[i]]
        line = lines.mended.get(i, Line(lines.start[i], lines.end[i], raw, lines.gap[i], Repair(words)))
        yield line, [parts.part(j) for j in np.flatnonzero(parts.line == i).tolist()]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["label"], marks=[pytest.mark.xfail(strict=True)] if case["status"] == "fail" else [])
        for case in CASES
    ],
)
def test_lines_are_cut_where_kinds_change(case: dict) -> None:
    assert [part.text for part in parts_of(case["input"])] == case["expected"]


@given(TEXTS)
def test_each_character_lies_in_one_part(text: str) -> None:
    times = np.zeros(len(text), int)
    for part in parts_of(text):
        assert part.start < part.end
        times[part.start : part.end] += 1
        raw = text[part.start : part.end]
        assert raw == raw.strip()
    assert all(times[i] == (not char.isspace()) or (char.isspace() and times[i] <= 1) for i, char in enumerate(text))


@given(TEXTS)
def test_rules_that_are_passed_over_would_find_nothing(text: str) -> None:
    every = (1 << len(places.CUTS)) - 1
    for line, parts in lines_with_parts(text):
        words = narrow(line.repair.text)
        short = len(words) < places._SHORTEST_PROSE and line.repair.alignment is None
        if not short or places._SEPARATOR.search(words) or words[-1] in places._CLOSING:
            found = places.places(words, re.search(places._CALL, words) is not None, every)
            cut = segments._Cut([], [], [], [], [], [])
            segments._add_plain_parts(cut, 0, line.repair.text, line.start, found)
            plain = [Part(*columns) for columns in zip(*cut[1:], strict=True)]
            assert parts == (plain if line.repair.alignment is None else [*segments._parts(line, found)])


@given(TEXTS)
def test_alignment_reaches_from_the_first_to_the_last_raw_character(text: str) -> None:
    for part in parts_of(text):
        if part.alignment is None:
            assert part.text == text[part.start : part.end]
        else:
            assert len(part.alignment) == len(part.text) + 1
            assert part.alignment[0] >= 0 and part.alignment[-1] == part.end - part.start
            assert all(a <= b for a, b in zip(part.alignment, part.alignment[1:], strict=False))


@given(TEXTS.map(str.strip).filter(bool))
@example("Call the free consult hotline if your knee pain lasts all night long. \x85 | Knee Health Site")
def test_parts_of_a_line_of_html_hold_words_and_keep_their_places(raw: str) -> None:
    # Such a line may hold what ends a line of text: line breaks, and U+0085, which repair takes for an ellipsis.
    parts = cut_lines([lines_of([Line(7, 7 + len(raw), raw, 0, repair_line(raw))])])
    times = np.zeros(len(raw), int)
    for i in range(len(parts.text)):
        part = parts.part(i)
        behind = raw[part.start - 7 : part.end - 7]
        assert behind and behind == behind.strip()
        times[part.start - 7 : part.end - 7] += 1
        whole = join_parts([parts.part(at) for at in range(i + 1)], " " * 7 + raw)
        for some in (part, whole):
            alignment = some.alignment or range(len(some.text) + 1)
            assert len(alignment) == len(some.text) + 1
            assert alignment[0] >= 0 and alignment[-1] == some.end - some.start
            assert all(a <= b for a, b in pairwise(alignment))
    assert all(times[i] == 1 or (char.isspace() and not times[i]) for i, char in enumerate(raw))


@pytest.mark.parametrize(("between", "read"), [(" \n\t", " "), ("\r\n", " "), (" \x85 ", " "), ("  ", "  "), ("", "")])
def test_a_line_break_between_joined_parts_reads_as_a_space(between: str, read: str) -> None:
    raw = f"Rest.{between}Ice &amp; heat."
    second = Part(len(raw) - 15, len(raw), "Ice & heat.", (0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 15), 1)
    whole = join_parts([Part(0, 5, "Rest.", None, 0), second], raw)
    assert whole.text == f"Rest.{read}Ice & heat." and whole.alignment is not None
    places = [0, 1, 2, 3, 4, *range(5, 5 + len(read))]
    assert whole.alignment == [*places, *(second.start + place for place in second.alignment or ())]


def test_many_parts_of_a_line_are_joined_in_no_time() -> None:
    """One after another is put to what is joined, which is not copied each time: that would take half an hour."""
    raw = "é " * 100_000
    parts = [Part(2 * i, 2 * i + 1, "e", (0, 1), 0) for i in range(100_000)]
    whole = join_parts(parts, raw)
    assert whole.text == "e " * 99_999 + "e" and whole.alignment == [*range(len(raw))]


@given(TEXTS)
def test_parts_joined_again_read_as_the_line(text: str) -> None:
    for line, parts in lines_with_parts(text):
        whole = join_parts(parts, text)
        if len(parts) > 2:
            assert join_parts([join_parts(parts[:2], text), *parts[2:]], text) == whole
        assert (whole.start, whole.end) == (line.start, line.end)
        if line.repair.alignment is None:
            assert whole.text == line.raw and whole.alignment is None


@given(TEXTS)
def test_no_letter_of_a_repaired_line_is_lost(text: str) -> None:
    for line, parts in lines_with_parts(text):
        assert "".join("".join(part.text for part in parts).split()) == "".join(line.repair.text.split())


@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=4))
def test_features_of_a_source_do_not_depend_on_its_company(texts: list[str]) -> None:
    together = features(table_of([read_lines(text) for text in texts])[1]).values
    alone = np.concatenate([features(table_of([read_lines(text)])[1]).values for text in texts])
    assert np.array_equal(together, alone)


def test_rules_asked_together_fire_as_they_do_one_by_one() -> None:
    lines = [line for page in load_pages(CORPUS) for line in read_lines(page.text).text]
    texts = pa.array(dict.fromkeys(line[:240] for line in lines), pa.large_string())
    size = pc.utf8_length(texts)
    alone = [pc.and_(pc.match_substring_regex(texts, c.pattern), pc.less_equal(size, c.longest)) for c in cues()]
    assert np.array_equal(_found(texts), np.column_stack(alone))


@pytest.mark.parametrize("case", SENTENCES, ids=[case["label"] for case in SENTENCES])
def test_sentences(case: dict) -> None:
    text = case["input"]
    assert [text[begin:end] for begin, end in sentences(text)] == case["expected"]


def test_cues_have_unique_ids_and_known_labels() -> None:
    from pipeline.schema import LABELS

    assert len({cue.id for cue in cues()}) == len(cues())
    assert {cue.label for cue in cues()} <= set(LABELS)
    assert sorted(cues(), key=lambda cue: cue.sure > 0) == [*cues()]  # what the network reads comes first


@pytest.mark.parametrize("case", RULE_CASES, ids=[case["label"] for case in RULE_CASES])
def test_rules_of_what_is_dropped_and_sure_ones_that_fire_in_a_line(case: dict) -> None:
    """Honest lines that once looked like debris to a rule fire none, real debris does."""
    fired = features(table_of([read_lines(case["input"])])[1]).rules.any(axis=0).tolist()
    asked = [cue.sure > 0 or cue.label not in KEPT_LABELS for cue in cues()]
    found = [cue.id for cue, fires, ask in zip(cues(), fired, asked, strict=True) if fires and ask]
    assert found == case["expected"]


def test_breadcrumbs_above_a_title_belong_to_its_article() -> None:
    labels = ["title", "body", "nav", "title", "seo", "body"]
    reasons = ["", "", "rule:breadcrumb", "", "", ""]
    assert article_starts(labels, reasons, [0, 1, 2, 3, 3, 4]) == [0, 2]


def test_scorer_counts_by_hand() -> None:
    page = GoldPage("p", "Head\nbody\nad\n", ((0, 4, "title"), (5, 9, "body"), (10, 12, "ad")), ())
    rows = [
        {"raw_start": 0, "raw_end": 4, "label": "title", "kept": True},
        {"raw_start": 5, "raw_end": 9, "label": "heading", "kept": True},
        {"raw_start": 10, "raw_end": 11, "label": "ad", "kept": False},
    ]
    score = score_segments([page], [rows], [[0]])
    assert (score.characters, score.covered, score.right) == (10, 9, 5)
    assert score.heading_accuracy == 0.0
    assert score.articles.f1 == 1.0
    assert (score.drop.hit, score.drop.gold, score.drop.predicted) == (2, 2, 2)


def test_scorer_counts_places_inside_lines_by_hand() -> None:
    """A place is right before the same character and between the same two; white space and line breaks are none."""
    text = "Gout – Site\nPain It hurts. Call us\nRest\nad\n"
    labels = ((0, 4, "title"), (5, 11, "seo"), (12, 16, "heading"), (17, 26, "body"), (27, 34, "cta"), (35, 39, "body"),
              (40, 42, "ad"))  # fmt: skip
    names = [(0, 5, "title"), (5, 11, "nav"), (12, 21, "heading"), (21, 26, "body"), (27, 34, "heading"),
             (35, 39, "body"), (40, 42, "ad")]  # fmt: skip
    rows = [{"raw_start": a, "raw_end": b, "label": name, "kept": name in KEPT_LABELS} for a, b, name in names]
    places = score_segments([GoldPage("p", text, labels, ())], [rows], [[0]]).places
    found = {name: (rates.hit, rates.gold, rates.predicted) for name, rates in places.items()}
    assert found == {
        "title and suffix": (1, 1, 1), "heading and prose": (0, 1, 2), "prose and debris": (0, 1, 0),
        "others": (0, 0, 0),
    }  # fmt: skip


# A typist's two blanks behind a sentence, or those that keep apart lines of a page that came as one.
TWICE = "The ankle swells within the hour.  Ice and rest help it most.  It bears weight again after a week."
ONCE = "The ankle swells within the hour. Ice and rest help it most.  Who needs an operation?  Few do. Ask a surgeon."


def test_two_blanks_behind_every_sentence_keep_nothing_apart() -> None:
    assert [part.text for part in parts_of("\n".join([TWICE] * 3))] == [TWICE] * 3
    assert [part.text for part in parts_of("\n".join([TWICE, ONCE, ONCE]))] == TWICE.split("  ") + ONCE.split("  ") * 2
