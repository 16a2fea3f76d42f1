"""Patterns over many texts at once: whatever stands beside a text, it is read as if it were alone."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import patterns
from pipeline.text.cues import cues
from pipeline.text.patterns import finder

WORDS = [
    *(
        "Next article:",
        "you are here >",
        "reporter",
        "(WeChat: 12)",
        "Tel. 020 8",
        "Reviewed by Dr",
        "2019-01-02",
        "- Knee",
    ),
    *("how", "?", "。", "|", "–", "»", "\r", "\x85", "\u2028", "\x00", "\n", "  ", "ad", "$", "^", "©", "\ud7ff"),
]
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS) | st.text("aZ .:\t", max_size=4), max_size=6).map(" ".join), max_size=8
)
OWN = [r"^$", r"a?", r"^\s*x|\s$", r"[^b]{3}", r"(?i)AD\b", r"(?s)Z.?$", r"\W\W"]


@given(TEXTS)
def test_each_text_is_read_alone(texts: list[str]) -> None:
    table = pa.array(texts, pa.large_string())
    found = finder(table)
    for pattern in [*OWN, *(cue.pattern for cue in cues())]:
        assert found(pattern).tolist() == pc.match_substring_regex(table, pattern).to_pylist(), pattern


@pytest.mark.parametrize("pattern", ["ends?$", "^t", "7"])
def test_many_texts_as_few(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.array([f"text {i} ends" for i in range(100)])
    few = finder(table)(pattern)
    monkeypatch.setattr(patterns, "_FEW", 10)
    assert finder(table)(pattern).tolist() == few.tolist()
