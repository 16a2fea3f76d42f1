"""The lines of an HTML page: which are main text, and what the markup says for each label.

A model of its own (`pipeline.models.main_text`) says which blocks are main text. The others are dropped as they stand,
with the label their markup speaks for most. The labeller, which is trained on text without markup, sees what is left:
the element, its surroundings, its links and the model's odds are factors by which its probabilities are multiplied,
such as "a heading element holds a heading".
"""

import re
import string
from collections.abc import Sequence
from dataclasses import fields
from functools import cache, lru_cache
from itertools import compress, islice, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.models.main_text import Containers, main_text
from pipeline.models.main_text.words import Vocabulary
from pipeline.schema import KEPT_LABELS
from pipeline.text.credits import main_heading, with_credits
from pipeline.text.escaped import aligned, moved, unescaped
from pipeline.text.html import HtmlText, extract
from pipeline.text.line import Line
from pipeline.text.metadata import Found, Metadata
from pipeline.text.repair import Repair, is_plain, repair_line

__all__ = ["NOTHING", "Dropped", "Page", "read_pages"]

Ints = npt.NDArray[np.int64]
_LINKED = 0.6  # link density from which a block is a list of links rather than prose with links in it
_SURE = 1000.0  # odds of main text are taken no higher than this
# The labeller, which sees no markup, may drop main text only where it is next to certain. Chosen by five folds of the
# pages that the model of main text is trained on: word F1 .877, .883 and .887 with 100, 1,000 and 10,000.
_TRUST = 10_000.0
_LONG = 80  # characters of a paragraph that is prose
# Words in ids, classes and roles -> the label they speak for.
_NAMED = {
    "nav": "nav navbar navigation menu breadcrumb breadcrumbs pagination pager toolbar topbar sitemap toc",
    "related": "related recommend recommended recommendation recommendations sidebar widget trending popular teaser "
    "teasers moreposts more-posts aside",
    "cta": "share sharing social newsletter subscribe signup comment comments rating login follow",
    "legal": "footer cookie cookies consent copyright disclaimer gdpr contentinfo legal",
    "ad": "ad ads advert adverts advertisement advertisements promo promotion sponsor sponsored banner popup modal",
    "byline": "byline author posted-on entry-meta post-meta date dateline",
    "caption": "caption credit figcaption",
}
_AROUND = {"nav": "nav", "footer": "legal", "aside": "related", "figcaption": "caption", "form": "cta", "button": "cta"}
_ELEMENTS = (*_AROUND, "article", "main")
_ELEMENT_BIT = {name: 1 << i for i, name in enumerate(_ELEMENTS)}
_PAIR_BIT = {w: 1 << i for i, words in enumerate(_NAMED.values()) for w in words.split() if "-" in w}
# A page without any of these is paragraphs and no more (a field of a record, say): nothing tells its main text from the
# rest but the words, so it is read like plain text.
_SPEAKS = re.compile(
    r"<(?:html|head|title|h1|nav|aside|header|footer|main|article|section|form)\b|\s(?:class|id|role)\s*=", re.I
)
_MARKS = re.compile(r"[\W_]")
_PAIR = re.compile(r"\b(?:" + "|".join(_PAIR_BIT) + r")\b")


class Dropped(NamedTuple):
    """Lines that are no main text, column by column: their place, their words as mended, the alignment of these
    relative to the start, the label their markup speaks for most, the probability that it is no main text."""

    start: list[int]
    end: list[int]
    text: list[str]
    alignment: list[Sequence[int] | None]
    label: list[str]
    score: list[float]


NOTHING = Dropped([], [], [], [], [], [])


class Page(NamedTuple):
    """An HTML page: lines of main text with the factors of each, the other lines, stretches of markup between them and
    lines that are not displayed, what it says of itself."""

    lines: list[Line]
    factors: list[dict[str, float]]
    dropped: Dropped
    markup: list[tuple[int, int]]
    meta: Metadata


def read_pages(pages: Sequence[str], *, main_text_threshold: float) -> list[Page]:
    """The blocks of each page as lines (raw offsets into the HTML), mended like lines of text.

    Dropped are those that are no main text with a probability of `main_text_threshold` or more; the less sure the model
    is of a page, the fewer. The first main heading is left to the labeller: the pages that the model learnt from keep
    their title apart from the main text. Pages do not depend on one another; many at a time cost less each. Of a page
    that was escaped as a whole the tags are read as such.
    """
    escaped = [unescaped(page) for page in pages]
    texts = [page if inner is None else inner.text for page, inner in zip(pages, escaped, strict=True)]
    found = [extract(text) for text in texts]
    some = [html.blocks for html in found if len(html.blocks)]
    boxes = Containers([blocks.elements for blocks in some], [blocks.element for blocks in some])
    model = main_text(some, boxes)
    chances, expected, around = iter(model.chance), iter(model.f1), iter(_surroundings(boxes))
    read = []
    for text, html in zip(texts, found, strict=True):
        size = len(html.blocks)
        bar = (1 - main_text_threshold) * next(expected) if size else 0.0
        read.append(_read(text, html, list(islice(chances, size)), list(islice(around, size)), bar))
    return [
        page if inner is None else _placed(page, inner.places, raw)
        for page, inner, raw in zip(read, escaped, pages, strict=True)
    ]


def _read(page: str, html: HtmlText, chances: list[float], around: list[int], bar: float) -> Page:
    """bar: probability of main text up to which a block is dropped. What is not displayed counts as markup, but is
    shown to the model, which has seen such blocks among the others."""
    blocks = html.blocks
    hidden = blocks.hidden
    title = main_heading(blocks, html.meta.title)
    tags = ["h1" if i == title else "h2" if tag == "h1" else tag for i, tag in enumerate(blocks.tag)]
    links, long = [share >= _LINKED for share in blocks.linked], [len(text) >= _LONG for text in blocks.text]
    marks = [*zip(around, tags, hidden, links, long, repeat(title >= 0))]
    repairs = ((i, repair_line(text)) for i, text in enumerate(blocks.text) if not is_plain(text))
    mended = {i: repair for i, repair in repairs if repair.alignment is not None}
    bare = not _SPEAKS.search(page)
    gone = html.taken_out
    none = [chance <= bar and i != title and not bare and not gone[i] for i, chance in enumerate(chances)]
    out = [*compress(range(len(none)), none)]
    dropped = Dropped(
        [*compress(blocks.start, none)], [*compress(blocks.end, none)],
        [mended[i].text if i in mended else blocks.text[i] for i in out],
        [_composed(mended.get(i), blocks.alignment[i]) for i in out], [_label(marks[i]) for i in out],
        [round(1 - chances[i], 4) for i in out],
    )  # fmt: skip
    lines: list[Line] = []
    factors: list[dict[str, float]] = []
    for i in (i for i, drop in enumerate(none) if not drop and not gone[i]):
        start, end, found = blocks.start[i], blocks.end[i], mended.get(i)
        place = _composed(found, blocks.alignment[i])
        text, steps = (found.text, found.steps) if found else (blocks.text[i], ())
        lines.append(Line(start, end, page[start:end], 1, Repair(text, None if place is None else tuple(place), steps)))
        if bare:
            factors.append({})
            continue
        odds = 1.0 if i == title else _TRUST * min(chances[i] / max(1 - chances[i], 1 / _SURE), _SURE)
        speaks = _factors(marks[i])
        factors.append(speaks | {label: odds * speaks.get(label, 1.0) for label in KEPT_LABELS})
    hidden_text = zip(compress(blocks.start, gone), compress(blocks.end, gone), strict=True)
    return Page(
        lines, factors, dropped, sorted([*html.markup, *hidden_text]), with_credits(page, html.meta, blocks, title)
    )


def _placed(page: Page, places: Ints, raw: str) -> Page:
    """A page of what was escaped, with its places in `raw`, where it was so. places: as in `Unescaped`."""

    def told(found: Found | None) -> Found | None:
        return found and Found(found.value, int(places[found.raw_start]), int(places[found.raw_end]))

    out = page.dropped
    spans = zip(out.start, out.end, strict=True)
    dropped = out._replace(
        start=places[out.start].tolist(),
        end=places[out.end].tolist(),
        alignment=[aligned(span, places, place) for span, place in zip(spans, out.alignment, strict=True)],
    )
    markup = [(int(places[start]), int(places[end])) for start, end in page.markup]
    meta = Metadata(**{each.name: told(getattr(page.meta, each.name)) for each in fields(Metadata)})
    return Page([moved(line, places, raw) for line in page.lines], page.factors, dropped, markup, meta)


# What markup says of a block: the elements and names around it as bits (`_surroundings`), its tag, whether it is not
# displayed, a list of links, long; whether the page has a main heading, so that its title element only repeats it.
_Marks = tuple[int, str, bool, bool, bool, bool]


@lru_cache(maxsize=10_000)
def _label(marks: _Marks) -> str:
    """What kind of text a block that is no main text is: by its markup, else a menu, other people's prose, or noise."""
    *_, links, long, _ = marks
    factors = _factors(marks)
    best = max((label for label in factors if label not in KEPT_LABELS), key=factors.__getitem__, default="")
    if best and factors[best] > 1:
        return best
    return "related" if long else "nav" if links else "noise"


def _composed(mended: Repair | None, alignment: Ints | None) -> list[int] | None:
    """The alignment of words that do not stand as they are in the page, after their repair."""
    if mended is None or mended.alignment is None:
        return None if alignment is None else alignment.tolist()
    return [*mended.alignment] if alignment is None else alignment[list(mended.alignment)].tolist()


@cache
def _words() -> Vocabulary:
    """What ids, classes and roles speak of, as bits of `_NAMED`; one word at a time."""
    letters = string.ascii_letters + string.digits
    return Vocabulary(_NAMED.values(), word=letters.encode() + bytes(range(128, 256)))


def _named(names: Sequence[str]) -> Ints:
    """The labels that ids, classes and roles speak for, as bits behind those of the elements."""
    bits = _words().bits([name if name.isascii() else _MARKS.sub(" ", name) for name in names])
    for i, name in enumerate(names):
        if "-" in name and ("post" in name or "meta" in name):
            for pair in _PAIR.findall(name):
                bits[i] |= _PAIR_BIT[pair]
    return bits << len(_ELEMENTS)


def _surroundings(boxes: Containers) -> list[int]:
    """Bits of `_ELEMENTS` around each block, and of the labels that their names speak for."""
    elements = np.array([_ELEMENT_BIT.get(tag, 0) for tag in boxes.tags], np.int64)[boxes.tag]
    names = _named(boxes.said)[boxes.names]
    bits = np.bitwise_or.reduce(elements[boxes.around]) | np.bitwise_or.reduce(names[boxes.named])
    return bits[boxes.of_block].tolist()  # type: ignore[no-any-return]


@lru_cache(maxsize=10_000)
def _factors(marks: _Marks) -> dict[str, float]:
    """What speaks for which label."""
    bits, tag, hidden, links, long, headed = marks
    factors: dict[str, float] = {}

    def speak(label: str, factor: float) -> None:
        factors[label] = factors.get(label, 1.0) * factor

    around = {name for name, bit in _ELEMENT_BIT.items() if bits & bit}
    for element, label in _AROUND.items():
        if element in around:
            speak(label, 8)
    for label in sorted(label for i, label in enumerate(_NAMED, len(_ELEMENTS)) if bits >> i & 1):
        speak(label, 6)
    if "article" in around or "main" in around:
        factors["body"] = factors["heading"] = 2.0
    if hidden:
        speak("noise", 50)
    if links:
        for label, factor in (("nav", 3.0), ("related", 3.0), ("body", 0.2), ("heading", 0.4)):
            speak(label, factor)
    if tag == "title":
        speak("seo" if headed else "title", 50)
    elif tag == "h1":
        speak("title", 50)
    elif tag in ("h2", "h3", "h4", "h5", "h6"):
        speak("heading", 8)
        speak("title", 0.2)
    elif tag in ("p", "blockquote", "li", "td", "dd") and not links:
        speak("body", 4 if long else 1.5)
        speak("title", 0.2)
    return factors
