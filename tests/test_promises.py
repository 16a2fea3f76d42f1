"""The promises that DESIGN makes, each as a property of the real stages over the sample pages."""

import random
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import SAMPLES, Ran, table_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline
from pipeline.config import Config
from pipeline.engines.flow import RunOptions, run_stages
from pipeline.schema import KEPT_LABELS, TABLES, Table
from pipeline.stage import CorpusStage, Stage
from pipeline.stages import STAGES
from pipeline.stages.ingest import find_files
from pipeline.store import in_order, read_table, read_text
from pipeline.text.align import to_raw


@dataclass(frozen=True)
class Step:
    """A row-local part of a stage with the tables it takes from the sample pages."""

    function: Callable[[Mapping[str, pa.Table], Any], dict[str, pa.Table]]
    section: Any
    tables: dict[str, pa.Table]
    joined: dict[str, pa.Table]

    def sources(self) -> list[tuple[str, int]]:
        """Path and record of each source that its first table names."""
        return sorted(set(_keys(next(iter(self.tables.values())))))

    def run(self, sources: list[tuple[str, int]]) -> dict[str, pa.Table]:
        """Its output over some of the sources."""
        return self.function(self._some(sources), self.section)

    def _some(self, sources: list[tuple[str, int]]) -> dict[str, pa.Table]:
        tables = {name: _of(table, sources) for name, table in self.tables.items()}
        if not self.joined:
            return tables
        ids = set(tables["documents"].column("document_id").to_pylist())
        ids |= set(tables["segments"].column("segment_id").to_pylist())
        return tables | {name: _where(table, "member_id", ids) for name, table in self.joined.items()}


@cache
def _steps() -> dict[str, Step]:
    """Every row-local step by name, fed with what the stages before it made of the sample pages."""
    tables = {"files": find_files(SAMPLES)}
    steps = {}
    for stage in STAGES:
        section = getattr(Config(), stage.config)
        inputs = {name: tables[name] for name in stage.inputs}
        if isinstance(stage, Stage):
            steps[stage.name] = Step(stage.run, section, inputs, {})
            tables |= stage.run(inputs, section)
            continue
        steps[f"{stage.name}.sketch"] = Step(partial(_sketch, stage), section, inputs, {})
        joined = stage.join(stage.sketch(inputs, section), section)
        if stage.mark is not None:
            marked = {name: tables[name] for name in stage.marks}
            steps[f"{stage.name}.mark"] = Step(stage.mark, section, marked, joined)
            tables |= stage.mark(marked | joined, section)
        tables |= joined
    return steps


def _step_names(stage: Stage | CorpusStage) -> list[str]:
    if isinstance(stage, Stage):
        return [stage.name]
    return [f"{stage.name}.sketch"] + ([f"{stage.name}.mark"] if stage.mark else [])


def _names_concepts(table: Table) -> bool:
    return bool({"concept_id", "subject_id", "object_id"} & set(table.schema.names))


def _where(table: pa.Table, column: str, values: set[str]) -> pa.Table:
    return table.filter(pa.array([value in values for value in table.column(column).to_pylist()], pa.bool_()))


def _sketch(stage: CorpusStage, tables: Mapping[str, pa.Table], section: Any) -> dict[str, pa.Table]:
    return {stage.sketch_table: stage.sketch(tables, section)}


def _keys(table: pa.Table) -> list[tuple[str, int]]:
    named = table.select([name for name in ("source_path", "record") if name in table.column_names])
    return [(row["source_path"], row.get("record", 0)) for row in named.to_pylist()]


def _of(table: pa.Table, sources: list[tuple[str, int]]) -> pa.Table:
    return table.filter(pa.array([key in sources for key in _keys(table)], pa.bool_()))


def _is_aligned(text: str, raw: str, alignment: list[int]) -> bool:
    """Whether offsets rise from 0 to the raw end, and plain letters and digits point at themselves."""
    if len(alignment) != len(text) + 1 or sorted(alignment) != alignment or alignment[-1] != len(raw):
        return False
    plain = [(letter, raw[at]) for letter, at in zip(text, alignment[:-1], strict=True) if letter.isascii()]
    # A plain letter may also come out of an entity, or out of a ligature or a wide form, which are not ASCII.
    return all(was == letter or was == "&" or not was.isascii() for letter, was in plain if letter.isalnum())


def _stands_in(segment: dict, words: str, start: int, end: int) -> bool:
    """Whether `words` stand in the segment at a place that comes from [start, end) of the source."""
    if not (segment["raw_start"] <= start and end <= segment["raw_end"]):
        return False
    text, at = segment["text"], segment["text"].find(words)
    while at >= 0:
        if to_raw(at, at + len(words), segment["raw_start"], segment["alignment"], segment["text"]) == (start, end):
            return True
        at = text.find(words, at + 1)
    return False


@pytest.fixture(scope="module")
def texts(ran: Ran) -> dict[str, str]:
    return {
        source_id: read_text(source_id, out=ran.out)
        for source_id in ran.table("sources").column("source_id").to_pylist()
    }


@pytest.fixture(scope="module")
def segments(ran: Ran) -> list[dict]:
    return ran.table("segments").to_pylist()


class TestGrounded:
    """Slicing the source gives back the words, for every row of every table."""

    def test_every_offset_lies_in_its_source(self, ran, texts):
        source_of = {row["document_id"]: row["source_id"] for row in ran.table("documents").to_pylist()}
        seen = 0
        for name, table in TABLES.items():
            starts = [c.name for c in table.columns if c.name.endswith("_start") and table.public]
            for row in ran.table(name).to_pylist() if starts else []:
                text = texts[row["source_id"] if "source_id" in row else source_of[row["document_id"]]]
                for start in (start for start in starts if row[start] is not None):
                    seen += 1
                    assert 0 <= row[start] < row[start.replace("_start", "_end")] <= len(text), (name, row)
        assert seen > 1000

    def test_segments_say_what_stands_there(self, segments, texts):
        repaired = 0
        for row in segments:
            raw = texts[row["source_id"]][row["raw_start"] : row["raw_end"]]
            if row["alignment"] is None:
                assert row["text"] == raw
            else:
                repaired += 1
                assert _is_aligned(row["text"], raw, row["alignment"]), row
        assert repaired > 10, "the samples hold mojibake"

    @pytest.mark.parametrize(
        ("table", "part"), [("mentions", ""), ("claims", "evidence_"), ("claims", "subject_"), ("claims", "object_")]
    )
    def test_words_stand_where_their_offsets_say(self, ran, segments, table, part):
        by_document = defaultdict(list)
        for row in segments:
            by_document[row["document_id"]].append(row)
        rows = ran.table(table).to_pylist()
        start, end = (f"{part}start", f"{part}end") if part else ("raw_start", "raw_end")
        for row in rows:
            assert any(
                _stands_in(segment, row[f"{part}text"], row[start], row[end])
                for segment in by_document[row["document_id"]]
            ), row
        assert len(rows) > 100


class TestNothingLost:
    """The segments of a source tile it; what is dropped or rejected has a reason."""

    def test_each_visible_character_lies_in_one_segment(self, segments, texts):
        covered = defaultdict(list)
        for row in segments:
            covered[row["source_id"]].append((row["raw_start"], row["raw_end"]))
        for source_id, text in texts.items():
            position = 0
            for start, end in sorted(covered[source_id]):
                assert start >= position, "segments overlap"
                assert not text[position:start].strip()
                position = end
            assert not text[position:].strip()

    def test_every_segment_has_a_label_a_reason_and_a_score(self, segments):
        for row in segments:
            assert row["kept"] == (row["label"] in KEPT_LABELS)
            assert row["reason"]
            assert 0 <= row["score"] <= 1

    def test_every_file_is_a_source_or_a_reject(self, ran):
        files = find_files(SAMPLES).column("source_path").to_pylist()
        sources, rejects = (set(ran.table(name).column("source_path").to_pylist()) for name in ("sources", "rejects"))
        assert sources | rejects == set(files)
        assert {row["source_path"]: row["error"] for row in ran.table("rejects").to_pylist()} == {
            "empty.txt": "empty",
            "photo.txt": "binary",
        }


LEAFLET = (
    "The MMR vaccine protects against measles, mumps and rubella. It is given to children in two doses, the first at"
    " the age of about one year and the second before they start school.",
    "Measles is a serious disease. It spreads through the air when an infected person coughs or sneezes, and it can"
    " lead to pneumonia and to inflammation of the brain. Most children have no side effects after the second dose.",
)
RULES = (
    "See a doctor if the symptoms last for longer than two weeks, if they get worse, or if they stop you from doing"
    " your normal activities.",
    "Take the medicine as your doctor tells you, and do not stop taking it without asking. Side effects are usually"
    " mild and go away after a few days.",
    "Eat a healthy diet, sleep enough and stay active. Tell your family, so that they can help you when you need it."
    " A support group can help as well.",
)
TEA = (
    "Ginger tea relieves sore throat and cough. The root contains gingerol, which reduces inflammation in the airways.",
    "Drinking ginger tea twice a day may help with nausea. Doctors say ginger can worsen heartburn in {} patients.",
    "Pregnant women should not take {} doses of ginger. Children under two years should avoid strong ginger tea.",
    "Honey is {} added to the tea. Honey soothes a dry cough at night but it can cause botulism in infants.",
)
WALKING = (
    "Regular walking lowers blood pressure in most adults. Thirty minutes a day prevents heart disease and stroke.",
    "Too much salt causes high blood pressure. Smoking damages the vessels and raises the risk of heart attack.",
    "Potassium in bananas helps to lower blood pressure, although people with kidney disease should be careful.",
)


def _said(tmp_path: Path, pages: Mapping[str, tuple[str, ...]]) -> tuple[list[dict], list[dict], list[dict]]:
    """Rows of documents, claims and claim_groups of pages given as paragraphs."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir(parents=True)
    for name, paragraphs in pages.items():
        (raw / f"{name}.txt").write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    pipeline.run(raw, out, workers=1)
    documents, claims, groups = (read_table(out, n).to_pylist() for n in ("documents", "claims", "claim_groups"))
    return documents, claims, groups


class TestCopiesCountOnce:
    """Copies are no second voice; what only one of them says is heard."""

    def test_the_one_word_that_turns_a_copy_round_is_read(self, tmp_path):
        says = {"hospital": "The MMR vaccine does not cause autism.", "rumour": "The MMR vaccine causes autism."}
        pages = {name: ("MMR vaccine and autism", line, *LEAFLET) for name, line in says.items()}
        documents, _, groups = _said(tmp_path, pages)
        assert sorted(row["is_representative"] for row in documents) == [False, True]
        (group,) = [row for row in groups if (row["predicate"], row["object_name"]) == ("causes", "autism")]
        assert min(group["support"], group["refute"]) > 0.3
        assert {row["n_independent"] for row in groups if row is not group} == {1}

    def test_pages_of_one_template_speak_each_for_themselves(self, tmp_path):
        causes = {"Gout": "high uric acid", "Scabies": "mites", "Anemia": "iron deficiency"}
        pages = {name: (name, f"{name} is caused by {cause}.", *RULES) for name, cause in causes.items()}
        documents, claims, _ = _said(tmp_path, pages)
        assert sum(row["is_representative"] for row in documents) == 1, "they count as copies"
        found = {(r["object_text"], r["subject_text"]) for r in claims if r["predicate"] == "causes"}
        assert found >= set(causes.items())
        texts = [[row[f"{part}_text"] for part in ("evidence", "subject", "object")] for row in claims]
        rules = [
            r["document_id"] for r, said in zip(claims, texts, strict=True) if all(t in " ".join(RULES) for t in said)
        ]
        assert len(set(rules)) <= 1

    def test_what_repeats_is_said_of_each_title(self, tmp_path):
        drugs = ("Naproxen", "Diclofenac", "Ibuprofen")
        same = (
            "Common side effects include stomach pain, heartburn, nausea, dizziness, headache, constipation and rash.",
            "It may increase the risk of heart attack and stroke when high doses are taken for a long time.",
        )
        pages = {drug: (drug, f"{drug} is an anti-inflammatory drug that relieves pain.", *same) for drug in drugs}
        _, claims, groups = _said(tmp_path, pages)
        of_each = {drug: {r["object_text"] for r in claims if r["subject_text"] == drug} for drug in drugs}
        assert all({"nausea", "rash", "stroke"} <= of_each[drug] for drug in drugs), of_each
        assert {row["n_independent"] for row in groups} == {1}

    def test_two_copies_are_one_voice_whatever_lies_beside_them(self, tmp_path):
        one, other = ("some", "high", "often"), ("a few", "large", "usually")
        first, second = (tuple(map(str.format, TEA, ("", *words))) for words in (one, other))
        pages = {"a": ("Ginger tea and the common cold", *first), "b": ("Ginger tea: a cure for colds", *second)}
        dump = ("Walking for high blood pressure", *WALKING, "", "Ginger tea and the common cold", *first)
        for name, beside in (("two", {}), ("three", {"dump": dump})):
            _, _, groups = _said(tmp_path / name, pages | beside)
            (group,) = [r for r in groups if (r["predicate"], r["object_name"]) == ("worsens", "heartburn")]
            assert (group["n_independent"], group["n_claims"]) == (1, 2)


class TestOneTerminology:
    """Every row that may name a concept names the terminology it was looked up in, that of its run."""

    def test_rows_name_the_terminology_of_the_manifest(self, ran):
        with_concepts = [t.name for t in TABLES.values() if t.public and _names_concepts(t)]
        assert with_concepts == ["mentions", "claims", "claim_groups"]
        for name in with_concepts:
            assert set(ran.table(name).column("terminology").to_pylist()) == {ran.manifest.terminology}, name
        assert re.fullmatch(r"embedded-[0-9a-f]{8}", ran.manifest.terminology)


class TestDeterministic:
    """Same input bytes, same output bytes."""

    def test_two_workers_give_the_bytes_of_one(self, ran, tmp_path):
        manifest = pipeline.run(SAMPLES, tmp_path / "out", workers=2)
        assert manifest.workers == 2
        assert table_bytes(tmp_path / "out") == table_bytes(ran.out)
        assert len(table_bytes(ran.out)) == sum(table.public for table in TABLES.values())

    def test_the_order_of_files_does_not_matter(self, ran, tmp_path):
        paths = sorted(SAMPLES.iterdir())
        random.Random(7).shuffle(paths)
        (tmp_path / "raw").mkdir()
        for path in paths:
            shutil.copy(path, tmp_path / "raw")
        pipeline.run(tmp_path / "raw", tmp_path / "out", workers=1)
        assert table_bytes(tmp_path / "out") == table_bytes(ran.out)


class TestSplitting:
    """run(a + b) == run(a) + run(b), for every stage, sketch and mark, however the sources are split."""

    @pytest.mark.parametrize("name", [name for stage in STAGES for name in _step_names(stage)])
    @settings(max_examples=8)
    @given(data=st.data())
    def test_law(self, name, data):
        step = _steps()[name]
        chosen = data.draw(st.lists(st.sampled_from(step.sources()), min_size=2, max_size=4, unique=True))
        cut = data.draw(st.integers(1, len(chosen) - 1))
        together, first, second = (step.run(part) for part in (chosen, chosen[:cut], chosen[cut:]))
        assert together.keys() == first.keys() == second.keys()
        for table in together:
            apart = in_order(table, pa.concat_tables([first[table], second[table]]))
            assert in_order(table, together[table]).to_pylist() == apart.to_pylist(), table

    @pytest.mark.parametrize("name", [name for stage in STAGES for name in _step_names(stage)])
    def test_no_rows_in_no_rows_out(self, name):
        assert all(table.num_rows == 0 for table in _steps()[name].run([]).values())


def test_markup_behind_a_mention_is_no_part_of_it(tmp_path: Path) -> None:
    """Of a tag, a comment or a script that stands right behind its last letter nothing is taken in."""
    (tmp_path / "raw").mkdir()
    page = "<p>Beer worsens <b>gout</b>, and caf&eacute; noise a <i>headache</i><!-- ad --><script>a()</script>.</p>"
    (tmp_path / "raw" / "a.html").write_text(f"<html><body><h1>Gout</h1>{page}</body></html>", encoding="utf-8")
    run_stages(RunOptions(tmp_path / "raw", tmp_path / "out", upto="tag"))
    source = read_table(tmp_path / "out", "sources").to_pylist()[0]
    text = read_text(source["source_id"], out=tmp_path / "out")
    mentions = read_table(tmp_path / "out", "mentions").to_pylist()
    assert {"gout", "headache"} <= {mention["text"] for mention in mentions}
    assert [text[m["raw_start"] : m["raw_end"]] for m in mentions] == [m["text"] for m in mentions]
