"""The main heading of an HTML page, and who wrote it and when, as the lines around that heading show it.

For pages whose metadata do not say so, or name their site as the author. Names are found by the ids and classes of the
elements around them and by the words of bylines (`pipeline.text.bylines`). The words below were chosen on every second
page of WCXB; `python -m benchmarks.metadata` says how well all is found, on the others too.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline.text.align import to_raw
from pipeline.text.bylines import Said, author_in, date_in
from pipeline.text.html import Blocks
from pipeline.text.metadata import Found, Metadata, is_name

__all__ = ["main_heading", "with_credits"]

_HEADINGS = ("h1", "h2", "h3")
_HALF = 0.5
_ABOVE, _BELOW = 6, 16  # lines around the main heading in which credits stand
_LINE = 120  # characters of such a line, at most
_TAG = 500  # characters of the tag before a line that are read
_INSIDE = 3  # elements around a line whose names tell what it is
_WORD = re.compile(r"\w+")
_OF_AUTHOR = re.compile(r"author(?!i[sz])|byline|contributor|(?<![a-z])(?:by|username|writer|writtenby)(?![a-z])")
# What stands before a name, behind it, and what else an element of that name holds.
_BEFORE = re.compile(
    r"(?:(?:(?:article|posted|published|story|text|words|written)?\s*\bby|authors?|thread starter)\b)\s*[:：]?\s*", re.I
)
_AFTER = re.compile(r"\s*[|·•⋅,;(–—]\s*|\s{2,}")
_NO_PERSON = re.compile(
    r"[@|/]|\b\d|https?:|\b(?:about|all|author|by|bio|comments?|follow|join\w*|latest|member|more|posts?|profile|published|"
    r"read|review\w*|see|share|the|thread|updated?|view|written|your)\b",
    re.I,
)
_LONGEST_NAME = 60


def main_heading(blocks: Blocks, title: Found | None) -> int:
    """The number of the line that is the page's main heading, -1 without one.

    The first `h1` that is shown, or a heading that has more of the title that the page states, half of its words at
    least: the `h1` may be a logo.
    """
    hidden = blocks.hidden
    heads = [i for i, tag in enumerate(blocks.tag) if tag in _HEADINGS and not hidden[i]]
    first = next((i for i in heads if blocks.tag[i] == "h1"), -1)
    stated = _words(title.value) if title else set()
    shared = {i: _shared(blocks.text[i], stated) for i in heads}
    best = max(heads, key=shared.__getitem__, default=-1)
    return best if best >= 0 and shared[best] >= _HALF and shared[best] > shared.get(first, 0.0) else first


def _words(text: str) -> set[str]:
    return {*_WORD.findall(text.lower())}


def _shared(text: str, stated: set[str]) -> float:
    """Share of the words of either that are words of both."""
    words = _words(text)
    common = len(words & stated)  # and not of their union: a page may state a title as long as itself
    return common / max(len(words) + len(stated) - common, 1)


def with_credits(page: str, meta: Metadata, blocks: Blocks, heading: int) -> Metadata:
    """What the page says of itself, with its main heading, and the author and day beside that where it does not say.

    page: as `blocks` were made of. heading: the number of that line, -1 for none.
    """
    author = meta.author
    of_site = author and meta.site and author.value.lower() == meta.site.value.lower()
    if author is None or of_site or not is_name(author.value):
        author = _first(blocks, _names_near(page, blocks, heading)) or (author if of_site else None)
    published = meta.published or _first(blocks, _days_near(blocks, heading))
    words = [(heading, Said(blocks.text[heading], 0, len(blocks.text[heading])))] if heading >= 0 else []
    return replace(meta, heading=_first(blocks, words), author=author, published=published)


def _first(blocks: Blocks, found: Iterable[tuple[int, Said]]) -> Found | None:
    for i, said in found:
        alignment = blocks.alignment[i]
        places = None if alignment is None else alignment.tolist()
        return Found(said.value, *to_raw(said.start, said.end, blocks.start[i], places, blocks.text[i]))
    return None


def _near(blocks: Blocks, heading: int) -> Sequence[int]:
    """The lines around the heading, those below it first, no long ones."""
    if heading < 0:
        return []
    lines = [
        *range(heading + 1, min(heading + _BELOW, len(blocks))),
        *range(heading - 1, max(heading - _ABOVE, -1), -1),
    ]
    hidden = blocks.hidden
    return [i for i in lines if len(blocks.text[i]) <= _LINE and not hidden[i]]


def _names_near(page: str, blocks: Blocks, heading: int) -> Iterator[tuple[int, Said]]:
    for i in _near(blocks, heading):
        text = blocks.text[i]
        said = author_in(text)
        if said and said.value[0].isupper():
            yield i, said
        elif _OF_AUTHOR.search(_said_of(page, blocks, i)):
            before = _BEFORE.match(text)
            begin = before.end() if before else 0
            name = _AFTER.split(text[begin:], maxsplit=1)[0].rstrip(" .*")
            if 2 < len(name) <= _LONGEST_NAME and name[0].isalpha() and not _NO_PERSON.search(name):
                yield i, Said(name, begin, begin + len(name))


def _days_near(blocks: Blocks, heading: int) -> Iterator[tuple[int, Said]]:
    for i in _near(blocks, heading):
        if said := date_in(blocks.text[i]):
            yield i, said


def _said_of(page: str, blocks: Blocks, line: int) -> str:
    """The tag before a line, and ids, classes and roles of the nearest elements around it."""
    start, at = blocks.start[line], blocks.element[line]
    said = [page[max(page.rfind("<", 0, start), start - _TAG) : start].lower()]
    while at >= 0 and len(said) <= _INSIDE:
        said.append(blocks.elements.names[at])
        at = blocks.elements.parent[at]
    return " ".join(said)
