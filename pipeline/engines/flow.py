"""A run: every stage over every file, then all tables at once."""

import contextlib
import datetime
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from pipeline import __version__
from pipeline.config import Config
from pipeline.engines.batches import Engine
from pipeline.engines.fingerprint import config_entries, libraries, stage_key
from pipeline.engines.local import LocalEngine
from pipeline.engines.ray import RayEngine
from pipeline.engines.steps import Progress, Work, file_piece
from pipeline.errors import PASSING, ConfigError
from pipeline.knowledge.terminology import version_of
from pipeline.stage import CorpusStage, Stage
from pipeline.stages import STAGES
from pipeline.stages.ingest import find_files, is_utf8, printable
from pipeline.store import (
    Counts,
    Manifest,
    cache_path,
    complete,
    digest,
    discard_staged,
    foreign,
    holds_tables,
    in_order,
    is_intact,
    lack,
    lock,
    open_cache,
    publish,
    read_manifest,
    read_table,
    stage_table,
)

__all__ = ["Outcome", "RunOptions", "check", "held_run", "run_stages"]


_MOST_WORKERS = 4096  # more than a machine has cores; a pool takes what its queue can count


def _quiet(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class RunOptions:
    """What to run.

    stages: in order. find_files: makes their first input, the table `files`, of the folder `raw`, without those folders
        in it of which its second argument holds.
    workers: number of processes, None for as many as this process may use cores; "ray" for the CPUs of a Ray cluster.
    upto: name of the last stage to run, None for all.
    progress: called with (step, units done, units in all).
    """

    raw: Path
    out: Path
    stages: Sequence[Stage | CorpusStage] = STAGES
    find_files: Callable[[Path, Callable[[Path], bool]], pa.Table] = find_files
    config: Config = field(default_factory=Config)
    workers: int | str | None = None
    upto: str | None = None
    progress: Progress = _quiet


@dataclass(frozen=True)
class Outcome:
    """The manifest of the tables as they now are; fresh where there was nothing to do. counts: what they hold, where
    somebody asked for it."""

    manifest: Manifest
    fresh: bool
    counts: Counts | None = None


def run_stages(options: RunOptions) -> Outcome:
    """Run the stages over all files and replace the tables in `options.out`.

    Raises ConfigError (unknown stage, no worker, `out` inside `raw` or with files of others, tables in `raw`,
    a setting that leads nowhere), InputError (no files), StageError (a stage failed on a file), OutputError (the folder
    cannot be written, is full, or another run holds it).
    The tables of the last complete run stay as they are unless all goes well.
    """
    with held_run(options) as outcome:
        return outcome


@contextlib.contextmanager
def held_run(options: RunOptions) -> Iterator[Outcome]:
    """`run_stages`, and until the block ends no other run may replace what it wrote."""
    stages = _chosen(options)
    engine = _engine(options)
    terminology = _check_settings(options)
    files = _files(options)
    flow = _flow(stages, options.config, files)
    with lock(options.out):
        complete(options.out)
        manifest = read_manifest(options.out)
        if manifest is not None and _is_fresh(manifest, flow, options.out):
            yield Outcome(manifest, fresh=True)
            return
        with open_cache(cache_path(options.out)) as cache, engine:
            units: list[str] = files.column("source_path").to_pylist()
            pieces = [file_piece(files.slice(i, 1)) for i in range(files.num_rows)]
            work = Work(cache, engine, units, {"files": [*pieces]}, options.progress)
            manifest = _take_all(options, stages, flow, work, terminology)
        yield Outcome(manifest, fresh=False)


def check(options: RunOptions) -> tuple[Manifest | None, str]:
    """The manifest in `options.out` (None where there is none) and, in a sentence, the state of its tables.

    Raises ConfigError for settings that no run takes, InputError when the raw folder has no files, OutputError when the
    manifest is damaged.
    """
    _check_settings(options)
    manifest = read_manifest(options.out)
    if manifest is None:
        if any(options.out.glob("*.parquet")):
            return None, f"{options.out} holds tables but no manifest.json that tells of what; run again"
        return None, f"no run has written to {options.out} yet"
    changed = [table.name for table in manifest.tables if not is_intact(options.out, table)]
    if changed:
        return manifest, f"damaged: {', '.join(changed)} changed or went since the run that wrote them; run again"
    if lacking := lack(cache_path(options.out), manifest.n_files):
        return manifest, lacking
    files = _files(options)
    flow = _flow(options.stages, options.config, files)
    behind = [name for name, value in flow.items() if name and manifest.flow.get(name) != value]
    if not behind and _has_passing(options.out):
        return manifest, "out of date: files changed, or could not be read, while the last run went on; run again"
    if not behind:
        return manifest, "fresh: the tables are up to date"
    if manifest.input_hash != flow[""]:
        return manifest, "out of date: the pages changed"
    return (
        manifest,
        f"out of date from stage {behind[0]} on: the run stopped there, or settings, code or libraries changed",
    )


def _is_fresh(manifest: Manifest, flow: dict[str, str], out: Path) -> bool:
    last = next(reversed(flow))
    return (
        manifest.flow.get(last) == flow[last]
        and all(is_intact(out, table) for table in manifest.tables)
        and not lack(cache_path(out), manifest.n_files)
        and not _has_passing(out)
    )


def _has_passing(out: Path) -> bool:
    """Whether a file was rejected for a reason that another run may not meet."""
    return PASSING in read_table(out, "rejects", columns=["error"]).column("error").to_pylist()


def _take_all(
    options: RunOptions, stages: Sequence[Stage | CorpusStage], flow: dict[str, str], work: Work, terminology: str
) -> Manifest:
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    for stage in stages:
        section = getattr(options.config, stage.config)
        work.take(stage, stage_key(stage, section), section)
    discard_staged(options.out)
    options.progress("write", 0, 1)
    tables = tuple(stage_table(options.out, name, work.parts(name)) for name in work.tables())
    manifest = Manifest(
        version=__version__,
        python=platform.python_version(),
        libraries=libraries(),
        raw=printable(str(options.raw)),
        n_files=len(set(work.units)),
        input_hash=flow[""],
        terminology=terminology,
        config=config_entries(options.config),
        flow={name: value for name, value in flow.items() if name},
        steps=tuple(work.steps),
        tables=tables,
        workers=work.engine.workers,
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - clock, 3),
    )
    publish(options.out, manifest)
    if options.upto is None:
        work.cache.prune(work.used)
    options.progress("write", 1, 1)
    return manifest


def _files(options: RunOptions) -> pa.Table:
    """The table `files`; tables of runs, to which a link may lead, are no pages."""
    out = options.out.resolve()
    files = options.find_files(options.raw, lambda folder: folder.resolve() == out or holds_tables(folder))
    return in_order("files", files)


def _flow(stages: Sequence[Stage | CorpusStage], config: Config, files: pa.Table) -> dict[str, str]:
    """Hash of the input (under "") and, stage by stage, of all that decides about the rows up to it."""
    entries = zip(files.column("source_path").to_pylist(), files.column("sha256").to_pylist(), strict=True)
    hashes = {"": digest(*(part for entry in entries for part in entry)).hex()}
    for stage in stages:
        last = next(reversed(hashes.values()))
        hashes[stage.name] = digest(last, stage_key(stage, getattr(config, stage.config))).hex()
    return hashes


def _chosen(options: RunOptions) -> Sequence[Stage | CorpusStage]:
    names = [stage.name for stage in options.stages]
    if options.upto is None:
        return options.stages
    if options.upto not in names:
        raise ConfigError(f"stage {options.upto!r} is unknown; the stages are: {', '.join(names)}")
    return options.stages[: names.index(options.upto) + 1]


def _engine(options: RunOptions) -> Engine:
    workers = options.workers
    if workers == "ray":
        return RayEngine()
    if workers is None:
        return LocalEngine(workers=len(os.sched_getaffinity(0)))
    if type(workers) is not int or not 1 <= workers <= _MOST_WORKERS:
        raise ConfigError(f"workers must be a whole number, 1 to {_MOST_WORKERS}, or 'ray', is {workers!r}")
    return LocalEngine(workers=workers)


def _check_settings(options: RunOptions) -> str:
    """The version of the terminology, once no setting is found that cannot work; ConfigError where one is."""
    _check_folders(options)
    try:
        for stage in options.stages:
            if isinstance(stage, Stage) and stage.check:
                stage.check(getattr(options.config, stage.config))
        return version_of(options.config.tag.terminology)
    except OSError as error:
        raise ConfigError(
            f"settings: {error.filename} cannot be read ({error.strerror}): check its permissions, or name another"
        ) from None


def _check_folders(options: RunOptions) -> None:
    raw, out = options.raw.resolve(), options.out.resolve()
    if raw == out or raw in out.parents:
        raise ConfigError(f"output folder {options.out} lies in raw folder {options.raw}: choose another with --out")
    if not is_utf8(str(out)):
        raise ConfigError(f"output folder {options.out} has a name that is no UTF-8: choose another with --out")
    if holds_tables(raw):
        raise ConfigError(f"raw folder {options.raw} holds the tables of a run, not pages: name another with --raw")
    if strange := foreign(out):
        raise ConfigError(
            f"output folder {options.out} holds {', '.join(path.name for path in strange)}, which no run wrote and a"
            " run would replace: choose another with --out, or move it away"
        )
