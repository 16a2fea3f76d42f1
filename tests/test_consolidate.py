"""Promises of consolidate: copies count once, more independent voices never weaken, any order gives the same rows."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Consolidate
from pipeline.schema import PREDICATES, TABLES
from pipeline.stage import content_id, empty, from_rows
from pipeline.stages.consolidate import join, opposites, sketch, support

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases" / "groups.jsonl").read_text().splitlines()]
CONFIG = Consolidate()
# A claim in short: article and its suffix, site, cluster, evidence, subject, predicate, object, negated, certainty,
# confidence.
Voice = dict[str, Any]
DEFAULTS: Voice = {
    "article": 0, "suffix": ".txt", "site": None, "cluster": None, "evidence": None, "subject": "ginger",
    "predicate": "relieves", "object": "nausea", "negated": False, "certainty": "asserted", "confidence": 0.8,
}  # fmt: skip


def tables(voices: list[Voice], *, folder: str = "") -> dict[str, pa.Table]:
    """claims and documents: one claim a voice, one article a source."""
    documents, claims = {}, []
    for number, given_voice in enumerate(voices):
        voice = DEFAULTS | given_voice
        path = f"{folder}page{voice['article']:03}{voice['suffix']}"
        place = {"document_id": path, "source_path": path, "record": 0}
        documents[path] = {
            **place, "source_id": path, "url": None, "site": voice["site"], "title": None, "language": "en",
            "language_score": 1.0, "raw_start": 0, "raw_end": 9, "n_chars_kept": 9, "n_chars_dropped": 0, "repairs": [],
            "cluster_id": voice["cluster"] or path, "duplicate_of": None, "is_representative": True,
        }  # fmt: skip
        arguments: dict[str, object] = {}
        for role in ("subject", "object"):
            concept = voice[role] if ":" in voice[role] else None
            arguments |= {
                f"{role}_text": voice[role], f"{role}_start": number, f"{role}_end": number + 1,
                f"{role}_type": "factor", f"{role}_id": concept, f"{role}_name": concept and f"name of {concept}",
                f"{role}_mention_id": "m",
            }  # fmt: skip
        claims.append({
            **place, **arguments, "claim_id": f"{path}:{number:03}", "segment_id": path, "url": None,
            "group_id": content_id(voice["subject"].lower(), voice["predicate"], voice["object"].lower()),
            "site": voice["site"], "title": None, "heading": None,
            "evidence_text": voice["evidence"] or f"Sentence {folder} {number}.", "evidence_start": number,
            "evidence_end": number + 1, "predicate": voice["predicate"],
            "predicate_curie": PREDICATES[voice["predicate"]], "negated": voice["negated"],
            "certainty": voice["certainty"],
            "quantity": None, "qualifier": None, "attribution": None, "evidence_type": "none",
            "confidence": voice["confidence"], "raw_score": 0.0, "extractor": "test", "cues": [],
            "calibration_id": None, "terminology": "embedded-0",
        })  # fmt: skip
    return {"claims": from_rows("claims", claims), "documents": from_rows("documents", documents.values())}


def groups(voices: list[Voice], config: Consolidate = CONFIG) -> list[dict[str, Any]]:
    return list(join(sketch(tables(voices), config), config)["claim_groups"].to_pylist())


confidences = st.floats(0.0625, 1.0, width=32)
voices_of_one_group = st.lists(
    st.fixed_dictionaries({
        "article": st.integers(0, 6),
        "evidence": st.sampled_from(["Ginger helps.", "It eases nausea!", "Try ginger.", "ginger helps", None]),
        "negated": st.booleans(),
        "confidence": st.one_of(st.none(), confidences),
    }),
    min_size=1,
    max_size=10,
)  # fmt: skip


def placed(voices: list[Voice]) -> list[Voice]:
    """Each article on the site and in the cluster that its number gives, so that they agree."""
    sites, clusters = ["a.org", "b.org", None, "a.org", "c.org", "b.org", None], ["x", "x", None, "y", "y", None, None]
    return [voice | {"site": sites[voice["article"]], "cluster": clusters[voice["article"]]} for voice in voices]


voices_at_large = st.lists(
    st.fixed_dictionaries({
        "article": st.integers(0, 6),
        "evidence": st.sampled_from(["Ginger helps.", "It eases nausea!", None]),
        "subject": st.sampled_from(["ginger", "CHEBI:1", "walking"]),
        "predicate": st.sampled_from(["relieves", "worsens", "causes", "improves"]),
        "negated": st.booleans(),
        "certainty": st.sampled_from(["asserted", "hedged"]),
        "confidence": st.one_of(st.none(), confidences),
    }),
    max_size=15,
).map(placed)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_cases(case: dict[str, Any]) -> None:
    found = groups(case["input"]["claims"], Consolidate(**case["input"].get("config", {})))
    names = {row["group_id"]: f"{row['subject_name']} {row['predicate']} {row['object_name']}" for row in found}
    assert {names[row["group_id"]] for row in found} == set(case["expected"]), case["comment"]
    for row in found:
        row["contradicts"] = sorted(names[group_id] for group_id in row["contradicts"])
        for name, value in case["expected"][names[row["group_id"]]].items():
            assert row[name] == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), name


@settings(deadline=None, max_examples=60)
@given(voices_at_large, voices_at_large)
def test_sketch_does_not_care_how_the_sources_were_split(one: list[Voice], other: list[Voice]) -> None:
    parts = [tables(one), tables(other, folder="more/")]
    both = {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}
    assert sketch(both, CONFIG).to_pylist() == [row for part in parts for row in sketch(part, CONFIG).to_pylist()]


@settings(deadline=None, max_examples=100)
@given(voices_at_large, st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_order_of_the_input(voices: list[Voice], rng: Any) -> None:
    sketches = sketch(tables(voices), CONFIG)
    order = list(range(len(sketches)))
    rng.shuffle(order)
    mixed = sketches.take(pa.array(order, pa.int64()))
    assert join(mixed, CONFIG)["claim_groups"].equals(join(sketches, CONFIG)["claim_groups"])


@settings(deadline=None, max_examples=100)
@given(voices_at_large)
def test_numbers_agree_with_each_other_and_with_the_claims(voices: list[Voice]) -> None:
    found = {row["group_id"]: row for row in groups(voices)}
    given_claims = tables(voices)["claims"].to_pylist()
    assert sum(row["n_claims"] for row in found.values()) == len(voices)
    for row in found.values():
        own = [claim for claim in given_claims if claim["group_id"] == row["group_id"]]
        assert 0 <= row["support"] <= 1 and 0 <= row["refute"] <= 1
        assert row["belief"] == pytest.approx(row["support"] * (1 - row["refute"]), abs=1e-6)
        assert row["max_confidence"] == max((c["confidence"] for c in own if c["confidence"] is not None), default=None)
        side = [c for c in own if c["negated"] == (row["refute"] > row["support"])] or own
        (example,) = [c for c in side if c["claim_id"] == row["example_claim_id"]]
        assert (example["confidence"] or 0) == max(c["confidence"] or 0 for c in side)
        outright = [c for c in own if c["certainty"] == "asserted" and not c["negated"]]
        assert (row["n_asserted"] > 0) == bool(outright)
        assert row["n_asserted"] <= min(row["n_independent"], len(outright))
        assert row["n_documents"] == len({claim["document_id"] for claim in own})
        assert row["n_sites"] <= row["n_documents"] <= row["n_claims"] >= row["n_independent"]
        against = max([row["refute"], *(found[other]["support"] for other in row["contradicts"])])
        assert row["disputed"] == (row["support"] > 0.5 and against > 0.5)
        assert all(row["group_id"] in found[other]["contradicts"] for other in row["contradicts"])


@settings(deadline=None, max_examples=100)
@given(voices_of_one_group.map(placed), confidences, st.sampled_from(["a.org", "b.org", "new.org", None]))
def test_another_independent_affirmation_never_weakens(
    voices: list[Voice], confidence: float, site: str | None
) -> None:
    [before] = groups(voices)
    more = {"article": 99, "site": site, "evidence": "Nobody wrote it so before.", "confidence": confidence}
    [after] = groups([*voices, more])
    assert after["support"] >= before["support"]
    assert after["refute"] == before["refute"]
    assert after["n_independent"] == before["n_independent"] + 1


@settings(deadline=None, max_examples=100)
@given(voices_of_one_group.map(placed), st.data())
def test_a_copy_adds_nothing(voices: list[Voice], data: st.DataObject) -> None:
    [before] = groups(voices)
    copied = DEFAULTS | data.draw(st.sampled_from(voices))
    confidence = data.draw(st.floats(0, copied["confidence"], width=32)) if copied["confidence"] else None
    site = data.draw(st.sampled_from(["a.org", "new.org", None]))
    kind = data.draw(st.sampled_from(["wording", "article"]))
    cluster = copied["cluster"] or f"page{copied['article']:03}.txt"
    number = voices.index({key: copied[key] for key in voices[0]})
    evidence = copied["evidence"] or f"Sentence  {number}."
    copy = copied | {"article": 99, "site": site, "confidence": confidence}
    copy |= {"evidence": f"“{evidence.upper()}”", "cluster": None} if kind == "wording" else {"cluster": cluster}
    [after] = groups([*voices, copy])
    same = (
        "support",
        "refute",
        "belief",
        "n_independent",
        "n_asserted",
        "disputed",
        "max_confidence",
        "example_claim_id",
    )
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["n_claims"] == before["n_claims"] + 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=12), st.floats(0, 1))
def test_support_is_a_probability_whatever_the_order(wordings: list[tuple[str, float]], site_error: float) -> None:
    value = support(wordings, site_error=site_error)
    assert 0 <= value <= 1
    assert value == support(wordings[::-1], site_error=site_error)


def test_opposites_are_predicates_and_mutual() -> None:
    for predicate, others in opposites().items():
        assert {predicate, *others} <= set(PREDICATES)
        assert predicate not in others
        assert all(predicate in opposites()[other] for other in others)


def test_no_claims_no_groups() -> None:
    found = join(sketch({"claims": empty("claims"), "documents": empty("documents")}, CONFIG), CONFIG)["claim_groups"]
    assert len(found) == 0
    assert found.schema == TABLES["claim_groups"].schema
