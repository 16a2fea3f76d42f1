"""The command line: run, status, show, audit, eval, report.

Exit codes: 0 all went well, 1 the run failed, 2 a setting or the input cannot work. An error is one line
on standard error that names the file or setting and the remedy.
"""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline import OUT, RAW
from pipeline.config import place
from pipeline.errors import ClaimsieveError

if TYPE_CHECKING:
    from pipeline.evaluation.gold import GoldPage

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """The commands; Ctrl-C ends each of them here, where what it held is closed again."""

    def invoke(self, ctx: Any) -> Any:
        """As of any group."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            kept = "; finished work is kept: run again to go on" if ctx.invoked_subcommand == "run" else ""
            typer.echo(f"stopped{kept}", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Medical claims out of scraped health text.",
)
_Raw = Annotated[Path, typer.Option(parser=place, metavar="PATH", help="folder of pages to read")]
_Out = Annotated[Path, typer.Option(parser=place, metavar="PATH", help="folder of the tables")]
_Config = Annotated[Path | None, typer.Option(parser=place, metavar="PATH", help="TOML file of settings")]
_CORPUS = Path("training/corpus")
_DUMPS = (
    "instead: folder with raw/NAME.txt; labels/NAME.tsv, a row of which is LINE, LABEL and WORDS, tabs between (lines"
    " count from 0; no words: the whole line); claims/NAME.jsonl, a row of which is an object with line, evidence,"
    " subject, subject_line, subject_type, predicate, object, object_line, object_type, negated, certainty, quantity,"
    ' qualifier, attribution and evidence_type (words as they stand in their line, "" where nothing is said); all UTF-8'
)
_Workers = Annotated[
    str | None, typer.Option(metavar="N|ray", help="processes, all cores unless given; ray: the cluster of RAY_ADDRESS")
]


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal or pipe takes every character
    try:
        app(prog_name="pipeline")
    except ClaimsieveError as error:
        from pipeline.store import visible  # a message may name a hostile file

        typer.echo(f"error: {visible(str(error))}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is not None:
            raise
        # Standard output alone has no name. What it did not take would be tried, and fail, again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        typer.echo(
            f"error: the output cannot be written ({error.strerror}): free space, or send it elsewhere", err=True
        )
        sys.exit(1)


@app.command()
def run(
    raw: _Raw = RAW,
    out: _Out = OUT,
    workers: _Workers = None,
    stage: Annotated[str | None, typer.Option(help="last stage to run; all unless given")] = None,
    config: _Config = None,
) -> None:
    """Read the pages, write the tables and the report, say what was found."""
    from pipeline import run_with_report
    from pipeline.config import load_config
    from pipeline.engines.flow import RunOptions
    from pipeline.store import visible
    from pipeline.terminal import console, show_counts, watch

    to = console()
    with watch(to) as progress:
        options = RunOptions(
            raw, out, config=load_config(config), workers=_workers(workers), upto=stage, progress=progress
        )
        outcome = run_with_report(options, counted=True)
    if outcome.counts is None:
        to.print(
            f"fresh: nothing to do; the tables in {visible(str(out))} are up to date with {visible(str(raw))}"
            f" ({outcome.manifest.n_files} files)",
            markup=False,
        )
        return
    show_counts(to, outcome.counts, outcome.manifest, out)


@app.command()
def status(raw: _Raw = RAW, out: _Out = OUT, config: _Config = None) -> None:
    """Say what the last run did, and whether its tables are up to date with the pages."""
    from pipeline.config import load_config
    from pipeline.engines.flow import RunOptions, check
    from pipeline.store import visible
    from pipeline.terminal import console, show_manifest

    manifest, state = check(RunOptions(raw, out, config=load_config(config)))
    if manifest is None:
        console().print(visible(state), markup=False)
    else:
        show_manifest(console(), manifest, state)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="claim_id or its beginning; or a file, as source_path names it")],
    record: Annotated[int, typer.Option(min=0, help="which page of a file of many records")] = 0,
    out: _Out = OUT,
) -> None:
    """Print the words behind a claim, or a page line by line: what was kept, what dropped and why, what it claims."""
    from pipeline.errors import OutputError
    from pipeline.report.dirty_page import alike, page_of
    from pipeline.stages.ingest import is_utf8, printable
    from pipeline.store import evidence
    from pipeline.terminal import console, show_evidence, show_page

    what = what if is_utf8(what) else printable(what)
    page = page_of(out, what, record)
    if page is not None:
        show_page(console(), page)
    elif names := alike(out, what):
        raise OutputError(f"no file {what!r} was read into {out}; like it: {', '.join(names)}")
    else:
        show_evidence(console(), evidence(what, out=out))


@app.command()
def audit(
    out: _Out = OUT,
    threshold: Annotated[list[float] | None, typer.Option(help="another clean.drop_threshold; may be repeated")] = None,
    rows: Annotated[int, typer.Option(min=1, help="rows of each list")] = 10,
    exact: Annotated[bool, typer.Option("--exact", help="label anew, to count what each threshold changes")] = False,
) -> None:
    """Say what cleaning dropped as what, why and where, and what another threshold would change."""
    from pipeline.errors import ConfigError
    from pipeline.report import audit as cleaning
    from pipeline.terminal import console, show_audit, watch

    thresholds = threshold or cleaning.THRESHOLDS
    for value in thresholds:
        if not 0 <= value <= 1:
            raise ConfigError(f"--threshold must lie between 0 and 1, is {value}")
    to = console()
    found = cleaning.audit(out, thresholds, n_rows=rows)
    show_audit(to, found)
    for value in thresholds if exact else ():
        with watch(to) as progress:
            change = cleaning.exact(out, value, progress=progress)
        to.print(f"{value:g} labelled anew: {change.n_chars_dropped} characters more dropped,"
                 f" {change.n_chars_kept} more kept")  # fmt: skip


@app.command(name="eval")
def evaluate(
    part: Annotated[str, typer.Option(help="pages of the written corpus: train, dev or test")] = "test",
    dumps: Annotated[Path | None, typer.Option(parser=place, metavar="PATH", help=_DUMPS)] = None,
    pin: Annotated[bool, typer.Option("--pin", help="make these figures the floors")] = False,
    lower: Annotated[bool, typer.Option("--lower", help="let --pin lower a floor")] = False,
    workers: _Workers = None,
) -> None:
    """Score cleaning and claims against labelled pages, then public sets where there are any; fail below a floor."""
    from pipeline.errors import ConfigError
    from pipeline.evaluation import floors, pages, public

    has_floors = dumps is None and part == "test"
    if pin and not has_floors:
        raise ConfigError(
            "floors are of the test part of the written corpus: --pin goes with no --dumps or other --part"
        )
    if lower and not pin:
        raise ConfigError("--lower says what --pin may do: give both, or neither")
    labelled = _labelled(part, dumps)
    found = pages.figures(pages.score_pages(labelled, workers=_workers(workers)))
    typer.echo(f"{len(labelled)} pages")
    for name, value in found.items():
        typer.echo(f"{name:26} {value:.3f}")
    for table in public.public_tables():
        typer.echo("\n" + "\n".join(public.lines(table)))
    if has_floors:
        corpus_id = floors.corpus_id(labelled)
        if pin:
            floors.pin(found, corpus_id, lower=lower)
        pinned = floors.load_floors()
        typer.echo(pinned.note)
        wrong = floors.breaches(found, corpus_id, pinned)
        typer.echo("\n".join(wrong) or "every figure is at or above its floor")
        if wrong:
            raise typer.Exit(1)


def _workers(option: str | None) -> int | str | None:
    """A number as one; anything else as it stands, for the engine to know or refuse."""
    try:
        return None if option is None else int(option)
    except ValueError:
        return option


def _labelled(part: str, dumps: Path | None) -> "list[GoldPage]":
    """The dumps in a folder, or without one a part of the written corpus; there is at least one page."""
    from pipeline.errors import ConfigError, InputError
    from pipeline.evaluation import gold

    if part not in gold.PARTS:
        raise ConfigError(f"--part must be one of {', '.join(gold.PARTS)}, is {part!r}")
    if dumps is not None:
        labelled = gold.load_dumps(dumps / "raw", dumps / "labels", dumps / "claims")
        where = f"{dumps / 'labels'}: put NAME.tsv files there"
    else:
        if not _CORPUS.is_dir():
            raise InputError(
                f"no folder {_CORPUS} in the current folder {Path.cwd()}: change to the repository, which has the"
                " written corpus, or name a folder of yours with --dumps"
            )
        labelled = gold.load_pages(_CORPUS, part)
        where = f"{_CORPUS} ({part}): name a folder of yours with --dumps"
    if not labelled:
        raise InputError(f"no labelled pages in {where}")
    return labelled


@app.command()
def report(out: _Out = OUT) -> None:
    """Write report.html from the tables as they are."""
    from pipeline.report import write

    typer.echo(f"wrote {write(out)}")
