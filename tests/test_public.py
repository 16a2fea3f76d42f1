"""Public test sets: scored where they lie, left out where they do not."""

from pathlib import Path

import pytest

from pipeline.evaluation.public import lines, public_tables
from pipeline.evaluation.statements import advice_level, causal_level, read_statements

NEGEX = """1\tDS\tfever\tThe patient denies fever.\tNegated\tRecent\tPatient
2\tDS\tcough\tThe patient has a cough.\tAffirmed\tRecent\tPatient
"""
IOB = "Aspirin\tB-Chemical\nrelieves\tO\nheadache\tB-Disease\n.\tO\n\nStroke\tB-Disease\n"
PUBTATOR = """1|t|Stroke
1|a|Stroke and an unheard of malady of moons.
1\t0\t6\tStroke\tSpecificDisease\tD020521
1\t7\t13\tStroke\tSpecificDisease\tOMIM:1|D020521
1\t21\t47\tunheard of malady of moons\tSpecificDisease\tD000001
"""


def _write(folder: Path, **sets: str) -> Path:
    for name, text in sets.items():
        path = folder / name.replace("__", "/").replace("-", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_each_set_has_its_table(tmp_path: Path) -> None:
    folder = _write(tmp_path, **{"negex-tsv": NEGEX, "bc5cdr__test-tsv": IOB})
    (folder / "ncbi-disease").mkdir()
    (folder / "ncbi-disease" / "test.txt").write_text(PUBTATOR, encoding="utf-8")
    negation, found, linked = public_tables(folder, large=tmp_path / "none.parquet")
    assert [values for _, values in negation.rows] == [(1.0, 1.0, 1.0)]
    assert [(name, values) for name, values in found.rows] == [("embedded", (1.0, 1.0, 1.0))]
    assert dict(linked.rows) == {"embedded": (1.0, 2 / 3), "embedded, exact": (1.0, 2 / 3)}
    assert lines(linked)[1].split() == ["embedded", "1.000", "0.667"]


def test_a_set_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    assert list(public_tables(tmp_path / "nowhere")) == []
    assert len(list(public_tables(_write(tmp_path, **{"negex-tsv": NEGEX})))) == 1


def test_the_public_negation_set_where_present() -> None:
    table = next(public_tables(Path(__file__).parents[2] / "shared" / "eval", large=Path("none")), None)
    if table is not None and table.title.startswith("negation"):
        assert table.rows[0][1][2] >= 0.96


@pytest.mark.parametrize(
    ("sentence", "causal", "advice"),
    [
        ("Long-term smoking causes lung cancer.", 3, 0),
        ("Long-term smoking may cause lung cancer.", 2, 0),
        ("Snoring is associated with high blood pressure.", 1, 0),
        ("Patients with osteoporosis should avoid heavy lifting.", 0, 2),
        ("The bus leaves at nine.", 0, 0),
    ],
)
def test_claims_tell_how_strong_a_statement_is(sentence: str, causal: int, advice: int) -> None:
    statements = read_statements(sentence)
    assert (causal_level(statements), advice_level(statements)) == (causal, advice)
