"""Run a stage over many units on this machine: in this process, or in a pool of processes.

Processes are spawned, not forked: they hold no lock, socket or thread of their parent, and they end when it is killed.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from pipeline.engines.batches import Result, Task, batches_of, in_flight, run_batch, units_of
from pipeline.errors import StageError
from pipeline.stage import Stage

__all__ = ["LocalEngine"]


class LocalEngine:
    """Runs tasks on `workers` processes; with one worker, in this one.

    Use it as a context manager. The pool starts with the first work that fills more than one batch: for less,
    starting processes and loading the models in each takes longer than it saves.
    """

    def __init__(self, *, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, stage: Stage, config: Any, tasks: Iterable[Task]) -> Iterator[list[Result]]:
        """As `Engine.map` says."""
        batches = batches_of(stage, tasks)
        first = list(islice(batches, 2))
        batches = chain(first, batches)
        if self.workers == 1 or (len(first) < 2 and self._pool is None):
            yield from (run_batch(stage, config, batch) for batch in batches)
            return
        for future, pending in in_flight(lambda b: self._submit(stage, config, b), batches, self.workers):
            try:
                yield future.result()
            except BrokenProcessPool as error:
                raise StageError(
                    f"stage {stage.name}: a worker process died (out of memory, or killed?) on {units_of(pending)}."
                    " In a script of your own, call pipeline.run() under: if __name__ == '__main__':"
                ) from error

    def _submit(self, stage: Stage, config: Any, batch: list[Task]) -> "Future[list[Result]]":
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, mp_context=spawn, initializer=_start_worker)
        # Here a process may start; it has those signals blocked that are blocked now, until it can heed them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(_run_in_worker, stage, config, batch)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Interrupt:
    """What Ctrl-C does to a worker, which gets it as its parent does: the batch at hand ends, and so do those that wait
    for this worker. Python's own way is a traceback of a process that was waiting for work."""

    def __init__(self) -> None:
        self.busy = self.came = False

    def __call__(self, *_: object) -> None:
        """Handle the signal."""
        busy, self.busy, self.came = self.busy, False, True
        if busy:
            raise KeyboardInterrupt


_interrupt = _Interrupt()


def _run_in_worker(stage: Stage, config: Any, batch: list[Task]) -> list[Result]:
    _interrupt.busy = True
    try:
        if _interrupt.came:
            raise KeyboardInterrupt
        return run_batch(stage, config, batch)
    finally:
        _interrupt.busy = False


def _start_worker() -> None:
    """Give each worker one thread (the pool is the parallelism), and end it when its parent ends or is interrupted."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
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
