"""The documentation is true: its commands exist, its Python runs, what is generated is current."""

import doctest
import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT, call

from pipeline import __version__
from pipeline.config import load_config
from pipeline.store import read_table, read_text, visible

PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/tables.md", "docs/figures.md")
TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
TARGETS = TARGETS.replace("$(STAGES)", "ingest clean deduplicate tag extract consolidate").split()


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def generator():
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(name: str, kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Every command that the pages tell a reader to type, in a block or in a line."""
    found = []
    for name in PAGES:
        lines = [line.split("#")[0].strip() for block in blocks(name, "sh") for line in block.splitlines()]
        inline = re.findall(r"`((?:make|python|\.ci/)[^`\n]*)`", page(name))
        found += [(name, line) for line in [*lines, *inline] if line]
    return sorted(set(found))


@pytest.mark.parametrize(("name", "line"), commands(), ids=[f"{name}: {line}" for name, line in commands()])
def test_every_command_exists(name, line):
    words = line.split()
    if words[0] == "make":
        targets = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
        assert set(targets) <= set(TARGETS)
    elif words[:3] == ["python", "-m", "pipeline"]:
        helped = call([*words[3:4], "--help"])
        assert helped.returncode == 0, helped.stderr
        for option in (word for word in words[4:] if word.startswith("--")):
            assert option in helped.stdout
    elif words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(words[2]) is not None
    else:
        assert (ROOT / words[-1]).exists()


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_is_named_exists(name):
    text = page(name)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]
    named = re.findall(r"`((?:data|docs|notebooks|pipeline|tests|training)/[\w./*-]+)`", text)
    made = re.compile(r"data/(?:processed|terminology\.parquet)")
    base = (ROOT / name).parent
    assert all((base / link).exists() for link in links if link)
    assert [path for path in named if not made.match(path) and not list(ROOT.glob(path))] == []


def test_anchors_of_links_exist():
    for name, anchor in re.findall(r"\]\(([\w./]*)#([\w-]+)\)", page("README.md")):
        heads = re.findall(r"^#+ (.*)$", page(name or "README.md"), re.MULTILINE)
        assert anchor in [re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads]


@pytest.fixture
def at_home(ran, tmp_path, monkeypatch) -> Path:
    """A working folder whose data/processed holds the run over the sample pages."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "processed").symlink_to(ran.out)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_of_the_readme_runs(at_home):
    assert ">>> import pipeline" in page("README.md")
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0


def test_the_settings_of_the_readme_are_settings(tmp_path):
    for block in blocks("README.md", "toml"):
        (tmp_path / "settings.toml").write_text(block)
        assert tomllib.loads(block)
        load_config(tmp_path / "settings.toml")


class TestReadme:
    def test_the_first_lines_show_a_passage_and_its_rows(self):
        head = "\n".join(page("README.md").splitlines()[:20])
        (passage,) = re.findall(r"```text\n(.*?)```", head, re.DOTALL)
        assert passage.count("\n") >= 3
        assert head.count("\n| ") >= 3

    def test_the_passage_stands_in_the_sample(self, ran):
        path = re.search(r"`data/raw/([\w.-]+)`", page("README.md"))[1]
        text = read_text(self.source(ran, path), out=ran.out)
        for line in blocks("README.md", "text")[0].splitlines():
            assert line in visible(text)

    def test_the_rows_are_those_of_a_run(self, ran):
        """Words, predicate and offsets to the letter; confidence to a tenth: arithmetic differs between machines."""
        claims = {
            (c["subject_text"], c["predicate"], c["object_text"], f"{c['evidence_start']}–{c['evidence_end']}"): c
            for c in read_table(ran.out, "claims").to_pylist()
        }
        rows = [row.strip("| ").split(" | ") for row in re.findall(r"^\| .*–\d+ \|$", page("README.md"), re.MULTILINE)]
        assert 3 <= len(rows) <= 6
        for subject, predicate, object_, said, sure, place in rows:
            claim = claims[subject, predicate, object_, place]
            assert said == ("denied" if claim["negated"] else claim["certainty"])
            assert (sure == "none yet") == (claim["confidence"] is None)
            assert claim["confidence"] is None or abs(float(sure) - claim["confidence"]) <= 0.1

    def test_what_a_reader_must_know_is_there(self):
        text = page("README.md")
        for words in ("Not medical advice", "make test", "## Limits", "CC0", "pipeline.claims(", "pipeline.evidence("):
            assert words in text
        assert text.count("<!-- figures:begin") == text.count("<!-- figures:end -->") == 1

    @staticmethod
    def source(ran, path: str) -> str:
        (row,) = [row for row in read_table(ran.out, "sources").to_pylist() if row["source_path"] == path]
        return row["source_id"]


class TestGenerated:
    def test_the_tables_are_those_of_the_schema(self):
        generate = generator()
        assert page("docs/tables.md") == generate.tables_page(), "run: python docs/generate.py"
        assert generate.with_part(page("README.md"), "tables", generate.tables_part()) == page("README.md")

    def test_the_pictures_are_those_of_a_run(self, ran):
        """But for the digits of scores: arithmetic differs between machines."""
        for name, drawn in generator().pictures(ran.out).items():
            words, stored = (re.findall(r">([^<\s][^<]*)<", text) for text in (drawn, page(f"docs/pictures/{name}")))
            assert [re.sub(r"\d\.\d\d", "0.00", w) for w in words] == [re.sub(r"\d\.\d\d", "0.00", w) for w in stored]

    def test_the_generator_writes_what_stands_there(self, ran):
        part = generator().example_part(ran.out)
        assert part.splitlines()[:6] == page("README.md").splitlines()[3:9]

    def test_a_page_without_the_marks_is_refused(self):
        with pytest.raises(ValueError, match="marks"):
            generator().with_part("# A page", "tables", "rows")


def test_the_changelog_starts_with_this_version():
    assert re.findall(r"^## (\S+)", page("CHANGELOG.md"), re.MULTILINE)[0] == __version__


def test_the_folders_drawn_are_the_folders_there():
    drawn = blocks("CONTRIBUTING.md", "text")[0]
    for folder in ("pipeline", "."):
        there = {p.name for p in (ROOT / folder).iterdir() if p.is_dir() and not p.name.startswith((".", "_"))}
        tracked = subprocess.run(
            ["git", "ls-files", "--", folder], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.split()
        if not tracked:
            pytest.skip("not a checkout")
        known = {Path(path).relative_to(folder).parts[0] for path in tracked}
        assert [name for name in sorted(there & known) if f"{name}/" not in drawn] == []


def test_nothing_depends_on_where_it_lies():
    pattern = re.compile(r"(?:/home/|/work/|/root/|/Users/)")
    assert [name for name in PAGES if pattern.search(page(name))] == []
