"""The command line and the Makefile as a user meets them: what is printed, exit codes, bad input, a full disk."""

import gzip
import importlib.util
import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, SAMPLES, call, command, table_bytes
from test_kill import finished

from pipeline.cli import evaluate
from pipeline.errors import InputError
from pipeline.evaluation.gold import load_dumps
from pipeline.schema import TABLES
from pipeline.store import cache_path, read_manifest, read_table

PAGE = "Ginger and nausea\n\nGinger tea may relieve nausea after a meal. It does not cure gastritis.\n"

# How somebody labels it: a row a stretch, a row a claim.
LABELS = "0\ttitle\t\n2\tbody\tGinger tea may relieve nausea after a meal.\n2\tad\t It does not\n"
CLAIM = {
    "line": 2, "evidence": "Ginger tea may relieve nausea after a meal.", "subject": "Ginger tea", "subject_line": 2,
    "subject_type": "food", "predicate": "relieves", "object": "nausea", "object_line": 0, "object_type": "symptom",
    "negated": False, "certainty": "hedged", "quantity": "", "qualifier": "", "attribution": "",
    "evidence_type": "none",
}  # fmt: skip


@pytest.fixture
def raw(tmp_path) -> Path:
    """A folder with one small page."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "page.txt").write_text(PAGE)
    return tmp_path / "raw"


def fails(code: int, *arguments: object, **settings) -> str:
    """Standard error of a command that must fail with this exit code, in one line and without a traceback."""
    done = call(arguments, **settings)
    assert done.returncode == code, done
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def rejects(out: Path) -> list[dict]:
    return read_table(out, "rejects").to_pylist()


class TestRun:
    def test_says_what_was_found_then_that_all_is_fresh(self, tmp_path, ran):
        shutil.copytree(ran.out, tmp_path / "out")
        (tmp_path / "out" / "manifest.json").unlink()
        first = call(["run", "--out", tmp_path / "out"])
        for line in (
            r"sources +13 read, 2 rejected \(empty 1, binary 1\)",
            r"articles +\d+",
            r"characters kept +\d+ \(title \d+, heading \d+, body \d+\)",
            r"characters dropped +\d+ \(nav \d+, ",
            r"duplicates +1 articles, \d+ passages",
            r"mentions +\d+",
            r"claims +\d+ \(\w+ \d+, ",
            r"disputed groups +\d+",
            r"time +[\d.]+ s, \d+ workers",
            "report.html: the report",
        ):
            assert re.search(line, first.stdout), (line, first.stdout)
        assert "fresh: nothing to do" in call(["run", "--out", tmp_path / "out"]).stdout

    def test_says_which_articles_were_not_read_for_their_language(self, tmp_path):
        raw, out = tmp_path / "raw", tmp_path / "out"
        raw.mkdir()
        words = "Bewegung hilft gegen Rückenschmerzen besser als Ruhe, und Ingwer lindert die Übelkeit."
        (raw / "rücken.txt").write_text(words, encoding="utf-8")
        arguments = ["run", "--raw", raw, "--out", out, "--stage", "tag"]
        assert "not tagged or read   articles in none of tag.languages (de 1)" in call(arguments).stdout
        assert [row["language"] for row in read_table(out, "documents").to_pylist()] == ["de"]
        assert read_table(out, "mentions").num_rows == 0
        (tmp_path / "settings.toml").write_text('[tag]\nlanguages = ["en", "de"]\n')
        assert "not tagged" not in call([*arguments, "--config", tmp_path / "settings.toml"]).stdout

    def test_a_changed_file_redoes_only_its_own_work(self, tmp_path):
        shutil.copytree(SAMPLES, tmp_path / "raw")
        arguments = ["run", "--raw", tmp_path / "raw", "--out", tmp_path / "out"]
        assert call(arguments).returncode == 0
        path = tmp_path / "raw" / "gout-diet.txt"
        path.write_text(path.read_text().replace("Cherry", "Sour cherry"))
        assert call(arguments).returncode == 0
        steps = {step.name: step for step in read_manifest(tmp_path / "out").steps}
        assert {step.computed + step.reused for name, step in steps.items() if not name.endswith(".join")} == {13}
        assert {name: step.computed for name, step in steps.items()} == dict.fromkeys(steps, 1)

    def test_a_stage_runs_alone_and_does_not_undo_the_later_ones(self, raw, tmp_path):
        out = tmp_path / "out"
        assert call(["run", "--raw", raw, "--out", out, "--stage", "clean"]).returncode == 0
        assert set(table_bytes(out)) == {"sources", "rejects", "documents", "segments"}
        assert call(["run", "--raw", raw, "--out", out]).returncode == 0
        whole = table_bytes(out)
        assert "fresh" in call(["run", "--raw", raw, "--out", out, "--stage", "clean"]).stdout
        assert table_bytes(out) == whole

    def test_tables_that_input_outran_are_removed(self, raw, tmp_path):
        out = tmp_path / "out"
        assert call(["run", "--raw", raw, "--out", out]).returncode == 0
        (raw / "page.txt").write_text(PAGE.replace("Ginger", "Mint"))
        assert call(["run", "--raw", raw, "--out", out, "--stage", "ingest"]).returncode == 0
        assert set(table_bytes(out)) == {"sources", "rejects"}

    def test_the_report_is_that_of_the_tables(self, raw, tmp_path):
        out, page = tmp_path / "out", tmp_path / "out" / "report.html"
        run = ["run", "--raw", raw, "--out", out, "--workers", 1]
        assert f"{page}: the report" in call(run).stdout
        (raw / "page.txt").write_text(PAGE.replace("nausea", "headache"))
        early = call([*run, "--stage", "clean"]).stdout
        assert "the report" not in early, "an old one is none"
        assert re.search(r"^characters dropped +0$", early, re.M), "nothing is listed where there is nothing"
        assert "the report" not in call([*run, "--stage", "consolidate"]).stdout
        assert not page.exists(), "that of other tables is removed"
        assert "fresh: nothing to do" in call(run).stdout
        assert "headache" in page.read_text()

    @pytest.mark.parametrize("name", ["x[b]y[/b]", "my [final] dir :warning:"])
    def test_a_folder_name_is_no_markup(self, raw, tmp_path, name):
        out = tmp_path / name
        first = call(["run", "--raw", raw, "--out", out, "--workers", 1])
        assert f"{out}/report.html" in first.stdout, first.stderr
        (words,) = (line for line in first.stdout.splitlines() if " show " in line)
        assert shlex.split(words.rpartition(":")[0])[-2:] == ["--out", str(out)]
        assert f"the tables in {out} are" in call(["run", "--raw", raw, "--out", out]).stdout
        cache_path(out).unlink()
        assert f"the cache {cache_path(out)} is missing" in call(["status", "--raw", raw, "--out", out]).stdout

    def test_settings_are_read_and_recorded(self, raw, tmp_path):
        (tmp_path / "c.toml").write_text("[clean]\ndrop_threshold = 0.7\n")
        assert call(["run", "--raw", raw, "--out", tmp_path / "out", "--config", tmp_path / "c.toml"]).returncode == 0
        assert read_manifest(tmp_path / "out").config["clean.drop_threshold"] == "0.7"
        assert "settings" in call(["status", "--raw", raw, "--out", tmp_path / "out"]).stdout


class TestBadInput:
    def test_folder_missing(self, tmp_path):
        assert "does not exist" in fails(2, "run", "--raw", tmp_path / "none", "--out", tmp_path / "out")

    def test_folder_empty(self, tmp_path):
        (tmp_path / "raw").mkdir()
        assert "holds no file" in fails(2, "run", "--raw", tmp_path / "raw", "--out", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("option", ["--raw", "--out", "--config"])
    @pytest.mark.parametrize(("name", "says"), [("", "name is empty"), ("~nosuchuser/x", "home"), ("x" * 300, "long")])
    def test_what_can_be_no_folder(self, raw, tmp_path, option, name, says):
        folders = {"--raw": raw, "--out": tmp_path / "out"} | {option: name}
        assert says in fails(2, "run", *(part for pair in folders.items() for part in pair))

    def test_unreadable_file(self, raw, tmp_path):
        (raw / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
        assert call(["run", "--raw", raw, "--out", tmp_path / "out"]).returncode == 0
        assert [(row["source_path"], row["error"]) for row in rejects(tmp_path / "out")] == [("gone.txt", "unreadable")]

    def test_a_line_of_200_megabytes(self, raw, tmp_path):
        with (raw / "line.txt").open("w") as sink:
            for _ in range(200):
                sink.write("Ginger tea may relieve nausea. " * (1_000_000 // 31))
        done = call(["run", "--raw", raw, "--out", tmp_path / "out", "--workers", 1, "--stage", "ingest"])
        assert done.returncode == 0, done.stderr
        assert read_table(tmp_path / "out", "sources").num_rows + len(rejects(tmp_path / "out")) == 2

    def test_bytes_that_are_not_utf8(self, raw, tmp_path):
        (raw / "latin.txt").write_bytes("Café au lait soothes the stomach, naïve readers say.\n".encode("latin-1") * 5)
        assert call(["run", "--raw", raw, "--out", tmp_path / "out"]).returncode == 0
        encodings = {row["source_path"]: row["encoding"] for row in read_table(tmp_path / "out", "sources").to_pylist()}
        assert encodings["page.txt"] in ("utf_8", "utf-8", "ascii")
        assert "utf" not in encodings["latin.txt"]

    def test_a_gz_cut_in_half(self, raw, tmp_path):
        data = gzip.compress(os.urandom(2000).hex().encode())
        (raw / "cut.txt.gz").write_bytes(data[: len(data) // 2])
        assert call(["run", "--raw", raw, "--out", tmp_path / "out"]).returncode == 0
        (reject,) = rejects(tmp_path / "out")
        assert (reject["source_path"], reject["error"]) == ("cut.txt.gz", "truncated")

    def test_a_broken_record_in_the_middle(self, raw, tmp_path):
        records = [json.dumps({"text": PAGE.replace("meal", word)}) for word in ("meal", "walk", "fall")]
        (raw / "crawl.jsonl").write_text("\n".join([records[0], records[1][:-10], records[2]]) + "\n")
        assert call(["run", "--raw", raw, "--out", tmp_path / "out"]).returncode == 0
        (reject,) = rejects(tmp_path / "out")
        assert reject["record"] == 1
        assert "line 2" in reject["detail"]
        assert read_table(tmp_path / "out", "sources").num_rows == 3

    def test_output_folder_not_writable(self, raw, tmp_path):
        (tmp_path / "file").touch()
        assert "--out" in fails(1, "run", "--raw", raw, "--out", tmp_path / "file" / "out")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_output_folder_without_permission(self, raw, tmp_path):
        (tmp_path / "locked").mkdir(mode=0o500)
        assert "--out" in fails(1, "run", "--raw", raw, "--out", tmp_path / "locked" / "out")

    @pytest.mark.parametrize("name", ["claims.parquet", "segments.parquet", "report.html"])
    def test_what_no_run_wrote_is_not_replaced(self, raw, tmp_path, name):
        out = tmp_path / "out"
        out.mkdir()
        if name == "claims.parquet":
            pq.write_table(pa.table({"claim_id": ["mine"]}), out / name)
        else:
            (out / name).write_text("mine")
        before = (out / name).read_bytes()
        assert name in fails(2, "run", "--raw", raw, "--out", out, "--stage", "clean")
        assert [path.read_bytes() for path in out.iterdir()] == [before], "nothing else is written"

    def test_tables_of_runs_are_known_without_manifest_and_cache(self, raw, tmp_path):
        run = ["run", "--raw", raw, "--out", tmp_path / "out"]
        assert call(run).returncode == 0
        before = table_bytes(tmp_path / "out")
        shutil.rmtree(tmp_path / "out" / ".cache")
        (tmp_path / "out" / "manifest.json").unlink()
        assert call(run).returncode == 0
        assert table_bytes(tmp_path / "out") == before

    def test_tables_of_runs_are_no_pages(self, raw, tmp_path):
        """Neither its own, to which a link leads, nor those of another run that lie there."""
        out = tmp_path / "out"
        out.mkdir()
        (raw / "tables").symlink_to(out)
        run = ["run", "--raw", raw, "--out", out, "--stage", "clean"]
        assert call(run).returncode == 0
        assert "fresh" in call(run).stdout
        shutil.copytree(out, raw / "old" / "tables")
        (raw / "old" / "page.html").write_text(f"<p>{PAGE}</p>")
        (raw / "app").mkdir()
        (raw / "app" / "manifest.json").write_text(json.dumps({"text": PAGE}))
        assert call(run).returncode == 0
        read = {row["source_path"] for row in read_table(out, "sources").to_pylist()}
        assert read == {"page.txt", "old/page.html", "app/manifest.json"}
        assert "tables of a run" in fails(2, "run", "--raw", out, "--out", tmp_path / "other")
        assert "tables of a run" in fails(2, "status", "--raw", out, "--out", tmp_path / "other")

    def test_output_inside_the_input(self, raw):
        assert "lies in" in fails(2, "run", "--raw", raw, "--out", raw / "out")

    def test_unknown_setting_names_the_known_ones(self, raw, tmp_path):
        (tmp_path / "c.toml").write_text("[clean]\ndrop_treshold = 0.7\n")
        message = fails(2, "run", "--raw", raw, "--out", tmp_path / "out", "--config", tmp_path / "c.toml")
        assert "drop_treshold" in message
        assert "drop_threshold" in message

    @pytest.mark.parametrize(
        ("setting", "named"),
        [('[extract]\nreaders = ["nobody"]', "frames"), ('[tag]\nmodel = "no_such_model"', "no_such_model"),
         ("[extract]\nreaders = []", "names none"), ("[tag]\nlanguages = []", "names none"),
         ('[tag]\nlanguages = ["en", "english"]', "['english'] are no codes; known are: ace, af"),
         ('[tag]\nlanguages = ["EN"]', "['EN'] are no codes"), ('[tag]\nterminology = "no.parquet"', "does not exist")],
    )  # fmt: skip
    def test_a_setting_that_leads_nowhere_stops_before_work(self, raw, tmp_path, setting, named):
        (tmp_path / "c.toml").write_text(setting)
        run = ["run", "--raw", raw, "--out", tmp_path / "out", "--config", tmp_path / "c.toml", "--stage", "clean"]
        assert named in fails(2, *run)
        assert named in fails(2, "status", *run[1:-2])
        assert not (tmp_path / "out").exists()

    def test_a_folder_is_no_config_file(self, raw, tmp_path):
        assert "TOML" in fails(2, "run", "--raw", raw, "--out", tmp_path / "out", "--config", tmp_path)

    def test_unknown_stage_names_the_known_ones(self, raw, tmp_path):
        assert "ingest, clean" in fails(2, "run", "--raw", raw, "--out", tmp_path / "out", "--stage", "wash")

    @pytest.mark.parametrize("workers", ["0", "two", "--5", "1.5", "99999999999"])
    def test_no_workers(self, raw, tmp_path, workers):
        assert "workers" in fails(2, "run", "--raw", raw, "--out", tmp_path / "out", f"--workers={workers}")

    def test_folders_whose_names_are_no_utf8(self, raw, tmp_path):
        odd = tmp_path / os.fsdecode(b"pages\xff")
        raw.rename(odd)
        assert "no UTF-8" in fails(2, "run", "--raw", odd, "--out", tmp_path / os.fsdecode(b"out\xff"))
        assert call(["run", "--raw", odd, "--out", tmp_path / "out", "--stage", "clean"]).returncode == 0
        assert r"pages\xff" in call(["status", "--raw", odd, "--out", tmp_path / "out"]).stdout


class TestInterrupted:
    @pytest.mark.parametrize("workers", [1, 2])
    @pytest.mark.parametrize("moment", ["nothing is done", "work is done"])
    def test_a_run_says_what_is_kept_and_goes_on(self, tmp_path, workers, moment):
        """As Ctrl-C in a terminal does it: the signal goes to the run and its workers at once."""
        out = tmp_path / "out"
        run = subprocess.Popen(
            command("run", "--raw", SAMPLES, "--out", out, "--workers", workers),
            cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        reached = cache_path(out).exists if moment == "nothing is done" else lambda: len(finished(out)) > 13
        while run.poll() is None and not reached():
            time.sleep(0.02)
        os.killpg(run.pid, signal.SIGINT)
        said = run.communicate(timeout=60)[1]
        assert (run.returncode, said) == (130, "stopped; finished work is kept: run again to go on\n")
        kept = len(finished(out))
        assert call(["run", "--raw", SAMPLES, "--out", out, "--stage", "clean"]).returncode == 0
        steps = read_manifest(out).steps
        assert sum(step.reused for step in steps) == min(kept, sum(step.computed + step.reused for step in steps))

    def test_what_keeps_nothing_promises_nothing(self, tmp_path):
        waits = "import pipeline.cli as c; c.app.command('wait')(lambda: signal.raise_signal(signal.SIGINT)); c.main()"
        code = f"import signal, sys; sys.argv = ['pipeline', 'wait']; {waits}"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (130, "stopped\n")


class TestOutput:
    """What a terminal, a pipe or a disk does not take ends nothing in a traceback."""

    @pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
    def test_characters_that_an_encoding_lacks(self, ran, encoding):
        shown = subprocess.run(
            command("show", "gout-diet.txt", "--out", ran.out), cwd=ROOT, capture_output=True, check=False,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert (shown.returncode, shown.stderr) == (0, b"")
        assert rb"Menu \u2630" in shown.stdout

    @pytest.mark.parametrize("what", [("show", "gout-diet.txt"), ("status",), ("audit",)])
    def test_a_full_disk_behind_it(self, ran, what):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command(*what, "--out", ran.out), cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 1
        assert re.fullmatch(r"error: the output cannot be written \(.*\): free space.*\n", done.stderr)


class TestDiskFull:
    @pytest.fixture
    def grown(self, raw, tmp_path) -> tuple[Path, Path, dict[str, bytes]]:
        """A folder with new pages since its last run, the output of that run, and its tables' bytes."""
        out = tmp_path / "out"
        assert call(["run", "--raw", raw, "--out", out]).returncode == 0
        for path in SAMPLES.glob("*.txt"):
            shutil.copy(path, raw)
        return raw, out, table_bytes(out)

    @pytest.mark.parametrize("limit", [40_000, 300_000])
    def test_old_tables_stay_when_files_may_not_grow(self, grown, limit):
        raw, out, before = grown
        run = subprocess.run(
            command("run", "--raw", raw, "--out", out, "--workers", 1),
            cwd=ROOT, capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )  # fmt: skip
        assert run.returncode == 1, run
        assert run.stderr.startswith("error: ")
        assert run.stderr.count("\n") == 1
        assert table_bytes(out) == before
        assert call(["run", "--raw", raw, "--out", out]).returncode == 0
        assert table_bytes(out) != before

    @pytest.mark.parametrize("size", ["256k", "700k"])
    def test_old_tables_stay_on_a_full_disk(self, grown, tmp_path, size):
        raw, out, before = grown
        disk = tmp_path / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if os.geteuid() or subprocess.run(mount, check=False).returncode:
            pytest.skip("a small disk can only be made where mounting is allowed")
        try:
            shutil.copytree(out, disk / "out", ignore=shutil.ignore_patterns("work.sqlite*"))
            assert "free space" in fails(1, "run", "--raw", raw, "--out", disk / "out", "--workers", 1)
            assert table_bytes(disk / "out") == before
        finally:
            subprocess.run(["umount", disk], check=True)


class TestShow:
    def test_prints_the_passage_with_its_parts_marked(self, ran):
        claim = ran.table("claims").to_pylist()[0]
        shown = call(["show", claim["claim_id"][:12], "--out", ran.out])
        assert shown.returncode == 0, shown.stderr
        assert claim["source_path"] in shown.stdout
        assert re.search(r"«[^»]*\[[SO] ", shown.stdout)
        assert "its segment was kept as" in shown.stdout

    def test_a_file_is_shown_line_by_line(self, ran):
        source = max(ran.table("sources").to_pylist(), key=lambda row: row["record"])
        assert source["record"] > 0
        place = ["--record", source["record"], "--out", ran.out]
        shown = call(["show", source["source_path"], *place])
        assert shown.returncode == 0, shown.stderr
        assert f"record {source['record']}: {source['n_chars']} characters" in shown.stdout
        segments = [row for row in ran.table("segments").to_pylist() if row["source_id"] == source["source_id"]]
        assert len(re.findall(r"^[- ] [a-z]", shown.stdout, re.MULTILINE)) == len(segments) > 0
        none = fails(1, "show", source["source_path"], "--record", 99, "--out", ran.out)
        assert f"no record 99 that was read: name one of its {source['record'] + 1}" in none

    def test_what_was_not_done_yet_is_said(self, raw, tmp_path):
        run = ["run", "--raw", raw, "--out", tmp_path / "out", "--stage"]
        show = ["show", "page.txt", "--out", tmp_path / "out"]
        call([*run, "ingest"])
        assert "segments.parquet is not there: run the pipeline" in fails(1, *show)
        call([*run, "clean"])
        shown = call(show).stdout
        assert shown.startswith(f"page.txt: {len(PAGE)} characters, claims not read yet (there is no claims.parquet)\n")
        assert "Ginger tea may relieve" in shown
        call([*run, "consolidate"])
        assert re.search(r"characters, \d+ claims\n", call(show).stdout)
        (tmp_path / "out" / "claims.parquet").unlink()
        assert "claims.parquet is not there, claim_groups.parquet is: run" in fails(1, *show)

    def test_a_rejected_record_says_why(self, raw, tmp_path):
        rows = [json.dumps({"text": PAGE}), '{"text": 3}', "{"]
        (raw / "r.jsonl").write_text("\n".join(rows) + "\n")
        (raw / "none.jsonl").write_text("\n".join(rows[1:]) + "\n")
        out = tmp_path / "out"
        call(["run", "--raw", raw, "--out", out, "--stage", "clean"])
        found = {(row["source_path"], row["record"]): row["detail"] for row in rejects(out)}
        for (path, record), detail in found.items():
            said = fails(1, "show", path, "--record", record, "--out", out)
            assert f"{path}, record {record}, was rejected (" in said
            assert detail in said
        for path, n_read, last in (("r.jsonl", 1, 2), ("none.jsonl", 0, 1)):
            said = fails(1, "show", path, "--record", 7, "--out", out)
            assert f"{path} has no record 7 that was read: name one of its {n_read}, of 0 to {last}" in said

    def test_a_rejected_file_says_why(self, ran):
        (row,) = [row for row in ran.table("rejects").to_pylist() if row["source_path"] == "empty.txt"]
        assert f"rejected (empty): {row['detail']}" in fails(1, "show", "empty.txt", "--out", ran.out)

    def test_a_file_is_meant_by_its_name_on_disk_where_that_is_no_utf8(self, raw, tmp_path):
        name = os.fsdecode(b"bad\xff.txt")
        (raw / name).write_text(PAGE)
        assert call(["run", "--raw", raw, "--out", tmp_path / "out", "--stage", "clean"]).returncode == 0
        for what in (name, r"bad\xff.txt"):
            assert r"bad\xff.txt was rejected" in fails(1, "show", what, "--out", tmp_path / "out")

    def test_an_unknown_file_names_those_like_it(self, ran):
        assert "like it: gout-diet.txt" in fails(1, "show", "data/raw/gout-diet.txt", "--out", ran.out)
        assert "like it: hip-clinic.txt" in fails(1, "show", "hipclinic.txt", "--out", ran.out)

    def test_unknown_claim(self, ran):
        assert "no claim" in fails(1, "show", "zzz", "--out", ran.out)

    def test_before_any_run(self, tmp_path):
        assert "run the pipeline first" in fails(1, "show", "abc", "--out", tmp_path)


class TestEval:
    @pytest.mark.parametrize(
        ("made", "words"), [((), "raw is no folder"), (("raw", "claims"), "labels is no folder"),
                            (("raw", "labels", "claims"), "no labelled pages")],
    )  # fmt: skip
    def test_dumps_that_are_not_there(self, tmp_path, made, words):
        for name in made:
            (tmp_path / name).mkdir()
        message = fails(2, "eval", "--dumps", tmp_path)
        assert words in message
        assert "NAME.tsv" in message

    @pytest.fixture
    def dumps(self, raw):
        """A folder of one labelled page."""
        for name, text in {"labels/page.tsv": LABELS, "claims/page.jsonl": json.dumps(CLAIM)}.items():
            (raw.parent / name).parent.mkdir()
            (raw.parent / name).write_text(text)
        return raw.parent

    @staticmethod
    def load(folder: Path):
        return load_dumps(folder / "raw", folder / "labels", folder / "claims")

    @pytest.mark.parametrize("written", [lambda text: text, lambda text: "\ufeff" + text.replace("\n", "\r\n")])
    def test_labels_of_a_user(self, dumps, written):
        for path in (dumps / "labels" / "page.tsv", dumps / "claims" / "page.jsonl"):
            path.write_text(written(path.read_text()))
        (page,) = self.load(dumps)
        assert [(page.text[a:b], label) for a, b, label in page.labels] == [
            ("Ginger and nausea", "title"), ("Ginger tea may relieve nausea after a meal.", "body"),
            (" It does not", "ad"),
        ]  # fmt: skip
        (claim,) = page.claims
        assert [page.text[slice(*span)] for span in (claim.evidence, claim.subject, claim.object)] == [
            CLAIM["evidence"], "Ginger tea", "nausea",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("row", "says"),
        [("bad", "'bad'"), ("start\tend\tlabel", "'start'"), ("0\t3760\tbody", "label '3760' is none of title, "),
         ("0", "label '' is none"), ("9\tbody", "no line 9, they are 0 to 3"), ("-1\tbody", "no line -1"),
         ("0\tbody\tfever", "'fever' does not stand in line 0"), ("\tbody", "''")],
    )  # fmt: skip
    def test_a_row_of_labels_that_is_none(self, dumps, row, says):
        path = dumps / "labels" / "page.tsv"
        path.write_text(f"0\ttitle\n{row}\n")
        with pytest.raises(InputError, match=re.escape(f"{path}, line 2: ")) as refused:
            self.load(dumps)
        assert says in str(refused.value)

    @pytest.mark.parametrize(
        ("change", "says"),
        [(None, "no JSON (Expecting"), ([], "no object"), ({"line": None}, "int"), ({"line": 4}, "no line 4"),
         ({"evidence": "Tea"}, "evidence stands nowhere from line 2"), ({"evidence": 3}, "str"),
         ({"subject": "fever"}, "the subject does not stand in line 2"), ({"object": ""}, "the object does not"),
         ({"object_line": "x"}, "'x'"), ({"predicate": "cures"}, "predicate 'cures' is none of treats, "),
         ({"negated": "no"}, "negated 'no' is none of True, False"), ({"subject_type": []}, "subject_type [] is none")],
    )  # fmt: skip
    def test_a_row_of_claims_that_is_none(self, dumps, change, says):
        path = dumps / "claims" / "page.jsonl"
        path.write_text("{" * (change is None) + json.dumps(CLAIM | change if isinstance(change, dict) else change))
        with pytest.raises(InputError, match=re.escape(f"{path}, line 1: ")) as refused:
            self.load(dumps)
        assert says in str(refused.value)

    def test_a_row_of_claims_without_a_key(self, dumps):
        for key in CLAIM:
            row = {name: value for name, value in CLAIM.items() if name != key}
            (dumps / "claims" / "page.jsonl").write_text(json.dumps(row))
            with pytest.raises(InputError, match=f"line 1: no '{key}'"):
                self.load(dumps)

    @pytest.mark.parametrize("name", ["raw/page.txt", "claims/page.jsonl", "labels/page.tsv"])
    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"\xff")])
    def test_dumps_with_a_file_missing_or_damaged(self, dumps, name, damage):
        damage(dumps / name)
        message = fails(2, "eval", "--dumps", dumps)
        assert (name if (dumps / "labels" / "page.tsv").exists() else "no labelled pages") in message

    def test_the_help_says_how_rows_are_written(self):
        shown = " ".join(call(["eval", "--help"]).stdout.replace("│", " ").split())
        for key in CLAIM:
            assert re.search(rf"\b{key}\b", shown), key
        assert "LINE, LABEL and WORDS" in shown

    def test_unknown_part_names_the_known_ones(self):
        assert "train, dev, test" in fails(2, "eval", "--part", "foo")

    @pytest.mark.parametrize("other", [("--part", "dev"), ("--dumps", "pages")])
    def test_floors_are_pinned_on_the_test_part_alone(self, other):
        assert "--pin goes with no --dumps or other --part" in fails(2, "eval", "--pin", *other)

    def test_lowering_is_said_of_pinning(self):
        assert "give both, or neither" in fails(2, "eval", "--lower")

    def test_outside_the_repository(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=f"no folder training/corpus in the current folder {tmp_path}: "):
            evaluate()


def denied(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of a user for whom permissions count, as they do not for root."""
    capabilities = "-dac_override,-dac_read_search"
    drop = ["setpriv", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}"] if os.geteuid() == 0 else []
    if drop and shutil.which(drop[0]) is None:
        pytest.skip("root may read anywhere")
    return subprocess.run([*drop, *command(*arguments)], cwd=ROOT, capture_output=True, text=True, check=False)


class TestPermissions:
    @pytest.fixture
    def locked(self, ran, tmp_path):
        """A folder of tables, and of pages, in a folder that may not be entered."""
        locked = tmp_path / "locked"
        shutil.copytree(ran.out, locked / "out")
        shutil.copytree(SAMPLES, locked / "raw")
        locked.chmod(0)
        yield locked
        locked.chmod(0o700)

    @pytest.mark.parametrize(
        "what", [("status",), ("show", "gout-diet.txt"), ("show", "abc"), ("audit",), ("audit", "--exact"), ("report",),
                 ("run",)],
    )  # fmt: skip
    def test_an_output_folder_that_may_not_be_entered(self, locked, what):
        done = denied(*what, "--out", locked / "out")
        assert done.returncode == 1
        assert re.fullmatch(r"error: .*Permission denied.*check (its|the) permissions.*\n", done.stderr)

    def test_a_raw_folder_that_may_not_be_entered(self, locked, tmp_path):
        for raw in (locked / "raw", locked):
            done = denied("run", "--raw", raw, "--out", tmp_path / "out")
            assert done.returncode == 2
            assert re.fullmatch(r"error: raw folder .* cannot be opened.*: check .*permissions.*\n", done.stderr)

    def test_a_link_into_it_is_a_file_that_is_rejected(self, locked, raw, tmp_path):
        (raw / "in.txt").symlink_to(locked / "raw" / "gout-diet.txt")
        (raw / "all").symlink_to(locked / "raw")
        done = denied("run", "--raw", raw, "--out", tmp_path / "out", "--stage", "ingest")
        assert done.returncode == 0, done.stderr
        assert [(row["source_path"], row["error"]) for row in rejects(tmp_path / "out")] == [
            ("all", "unreadable"), ("in.txt", "unreadable"),
        ]  # fmt: skip

    @pytest.mark.parametrize("setting", ["terminology", "model"])
    def test_a_setting_that_leads_into_it(self, locked, raw, tmp_path, setting):
        (tmp_path / "c.toml").write_text(f'[tag]\n{setting} = "{locked / "raw"}"\n')
        done = denied("run", "--raw", raw, "--out", tmp_path / "out", "--config", tmp_path / "c.toml")
        assert done.returncode == 2
        assert re.fullmatch(r"error: settings: .*Permission denied.*\n", done.stderr)

    def test_a_report_that_may_not_be_read(self, ran, tmp_path):
        out = shutil.copytree(ran.out, tmp_path / "out")
        (out / "report.html").chmod(0)
        done = denied("run", "--out", out)
        assert (done.returncode, done.stderr) == (0, "")
        assert (out / "report.html").read_bytes() == (ran.out / "report.html").read_bytes()


class TestStatus:
    def test_before_any_run(self, tmp_path):
        assert "no run" in call(["status", "--out", tmp_path]).stdout

    def test_fresh_then_changed(self, ran, tmp_path):
        assert "fresh" in call(["status", "--out", ran.out]).stdout
        shutil.copytree(SAMPLES, tmp_path / "raw")
        (tmp_path / "raw" / "more.txt").write_text(PAGE)
        assert "the pages changed" in call(["status", "--raw", tmp_path / "raw", "--out", ran.out]).stdout
        shutil.copytree(ran.out, tmp_path / "out")
        (tmp_path / "out" / "claims.parquet").write_bytes(b"")
        assert "damaged: claims" in call(["status", "--out", tmp_path / "out"]).stdout
        (tmp_path / "out" / "manifest.json").unlink()
        assert "no manifest.json" in call(["status", "--out", tmp_path / "out"]).stdout


def make(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a make target with the Python that runs the tests, without installing anything."""
    settings = ["--old-file=.venv/.installed", f"PY={sys.executable}", "--no-print-directory"]
    target = ["make", *settings, *map(str, arguments)]
    return subprocess.run(target, cwd=ROOT, capture_output=True, text=True, check=False)


class TestMake:
    def test_stages_by_name(self, raw, tmp_path):
        out = tmp_path / "out"
        done = set()
        for stage, tables in {
            "ingest": {"sources", "rejects"},
            "clean": {"documents", "segments"},
            "deduplicate": {"duplicates"},
            "tag": {"mentions"},
            "extract": {"claims"},
            "consolidate": {"claim_groups"},
        }.items():
            ran = make(stage, f"RAW={raw}", f"OUT={out}", "WORKERS=1")
            assert ran.returncode == 0, ran.stderr
            done |= tables
            assert set(table_bytes(out)) == done
        assert "fresh" in make("status", f"RAW={raw}", f"OUT={out}").stdout
        report = make("report", f"RAW={raw}", f"OUT={out}")
        assert "report.html" in report.stdout
        assert (out / "report.html").exists()

    def test_the_default_is_the_run_and_its_result_can_be_deleted(self, raw, tmp_path):
        copy = tmp_path / "copy"
        copy.mkdir()
        shutil.copy(ROOT / "Makefile", copy)
        (copy / "pipeline").symlink_to(ROOT / "pipeline")
        out = tmp_path / "out"
        assert make("-C", copy, f"RAW={raw}", f"OUT={out}").returncode == 0
        assert (out / "report.html").exists()
        others = [out / "notes.txt", out / "mine.parquet", out / ".cache" / "pip"]
        for path in others:
            path.touch()
        assert make("-C", copy, "distclean", f"OUT={out}").returncode == 0
        assert sorted(path for path in out.rglob("*") if path.is_file()) == sorted(others)
        others[2].unlink()
        assert make("-C", copy, f"RAW={raw}", f"OUT={out}").returncode == 0
        assert make("-C", copy, "distclean", f"OUT={out}").returncode == 0
        assert sorted(out.iterdir()) == sorted(others[:2])

    def test_what_no_run_wrote_is_not_deleted(self, tmp_path):
        names = ["claims.parquet", "manifest.json", "report.html", ".cache/http"]
        (tmp_path / ".cache").mkdir()
        for name in names:
            (tmp_path / name).touch()
        copy = tmp_path / "copy"
        copy.mkdir()
        shutil.copy(ROOT / "Makefile", copy)
        assert make("-C", copy, "distclean", f"OUT={tmp_path}").returncode == 0
        assert make("-C", copy, "distclean", f"OUT={tmp_path / 'none'}").returncode == 0
        assert all((tmp_path / name).exists() for name in names)

    def test_the_tables_it_deletes_are_those_of_the_schema(self):
        (listed,) = re.findall(r"^TABLES := (.*)$", (ROOT / "Makefile").read_text(), re.M)
        assert listed.split() == [name for name, table in TABLES.items() if table.public]

    def test_nothing_is_deleted_in_a_folder_without_a_name(self):
        asked = make("distclean", "OUT=", "--dry-run")
        guard = asked.stdout.splitlines()[0]
        done = subprocess.run(["sh", "-c", guard], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (2, "error: OUT is empty: name the folder of the tables\n")

    def test_an_error_is_an_error(self, tmp_path):
        failed = make(f"RAW={tmp_path / 'none'}", f"OUT={tmp_path / 'out'}")
        assert failed.returncode == 2
        assert "does not exist" in failed.stderr

    def test_no_target_runs_a_module_that_is_not_there(self):
        modules = re.findall(r"\$\(PY\) -m ([\w.]+)", (ROOT / "Makefile").read_text())
        assert {"pipeline", "training.reader"} <= set(modules)
        for module in modules:
            assert importlib.util.find_spec(module), module

    def test_help_lists_every_target(self):
        listed = make("help").stdout
        targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M).group(1)
        for target in targets.replace("$(STAGES)", "ingest clean deduplicate tag extract consolidate").split():
            assert re.search(rf"\b{target}\b", listed), target
