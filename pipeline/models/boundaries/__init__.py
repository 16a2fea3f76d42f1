"""Which lines begin an article: boosted trees over what the labeller says of a line and of those around it, how the
line looks, and how the words of the text change there; then over the answers for the lines around it.

The labeller looks 15 parts far; whether a line is a headline or a section's heading often shows only in what the text
is about above and below it (first look), and in which other lines begin an article (second look, `second`). `CARD.md`
says what the trees were trained on and how well they do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.models.boundaries.second import SHORTEST, Likely, apart, second_look
from pipeline.models.onnx import shipped
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.cohesion import cohesion, places
from pipeline.text.features import Features, PartTable
from pipeline.text.places import CUTS, LONGEST_TITLE

__all__ = [
    "CUT_OF_SUFFIX",
    "Candidates",
    "before_suffix",
    "candidates",
    "likely_ones",
    "with_beginnings",
    "with_markup",
]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
# A line less likely a title than this, or surer to be body, is no headline; nor is an unlikely one with a full stop. Of
# the headlines of public articles one in a thousand is lost so, of those of the written corpus one in three hundred,
# and half of the other lines, which then cost nothing.
_UNLIKELY, _SURE_BODY, _UNLIKELY_STOPPED = 0.0005, 0.9, 0.003
_AROUND = (-3, -2, -1, 1, 2, 3)  # lines whose labels are looked at
_ABOUT = [LABELS.index(name) for name in ("nav", "related", "seo", "cta", "legal", "byline")]
_FURNITURE = 0.6  # a part as likely as this to be one of these has words of the next article, or of all
_TITLE, _BODY = LABELS.index("title"), LABELS.index("body")
_NEAR_LABELS = [LABELS.index(name) for name in ("title", "heading", "body")]  # those looked at of lines near by
_OTHER_KEPT = [LABELS.index(name) for name in KEPT_LABELS if name != "title"]
_SUFFIX = [LABELS.index(name) for name in ("title", "seo", "byline")]  # what a headline's line ends with
CUT_OF_SUFFIX = 1 + [*CUTS].index("suffix")
_SHAPE = (
    "chars", "words", "capitalised", "upper", "digits", "slashes", "commas", "ends", "word_length", "first_kind",
    "last_kind", "last_question", "last_colon", "last_full", "number", "function_words", "gap", "next_gap", "same",
    "same_before", "number_follows", "number_goes_on",
)  # fmt: skip
_LOOKS = [_SHAPE.index(name) for name in ("chars", "capitalised", "last_full", "number")]  # of lines near by
# Where the first 80 of the 280 trees sum up to less than this, the others are not asked; they add -2.0 on average. So
# it is with three lines of four; one in a thousand of them would have been looked at again, none been a headline.
_HOPELESS, _OTHERS = -4.25, -2.0
# Content words from a line to the end of its source, its own included; fewer make no article, if cut off half way.
_FEW = SHORTEST // 2
# Share of the labeller's own log odds in the answer: the trees learned beside labellers that know less than the one
# that ships. Of 0, .05, .1, .15, .2, .3 the last that costs public pages nothing; written ones gain a little.
_TRUST = 0.1
# A line as sure to be a title as this, to the labeller, with a site suffix behind, is left so, however close the next
# one: of 211 such lines on pages that no training has seen 210 are.
_SURE = 0.8
_LIKELY = -4.0  # log odds from which on a line is looked at again
_RIVALS = (-3, -2, -1, 1, 2, 3)  # candidates before and behind
_RIVAL = ("crossed_by60_rare", "crossed_by200_rare", "own_begin", "own_begin_long", "new_below200")
_FAR = 400  # content words
_LESS = 0.05  # probability of the less likely of two beginnings that stand too close


@dataclass(frozen=True)
class Candidates:
    """Lines that may begin an article: index of the first part of each, and a row of numbers for each.

    cells: word and part of the words of the text, without those of menus, teasers and the like.
    """

    part: Ints
    values: Floats
    names: tuple[str, ...]
    cells: tuple[Ints, Ints]

    @property
    def place(self) -> Ints:
        """Content words of the source before each line."""
        return self.values[:, self.names.index("words_before")].astype(np.int64)


def candidates(rows: Features, chance: Floats, parts: PartTable) -> Candidates:
    """The lines that may begin an article.

    chance: probability of each label of each part, a row per part.
    """
    starts = np.flatnonzero(parts.cut == 0)  # of lines
    line = np.flatnonzero(_may_begin(rows, chance, starts))
    part = starts[line]
    ends = np.append(starts[1:], len(chance)) - 1  # the last part of each line
    shape = rows.values[:, [rows.names.index(name) for name in _SHAPE]]
    blocks = [shape[part], chance[part], chance[ends[line]][:, _SUFFIX]]
    names = [*_SHAPE, *(f"p_{name}" for name in LABELS), *(f"end_{LABELS[i]}" for i in _SUFFIX)]
    furniture = chance[:, _ABOUT].sum(1)
    for step in _AROUND:
        other = np.clip(line + step, 0, len(starts) - 1)
        there = (line + step == other) & (parts.source[starts[other]] == parts.source[part])
        near = (ends if step < 0 else starts)[other]
        said = [chance[near][:, _NEAR_LABELS], furniture[near]]
        looks = np.column_stack([shape[near][:, _LOOKS], parts.gap[starts[other]], *said])
        blocks.append(np.where(there[:, None], looks, -1))
        known = (*(_SHAPE[i] for i in _LOOKS), "gap", *(LABELS[i] for i in _NEAR_LABELS), "furniture")
        names += [f"{name}{step:+d}" for name in known]
    word, place = places(rows.words, len(chance))
    article = (furniture < _FURNITURE)[place]
    for of, counted in (("", np.ones(len(place), bool)), ("of_text_", article)):
        columns, own_names = cohesion(word[counted], place[counted], parts.source, part)
        blocks += [columns, _rivals(columns, own_names, chance[part], parts.source[part])]
        names += [of + name for name in own_names]
        names += [f"{of}{name}_rival{step:+d}" for step in _RIVALS for name in ("away", "title", *_RIVAL)]
    return Candidates(part, np.hstack(blocks).astype(np.float32), tuple(names), (word[article], place[article]))


def _may_begin(rows: Features, chance: Floats, starts: Ints) -> npt.NDArray[np.bool_]:
    short = rows.values[starts, rows.names.index("chars")] <= np.log1p(LONGEST_TITLE)
    stopped = rows.values[starts, rows.names.index("last_full")] > 0
    likely = chance[starts, _TITLE] >= np.where(stopped, _UNLIKELY_STOPPED, _UNLIKELY)
    return np.asarray(short & likely & (chance[starts, _BODY] <= _SURE_BODY))


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


def with_markup(parts: PartTable) -> npt.NDArray[np.bool_]:
    """Whether each part lies in a source of which markup says something."""
    said = np.array([bool(factors) for factors in parts.factors] or [False] * len(parts.source), bool)
    return np.isin(parts.source, parts.source[said])


def with_beginnings(chance: Floats, seen: Floats, rows: Features, parts: PartTable) -> Floats:
    """The probabilities of the labels, with that of a title as the trees see it where an article may begin.

    seen: the same as the network of `labels.npz` says them, with which the trees were trained; beside another they
    cut worse (see CARD.md). Sources with markup stay as they are: they are one article each, and the trees were trained
    on plain text.
    """
    marked = with_markup(parts)
    found = candidates(rows, seen, parts)
    plain = ~marked[found.part]
    if not plain.any():
        return chance
    score, place, part = _scores(found.values[plain]), found.place[plain], found.part[plain]
    again, likely = likely_ones(score, part, place)
    if len(again):
        score[again] = _sum_of("second", second_look(likely, rows, seen, parts, found.cells)[0])
    said = np.clip(seen[part, _TITLE].astype(np.float64), 1e-4, 1 - 1e-4)
    own = np.log(said / (1 - said))
    sure = (said >= _SURE) & before_suffix(seen.argmax(1), parts)[part]
    score = np.asarray(np.maximum((1 - _TRUST) * score + _TRUST * own, np.where(sure, own, -np.inf)), np.float32)
    title = 1 / (1 + np.exp(-score.astype(np.float64)))
    rivals = (score >= 0) & ~apart(score, place, parts.source[part]) & ~sure
    bare = (place > 0) & (found.values[plain, found.names.index("of_text_words_behind")] < _FEW)
    title = np.where(rivals | (bare & (title > _LESS)), _LESS, title)
    changed = chance.astype(np.float64)
    changed[part] = _with_title(changed[part], title)
    return np.asarray(np.round(changed, 4), np.float32)


def likely_ones(score: Floats, part: Ints, place: Ints) -> tuple[Ints, Likely]:
    """The lines that are looked at again, as indices and with what is known of them.

    score: log odds of the first look, for each line; place: content words of the source before it.
    """
    again = np.flatnonzero(score > _LIKELY)
    return again, Likely(score[again], part[again], place[again])


def _scores(values: Floats) -> Floats:
    """The sum of the trees of each row; where the first of them leave no hope, what the others add on average."""
    score = _sum_of("first", values)
    hopeful = np.flatnonzero(score >= _HOPELESS)
    others = np.full(len(score), _OTHERS, np.float32)
    if len(hopeful):
        others[hopeful] = _sum_of("others", values[hopeful])
    return score + others


def _sum_of(trees: str, values: Floats) -> Floats:
    [score] = shipped(f"boundaries/{trees}.onnx").run(None, {"rows": values})
    return np.asarray(score[:, 0], np.float32)


def before_suffix(label: Ints, parts: PartTable) -> npt.NDArray[np.bool_]:
    """Which parts the suffix of a site follows on their line. label: of each part, as an index of `LABELS`."""
    return np.append((parts.cut[1:] == CUT_OF_SUFFIX) & (label[1:] == LABELS.index("seo")), False)


def _with_title(chance: npt.NDArray[np.float64], title: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rows with another probability of a title: more takes from all labels alike, less gives to the kept ones.

    What looks like a headline and begins no article is a heading, not a dropped line.
    """
    was = chance[:, _TITLE]
    less = title < was
    rest = np.where(less, 1.0, (1 - title) / np.maximum(1 - was, 1e-4))
    changed = chance * rest[:, None]
    others = changed[:, _OTHER_KEPT]
    share = (others + 1e-4) / (others + 1e-4).sum(1, keepdims=True)
    changed[:, _OTHER_KEPT] += np.where(less, was - title, 0.0)[:, None] * share
    changed[:, _TITLE] = title
    return changed
