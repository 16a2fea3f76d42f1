"""The embedded terminology keeps the promises that recognition relies on."""

import csv
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import ConfigError
from pipeline.knowledge.guards import guard_from
from pipeline.knowledge.recognise import recogniser
from pipeline.knowledge.terminology import load
from pipeline.schema import ENTITY_TYPES
from training.terminology.build_large import build, main
from training.terminology.check import HEADER, Row, problems, read_terms
from training.terminology.confirm import confirm
from training.terminology.labels import accepted, suspects
from training.terminology.merge import merge
from training.terminology.sources import Record, read_folder

KNOWLEDGE = Path(str(files("pipeline.knowledge")))
AMBIGUITY = KNOWLEDGE / "rules" / "ambiguity.json"


def test_the_embedded_terms_have_no_problem() -> None:
    assert problems(KNOWLEDGE / "terms", AMBIGUITY) == []


def test_each_entity_type_has_concepts() -> None:
    rows = read_terms(KNOWLEDGE / "terms")
    assert len(rows) >= 4000
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


MESH = """<DescriptorRecordSet><DescriptorRecord><DescriptorUI>D001172</DescriptorUI>
<DescriptorName><String>Arthritis, Rheumatoid</String></DescriptorName>
<TreeNumberList><TreeNumber>C05.550.114.154</TreeNumber></TreeNumberList>
<ConceptList><Concept><TermList><Term><String>Rheumatoid Arthritis</String></Term>
<Term><String>RA</String></Term></TermList></Concept></ConceptList></DescriptorRecord></DescriptorRecordSet>"""
OBO = """format-version: 1.2
ontology: doid

[Term]
id: DOID:7148
name: rheumatoid arthritis
synonym: "atrophic arthritis" EXACT []
synonym: "arthritis of the hand" RELATED []

[Term]
id: DOID:848
name: arthritis
is_obsolete: true
"""


def _ontologies(folder: Path) -> Path:
    (folder / "desc2025.xml").write_text(MESH, encoding="utf-8")
    rows = {
        "curie": ["DOID:7148", "HP:0002829", "HP:1", "MESH:D012907"],
        "label": ["rheumatoid arthritis", "Arthralgia", "malformed", "Cause"],
        "synonyms": [["atrophic arthritis"], ["Joint pain", "treat"], [], []],
        "semantic_type": ["disease", "symptom_or_finding", "", "symptom"],
    }
    pq.write_table(pa.table(rows), folder / "others.parquet")
    return folder


def test_a_large_terminology_is_merged_gated_and_loadable(tmp_path: Path) -> None:
    out = tmp_path / "out" / "large.parquet"
    entries, dropped, version = build(_ontologies(tmp_path), out)
    found = {entry.curie: entry for entry in entries}
    assert set(found) == {"MESH:D001172", "HP:0002829"}
    merged = found["MESH:D001172"]
    assert (merged.name, merged.entity_type, merged.xrefs) == ("Rheumatoid Arthritis", "condition", {"DOID:7148"})
    assert set(merged.synonyms.values()) == {"atrophic arthritis"}
    assert set(found["HP:0002829"].synonyms.values()) == {"Joint pain"}
    assert dropped["record: label common word"] == dropped["term: short"] == 1
    assert pq.read_schema(out).metadata[b"claimsieve.terminology"].decode() == version
    assert {entry.concept.curie for entry in load(out).entries["atrophic arthritis"] if entry.concept} == {
        "MESH:D001172"
    }


def test_a_complaint_that_mesh_names_otherwise_refers_to_its_descriptor() -> None:
    records = [
        Record("MESH:D001943", "Breast Neoplasms", ("Breast Tumors",), "disease"),
        Record("DOID:1612", "breast cancer", (), "disease"),
        Record("HP:0002664", "Neoplasm", (), "symptom_or_finding"),
        Record("MESH:D009369", "Neoplasms", ("Neoplasia",), "disease"),
        Record("DOID:0014667", "disease of metabolism", ("Neoplasia", "Breast Tumors"), "disease"),
        Record("UBERON:0000310", "breast tumors", (), "anatomy"),
    ]
    found = {entry.curie: entry.xrefs for entry in merge(records)[0]}
    assert found["DOID:1612"] == {"MESH:D001943"}
    assert found["HP:0002664"] == {"MESH:D009369"}
    assert found["DOID:0014667"] == set(), "its synonyms speak for two descriptors"
    assert found["UBERON:0000310"] == set(), "no complaint"


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    source = _ontologies(tmp_path)
    outs = [tmp_path / "out" / name for name in ("a.parquet", "b.parquet")]
    versions = [build(source, out)[2] for out in outs]
    assert versions[0] == versions[1]
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_make_terminology_builds_one(tmp_path: Path) -> None:
    out = tmp_path / "out" / "large.parquet"
    goal = ["terminology", f"SRC={_ontologies(tmp_path)}", f"TERMS={out}", "INSTALLED=", f"PY={sys.executable}"]
    done = subprocess.run(["make", "-C", str(Path(__file__).parents[1]), *goal], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "2 concepts" in done.stdout
    assert pq.read_table(out).num_rows == 2


def test_a_missing_folder_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), str(tmp_path / "out.parquet")]) == 2
    assert "FOLDER must exist" in capsys.readouterr().out


def test_released_obo_files_are_read(tmp_path: Path) -> None:
    pytest.importorskip("pronto", reason="pronto is a training dependency")
    (tmp_path / "doid.obo").write_text(OBO, encoding="utf-8")
    assert list(read_folder(tmp_path)) == [Record("DOID:7148", "rheumatoid arthritis", ("atrophic arthritis",), "")]


def test_an_identifier_is_confirmed_by_its_terms_only() -> None:
    rows = [
        Row("DOID:7148", "rheumatoid arthritis", "condition", (), ("MESH:D001172", "DOID:848"), ""),
        Row("claimsieve:waist-pain", "waist pain", "symptom", (), (), ""),
    ]
    records = [Record("DOID:7148", "arthritis", ("Rheumatoid Arthritis",), ""), Record("DOID:848", "arthritis", (), "")]
    verdicts = {curie: verdict for curie, verdict, _ in confirm(rows, records)}
    assert verdicts == {
        "DOID:7148": "confirmed",
        "MESH:D001172": "unknown",
        "DOID:848": "disagrees",
        "claimsieve:waist-pain": "own",
    }


@pytest.mark.parametrize(
    ("term", "other"),
    [
        ("dimenhydrinate", "meclizine"),
        ("zinc sulfate", "zinc gluconate"),
        ("chloride", "chlorine"),
        ("niacinamide", "niacin"),
        ("nicotinamide", "niacin"),
        ("naringenin", "naringin"),
        ("hydroxyproline", "proline"),
        ("myosin", "actin"),
        ("branched-chain amino acids", "leucine"),
        ("raspberry", "loganberry"),
        ("infectious diarrhea", "dysentery"),
        ("hyperactivity", "attention deficit hyperactivity disorder"),
        ("waist-hip ratio", "waist circumference"),
        ("agranulocytosis", "neutropenia"),
        ("thyroid crisis", "thyrotoxicosis"),
        ("dentine", "tooth neck"),
        ("vocal tract", "glottis"),
    ],
)
def test_different_things_have_different_identifiers(term: str, other: str) -> None:
    ids = [concept.curie if (concept := recogniser().read(words)) else None for words in (term, other)]
    assert None not in ids
    assert ids[0] != ids[1]


def test_eyeglasses_are_no_material() -> None:
    glasses = recogniser().read("eyeglasses")
    assert glasses is not None
    assert glasses.curie == "MESH:D005139"


def test_a_term_that_is_the_label_of_another_concept_is_suspect() -> None:
    row = Row("MESH:D008468", "meclizine", "drug", ("dimenhydrinate", "meclozine", "antivert", "rash"), (), "")
    records = [
        Record("MESH:D008468", "Meclizine", ("Meclozine",), ""),
        Record("drugcentral:596", "dimenhydrinate", (), ""),
        Record("drugcentral:1", "meclozine", (), ""),
        Record("HP:0000988", "Skin rash, Rash", (), ""),
        Record("other:1", "antivert", (), ""),
    ]
    assert [(pair.term, pair.others) for pair in suspects([row], records)] == [("dimenhydrinate", ("drugcentral:596",))]


def test_each_term_that_is_another_label_was_looked_at() -> None:
    rows = read_terms(KNOWLEDGE / "terms")
    assert accepted() <= {(row.entity_type, row.name, term) for row in rows for term in row.synonyms}
    folder = Path(__file__).parents[2] / "shared" / "ontologies"
    if folder.is_dir():
        assert [pair for pair in suspects(rows, read_folder(folder)) if pair[:3] not in accepted()] == []


def test_a_phrase_too_long_to_be_met_is_refused() -> None:
    """Guards look at four words beside a match; a longer phrase would never be found, in silence."""
    assert guard_from({"not_right": ["in the family"]}, "ambiguity.json, run").not_right == {"in the family"}
    with pytest.raises(ConfigError, match="not_near 'thinking of the new government' has more than 4 words"):
        guard_from({"not_near": ["thinking of the new government"]}, "rewrites.json, muddled")
