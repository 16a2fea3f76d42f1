"""Run a stage over many units on a Ray cluster (`ray` extra).

The cluster is the one that RAY_ADDRESS names, else the one that runs on this machine, else one of this machine's cores
alone. Its machines need the package in the same version and the raw folder under the same absolute path; tables travel
by Ray, and only this process opens the output folder. A batch that a lost machine held is run again elsewhere.
"""

import os
import socket
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.engines.batches import Result, Task, batches_of, in_flight, run_batch, units_of
from pipeline.errors import ConfigError, StageError
from pipeline.stage import Stage
from pipeline.store import unpack

__all__ = ["RayEngine"]

_PATIENCE = 10.0  # seconds


class RayEngine:
    """Runs tasks on all CPUs of the cluster, one batch each. Use it as a context manager."""

    def __init__(self) -> None:
        """Raises ConfigError where Ray is not installed."""
        if find_spec("ray") is None:
            raise ConfigError("workers 'ray' needs Ray: pip install -e '.[ray]', or give a number")
        self._own = False

    def __enter__(self) -> "RayEngine":
        import ray

        if not ray.is_initialized():
            _check_address(os.environ.get("RAY_ADDRESS", ""))
            try:
                ray.init(log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, RuntimeError) as error:
                reason = str(error).splitlines()[0]
                raise ConfigError(
                    f"no Ray cluster lets this process in ({reason}): check RAY_ADDRESS and the token"
                ) from None
            self._own = True
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        if self._own:
            ray.shutdown()

    @property
    def workers(self) -> int:
        """CPUs of the cluster."""
        import ray

        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def map(self, stage: Stage, config: Any, tasks: Iterable[Task]) -> Iterator[list[Result]]:
        """As `Engine.map` says."""
        import ray
        from ray.exceptions import RayError

        run = ray.remote(_run_batch)
        shared = ray.put((stage, config))
        batches = batches_of(stage, tasks)
        for future, pending in in_flight(lambda b: run.remote(shared, b).future(), batches, self.workers):
            try:
                yield future.result()
            except RayError as error:
                cause = getattr(error, "cause", None)  # what a task raised
                if isinstance(cause, StageError):
                    raise cause from None
                reason = str(cause or error).splitlines()[0]
                raise StageError(
                    f"stage {stage.name}: the cluster failed on {units_of(pending)}: {reason};"
                    " do all its machines have this version of claimsieve?"
                ) from error


def _check_address(address: str) -> None:
    """Raises ConfigError where nothing listens at `HOST:PORT`; Ray itself tries for minutes and ends the process."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not (host and port.isdecimal()):  # none, or one of Ray's words, such as `auto`
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster answers at {address} ({error}): check RAY_ADDRESS") from None


def _run_batch(shared: tuple[Stage, Any], batch: list[Task]) -> list[Result]:
    import pyarrow as pa

    pa.set_cpu_count(1)  # Ray gives a task one CPU
    for task in batch:
        _check_folders(task)
    return run_batch(*shared, batch)


def _check_folders(task: Task) -> None:
    """Raises StageError where this machine does not see the folder of a file: it would be rejected as missing."""
    for path in unpack(task.tables["files"])["file_path"].to_pylist() if "files" in task.tables else ():
        folder = Path(path).parent
        if path and not folder.is_dir():
            raise StageError(f"machine {socket.gethostname()} has no folder {folder}: share it under the same path")
