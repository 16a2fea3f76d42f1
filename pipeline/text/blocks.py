"""The lines of an HTML page, and what its markup says for each label.

The labeller is trained on text without markup. Here the element, its surroundings and its links become factors
by which the labeller's probabilities are multiplied: odds such as "a heading element holds a heading".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.text.html import Block, extract
from pipeline.text.metadata import Metadata
from pipeline.text.repair import Repair, repair_line
from pipeline.text.segments import Line

__all__ = ["Page", "read_page"]

_LINKED = 0.6  # link density from which a block is a list of links rather than prose with links in it
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


class Page(NamedTuple):
    """An HTML page: lines with the factors of each, stretches of markup between them, what it says of itself."""

    lines: list[Line]
    factors: list[dict[str, float]]
    markup: tuple[tuple[int, int], ...]
    meta: Metadata


def read_page(page: str) -> Page:
    """The page's blocks as lines (raw offsets into the HTML), mended like lines of text."""
    found = extract(page)
    lines = [Line(b.raw_start, b.raw_end, page[b.raw_start : b.raw_end], 1, _mended(b)) for b in found.blocks]
    headed = any(block.tag == "h1" and not block.hidden for block in found.blocks)
    return Page(lines, [_factors(block, headed) for block in found.blocks], found.markup, found.meta)


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


def _factors(block: Block, headed: bool) -> dict[str, float]:
    """What speaks for which label; `headed`: the page has a main heading, so its title element only repeats it."""
    factors: dict[str, float] = {}

    def speak(label: str, factor: float) -> None:
        factors[label] = factors.get(label, 1.0) * factor

    if block.hidden:
        speak("noise", 50)
    for element, label in _AROUND.items():
        if element in block.path:
            speak(label, 8)
    for label in {label for name in block.names for label in _named(name)}:
        speak(label, 6)
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
    if "article" in block.path or "main" in block.path:
        speak("body", 2)
        speak("heading", 2)
    return factors
