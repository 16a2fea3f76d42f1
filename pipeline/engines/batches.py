"""What engines share: units as packed tables, cut in batches, and what a stage makes of them.

Workers get packed tables and give packed tables back; they open no file of the store. Only a few batches
are under way at a time, so memory does not grow with the corpus. A stage takes the units of a batch in one call and its
rows are parted again: beside its rows a call costs as much as some pages do (clean: 15 ms, and 2 ms for each page).
"""

import contextlib
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipeline.engines.corpus import rows_of_units
from pipeline.errors import RejectError, StageError
from pipeline.stage import Stage, Tables, conform, empty, from_rows
from pipeline.store import in_order, pack, unpack

__all__ = [
    "Engine", "Packed", "Result", "Task", "batches_of", "in_flight", "packed", "rejected", "run_batch", "run_parts",
    "run_stage", "units_of",
]  # fmt: skip

# Batches under way for each worker: one being worked on, one waiting, so that none idles.
_AHEAD = 2
# Packed bytes from which a batch is full, however few its units: some megabytes of text or markup, a second or two of
# clean, so little enough to be lost in a kill, and to keep all workers busy to the end.
_BATCH_BYTES = 1 << 20
# Bytes of the tables of one call, so that memory stays bounded where pages pack to next to nothing.
_GROUP_BYTES = 16 << 20
_STDLIB = sysconfig.get_path("stdlib")

Packed = dict[str, tuple[bytes, int]]


@dataclass(frozen=True)
class Task:
    """One unit's input tables, packed, and where its result is to be stored."""

    key: bytes
    unit: str
    tables: dict[str, bytes]

    @property
    def n_bytes(self) -> int:
        """Size of its input."""
        return sum(map(len, self.tables.values()))


@dataclass(frozen=True)
class Result:
    """What a stage made of one unit: packed tables and their numbers of rows."""

    key: bytes
    unit: str
    tables: Packed


def run_stage(stage: Stage, config: Any, unit: str, tables: Tables) -> dict[str, pa.Table]:
    """The output tables of `stage` over one unit, checked against their schema and sorted.

    A RejectError becomes one row of `rejects` beside empty tables. Any other exception becomes a
    StageError that names the stage, the unit and the place in the code.
    """
    try:
        made = stage.run(tables, config)
        return {name: in_order(name, conform(name, made[name])) for name in stage.outputs}
    except RejectError as error:
        return rejected(stage, unit, error)
    except Exception as error:
        raise StageError(f"stage {stage.name} failed on {unit}: {_describe(error)}") from error


def rejected(stage: Stage, unit: str, error: RejectError) -> dict[str, pa.Table]:
    """The output tables of a stage that cannot take a unit: empty beside one row of `rejects`."""
    reject = {
        "source_path": unit,
        "record": error.record,
        "stage": stage.name,
        "error": error.error,
        "detail": error.detail,
    }
    return {name: empty(name) for name in stage.outputs} | {"rejects": from_rows("rejects", [reject])}


def packed(tables: Tables) -> Packed:
    """Tables as they are stored, each with its number of rows."""
    return {name: (pack(table), table.num_rows) for name, table in tables.items()}


def run_parts(stage: Stage, unit: str, parts: Iterator[dict[str, pa.Table]]) -> Iterator[Packed]:
    """The parts of a stage's rows over one unit, each checked, sorted and packed as it comes.

    Raises StageError as `run_stage` does, and the RejectError of what cannot be read on.
    """
    try:
        for made in parts:
            yield packed({name: in_order(name, conform(name, made[name])) for name in stage.outputs})
    except RejectError:
        raise
    except Exception as error:
        raise StageError(f"stage {stage.name} failed on {unit}: {_describe(error)}") from error


Group = list[tuple[Task, dict[str, pa.Table]]]


def _groups(stage: Stage, batch: list[Task]) -> Iterator[Group]:
    """The tasks with their tables, as many together as one call of the stage takes.

    A stage that takes large units in parts gets each alone, and no call two parts of one file, whose rows could not be
    told apart.
    """
    group: Group = []
    size = 0
    for task in batch:
        tables = {name: unpack(data) for name, data in task.tables.items()}
        own = sum(table.nbytes for table in tables.values())
        known = any(task.unit == other.unit for other, _ in group)
        if group and (known or stage.parts is not None or size + own > _GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append((task, tables))
        size += own
    if group:
        yield group


def _run_group(stage: Stage, config: Any, group: Group) -> list[Result]:
    """One call, or if that fails one for each task, so that a reject is its file's and a failure says whose it is."""
    if len(group) > 1:
        with contextlib.suppress(Exception):
            return _run_together(stage, config, group)
    return [_result(task, run_stage(stage, config, task.unit, tables)) for task, tables in group]


def _run_together(stage: Stage, config: Any, group: Group) -> list[Result]:
    """One call over all tasks, whatever it raises; ValueError where it makes rows of no unit of theirs."""
    given = {name: pa.concat_tables(tables[name] for _, tables in group).combine_chunks() for name in stage.inputs}
    made = stage.run(given, config)
    rows = {name: rows_of_units(in_order(name, conform(name, made[name]))) for name in stage.outputs}
    if strange := {unit for found in rows.values() for unit in found} - {task.unit for task, _ in group}:
        raise ValueError(f"rows of {sorted(strange)}, which are no units of this call")
    none = {name: empty(name) for name in stage.outputs}
    units = ((task, task.unit) for task, _ in group)
    return [_result(task, {name: rows[name].get(unit, none[name]) for name in stage.outputs}) for task, unit in units]


def _result(task: Task, outputs: Tables) -> Result:
    return Result(task.key, task.unit, packed(outputs))


class Engine(Protocol):
    """Runs a stage over many units, somewhere; it never changes a row. A context manager.

    workers: how many batches it works on at a time.
    """

    @property
    def workers(self) -> int: ...

    def __enter__(self) -> "Engine":
        """Itself."""

    def __exit__(self, *_: object) -> None:
        """Ends what it has begun."""

    def map(self, stage: Stage, config: Any, tasks: Iterable[Task]) -> Iterator[list[Result]]:
        """Results of the tasks, in batches, in any order.

        Raises StageError when the stage fails on a unit or a worker dies.
        """


def batches_of(stage: Stage, tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """The tasks in batches of as many as the stage takes together; a batch ends with the unit that fills it."""
    batch: list[Task] = []
    size = 0
    for task in tasks:
        batch.append(task)
        size += task.n_bytes
        if len(batch) == stage.together or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def run_batch(stage: Stage, config: Any, batch: list[Task]) -> list[Result]:
    """The results of a batch. Raises StageError as `run_stage` does, for the first unit that fails."""
    return [result for group in _groups(stage, batch) for result in _run_group(stage, config, group)]


Submit = Callable[[list[Task]], "Future[list[Result]]"]
Pending = dict["Future[list[Result]]", list[Task]]


def in_flight(
    submit: Submit, batches: Iterator[list[Task]], workers: int
) -> Iterator[tuple[Future[list[Result]], Pending]]:
    """Each batch's future as it is done, beside all that are under way, itself among them; a few a worker."""
    pending: Pending = {submit(batch): batch for batch in islice(batches, workers * _AHEAD)}
    while pending:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            yield future, pending
            del pending[future]
            pending |= {submit(batch): batch for batch in islice(batches, 1)}


def units_of(pending: Pending) -> str:
    """The units under way, for a message."""
    units = sorted(task.unit for batch in pending.values() for task in batch)
    return f"one of the {len(units)} files from {units[0]} to {units[-1]}"


def _describe(error: Exception) -> str:
    """The error and where it came from: the innermost line of a stage, not of a library it calls."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    place = next(
        (f for f in reversed(frames) if "site-packages" not in f.filename and _STDLIB not in f.filename), frames[-1]
    )
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
