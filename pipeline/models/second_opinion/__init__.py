"""A second opinion on the parts that the labeller doubts, from a network that reads their words in order.

The labeller is quick because it takes a part's words as a bag; whether a paragraph explains a disease or sells the
clinic often shows only in the sentence. So the few parts of which it is not sure are read once more, by a small
pretrained encoder (a cascade, after Viola and Jones, 2001). `CARD.md` says how it is trained and how well it does.
Each window is read by itself, so what is said of a source does not depend on what is read with it.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.models.boundaries import with_markup
from pipeline.models.onnx import shipped
from pipeline.models.tokenizer import SHIPPED, open_tokenizer
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import Features, PartTable

__all__ = ["KINDS", "REASON", "kinds_of", "second_opinion", "token_ids"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_MODEL = "second_opinion/weights.onnx"
REASON = "model:second-opinion"
_SEPARATOR = 102  # BERT's [SEP] stands before each part
KINDS = 5  # a token of a part; the mark of one that begins a source, follows blank lines, a line, a cut
_HEAD, _TAIL = 96, 32  # tokens of a part that are read: what it is shows at its start and at its end
_FAR = 4000  # characters at either end of a part that surely hold them; the rest need not be cut into tokens
_WINDOW = 160  # tokens of a window of several parts; those trained on have 192
# Characters of parts around doubted ones that are read with them: the neighbours of short lines tell what list they are
# in. Without them honest short lines are read at drop F1 .956 for .975; with twice as many a third more words are read,
# to the same effect (by parts, on the pages of the card).
_AROUND = 64
_BETWEEN = 2  # parts that are not doubted and are read with those around them, for they tell how these hang together
# Probability of a title from which a part may be a headline: the trees of `pipeline.models.boundaries` know better.
# Where it was asked about them, one in twelve headlines of the real pages was lost.
_HEADLINE = 0.2
# Probability of being dropped from which no second opinion is asked: with .8 a seventh fewer words are read, and drop
# F1 is .002 to .005 lower; with .95 a seventh more, to the same effect.
_CERTAIN = 0.9
# Of the second opinion in the mean of both. Of .5, .67 and .8 the first reads sections that turn to an offer best (drop
# F1 .860, .835, .832 on one such hand, by parts) and the open web worst (.944, .949, .949); others are within .005.
_SHARE = 0.5
_TITLE = LABELS.index("title")


def second_opinion(chance: Floats, rows: Features, parts: PartTable, doubt: float) -> tuple[Floats, Flags]:
    """The probabilities of labels, those of doubted parts being a mean of both opinions, and which parts those are.

    chance: a row per part, by the labeller. rows: the features of the parts. doubt: a part is read again where its
    drop labels together have a probability above `doubt` and below `_CERTAIN`; of 1 none is. Nor are those of sources
    with markup, which says more, and without which the network was trained.
    """
    dropped = chance[:, len(KEPT_LABELS) :].sum(1)
    asked = (dropped > doubt) & (dropped < _CERTAIN) & (chance[:, _TITLE] < _HEADLINE)
    asked &= ~with_markup(parts)
    if not asked.any():
        return chance, asked
    changed, kinds, model = chance.copy(), kinds_of(parts), shipped(_MODEL)
    columns = [rows.names.index(name) for name in _feature_names()]
    for begin, ids in _windows(asked, parts):
        span = slice(begin, begin + len(ids))
        marks = np.cumsum([0, *(len(part) for part in ids[:-1])])
        kind = np.zeros(sum(map(len, ids)), np.int64)
        kind[marks] = kinds[span]
        values = rows.values[span][:, columns]
        given = {"tokens": np.concatenate(ids)[None], "kinds": kind[None], "marks": marks, "features": values}
        [said] = model.run(None, given)
        mean = _SHARE * said + (1 - _SHARE) * chance[span]
        changed[span] = np.where(asked[span, None], np.round(mean, 4), chance[span])
    return changed, asked


def kinds_of(parts: PartTable) -> Ints:
    """How each part follows the one before it: 1 to 4, the kinds of its mark."""
    begins, next_line = np.diff(parts.source, prepend=-1) != 0, np.diff(parts.line, prepend=-1) != 0
    kind: Ints = np.select([begins, parts.gap > 0, next_line], [1, 2, 3], 4)
    return kind


def token_ids(texts: Sequence[str]) -> list[Ints]:
    """The word pieces of each text, behind the mark of a part; of a long one its start and its end."""
    ends = [text if len(text) <= 2 * _FAR else f"{text[:_FAR]} {text[-_FAR:]}" for text in texts]
    encoded = open_tokenizer(SHIPPED).encode_batch(ends, add_special_tokens=False)
    ids = [encoding.ids for encoding in encoded]
    short = (each if len(each) <= _HEAD + _TAIL else [*each[:_HEAD], *each[-_TAIL:]] for each in ids)
    return [np.array([_SEPARATOR, *each], np.int64) for each in short]


def _windows(asked: Flags, parts: PartTable) -> Iterator[tuple[int, list[Ints]]]:
    """The first part of each window, and the tokens of its parts: doubted ones, what is between, and what is around."""
    doubted = np.flatnonzero(asked)
    new = (np.diff(doubted) > _BETWEEN + 1) | (np.diff(parts.source[doubted]) != 0)
    cuts = [0, *(np.flatnonzero(new) + 1).tolist(), len(doubted)]
    for a, b in pairwise(cuts):
        begin, end = _widened(int(doubted[a]), int(doubted[b - 1]) + 1, asked, parts)
        window: list[Ints] = []
        size, first = 0, begin
        for at, part in enumerate(token_ids(parts.texts[begin:end]), begin):
            if window and size + len(part) > _WINDOW:
                yield first, window
                window, size, first = [], 0, at
            window.append(part)
            size += len(part)
        yield first, window


def _widened(begin: int, end: int, asked: Flags, parts: PartTable) -> tuple[int, int]:
    """With the parts before and behind, `_AROUND` characters each at most, up to the next doubted one."""
    source, room = parts.source[begin], _AROUND
    while begin and parts.source[begin - 1] == source and not asked[begin - 1] and len(parts.texts[begin - 1]) <= room:
        begin -= 1
        room -= len(parts.texts[begin])
    room = _AROUND
    while end < len(asked) and parts.source[end] == source and not asked[end] and len(parts.texts[end]) <= room:
        room -= len(parts.texts[end])
        end += 1
    return begin, end


@cache
def _feature_names() -> tuple[str, ...]:
    return tuple(json.loads(shipped(_MODEL).get_modelmeta().custom_metadata_map["features"]))
