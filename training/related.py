"""Made-up lists of other articles, to be set into training pages.

Below or inside an article scrapers find the titles of others, often each with the first words of its text, cut at a
fixed length. The written corpus holds few (of 1,770 pages 31 have a line so cut), so lists are made of its own
articles.
"""

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Pointer", "related_list"]

Line = tuple[str, str]
_HEADS = (
    "Related articles", "Recommended reading", "You may also like", "More articles", "Related reading", "Popular",
    "Latest articles", "Other questions", "Related questions", "Recommended for you", "Read next", "Hot articles",
    "Most read",
)  # fmt: skip
_MARKS = ("", "", "", "· ", "• ", "- ", "> ", "» ")
_CUT = ("...", "...", "…", " ...", "......")


class Pointer(NamedTuple):
    """Another article: its title, or a heading of it, and the text below."""

    title: str
    text: str


def related_list(others: Sequence[Pointer], rng: random.Random) -> list[Line]:
    """The lines of a list of some of the articles, all labelled related.

    Titles alone, titles each with the beginning of the text, or these beginnings alone; all cut at one length where
    they are cut.
    """
    titled, begun = rng.choice(((True, False), (True, True), (True, True), (False, True)))
    longest = rng.randint(28, 110) if begun else rng.choice((30, 40, 60, 999, 999, 999))
    enough = [other for other in others if not begun or len(other.text) > longest]
    taken = rng.sample(enough, min(len(enough), rng.randint(3, 14)))
    mark, end, numbered = rng.choice(_MARKS), rng.choice(_CUT), rng.random() < 0.1
    lines = [rng.choice(_HEADS) + rng.choice(("", "", ":"))] if rng.random() < 0.5 else []
    for number, other in enumerate(taken, 1):
        before = f"{number}. " if numbered else mark
        lines += [before + _cut(other.title, longest if not begun else 999, end)] if titled else []
        lines += [("" if titled else before) + _cut(other.text, longest, end)] if begun else []
    return [("related", line) for line in lines if re.search(r"\w", line)]


def _cut(text: str, longest: int, end: str) -> str:
    """The text as it is, or its first characters with a mark that there is more."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[:longest].rstrip(" .,;") + end
