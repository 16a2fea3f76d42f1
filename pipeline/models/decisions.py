"""From probabilities to labels: what one part is depends on the labels around it.

What the network, which judges each part for itself, does not know: a title's line holds title and site lines only, a
page begins with a title, a second one must be sure, and has text of an article before it.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.models.boundaries import before_suffix, with_markup
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.features import PartTable

__all__ = ["decide"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_KEPT = len(KEPT_LABELS)
_AFTER_TITLE = ("title", "seo", "byline", "cta", "ad")
_HEAD, _LIKELY = 15, 0.1  # parts of a source in which its first title is looked for, and its least probability
# Least probability of a second title; with .5 more is found in joined short articles, and one too many on real pages.
_SURE = 0.65
_ENTRY = 3  # words of an entry of a menu, at most
_BELOW = 0.3  # least probability of the title below a menu; those of honest pages that were missed have .34 and more
_PROSE = 0.5  # probability of body above which a part is prose glued onto a title, not more title
_LONG = 60  # characters of prose that a heading is glued to


def decide(chance: Floats, parts: PartTable, drop_threshold: float) -> Ints:
    """The label of each part as an index of `LABELS`.

    chance: a row per part. Dropped are the parts whose drop labels together reach `drop_threshold`.
    """
    kept, dropped = chance[:, :_KEPT], chance[:, _KEPT:]
    best = np.where(dropped.sum(1) >= drop_threshold, dropped.argmax(1) + _KEPT, kept.argmax(1))
    best = _without_menu(_with_headline(best, chance, parts), chance, parts)
    best = _with_first_title(_with_title_line(best, chance, parts), chance, parts.source)
    best = _with_whole_headline(_with_sure_titles(best, chance, parts), parts)
    return _with_one_title(best, chance, parts)


def _with_headline(best: Ints, chance: Floats, parts: PartTable) -> Ints:
    """A site suffix stands behind a headline: what begins such a line is its title if it is one at all likely."""
    seo, title = LABELS.index("seo"), LABELS.index("title")
    first = parts.cut == 0
    headline = first & before_suffix(best, parts) & (best == seo) & (chance[:, title] >= _LIKELY)
    return np.where(headline, title, best)


def _without_menu(best: Ints, chance: Floats, parts: PartTable) -> Ints:
    """The first of the short lines of a menu is no title, if one that may be comes below the menu and before the text:
    none of the 4,397 titles of labelled pages that have a line of their own has two such lines below it."""
    nav, title = LABELS.index("nav"), LABELS.index("title")
    short = (parts.cut == 0) & np.array([len(text.split()) <= _ENTRY for text in parts.texts])
    entry = short & (best == nav)
    first = (best == title)[:-2] & short[:-2] & entry[1:-1] & entry[2:] & (parts.source[:-2] == parts.source[2:])
    best = best.copy()
    for i in np.flatnonzero(first).tolist():
        end = int(np.searchsorted(parts.source, parts.source[i], side="right"))
        menu = i + 1 + int(np.append(entry[i + 1 : end], False).argmin())  # where it is over
        text = np.flatnonzero(best[menu:end] == LABELS.index("body"))
        head = chance[menu : min([i + _HEAD, end, *(menu + text[:1])]), title]
        if len(head) and head.max() >= _BELOW:
            best[i] = nav
            best[menu + head.argmax()] = title
    return best


def _with_whole_headline(best: Ints, parts: PartTable) -> Ints:
    """A title of two sentences and more: what stands on its line before a part of it that a site suffix follows is
    title too; on all 293 such lines of the written pages it is."""
    title, line = LABELS.index("title"), np.cumsum(parts.cut == 0)
    last = np.flatnonzero((best == title) & (parts.cut > 0) & before_suffix(best, parts))
    ends = np.zeros(line[-1] + 1 if len(line) else 1, np.int64)
    ends[line[last]] = last
    return np.where(np.arange(len(best)) < ends[line], title, best)


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
    whole &= ~(before_suffix(best, parts) & with_markup(parts))  # elsewhere the model of beginnings has seen the suffix
    unsure = unsure[(chance[unsure, title] < _SURE) & whole[unsure]]
    others = np.delete(np.arange(len(LABELS)), title)
    best = best.copy()
    best[unsure] = others[chance[unsure][:, others].argmax(1)]
    return best


def _with_one_title(best: Ints, chance: Floats, parts: PartTable) -> Ints:
    """Of two titles with no text of an article between them one is none: the first, as a site's name above the headline
    is, unless a site suffix follows it. None of 5,430 titles of labelled pages stands so."""
    title, line = LABELS.index("title"), np.cumsum(parts.cut == 0)
    text = np.cumsum(np.isin(best, (LABELS.index("heading"), LABELS.index("body"))))
    at = np.flatnonzero(best == title)
    first, second = at[:-1], at[1:]
    close = (line[first] != line[second]) & (text[first] == text[second])
    close &= parts.source[first] == parts.source[second]
    suffixed = before_suffix(best, parts)[first]
    lines = np.where(suffixed, line[second], line[first])[close]
    wrong = np.flatnonzero(np.isin(line, lines) & (best == title))
    others = np.delete(np.arange(len(LABELS)), title)
    best = best.copy()
    best[wrong] = others[chance[wrong][:, others].argmax(1)]
    return best
