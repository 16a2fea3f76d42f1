"""Run a stage over many units on this machine: in this process, or in a pool of processes.

Workers get packed tables and give packed tables back; they open no file of the store. Only a few batches
are under way at a time, so memory does not grow with the corpus. Processes are spawned, not forked: they
hold no lock, socket or thread of their parent, and they end when it is killed.
"""

import multiprocessing
import os
import sysconfig
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import RejectError, StageError
from pipeline.stage import Stage, Tables, conform, empty, from_rows
from pipeline.store import in_order, pack, unpack

__all__ = ["LocalEngine", "Result", "Task", "run_parts", "run_stage"]

# Batches under way for each worker: one being worked on, one waiting, so that none idles.
_AHEAD = 2
# A batch ends with the unit that fills it: enough work (a tenth of a second and more) to be worth a message,
# little enough to be lost in a kill and to keep all workers busy to the end.
_BATCH_UNITS = 8
_BATCH_BYTES = 256 << 10
_STDLIB = sysconfig.get_path("stdlib")


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
    tables: dict[str, tuple[bytes, int]]


def run_stage(stage: Stage, config: Any, unit: str, tables: Tables) -> dict[str, pa.Table]:
    """The output tables of `stage` over one unit, checked against their schema and sorted.

    A RejectError becomes one row of `rejects` beside empty tables. Any other exception becomes a
    StageError that names the stage, the unit and the place in the code.
    """
    try:
        made = stage.run(tables, config)
        return {name: in_order(name, conform(name, made[name])) for name in stage.outputs}
    except RejectError as error:
        reject = {
            "source_path": unit,
            "record": error.record,
            "stage": stage.name,
            "error": error.error,
            "detail": error.detail,
        }
        return {name: empty(name) for name in stage.outputs} | {"rejects": from_rows("rejects", [reject])}
    except Exception as error:
        raise StageError(f"stage {stage.name} failed on {unit}: {_describe(error)}") from error


def run_parts(stage: Stage, unit: str, parts: Iterator[dict[str, pa.Table]]) -> Iterator[dict[str, tuple[bytes, int]]]:
    """The parts of a stage's rows over one unit, each checked, sorted and packed as it comes.

    Raises StageError as `run_stage` does.
    """
    try:
        for made in parts:
            rows = {name: in_order(name, conform(name, made[name])) for name in stage.outputs}
            yield {name: (pack(table), table.num_rows) for name, table in rows.items()}
    except Exception as error:
        raise StageError(f"stage {stage.name} failed on {unit}: {_describe(error)}") from error


def run_task(stage: Stage, config: Any, task: Task) -> Result:
    """`run_stage` over packed tables."""
    outputs = run_stage(stage, config, task.unit, {name: unpack(data) for name, data in task.tables.items()})
    return Result(task.key, task.unit, {name: (pack(table), table.num_rows) for name, table in outputs.items()})


class LocalEngine:
    """Runs tasks on `workers` processes; with one worker, in this one.

    Use it as a context manager. The pool starts with the first work that fills more than one batch: for less,
    starting processes and loading the models in each takes longer than it saves.
    """

    def __init__(self, *, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, stage: Stage, config: Any, tasks: Iterable[Task]) -> Iterator[list[Result]]:
        """Results of the tasks, in batches, in any order.

        Raises StageError when the stage fails on a unit or a worker dies.
        """
        batches = _batches(tasks)
        first = list(islice(batches, 2))
        batches = chain(first, batches)
        if self._workers == 1 or (len(first) < 2 and self._pool is None):
            yield from (_run_batch(stage, config, batch) for batch in batches)
        else:
            yield from self._map_parallel(stage, config, batches)

    def _map_parallel(self, stage: Stage, config: Any, batches: Iterator[list[Task]]) -> Iterator[list[Result]]:
        pending: dict[Future[list[Result]], list[Task]] = {}
        pool = self._started()
        for batch in islice(batches, self._workers * _AHEAD):
            pending[pool.submit(_run_batch, stage, config, batch)] = batch
        while pending:
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield _result(stage, future, pending)
                del pending[future]
                for batch in islice(batches, 1):
                    pending[pool.submit(_run_batch, stage, config, batch)] = batch

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=spawn, initializer=_start_worker)
        return self._pool


def _batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    batch: list[Task] = []
    for task in tasks:
        batch.append(task)
        if len(batch) == _BATCH_UNITS or sum(t.n_bytes for t in batch) >= _BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _run_batch(stage: Stage, config: Any, batch: list[Task]) -> list[Result]:
    return [run_task(stage, config, task) for task in batch]


def _result(stage: Stage, future: Future[list[Result]], pending: Mapping[Any, list[Task]]) -> list[Result]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        units = sorted(task.unit for batch in pending.values() for task in batch)
        raise StageError(
            f"stage {stage.name}: a worker process died (out of memory, or killed?) on one of the {len(units)} files"
            f" from {units[0]} to {units[-1]}."
            " In a script of your own, call pipeline.run() under: if __name__ == '__main__':"
        ) from error


def _describe(error: Exception) -> str:
    """The error and where it came from: the innermost line of a stage, not of a library it calls."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    place = next(
        (f for f in reversed(frames) if "site-packages" not in f.filename and _STDLIB not in f.filename), frames[-1]
    )
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"


def _start_worker() -> None:
    """Give each worker one thread (the pool is the parallelism), and end it when its parent ends."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing.connection import wait as wait_for

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
