"""Open a shipped model in onnxruntime, alike for all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["instead", "open_model", "shipped"]

_FOLDER = Path(__file__).parent
# onnxruntime 1.32 joins a sum and the normalisation behind it to one step that takes three times as long on a CPU as
# the two: without it the reader's first half takes .93 of the time.
_SLOWER = ["SkipLayerNormFusion"]


def open_model(model: Path | bytes) -> "InferenceSession":
    """An ONNX file, or its bytes, on one thread: pages are spread over processes instead, and sums have one order."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=_SLOWER,
    )


@cache
def shipped(name: str) -> "InferenceSession":
    """A model of the package by its place below `pipeline/models`, opened once a process."""
    return open_model(_INSTEAD.get(name, _FOLDER / name))


_INSTEAD: dict[str, bytes] = {}


@contextmanager
def instead(models: Mapping[str, bytes]) -> Iterator[None]:
    """Inside it `shipped` gives these models for the package's of the same names, to measure weights that have not
    seen what they are measured on."""
    shipped.cache_clear()
    _INSTEAD.update(models)
    try:
        yield
    finally:
        shipped.cache_clear()
        for name in models:
            del _INSTEAD[name]
