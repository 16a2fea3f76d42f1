"""The report: whole, true to the tables, harmless, the same each time, and of bounded size."""

import io
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import lxml.html
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import pipeline
from pipeline import report, terminal
from pipeline.config import Consolidate
from pipeline.engines.flow import RunOptions, run_stages
from pipeline.errors import OutputError
from pipeline.evaluation.calibration import fit_isotonic, save
from pipeline.report import cleaning, findings
from pipeline.report.audit import audit
from pipeline.report.dirty_page import WHOLE, page_of
from pipeline.report.marking import Span, pieces
from pipeline.report.page import MEANINGS
from pipeline.report.page_segments import Limits
from pipeline.report.reliability import describe
from pipeline.report.words import excerpt
from pipeline.schema import LABELS, PREDICATES, TABLES
from pipeline.stage import from_rows
from pipeline.stages.consolidate import join, sketch
from pipeline.store import count, in_order, phrase, read_manifest, read_table, read_text, table_path, visible

HOSTILE = (
    """<script>alert(1)</script>"><img src=x onerror=alert(2)>'</style></title>{{ 7*7 }}{% raw %}&amp;\x00\u202e"""
)
STYLE = (Path(report.__file__).parent / "templates" / "style.css").read_text()


def parsed(path: Path) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(path.read_text(encoding="utf-8"))


def squeezed(text: str) -> str:
    return "".join(text.split())


def part(page: lxml.html.HtmlElement, name: str) -> str:
    """The words of one section."""
    return page.get_element_by_id(name).text_content()


@pytest.fixture
def copy(ran, tmp_path) -> Path:
    """A copy of the tables of the run over the sample pages, with its cache."""
    return Path(shutil.copytree(ran.out, tmp_path / "out"))


@pytest.fixture(scope="session")
def page(ran) -> lxml.html.HtmlElement:
    return parsed(ran.out / report.FILE_NAME)


def put(out: Path, name: str, rows: list[dict]) -> pa.Table:
    """Replace a table by these rows, sorted as the store sorts them."""
    table = in_order(name, from_rows(name, rows))
    pq.write_table(table, table_path(out, name))
    return table


def put_claims(out: Path, rows: list[dict]) -> None:
    """Replace the claims, and group them anew."""
    tables = {"claims": put(out, "claims", rows), "documents": read_table(out, "documents")}
    sketches = in_order("claim_sketches", sketch(tables, Consolidate()))
    put(out, "claim_groups", join(sketches, Consolidate())["claim_groups"].to_pylist())


def opposed(rows: list[dict], *, confidence: float) -> tuple[dict, dict]:
    """Make two claims of different files say the opposite of one another; returns them."""
    first = rows[0]
    second = next(row for row in rows if row["source_path"] != first["source_path"])
    said = (
        "predicate",
        "predicate_curie",
        *(f"{r}_{p}" for r in ("subject", "object") for p in ("id", "name", "type", "text")),
    )
    second.update({key: first[key] for key in ("group_id", *said)})
    for row, negated in ((first, False), (second, True)):
        row.update(negated=negated, confidence=confidence, calibration_id="made up for this test")
    return first, second


@pytest.fixture(scope="session")
def dirty(page, ran) -> dict:
    """The row of `sources` that the report says its dirty page is of."""
    code = page.xpath("//section[@id='page']//code")[0]
    record = re.match(r", record (\d+)", code.tail)
    place = code.text, int(record[1]) if record else 0
    (row,) = [row for row in ran.table("sources").to_pylist() if (row["source_path"], row["record"]) == place]
    return row


class TestDirtyPage:
    def test_each_character_of_the_source_is_on_the_page_once(self, page, dirty, ran):
        shown = "".join(part.text_content() for part in page.find_class("words"))
        assert squeezed(shown) == squeezed(visible(read_text(dirty["source_id"], out=ran.out)))

    def test_it_is_the_page_with_most_kinds_of_dropped_segments(self, dirty, ran):
        dropped = pipeline.load("segments", out=ran.out).query("not kept")
        kinds = dropped.groupby("source_id", observed=True)["label"].nunique()
        assert kinds[dirty["source_id"]] == kinds.max()

    def test_each_dropped_segment_says_label_reason_and_score(self, page, dirty, ran):
        segments = pipeline.load("segments", out=ran.out)
        segments = segments[(segments["source_id"] == dirty["source_id"]) & ~segments["kept"]]
        shown = [row.text_content() for row in page.find_class("dropped") if row.find_class("why")]
        assert len(shown) == len(segments) > 0
        for text, (_, row) in zip(shown, segments.iterrows(), strict=True):
            assert row["label"] in text
            assert row["reason"] in text

    def test_claims_are_marked_where_they_stand(self, page, dirty, ran):
        claims = pipeline.claims(out=ran.out)
        claims = claims[(claims["source_path"] == dirty["source_path"]) & (claims["record"] == dirty["record"])]
        text = read_text(dirty["source_id"], out=ran.out)
        assert len(claims) > 0
        for number, (_, claim) in enumerate(claims.iterrows(), 1):
            for role in ("subject", "object"):
                marked = "".join(mark.text_content() for mark in page.find_class(f"{role[0]}{number}"))
                assert squeezed(marked) == squeezed(visible(text[claim[f"{role}_start"] : claim[f"{role}_end"]]))

    @pytest.mark.parametrize("most", [Limits(2, 3, 40, 40, 1), Limits(1000, 5, 5000, 40, 2), WHOLE])
    def test_what_is_left_out_is_counted(self, ran, dirty, most):
        """The widest limits leave only the end of a dropped segment out."""
        page = page_of(ran.out, dirty["source_path"], dirty["record"], most)
        whole = page_of(ran.out, dirty["source_path"], dirty["record"])
        claims = Counter(
            row["segment_id"]
            for row in ran.table("claims").to_pylist()
            if (row["source_path"], row["record"]) == (dirty["source_path"], dirty["record"])
        )
        assert len(page.segments) + page.n_more_segments == len(whole.segments)
        assert sum(len(segment.claims) for segment in page.segments) + page.n_more_claims == claims.total()
        assert page.n_claims == min(most.claims, sum(len(full.claims) for full in whole.segments[: most.segments]))
        marked = {name for segment in page.segments for piece in segment.pieces for name in piece.classes.split()}
        assert marked <= {f"{role}{i}" for role in "eso" for i in range(1, page.n_claims + 1)} | {"evidence", "both"}
        for segment, full in zip(page.segments, whole.segments, strict=False):
            assert len(segment.claims) + segment.n_more_claims == len(full.claims)
        assert page.whole == (not page.n_more_segments and not any(segment.n_cut for segment in page.segments))

    def test_only_a_page_that_is_whole_is_said_to_be(self, page, tmp_path):
        raw, out = tmp_path / "raw", tmp_path / "out"
        raw.mkdir()
        (raw / "long.txt").write_text("Tea\n\n" + "Ginger tea relieves nausea and causes heartburn. " * 100 + "\n")
        pipeline.run(raw, out, workers=1)
        long, n_claims = part(parsed(out / report.FILE_NAME), "page"), read_table(out, "claims").num_rows
        assert "A dirty page, in full" in part(page, "page") and "Every character is here" in part(page, "page")
        assert "in full" not in long and "Every" not in long and re.search(r"… 2,\d+ more characters", long)
        assert f"And {n_claims - 8:,} more claims of this page, in claims.parquet." in long

    def test_without_the_decoded_texts_the_rest_is_shown(self, copy):
        shutil.rmtree(copy / ".cache")
        page = parsed(report.write(copy))
        assert "There is no page to show" in part(page, "page")
        assert page.find_class("tiles")


def shown(out: Path, source: dict, **kwargs) -> str:
    """A page as the command line shows it."""
    to = Console(file=io.StringIO(), highlight=False, emoji=False, **kwargs)
    terminal.show_page(to, page_of(out, source["source_path"], source["record"]))
    return to.file.getvalue()


class TestShownPages:
    def test_each_segment_is_a_line_with_its_words_and_why_it_was_dropped(self, ran):
        for source in ran.table("sources").to_pylist():
            text = read_text(source["source_id"], out=ran.out)
            segments = [row for row in ran.table("segments").to_pylist() if row["source_id"] == source["source_id"]]
            lines = shown(ran.out, source, soft_wrap=True).splitlines()[1:]
            lines = [line for line in lines if not line.lstrip().startswith("→")]
            assert len(lines) == len(segments)
            for line, row in zip(lines, segments, strict=True):
                words = " ".join(visible(text[row["raw_start"] : row["raw_end"]]).split())
                why = "" if row["kept"] else f"  [{row['reason']} {row['score']:.2f}]"
                begin = f"{' ' if row['kept'] else '-'} {row['label']:8} {words}{why}"
                assert line.startswith(begin)
                assert line == begin or (row["duplicate_of"] and line.startswith(f"{begin}  [copy: "))

    def test_its_claims_stand_below_the_words_they_are_read_from(self, ran):
        n = 0
        for source in ran.table("sources").to_pylist():
            page = page_of(ran.out, source["source_path"], source["record"])
            segments = [row for row in ran.table("segments").to_pylist() if row["source_id"] == source["source_id"]]
            for segment, row in zip(page.segments, segments, strict=True):
                claims = [c for c in ran.table("claims").to_pylist() if c["segment_id"] == row["segment_id"]]
                assert [c.claim_id for c in segment.claims] == [c["claim_id"] for c in claims]
                n += len(claims)
        assert n == ran.table("claims").num_rows > 0

    def test_on_a_terminal_nothing_is_lost_either(self, ran):
        source = ran.table("sources").to_pylist()[0]
        text = read_text(source["source_id"], out=ran.out)
        words = shown(ran.out, source, force_terminal=True, color_system=None, width=9 + 1 + 5000 + 1 + 24)
        for row in ran.table("segments").to_pylist():
            if row["source_id"] == source["source_id"]:
                assert visible(text[row["raw_start"] : row["raw_end"]]).splitlines()[0] in words

    def test_of_html_the_words_are_shown_with_the_claims_marked(self, tmp_path):
        raw, out = tmp_path / "raw", tmp_path / "out"
        raw.mkdir()
        menu = "".join(f"<li><a href='/{i}'>Part {i}</a></li>" for i in range(200))
        tea = "<p>Ginger &amp; honey <b>tea</b> relieves <i>nausea</i>, and smoking causes lung&nbsp;cancer.</p>"
        page = f"<html><body><nav><ul>{menu}</ul></nav><article><h1>Tea</h1>{tea * 3}</article></body></html>"
        (raw / "tea.html").write_text(page)
        pipeline.run(raw, out, workers=1)
        (source,) = read_table(out, "sources").to_pylist()
        plain = shown(out, source, soft_wrap=True)
        assert "Ginger & honey tea relieves nausea, and smoking" in plain and not re.search("<|&amp;", plain)
        assert "Part 0 Part 1 Part 2" in plain and re.search(r"… \d+ more characters", plain)
        found = page_of(out, "tea.html")
        claims = {claim["claim_id"]: claim for claim in read_table(out, "claims").to_pylist()}
        pieces = [piece for segment in found.segments for piece in segment.pieces]
        read = [claim for segment in found.segments for claim in segment.claims]
        assert len(read) >= 2
        for claim in read:
            marked = "".join(p.text for p in pieces if f"s{claim.number}" in p.classes.split())
            assert marked == claims[claim.claim_id]["subject_text"]


class TestCopies:
    def test_lines_that_a_site_repeats_are_dropped_and_count_nowhere(self, copy):
        segments = read_table(copy, "segments").to_pylist()
        line = next(row for row in segments if row["kept"])
        rows = [
            {"kind": kind, "member_id": member, "cluster_id": kind, "representative_id": line["segment_id"],
             "similarity": 1.0, "containment": 1.0, "method": "passage"}
            for kind, member in (("line", line["segment_id"]), ("passage", line["segment_id"]),
                                 ("passage", segments[-1]["segment_id"]))
        ]  # fmt: skip
        put(copy, "duplicates", rows)
        (passage, site_line), _ = cleaning.clusters(copy)
        assert [(c.kind, [member.kept for member in c.copies]) for c in (passage, site_line)] == [
            ("passage", [True, False]), ("line", [False])
        ]  # fmt: skip
        page = parsed(report.write(copy))
        assert "counts nowhere" in part(page, "copies")
        (row,) = page.xpath("//section[@id='copies']//tbody/tr[td='line']")
        assert [cell.text_content()[:10] for cell in row.xpath("td")] == ["line", "", excerpt(line["text"])[:10]]


class TestFindings:
    def test_what_contradicts_stands_side_by_side(self, copy):
        rows = read_table(copy, "claims").to_pylist()
        first, second = opposed(rows, confidence=0.9)
        put_claims(copy, rows)
        page = parsed(report.write(copy))
        (sides,) = [block for block in page.find_class("sides") if first["claim_id"][:12] in block.text_content()]
        yes, no = sides.find_class("side")
        assert excerpt(first["evidence_text"]) in yes.text_content()
        assert first["source_path"] in yes.text_content()
        assert excerpt(second["evidence_text"]) in no.text_content()
        assert second["source_path"] in no.text_content()
        assert "disputed" in sides.getprevious().text_content()

    def test_each_denial_and_each_pair_of_opposites_is_shown_once(self, copy):
        """Milk weakens bones here and strengthens them there; who denies that it weakens them is heard, too."""
        rows = list({row["source_path"]: row for row in read_table(copy, "claims").to_pylist()}.values())
        said = [
            ("improves", False, 0.9), ("worsens", False, 0.7), ("worsens", True, 0.6), ("impairs", False, 0.8),
            ("relieves", False, 0.5),
        ]  # fmt: skip
        for row, (predicate, negated, confidence) in zip(rows, said, strict=False):
            row.update(group_id=predicate, predicate=predicate, negated=negated, confidence=confidence)
            row.update(certainty="asserted", calibration_id=None)
            for role, words in (("subject", "milk"), ("object", "bones")):
                row.update({f"{role}_id": None, f"{role}_name": None, f"{role}_text": words})
        put_claims(copy, rows[: len(said)])
        found, n_more = findings.disputes(copy)
        sides = [
            (d.relation.predicate, [s.predicate for s in d.yes], [(s.predicate, s.negated) for s in d.no])
            for d in found
        ]
        assert n_more == 0
        assert sides == [
            ("improves", ["improves"], [("impairs", False), ("worsens", False)]),
            ("worsens", ["worsens"], [("worsens", True), ("relieves", False)]),
        ]
        assert [round(d.against, 2) for d in found] == [round(1 - 0.2 - 0.05, 2), round(1 - 0.4 - 0.05, 2)]

    @pytest.mark.parametrize(
        ("voices", "says"),
        [
            ([(0.6, False, "asserted"), (0.65, False, "asserted"), (0.7, True, "asserted")], "statin causes rash"),
            ([(0.65, False, "asserted"), (0.7, True, "asserted")], None),
            ([(0.9, False, "hedged"), (0.8, False, "hedged")], "statin may cause rash"),
            ([(0.9, False, "hedged"), (0.8, False, "asserted")], "statin causes rash"),
            ([(None, True, "asserted")], "statin does not cause rash"),
        ],
        ids=["most affirm", "denied more surely", "nobody says it outright", "one says it outright", "only denied"],
    )
    def test_a_relation_says_what_its_pages_say(self, copy, voices, says):
        rows = read_table(copy, "claims").to_pylist()
        told = list({row["source_path"]: row for row in rows}.values())[: len(voices)]
        for row, (confidence, negated, certainty) in zip(told, voices, strict=True):
            row.update(group_id="g", predicate="causes", subject_name="statin", object_name="rash")
            row.update(confidence=confidence, negated=negated, certainty=certainty, calibration_id=None)
        put_claims(copy, told)
        shown, _ = findings.relations(copy)
        heads = parsed(report.write(copy)).xpath("//section[@id='relations']//tbody/tr/th[span[@class='subject']]")
        assert [head.text_content().removesuffix(" disputed") for head in heads] == ([says] if says else [])
        assert all(relation.example.negated == relation.negated for relation in shown)

    def test_where_nothing_contradicts_it_says_so(self, copy):
        rows = [
            row | {"negated": False} for row in read_table(copy, "claims").to_pylist() if row["predicate"] == "is_a"
        ]
        put_claims(copy, rows)
        assert "No two places" in part(parsed(report.write(copy)), "disputes")

    def test_relations_are_in_order_of_belief(self, copy):
        rows = read_table(copy, "claims").to_pylist()
        for i, row in enumerate(rows):
            row.update(confidence=(i % 97) / 100, negated=False, calibration_id="made up for this test")
        put_claims(copy, rows)
        shown, n_more = findings.relations(copy)
        groups = pipeline.load("claim_groups", out=copy)
        assert len(shown) + n_more == len(groups)
        assert [round(r.support, 5) for r in shown] == sorted((round(r.support, 5) for r in shown), reverse=True)
        assert shown[0].support == pytest.approx(groups["belief"].max())
        assert all(r.example is not None for r in shown)


class TestReliability:
    def test_the_stored_bins_become_points_and_a_sentence(self, tmp_path):
        rows = [(i / 100, i % 10 < i // 10) for i in range(100)]
        calibration = fit_isotonic(rows, extractor="r", data="pages of this test")
        save(calibration, tmp_path / "r.json", outcomes=rows, ece=0.01, command="none")
        told = describe(json.loads((tmp_path / "r.json").read_text()))
        assert [point.n for point in told.points] == [10] * 10
        assert told.sentence == "Of 10 rows given 84 % on average, 80 % were right."

    def test_each_calibration_behind_a_claim_is_named(self, page, ran):
        used = {row["calibration_id"] for row in ran.table("claims").to_pylist()} - {None}
        text = part(page, "sure")
        assert all(name in text for name in used)
        assert ("No claim here has a confidence" in text) == (not used)


class TestHarmless:
    def test_words_of_others_stay_words(self, copy):
        for name in ("claims", "claim_groups", "documents", "segments", "rejects"):
            rows = read_table(copy, name).to_pylist()
            free = [c.name for c in TABLES[name].columns if c.type == pa.string() and not c.name.endswith("_id")]
            free = [c for c in free if not (name in ("segments", "claims") and c == "source_path")]
            put(copy, name, [row | dict.fromkeys(free, HOSTILE) for row in rows])
        path = report.write(copy)
        page = parsed(path)
        assert not page.xpath("//script | //img | //iframe | //object | //embed | //link | //*[@onerror]")
        assert len(page.xpath("//style")) == len(page.xpath("//head/title")) == 1
        for name in ("relations", "dropped", "copies", "rejects"):
            assert "<script>alert(1)</script>" in part(page, name), name
            assert "{{ 7*7 }}" in part(page, name) or "…" in part(page, name)
        assert not re.search("[\x00\u202e]", path.read_text(encoding="utf-8"))

    def test_a_hostile_page_from_end_to_end(self, tmp_path):
        (tmp_path / "raw").mkdir()
        words = f"Ginger tea relieves nausea {HOSTILE} and it does not cure gastritis.\n"
        (tmp_path / "raw" / "<b>page.txt").write_text(f"{HOSTILE}\n\n{words * 3}", encoding="utf-8")
        pipeline.run(tmp_path / "raw", tmp_path / "out", workers=1)
        page = parsed(tmp_path / "out" / report.FILE_NAME)
        assert not page.xpath("//script | //img | //b")
        assert "<b>page.txt" in part(page, "page")

    def test_a_terminal_and_a_notebook_obey_no_words(self, tmp_path, capsys):
        raw, out = tmp_path / "raw", tmp_path / "out"
        raw.mkdir()
        hostile = "\x1b]0;pwned\x07\x1b[31m\u202e"
        words = f"Ginger tea {hostile} relieves nausea.\r\nZinc causes [bold]nausea[/bold].\r\n"
        page = {"text": words, "url": f"https://a{hostile}.example/"}
        (raw / f"{hostile}.jsonl").write_text(json.dumps(page), encoding="utf-8")
        pipeline.run(raw, out, workers=1)
        found = [pipeline.evidence(claim, out=out) for _, claim in pipeline.claims(out=out).iterrows()]
        terminal.show_counts(terminal.console(), count(out), read_manifest(out), out)
        terminal.show_manifest(terminal.console(), read_manifest(out), "fresh")
        terminal.show_audit(terminal.console(), audit(out))
        for claim in found:
            terminal.show_evidence(terminal.console(), claim)
            coloured = Console(file=io.StringIO(), force_terminal=True, color_system="standard", soft_wrap=True)
            terminal.show_evidence(coloured, claim)
            (subject,) = [p.slice(mark) for p in claim.passages for mark in p.marks if mark.role == "subject"]
            assert f"36m{visible(subject)}\x1b[0m" in coloured.file.getvalue(), "line ends shift no mark"
        (source,) = read_table(out, "sources").to_pylist()
        pages = shown(out, source, soft_wrap=True) + shown(out, source, force_terminal=True, color_system=None)
        assert pages.count("␛]0;pwned") >= 4
        words = pages + capsys.readouterr().out + "".join(claim._repr_html_() for claim in found)
        assert len(found) >= 2
        assert "␛]0;pwned" in words
        assert not re.search("[\x07\x1b\u202e]", words)

    def test_nothing_is_fetched_and_nothing_runs(self, page):
        assert not page.xpath("//script | //@src | //@srcset | //@*[starts-with(name(), 'on')]")
        assert all(link.startswith("#") for link in page.xpath("//@href"))
        assert {link[1:] for link in page.xpath("//@href")} <= set(page.xpath("//@id"))
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'")
        assert not re.search(r"url\(|@import", page.xpath("string(//style)"))

    def test_it_says_that_it_is_no_medical_advice(self, page):
        assert "Not medical advice" in page.find_class("warning")[0].text_content()


class TestWhatever:
    def test_the_same_tables_give_the_same_bytes(self, ran, tmp_path):
        again = pipeline.run(SAMPLES, tmp_path / "out", workers=2)
        assert again.table("claims").sha256 == ran.manifest.table("claims").sha256
        name = report.FILE_NAME
        assert (tmp_path / "out" / name).read_bytes() == (ran.out / name).read_bytes()
        assert report.write(tmp_path / "out").read_bytes() == (ran.out / name).read_bytes()

    def test_its_size_is_bounded_and_the_rest_is_counted(self, copy):
        before = len(report.write(copy).read_bytes())
        reject = {"source_path": "", "record": None, "stage": "ingest", "error": "empty", "detail": "no " * 1000}
        put(copy, "rejects", [reject | {"source_path": f"file{i:05}.txt"} for i in range(5000)])
        rows = read_table(copy, "claims").to_pylist()
        many = [row | {"claim_id": f"{i:04}{row['claim_id']}", "group_id": f"{i:04}{row['group_id']}"}
                for i in range(20) for row in rows]  # fmt: skip
        put_claims(copy, many)
        path = report.write(copy)
        assert len(path.read_bytes()) < before + 60_000
        assert "And 4,975 more files or records, in rejects.parquet" in part(parsed(path), "rejects")

    @pytest.mark.parametrize("stage", ["ingest", "clean", "deduplicate", "tag", "extract"])
    def test_a_run_that_stopped_early_has_a_report_of_what_there_is(self, ran, copy, stage):
        names = {"ingest": 2, "clean": 4, "deduplicate": 5, "tag": 6, "extract": 7}[stage]
        for name in [name for name, table in TABLES.items() if table.public][names:]:
            table_path(copy, name).unlink(missing_ok=True)
        page = parsed(report.write(copy))
        assert ("There is no page to show" in part(page, "page")) == (stage == "ingest")
        assert "No claims were read" in part(page, "relations")

    def test_empty_tables(self, copy):
        for name, table in TABLES.items():
            if table.public:
                put(copy, name, [])
        page = parsed(report.write(copy))
        for name, words in (("page", "no page to show"), ("relations", "No claims"), ("rejects", "Everything could")):
            assert words in part(page, name)

    def test_before_any_run(self, tmp_path):
        with pytest.raises(OutputError, match="run the pipeline first"):
            report.write(tmp_path)

    def test_a_stage_alone_writes_none(self, tmp_path):
        run_stages(RunOptions(SAMPLES, tmp_path / "out", workers=1, upto="ingest"))
        assert not (tmp_path / "out" / report.FILE_NAME).exists()


class TestNumbers:
    def test_characters_are_those_of_the_table_of_articles(self, page, ran):
        articles = pipeline.load("documents", out=ran.out)
        kept, dropped = int(articles["n_chars_kept"].sum()), int(articles["n_chars_dropped"].sum())
        counts, found = count(ran.out), audit(ran.out)
        assert (sum(counts.kept_chars.values()), sum(counts.dropped_chars.values())) == (kept, dropped)
        assert (found.n_chars, found.n_chars_dropped) == (kept + dropped, dropped)
        assert sum(row.n_chars for row in cleaning.reasons(ran.out)[0]) == dropped
        assert f"{kept:,} of {kept + dropped:,}" in part(page, "numbers")


class TestWords:
    @given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6))
    def test_pieces_tile_their_text_and_roles_reach_as_far_as_their_spans(self, text, ends):
        text = text.replace("\r", "")
        spans = [Span(min(a, b), max(a, b), "subject", n) for n, (a, b) in enumerate(ends)]
        cut = list(pieces(text, 0, len(text), spans))
        assert "".join(piece.text for piece in cut) == visible(text)
        at = 0
        for piece in cut:
            inside = {f"s{s.claim}" for s in spans if s.start <= at and at + len(piece.text) <= s.end}
            assert set(piece.classes.split()) == inside
            at += len(piece.text)

    @given(st.text(max_size=300), st.integers(2, 80))
    def test_an_excerpt_is_short_and_visible(self, text, length):
        shown = excerpt(text, length)
        assert len(shown) <= length
        assert "\n" not in shown
        assert visible(shown) == shown

    @pytest.mark.parametrize("predicate", PREDICATES)
    def test_every_predicate_can_be_denied_and_doubted(self, predicate):
        assert phrase(predicate) == ("", predicate.replace("_", " "))
        (denied, verb), (doubted, same) = phrase(predicate, negated=True), phrase(predicate, hedged=True)
        assert (denied, doubted) in {("does not", "may"), ("is not", "may be")}
        assert verb == same
        assert predicate.replace("_", " ") in {f"{verb}s", verb, f"is {verb}"}

    def test_every_label_is_explained(self):
        assert tuple(MEANINGS) == LABELS


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        ("ink", "paper"), ("ink", "panel"), ("ink", "both-back"), ("ink", "evidence"), ("muted", "paper"),
        ("muted", "panel"), ("muted", "grey-back"),
        ("grey", "grey-back"), ("subject", "subject-back"), ("object", "object-back"),
        ("subject", "paper"), ("alarm", "paper"),
    ],
)  # fmt: skip
def test_words_can_be_read_on_their_ground(scheme, words, ground):
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme]))
    assert contrast(colours[words], colours[ground]) >= 4.5
