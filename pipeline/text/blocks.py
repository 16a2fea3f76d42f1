"""The lines of an HTML page: which are main text, and what the markup says for each label.

A model of its own (`pipeline.models.main_text`) says which blocks are main text. The others are dropped as they stand,
with the label their markup speaks for most. The labeller, which is trained on text without markup, sees what is left:
the element, its surroundings, its links and the model's odds are factors by which its probabilities are multiplied,
such as "a heading element holds a heading".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.models.main_text import main_text
from pipeline.schema import KEPT_LABELS
from pipeline.text.html import Block, extract
from pipeline.text.metadata import Metadata
from pipeline.text.repair import Repair, repair_line
from pipeline.text.segments import Line

__all__ = ["Dropped", "Page", "read_page"]

_LINKED = 0.6  # link density from which a block is a list of links rather than prose with links in it
_SURE = 1000.0  # odds of main text are taken no higher than this
# The labeller, which sees no markup, may drop main text only where it is very sure. Chosen on the pages the model of
# main text was trained on, among 1, 10 and 100.
_TRUST = 100.0
_LONG = 80  # characters of a paragraph that is prose
# Words in ids, classes and roles -> the label they speak for.
_NAMED = {
    "nav": re.compile(r"\b(nav|navbar|navigation|menu|breadcrumbs?|pagination|pager|toolbar|topbar|sitemap|toc)\b"),
    "related": re.compile(
        r"\b(related|recommend(ed|ations)?|sidebar|widget|trending|popular|teasers?|more-?posts|aside)\b"
    ),
    "cta": re.compile(r"\b(share|sharing|social|newsletter|subscribe|signup|comments?|rating|login|follow)\b"),
    "legal": re.compile(r"\b(footer|cookies?|consent|copyright|disclaimer|gdpr|contentinfo|legal)\b"),
    "ad": re.compile(r"\b(ads?|advert(isement)?s?|promo(tion)?|sponsor(ed)?|banner|popup|modal)\b"),
    "byline": re.compile(r"\b(byline|author|posted-on|entry-meta|post-meta|date|dateline)\b"),
    "caption": re.compile(r"\b(caption|credit|wp-caption-text|figcaption)\b"),
}
_AROUND = {"nav": "nav", "footer": "legal", "aside": "related", "figcaption": "caption", "form": "cta", "button": "cta"}
_NO_WORDS = re.compile(r"[-_]+")


class Dropped(NamedTuple):
    """A line that is no main text: the label its markup speaks for most, the probability that it is no main text."""

    line: Line
    label: str
    score: float


class Page(NamedTuple):
    """An HTML page: lines of main text with the factors of each, the other lines, stretches of markup between them,
    what it says of itself."""

    lines: list[Line]
    factors: list[dict[str, float]]
    dropped: list[Dropped]
    markup: tuple[tuple[int, int], ...]
    meta: Metadata


def read_page(page: str, *, drop_threshold: float) -> Page:
    """The page's blocks as lines (raw offsets into the HTML), mended like lines of text.

    Dropped are those that are no main text with a probability of `drop_threshold` or more. The first main heading is
    left to the labeller: the pages that the model learnt from keep their title apart from the main text.
    """
    found = extract(page)
    chances = main_text(found.blocks).tolist()
    title = next((i for i, block in enumerate(found.blocks) if block.tag == "h1" and not block.hidden), None)
    lines, factors, dropped = [], [], []
    for i, block in enumerate(found.blocks):
        line = Line(block.raw_start, block.raw_end, page[block.raw_start : block.raw_end], 1, _mended(block))
        speaks = _factors(block, title is not None)
        if 1 - chances[i] >= drop_threshold and i != title:
            dropped.append(Dropped(line, _label(block, speaks), round(1 - chances[i], 4)))
            continue
        odds = 1.0 if i == title else _TRUST * min(chances[i] / max(1 - chances[i], 1 / _SURE), _SURE)
        lines.append(line)
        factors.append(speaks | {label: odds * speaks.get(label, 1.0) for label in KEPT_LABELS})
    return Page(lines, factors, dropped, found.markup, found.meta)


def _label(block: Block, factors: dict[str, float]) -> str:
    """What kind of text a block that is no main text is: by its markup, else a menu, other people's prose, or noise."""
    best = max((label for label in factors if label not in KEPT_LABELS), key=factors.__getitem__, default="")
    if best and factors[best] > 1:
        return best
    return "related" if len(block.text) >= _LONG else "nav" if block.link_density >= _LINKED else "noise"


def _mended(block: Block) -> Repair:
    mended = repair_line(block.text)
    if mended.alignment is None or block.alignment is None:
        return Repair(mended.text, mended.alignment or block.alignment, mended.steps)
    return Repair(mended.text, tuple(block.alignment[place] for place in mended.alignment), mended.steps)


@lru_cache(maxsize=10_000)
def _named(name: str) -> frozenset[str]:
    """The labels that an element's ids, classes and role speak for."""
    names = _NO_WORDS.sub(" ", name) + " " + name
    return frozenset(label for label, pattern in _NAMED.items() if pattern.search(names))


@lru_cache(maxsize=10_000)
def _surroundings(path: tuple[str, ...], names: tuple[str, ...]) -> dict[str, float]:
    """What the elements around a block and their names speak for."""
    factors: dict[str, float] = {}
    for element, label in _AROUND.items():
        if element in path:
            factors[label] = factors.get(label, 1.0) * 8
    for label in sorted({label for name in names for label in _named(name)}):
        factors[label] = factors.get(label, 1.0) * 6
    if "article" in path or "main" in path:
        factors["body"] = factors["heading"] = 2.0
    return factors


def _factors(block: Block, headed: bool) -> dict[str, float]:
    """What speaks for which label; `headed`: the page has a main heading, so its title element only repeats it."""
    factors = dict(_surroundings(block.path, block.names))

    def speak(label: str, factor: float) -> None:
        factors[label] = factors.get(label, 1.0) * factor

    if block.hidden:
        speak("noise", 50)
    if block.link_density >= _LINKED:
        for label, factor in (("nav", 3.0), ("related", 3.0), ("body", 0.2), ("heading", 0.4)):
            speak(label, factor)
    if block.tag == "title":
        speak("seo" if headed else "title", 50)
    elif block.tag == "h1":
        speak("title", 50)
    elif block.tag in ("h2", "h3", "h4", "h5", "h6"):
        speak("heading", 8)
        speak("title", 0.2)
    elif block.tag in ("p", "blockquote", "li", "td", "dd") and block.link_density < _LINKED:
        speak("body", 4 if len(block.text) >= _LONG else 1.5)
        speak("title", 0.2)
    return factors
