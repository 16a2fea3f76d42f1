"""What the command line shows: progress, the counts of a run, the passage behind a claim, a page, the audit."""

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from pipeline.engines.steps import Progress as Watcher
from pipeline.report import FILE_NAME, is_current
from pipeline.report.audit import Audit, Drop
from pipeline.report.dirty_page import DirtyPage
from pipeline.report.page_segments import PageClaim, PageSegment
from pipeline.report.words import percent
from pipeline.store import Counts, Evidence, Manifest, Passage, phrase, visible

__all__ = ["console", "show_audit", "show_counts", "show_evidence", "show_manifest", "show_page", "watch"]

_STYLES = {"evidence": "underline", "subject": "bold cyan", "object": "bold magenta"}
_KEPT_STYLES = {"title": "bold", "heading": "bold"}
# Where there is no colour, brackets mark a claim's parts.
_BRACKETS = {"evidence": ("«", "»"), "subject": ("[S ", "]"), "object": ("[O ", "]")}


def console() -> Console:
    """Standard output; outside a terminal without colour; lines are never cut."""
    return Console(soft_wrap=True, highlight=False, emoji=False)


@contextlib.contextmanager
def watch(to: Console) -> Iterator[Watcher]:
    """A progress bar for each step on a terminal; elsewhere one line when a step is done."""
    if not to.is_terminal:
        yield lambda step, done, total: _plain(to, step, done, total)
        return
    columns = (TextColumn("{task.description:18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=to, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done)

        yield show


def show_counts(to: Console, counts: Counts, manifest: Manifest, out: Path) -> None:
    """What a run found, how long it took, and where to look next."""
    computed = sum(step.computed for step in manifest.steps)
    reused = sum(step.reused for step in manifest.steps)
    work = f"{manifest.seconds:.1f} s, {manifest.workers} workers; {computed} steps of work done, {reused} reused"
    for name, value in (*_count_lines(counts), ("time", work)):
        to.print(f"{name:20} {_safe(value)}")
    to.print("\nwhere to look next:")
    folder, report = _safe(str(out)), out / FILE_NAME
    if is_current(out, manifest):
        to.print(f"  {_safe(str(report))}: the report, in a browser")
    to.print(f"  {folder}/*.parquet: the tables ({', '.join(t.name for t in manifest.tables)})")
    if counts.surest_claim is not None:
        command = f"{shlex.quote(str(_python()))} -m pipeline show {counts.surest_claim[:12]}"
        to.print(f"  {_safe(f'{command} --out {shlex.quote(str(out))}')}: the words behind a claim")


def show_manifest(to: Console, manifest: Manifest, state: str) -> None:
    """The last run: state of its tables, steps, rows."""
    to.print(_safe(state))
    to.print(
        f"written {manifest.started} from {_safe(manifest.raw)} ({manifest.n_files} files),"
        f" version {manifest.version}, terminology {manifest.terminology}"
    )
    steps = Table("step", "computed", "reused", "seconds", box=None)
    for step in manifest.steps:
        steps.add_row(step.name, str(step.computed), str(step.reused), f"{step.seconds:.2f}")
    tables = Table("table", "rows", "bytes", box=None)
    for written in manifest.tables:
        tables.add_row(written.name, str(written.rows), str(written.n_bytes))
    to.print(steps)
    to.print(tables)


def show_evidence(to: Console, found: Evidence) -> None:
    """The raw passages of a claim with its parts marked, and why its segment was kept."""
    confidence = "none: no calibration fits" if found.confidence is None else f"{found.confidence:.2f}"
    to.print(Text(f"claim {found.claim_id}"))
    to.print(Text(f"{visible(found.statement)}   (confidence {confidence})", style="bold"))
    for passage in found.passages:
        to.print(Text(f"\n{visible(found.source_path)}, characters {passage.start} to {passage.end}:", style="dim"))
        to.print(_styled(passage) if to.is_terminal else Text(passage.marked(_BRACKETS, escape=visible)))
    to.print(
        Text(
            f"\nits segment was kept as {found.segment_label}: {found.segment_reason} (score {found.segment_score:.2f})"
        )
    )


def show_page(to: Console, page: DirtyPage) -> None:
    """A page from top to bottom: the label of each segment, its words, why it was dropped, the claims read from it.

    Outside a terminal a segment is a line, dropped ones begin with a minus.
    """
    record = f", record {page.record}" if page.record else ""
    tags = "; markup is left out" if page.as_words else ""
    claims = f"{page.n_claims} claims" if page.claims_read else "claims not read yet (there is no claims.parquet)"
    to.print(_safe(f"{page.source_path}{record}: {page.n_chars} characters, {claims}{tags}"), style="bold")
    if not to.is_terminal:
        for segment in page.segments:
            for line in _plain_lines(segment):
                to.print(line, markup=False)
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=9, style="dim")
    grid.add_column(ratio=1, overflow="fold")
    grid.add_column(width=24, style="dim", overflow="fold")
    for segment in page.segments:
        label = f"{'+' if segment.inline else ''}{segment.label}"
        grid.add_row(label, _words(segment), Text(_why(segment)))
        for claim in segment.claims:
            grid.add_row("", _said(claim), Text(_sure(claim)))
        if segment.n_more_claims:
            grid.add_row("", Text(f"  and {segment.n_more_claims} more", "dim"))
    to.print(grid)
    if page.n_more_segments:
        to.print(f"and {page.n_more_segments} more segments", style="dim")


def _plain_lines(segment: PageSegment) -> Iterator[str]:
    words = " ".join("".join(piece.text for piece in segment.pieces).split())
    more = f" … {segment.n_cut} more characters" if segment.n_cut else ""
    why = f"  [{_why(segment)}]" if _why(segment) else ""
    yield f"{' ' if segment.kept else '-'} {segment.label:8} {words}{more}{why}"
    for claim in segment.claims:
        yield f"           {_said(claim).plain}  [{_sure(claim)}]"


def _why(segment: PageSegment) -> str:
    if segment.kept:
        return f"copy: {visible(segment.copy_of)}" if segment.copy_of else ""
    return f"{segment.reason} {segment.score:.2f}"


def _words(segment: PageSegment) -> Text:
    """The words of a segment, grey if dropped, the parts of claims marked."""
    text = Text(style=_KEPT_STYLES.get(segment.label, "") if segment.kept else "bright_black")
    for piece in segment.pieces:
        roles = piece.roles or (("evidence",) if piece.classes else ())
        text.append(piece.text, " ".join(_STYLES[role] for role in roles[:1]))
    return text.append(f" … {segment.n_cut} more characters" if segment.n_cut else "", "dim")


def _said(claim: PageClaim) -> Text:
    verb = " ".join(filter(None, phrase(claim.predicate, negated=claim.negated, hedged=claim.hedged)))
    return Text.assemble("→ ", (claim.subject, "cyan"), f" {verb} ", (claim.object, "magenta"))


def _sure(claim: PageClaim) -> str:
    return "no confidence" if claim.confidence is None else f"{claim.confidence:.2f}"


def show_audit(to: Console, found: Audit) -> None:
    """What was dropped as what, why and where, the longest and least certain drops, and other thresholds."""
    share = percent(found.n_chars_dropped / found.n_chars if found.n_chars else None)
    to.print(
        f"{found.n_chars_dropped} of {found.n_chars} characters dropped ({share}),"
        f" at clean.drop_threshold = {found.threshold:g}"
    )
    for name, rows in found.by.items():
        table = Table(name, "segments dropped", "characters dropped", "of its characters", box=None)
        for row in rows:
            part = percent(row.n_chars / row.n_chars_all if row.n_chars_all else None)
            table.add_row(_safe(row.name), str(row.n_segments), str(row.n_chars), part)
        to.print(f"\ndropped by {name}:")
        to.print(table, width=_width(to))
        if found.more[name]:
            to.print(f"and {found.more[name]} more: --rows {len(rows) + found.more[name]}")
    _show_drops(to, "the longest drops:", found.longest)
    _show_drops(to, "the drops with the least certain label (a few labels that all mean dropping may share the rest):",
                found.least_certain)  # fmt: skip
    _show_bounds(to, found)


def _show_drops(to: Console, head: str, drops: tuple[Drop, ...]) -> None:
    table = Table("label", "reason", "score", "characters", "file", "from", "words", box=None)
    for drop in drops:
        place = (_safe(drop.source_path), str(drop.raw_start), _safe(drop.words))
        table.add_row(drop.label, _safe(drop.reason), f"{drop.score:.2f}", str(drop.n_chars), *place)
    to.print(f"\n{head}")
    to.print(table, width=_width(to))


def _width(to: Console) -> int | None:
    """As wide as the terminal; elsewhere wide enough that no row is folded."""
    return None if to.is_terminal else 300


def _show_bounds(to: Console, found: Audit) -> None:
    to.print("\nother thresholds, by the stored scores:")
    for bound in found.bounds:
        direction = "stricter" if bound.to == "dropped" else "laxer"
        to.print(f"{bound.threshold:g} ({direction}): at most {bound.n_chars} characters"
                 f" in {bound.n_segments} segments more {bound.to}")  # fmt: skip
        if bound.n_chars_ruled:
            to.print(
                f"  and {bound.n_chars_ruled} are dropped by markup, by promotions, for their site or as no main text,"
                " whatever the threshold"
            )
    to.print(
        "A score is the probability of the segment's own label. What all drop labels had together is not stored, nor"
        "\nhow a changed label changes its neighbours': so these are bounds, give or take the rules about titles and"
        "\npromotions. --exact labels anew and counts; it reads no raw file."
    )


def _python() -> Path:
    """The Python that runs this, as one would type it here."""
    path = Path(sys.executable)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _plain(to: Console, step: str, done: int, total: int) -> None:
    if done == total:
        to.print(f"{step}: {done} of {total}")


def _count_lines(counts: Counts) -> Iterator[tuple[str, str]]:
    rejected = sum(counts.rejects.values())
    yield (
        "sources",
        f"{counts.sources} read, {rejected} rejected" + (f" ({_listed(counts.rejects)})" if rejected else ""),
    )
    if counts.articles is not None:
        yield "articles", str(counts.articles)
        yield "characters kept", _sum(counts.kept_chars)
        yield "characters dropped", _sum(counts.dropped_chars)
    if counts.duplicate_articles is not None:
        copies = f"{counts.duplicate_articles} articles, {counts.duplicate_passages} passages"
        yield "duplicates", f"{copies}; {counts.site_lines} lines dropped as their site's"
    if counts.unread:
        yield "not tagged or read", f"articles in none of tag.languages ({_listed(counts.unread)})"
    if counts.mentions is not None:
        yield "mentions", str(counts.mentions)
    if counts.claims is not None:
        yield "claims", _sum(counts.claims)
    if counts.disputed is not None:
        yield "disputed groups", str(counts.disputed)


def _sum(numbers: dict[str, int]) -> str:
    """The sum, and of what where there is anything."""
    return f"{sum(numbers.values())}" + (f" ({_listed(numbers)})" if numbers else "")


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())


def _safe(text: str) -> str:
    """Words of third parties, file names too: no markup, and nothing that a terminal would obey."""
    return escape(visible(text))


def _styled(passage: Passage) -> Text:
    # A blank takes the place of the carriage return of a line's end, so that offsets stay.
    text = Text(visible(passage.text.replace("\r\n", " \n")))
    for mark in passage.marks:
        text.stylize(_STYLES[mark.role], mark.start - passage.start, mark.end - passage.start)
    return text
