"""Which lines begin an article: boosted trees over what the labeller says of a line and of those around it, how the
line looks, and how the words of the text change there.

The labeller looks 15 parts far; whether a line is a headline or a section's heading often shows only in what the text
is about above and below it. `CARD.md` says what the trees were trained on and how well they do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.schema import LABELS
from pipeline.text.cohesion import cohesion
from pipeline.text.features import Features, PartTable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["Candidates", "candidates", "with_beginnings"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
_LONGEST = 330  # characters of a headline with its suffix, as in `pipeline.text.segments`
_SURE_BODY = 0.97  # a line surer to be body than this is no headline
_AROUND = (-3, -2, -1, 1, 2, 3)  # lines whose labels are looked at
_ABOUT = [LABELS.index(name) for name in ("nav", "related", "seo", "cta", "legal", "byline")]
_FURNITURE = 0.6  # a part as likely as this to be one of these has words of the next article, or of all
_TITLE, _BODY = LABELS.index("title"), LABELS.index("body")
_SUFFIX = [LABELS.index(name) for name in ("title", "seo", "byline")]  # what a headline's line ends with
_SHAPE = (
    "chars", "words", "capitalised", "upper", "digits", "slashes", "commas", "ends", "word_length", "first_kind",
    "last_kind", "last_question", "last_colon", "last_full", "number", "function_words", "gap", "next_gap", "same",
    "same_before", "number_follows", "number_goes_on",
)  # fmt: skip
_LOOKS = [_SHAPE.index(name) for name in ("chars", "capitalised", "last_full", "number")]  # of lines near by
_RIVALS = (-3, -2, -1, 1, 2, 3)  # candidates before and behind
_RIVAL = ("crossed_by60_rare", "crossed_by200_rare", "own_begin", "own_begin_long", "new_below200")
_FAR = 400  # content words


@dataclass(frozen=True)
class Candidates:
    """Lines that may begin an article: index of the first part of each, and a row of numbers for each."""

    part: Ints
    values: Floats
    names: tuple[str, ...]


def candidates(rows: Features, chance: Floats, parts: PartTable) -> Candidates:
    """The lines that may begin an article.

    chance: probability of each label of each part, a row per part.
    """
    starts = np.flatnonzero([not cut for cut in parts.cut])  # of lines
    chars = rows.values[:, rows.names.index("chars")]
    line = np.flatnonzero((chars[starts] <= np.log1p(_LONGEST)) & (chance[starts, _BODY] < _SURE_BODY))
    part = starts[line]
    ends = np.append(starts[1:], len(chars)) - 1  # the last part of each line
    shape = rows.values[:, [rows.names.index(name) for name in _SHAPE]]
    blocks = [shape[part], chance[part], chance[ends[line]][:, _SUFFIX]]
    names = [*_SHAPE, *(f"p_{name}" for name in LABELS), *(f"end_{LABELS[i]}" for i in _SUFFIX)]
    for step in _AROUND:
        other = np.clip(line + step, 0, len(starts) - 1)
        there = (line + step == other) & (parts.source[starts[other]] == parts.source[part])
        near = (ends if step < 0 else starts)[other]
        looks = np.column_stack([shape[near][:, _LOOKS], parts.gap[starts[other]], chance[near]])
        blocks.append(np.where(there[:, None], looks, -1))
        names += [f"{name}{step:+d}" for name in (*(_SHAPE[i] for i in _LOOKS), "gap", *LABELS)]
    for of, counted in (("", np.ones(len(chance), bool)), ("of_text_", chance[:, _ABOUT].sum(1) < _FURNITURE)):
        columns, own_names = cohesion(rows.words, parts.source, part, counted)
        blocks += [columns, _rivals(columns, own_names, chance[part], parts.source[part])]
        names += [of + name for name in own_names]
        names += [f"{of}{name}_rival{step:+d}" for step in _RIVALS for name in ("away", "title", *_RIVAL)]
    return Candidates(part, np.hstack(blocks).astype(np.float32), tuple(names))


def _rivals(columns: Floats, names: Sequence[str], chance: Floats, source: Ints) -> Floats:
    """The same of the candidates next to each: how far away in content words, how likely a title, how new."""
    place = columns[:, names.index("words_before")]
    own = np.column_stack([chance[:, _TITLE], *(columns[:, names.index(name)] for name in _RIVAL)])
    blocks = []
    for step in _RIVALS:
        other = np.clip(np.arange(len(source)) + step, 0, len(source) - 1)
        there = (other - step == np.arange(len(source))) & (source[other] == source)
        away = np.minimum(np.abs(place[other] - place), _FAR)
        blocks.append(np.where(there[:, None], np.column_stack([away, own[other]]), -1))
    return np.hstack(blocks)


@cache
def _session() -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # one process per core, and sums in one order
    data = resources.files("pipeline.models.boundaries").joinpath("trees.onnx").read_bytes()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def with_beginnings(chance: Floats, rows: Features, parts: PartTable) -> Floats:
    """The probabilities of the labels, with that of a title as the trees see it where an article may begin.

    The other labels of such a part keep their shares of the rest. Sources with markup stay as they are: they are one
    article each, and the trees were trained on plain text.
    """
    found = candidates(rows, chance, parts)
    marked = np.zeros(0, np.int64)
    if parts.factors:
        marked = np.unique(parts.source[np.array([bool(factors) for factors in parts.factors], bool)])
    plain = ~np.isin(parts.source[found.part], marked)
    if not plain.any():
        return chance
    part = found.part[plain]
    [score] = _session().run(None, {"rows": found.values[plain]})
    title = 1 / (1 + np.exp(-score[:, 0].astype(np.float64)))
    changed = chance.astype(np.float64)
    changed[part] *= ((1 - title) / np.maximum(1 - changed[part, _TITLE], 1e-4))[:, None]
    changed[part, _TITLE] = title
    return np.asarray(np.round(changed, 4), np.float32)
