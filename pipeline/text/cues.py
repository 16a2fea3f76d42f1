"""The rules that speak for a label, and where they find something.

They are a data file, `cues.json`: what fires is a feature of the labeller and the reason of a label.
"""

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.schema import KEPT_LABELS
from pipeline.text.patterns import finder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Cue", "cues", "fired"]

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
_READ = 240  # characters of a part that rules read; what a part is shows at its start
_TOGETHER = 5  # rules; of 3, 4, 5, 6, 8 and 10 the fastest, twice as fast as one by one
_WIDE_REPEAT = re.compile(r"\{\d+,\d{2,}\}")


class Cue(NamedTuple):
    """A rule: `pattern` (RE2) found in a part speaks for `label`; `why` says so to a reader.

    Nothing is found in a part of more than `longest` characters: what is a date line in few words is a date in many.
    inside: nor in a part that begins its line, where a dash is the mark of a list.
    alone: nor in a part of a line unless it is found in all of them.
    sure: what it is found in has the label with this probability at least, whatever the network says, which did not
    learn with it; of 0 the network has. Such rules are the last ones.
    """

    id: str
    label: str
    why: str
    pattern: str
    longest: int = _READ
    inside: bool = False
    alone: bool = False
    sure: float = 0.0


@cache
def cues() -> tuple[Cue, ...]:
    """The rules, in the order of the data file."""
    data = resources.files("pipeline.text").joinpath("cues.json").read_text(encoding="utf-8")
    return tuple(Cue(**row) for row in json.loads(data))


def fired(texts: "pa.Array", in_line: Floats) -> Flags:
    """Which rule (column) fires in which part (row).

    texts: the words of the parts. in_line: how many parts stand before each in its line.
    """
    import pyarrow.compute as pc

    heads = pc.utf8_slice_codeunits(texts, 0, _READ).dictionary_encode()
    return _allowed(_found(heads.dictionary)[np.asarray(heads.indices)], in_line)


def _found(texts: "pa.Array") -> Flags:
    """Which rule finds something in which text, of which there are at most `_READ` characters."""
    import pyarrow.compute as pc

    found, found_in = np.zeros((len(texts), len(cues())), bool), finder(texts)
    for pattern, some in _asked_together():
        likely = np.flatnonzero(found_in(pattern))
        if not len(likely):
            continue
        found_in_these = finder(texts.take(likely))
        for i in some:
            found[likely, i] = True if cues()[i].pattern == pattern else found_in_these(cues()[i].pattern)
    return found & (np.asarray(pc.utf8_length(texts))[:, None] <= [cue.longest for cue in cues()])


def _allowed(found: Flags, in_line: Floats) -> Flags:
    """The same less what a rule does not find where the part stands in its line."""
    first = np.flatnonzero(in_line == 0)
    whole = np.repeat(np.logical_and.reduceat(found, first), np.diff(first, append=len(found)), axis=0)
    inside, alone = (np.array([getattr(cue, name) for cue in cues()]) for name in ("inside", "alone"))
    found &= (in_line > 0)[:, None] | ~inside
    found &= whole | ~alone
    return found


@cache
def _asked_together() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Patterns, and the rules by index that find nothing where the pattern does not.

    Rules for what is dropped seldom fire, so a text is asked some of them at once. There a wide repeat, as in
    `.{0,30}`, may be of any length: together, counted ones make RE2 slower than the rules are one by one.
    """
    rare = [i for i, cue in enumerate(cues()) if cue.label not in KEPT_LABELS]
    groups = [tuple(rare[at : at + _TOGETHER]) for at in range(0, len(rare), _TOGETHER)]
    joint = ("|".join(f"(?:{_WIDE_REPEAT.sub('*', cues()[i].pattern)})" for i in group) for group in groups)
    alone = ((cue.pattern, (i,)) for i, cue in enumerate(cues()) if cue.label in KEPT_LABELS)
    return (*zip(joint, groups, strict=True), *alone)
