"""A second opinion on the parts that the labeller doubts, from a network that reads their words in order.

The labeller is quick because it takes a part's words as a bag; whether a paragraph explains a disease or sells the
clinic often shows only in the sentence. So the few parts of which it is not sure are read once more, by a small
pretrained encoder (a cascade, after Viola and Jones, 2001). `CARD.md` says how it is trained and how well it does.
Each window is read by itself, so what is said of a source does not depend on what is read with it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from pipeline.models.boundaries import with_markup
from pipeline.models.onnx import shipped
from pipeline.models.tokenizer import SHIPPED, open_tokenizer
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import Features, PartTable
from pipeline.text.line import BULLETS

__all__ = ["KINDS", "REASON", "doubted", "kinds_of", "listed", "second_opinion", "token_ids", "windows"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_MODEL = "second_opinion/weights.onnx"
REASON = "model:second-opinion"
_SEPARATOR = 102  # BERT's [SEP] stands before each part
KINDS = 5  # a token of a part; the mark of one that begins a source, follows blank lines, a line, a cut
_HEAD, _TAIL = 96, 32  # tokens of a part that are read: what it is shows at its start and at its end
_LONG = 500  # characters that so many tokens take, of a part that is longer
_FAR = 4000  # characters at either end of a part that surely hold them; the rest need not be cut into tokens
_WINDOW = 160  # tokens of a window of several parts; those trained on have 192
# Characters of parts around doubted ones that are read with them: the neighbours of short lines tell what list they are
# in. Without them honest short lines are read at drop F1 .956 for .975, with 40 written test pages at .963 for .965 and
# pages made hard at .84 for .87; with 40 a sixth fewer words are read, with 128 a third more, to the same effect. (By
# six layers; by the four that ship, with 40, written test pages at .961 for .964.)
_AROUND = 64
# Parts that are not doubted and are read with those around them, as they tell how these hang together; two no better.
_BETWEEN = 1
# Doubted characters of a run (see `_runs`) from which it is read again: a window costs as much as fourteen word pieces
# whatever it holds, and the lines around as many as a short one has, which changes few characters where it changes
# sides. Half as much is read so, and s88 to s101 at drop F1 .919 for .925, written test pages as before (`CARD.md`).
_WORTH = 100
# Probability of a title from which a part may be a headline: the trees of `pipeline.models.boundaries` know better.
# Where it was asked about them, one in twelve headlines of the real pages was lost.
_HEADLINE = 0.2
# Probability of being dropped from which no second opinion is asked: with the default threshold of .4 a mean with it
# falls below only where the network is all but certain (.13). With .7 a tenth fewer words are read, and written test
# pages .002 worse; with .9 a sixth more, to no effect.
_CERTAIN = 0.8
# Most characters of a source's doubted parts, as a share of all, and what each may have: a text that holds the same
# pages again and again is doubted all over, for repeated lines look like debris. Of large ones only the most doubtful
# parts are read again, those near `_EVEN`, where an answer changes sides most often. None of 585 written test pages and
# 90 of the open web has more than what each may have.
_MOST, _ROOM = 0.04, 5000
_EVEN = 0.4
# Of the second opinion in the mean of both. With .5, .6 and .67 written test pages are read at drop F1 .961, .964 and
# .962 (by parts), the open web at .653, .655 and .656; others are within .003.
_SHARE = 0.6
_TITLE, _RELATED = LABELS.index("title"), LABELS.index("related")
_ITEM = [LABELS.index("heading"), LABELS.index("body")]  # what a list is made of
# Lists of foods, signs or causes look like links to other articles, and the labeller, which has seen few pages made of
# them, drops them for sure. So where so many parts or more in a row are most likely links, and to be dropped with so
# much probability, they are read again if that share of them is so short (characters). `CARD.md` has the figures;
# chosen with pages of s235 to s239 in view, on which lines of 80 do as well, at ten times the cost on other pages.
_ROW, _LIKELY, _MOSTLY, _SHORT = 2, 0.3, 0.8, 40
# Behind the mark of a bullet, a box, a number or an answer to choose a line counts as short: an item says more.
_ITEM_MARK = re.compile(rf"[{BULLETS}]\s|\[ *[xX]?\]|[(（\[]?(?:\d{{1,2}}|[A-Ha-h])[.)、）\]]\s?\S")
# Items weigh so much more there than where the network learnt, since short lines that stand in a row are mostly links.
# Of 81 pages of eight unseen hands (s235 to s239, s245, s247, s249) drop F1 is .906, .917, .919, .920 and .919 with 1,
# 2, 4, 6 and 10.
_OF_LISTS = np.where(np.isin(range(len(LABELS)), _ITEM), np.float32(4), np.float32(1))
_MOST_LISTED = 0.2  # most characters of such lines, as `_MOST`: a folder of leaflets may come in one file


def second_opinion(chance: Floats, rows: Features, parts: PartTable, doubt: float) -> tuple[Floats, Flags]:
    """The probabilities of labels, those of doubted parts being a mean of both opinions, those of lists the second one
    where it keeps them; and which parts those are.

    chance: a row per part, by the labeller. rows: the features of the parts. doubt: see `doubted`; with 1 nothing is
    read again.
    """
    mixed = doubted(chance, parts, doubt)
    lists = listed(chance, parts) & ~mixed if doubt < 1 else np.zeros_like(mixed)
    asked = mixed | lists
    if not asked.any():
        return chance, asked
    changed, kinds, model = chance.copy(), kinds_of(parts), shipped(_MODEL)
    columns = [rows.names.index(name) for name in _feature_names()]
    for begin, ids in windows(asked, parts):
        span = slice(begin, begin + len(ids))
        marks = np.cumsum([0, *(len(part) for part in ids[:-1])])
        kind = np.zeros(sum(map(len, ids)), np.int64)
        kind[marks] = kinds[span]
        values = rows.values[span][:, columns]
        given = {"tokens": np.concatenate(ids)[None], "kinds": kind[None], "marks": marks, "features": values}
        [said] = model.run(None, given)
        items = said * _OF_LISTS
        items /= items.sum(1, keepdims=True)
        lists[span] &= items[:, _ITEM].sum(1) >= 0.5
        mean = _SHARE * said + (1 - _SHARE) * chance[span]
        told = np.round(np.where(lists[span, None], items, mean), 4)
        changed[span] = np.where((lists | mixed)[span, None], told, chance[span])
    return changed, mixed | lists


def doubted(chance: Floats, parts: PartTable, least: float) -> Flags:
    """Which parts are read again: those whose drop labels together have a probability above `least` and below
    `_CERTAIN`; of a `least` of 1 none is.

    Nor are likely headlines, and parts of sources with markup, which says more, and without which the network was
    trained; nor, in a large source, more than `_MOST` of its characters.
    """
    dropped = chance[:, len(KEPT_LABELS) :].sum(1)
    asked: Flags = (dropped > least) & (dropped < _CERTAIN)
    asked &= (chance[:, _TITLE] < _HEADLINE) & ~with_markup(parts)
    size = _sizes(parts)
    asked = _within(asked, dropped, parts, _MOST)
    for run in _runs(np.flatnonzero(asked), parts):
        if size[run].sum() < _WORTH:
            asked[run] = False
    return asked


def listed(chance: Floats, parts: PartTable) -> Flags:
    """Which parts stand in a row of short ones that are taken for links to other articles.

    None of sources with markup, nor, in a large source, more than `_MOST_LISTED` of its characters.
    """
    others = chance[:, len(KEPT_LABELS) :]
    dropped = others.sum(1)
    found: Flags = (dropped > _LIKELY) & (others.argmax(1) == _RELATED - len(KEPT_LABELS))
    found &= (chance[:, _TITLE] < _HEADLINE) & ~with_markup(parts)
    short = _sizes(parts) <= _SHORT
    short[[i for i in np.flatnonzero(found).tolist() if _ITEM_MARK.match(parts.texts[i])]] = True
    for run in _runs(np.flatnonzero(found), parts):
        if short[run].sum() < max(_ROW, _MOSTLY * len(run)):
            found[run] = False
    return _within(found, dropped, parts, _MOST_LISTED)


def _sizes(parts: PartTable) -> Ints:
    """The characters of each part that are read, about."""
    return np.minimum([len(text) for text in parts.texts], _LONG)


def _within(asked: Flags, dropped: Floats, parts: PartTable, most: float) -> Flags:
    """Of each source no more than that share of its characters, or what each may have: the most doubtful parts."""
    some = np.flatnonzero(asked)
    some = some[np.lexsort((np.abs(dropped[some] - _EVEN), parts.source[some]))]
    size = _sizes(parts)
    room = np.maximum(most * np.bincount(parts.source, size), _ROOM)
    spent = np.cumsum(size[some])
    before = np.searchsorted(parts.source[some], parts.source[some])  # of the same source
    spent -= np.append(0, spent)[before]
    within = asked.copy()
    within[some[spent > room[parts.source[some]]]] = False
    return within


def kinds_of(parts: PartTable) -> Ints:
    """How each part follows the one before it: 1 to 4, the kinds of its mark."""
    begins, next_line = np.diff(parts.source, prepend=-1) != 0, np.diff(parts.line, prepend=-1) != 0
    kind: Ints = np.select([begins, parts.gap > 0, next_line], [1, 2, 3], 4)
    return kind


def token_ids(texts: Sequence[str]) -> list[Ints]:
    """The word pieces of each text, behind the mark of a part; of a long one its start and its end."""
    ends = [text if len(text) <= 2 * _FAR else f"{text[:_FAR]} {text[-_FAR:]}" for text in texts]
    tokenizer = open_tokenizer(SHIPPED)
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in ends]  # a batch of a few starts threads
    short = (each if len(each) <= _HEAD + _TAIL else [*each[:_HEAD], *each[-_TAIL:]] for each in ids)
    return [np.array([_SEPARATOR, *each], np.int64) for each in short]


def windows(asked: Flags, parts: PartTable) -> Iterator[tuple[int, list[Ints]]]:
    """The first part of each window, and the tokens of its parts: doubted ones, what is between, and what is around."""
    for run in _runs(np.flatnonzero(asked), parts):
        begin, end = _widened(int(run[0]), int(run[-1]) + 1, asked, parts)
        window: list[Ints] = []
        size, first = 0, begin
        for at, part in enumerate(token_ids(parts.texts[begin:end]), begin):
            if window and size + len(part) > _WINDOW:
                yield first, window
                window, size, first = [], 0, at
            window.append(part)
            size += len(part)
        yield first, window


def _runs(places: Ints, parts: PartTable) -> list[Ints]:
    """The places of doubted parts, those of a source with at most `_BETWEEN` others between them together."""
    new = (np.diff(places) > _BETWEEN + 1) | (np.diff(parts.source[places]) != 0)
    return np.split(places, np.flatnonzero(new) + 1) if len(places) else []


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
