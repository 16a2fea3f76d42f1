"""The embedded terminology keeps the promises that recognition relies on."""

import csv
import json
from importlib.resources import files
from pathlib import Path

import pytest

from pipeline.schema import ENTITY_TYPES
from training.terminology.check import HEADER, problems, read_terms

KNOWLEDGE = Path(str(files("pipeline.knowledge")))
AMBIGUITY = KNOWLEDGE / "rules" / "ambiguity.json"


def test_the_embedded_terms_have_no_problem() -> None:
    assert problems(KNOWLEDGE / "terms", AMBIGUITY) == []


def test_each_entity_type_has_concepts() -> None:
    rows = read_terms(KNOWLEDGE / "terms")
    assert len(rows) >= 1200
    assert {row.entity_type for row in rows} == set(ENTITY_TYPES)


CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "cases" / "terms.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=[case["label"] for case in CASES])
def test_the_check_names_what_is_wrong(case: dict[str, object], tmp_path: Path) -> None:
    for name, rows in case["input"]["terms"].items():  # type: ignore[index]
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerows([HEADER, *rows])
    ambiguity = tmp_path / "ambiguity.json"
    words = case["input"].get("words", [])  # type: ignore[attr-defined]
    ambiguity.write_text(json.dumps({"words": words}), encoding="utf-8")
    found = problems(tmp_path, ambiguity)
    expected = case["expected"]
    assert isinstance(expected, list)
    assert len(found) == len(expected), found
    for sentence, part in zip(found, expected, strict=True):
        assert part in sentence
