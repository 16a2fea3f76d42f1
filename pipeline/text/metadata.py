"""What an HTML page says of itself: title, url, site, author and date, each with its place in the page.

Read from meta and link elements (Open Graph, Dublin Core, schema.org microdata), JSON-LD, time elements and the
title element, in the order of `_SOURCES`. Libraries for it exist, but none says where a value stood.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.text.bylines import date_in
from pipeline.text.elements import INLINE
from pipeline.text.markup import TITLE, Pieces, attribute_place, attribute_value, attributes, content, decoded

__all__ = ["Found", "Metadata", "is_name", "read_metadata"]

# Names under which pages state a value, best first; `ld:` in JSON-LD, `link:` by rel, `time:` and `title:` elements.
_SOURCES = {
    "title": ("og:title", "ld:headline", "twitter:title", "dc.title", "title:"),
    "url": ("link:canonical", "og:url", "ld:url", "twitter:url"),
    "site": ("og:site_name", "ld:publisher", "application-name"),
    "author": ("ld:author", "author", "article:author", "dc.creator", "twitter:creator", "parsely-author",
               "sailthru.author"),
    "published": ("article:published_time", "ld:datePublished", "datepublished", "date", "dc.date", "dc.date.issued",
                  "dcterms.created", "parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "time:"),
}  # fmt: skip
_KIND = {name: kind for kind, names in _SOURCES.items() for name in names}
_NO_NAME = re.compile(r"\s*(?:(?:https?:)?//|www\.|@)", re.I)
_ABSOLUTE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.I)
# A time of a change says so by its class or property; one that is of both was never changed.
_CHANGE, _FIRST = re.compile(r"updat|modif|review", re.I), re.compile(r"publi|creat", re.I)
_TAGS, _BEFORE = 6, 120  # of what stands before a time: tags, characters
_STRING = re.compile(r"\"((?:[^\"\\]++|\\.)*)\"\s*+(:?)", re.DOTALL)  # of JSON; a colon follows a key
# schema.org types that describe the page's article; others (breadcrumbs, the organisation) have urls and names too.
_ARTICLE = ("Article", "Page", "Posting", "Report", "Review", "QAPage", "Recipe", "Product")
_DEPTH = 20
# What the attributes of a meta element hold that says any of this.
_TELLING = ("title", "url", "site", "application", "author", "creator", "date", "created", "published", "time")


@dataclass(frozen=True)
class Found:
    """A value and the place it was read from (raw offsets of the element, or of the value where it stands verbatim)."""

    value: str
    raw_start: int
    raw_end: int


@dataclass(frozen=True)
class Metadata:
    """What was found; None where the page does not say. published is as the page writes it. heading: its main one."""

    title: Found | None = None
    heading: Found | None = None
    url: Found | None = None
    site: Found | None = None
    author: Found | None = None
    published: Found | None = None


def read_metadata(page: Pieces, tags: Iterable[int]) -> Metadata:
    """The best value of each kind that the page states; of two under the same name the first counts.

    One that is of no use (a date that cannot be read, an address for a name, a part of an address) gives way to any
    that is. tags: the numbers of its titles, of its link, meta and time elements and of those without markup inside.
    """
    said = _Said(page)
    for i in tags:
        said.see(i)
    best = {kind: _best([said.values[n] for n in names if n in said.values]) for kind, names in _SOURCES.items()}
    return Metadata(**best)


def is_name(value: str) -> bool:
    """Whether an author's name may be one: no address and no @handle."""
    return not _NO_NAME.match(value)


def _best(found: Sequence[tuple[bool, Found]]) -> Found | None:
    return max(found, key=lambda one: one[0])[1] if found else None


def _is_useful(kind: str, value: str) -> bool:
    if kind == "author":
        return is_name(value)
    if kind == "published":
        return date_in(value) is not None
    return kind != "url" or _ABSOLUTE.match(value) is not None


def _is_telling(raw: str) -> bool:
    return any(word in raw for word in _TELLING)


class _Said:
    """What the tags of one page say."""

    def __init__(self, page: Pieces) -> None:
        self._page = page
        self.values: dict[str, tuple[bool, Found]] = {}  # whether each is of use, and what was found

    def see(self, i: int) -> None:
        """Take what a tag says, if it is one that says something."""
        tag, name = self._page.tags[i], self._page.names[i]
        if not name:
            self._see_script(i)
            return
        name, raw = name.lower(), tag[len(name) + 1 : -1]
        if name == TITLE:
            text = self._page.texts[i + 1]
            self._keep("title:", decoded(text), _Source(text, int(self._page.ends[2 * i + 1]), None))
        elif name == "meta" and ("&" in raw or _is_telling(raw.lower())):
            values = attributes(raw)
            said = values.get("property") or values.get("name") or values.get("itemprop") or ""
            self._keep(said.lower(), values.get("content", ""), self._source(i, "content"))
        elif name == "link" and "canonical" in raw.lower():
            values = attributes(raw)
            if "canonical" in values.get("rel", "").lower().split():
                self._keep("link:canonical", values.get("href", ""), self._source(i, "href"))
        elif name == "time" and "time" in raw.lower():
            values = attributes(raw)
            said = " ".join(values.get(name, "") for name in ("class", "itemprop"))
            day = values.get("datetime", "")
            changed = date_in(day) and not date_in(f"{self._line_before(i)} {day}")
            if _FIRST.search(said) or not (_CHANGE.search(said) or changed):
                self._keep("time:", day, self._source(i, "datetime"))

    def _line_before(self, i: int) -> str:
        """The words before a tag in its line, the last of them at least, blanks made single."""
        first = i
        while first > max(0, i - _TAGS) and (self._page.names[first - 1] or "").lower().removeprefix("/") in INLINE:
            first -= 1
        return " ".join("".join(self._page.texts[first : i + 1])[-_BEFORE:].split())

    def _source(self, i: int, attribute: str) -> "_Source":
        return _Source(self._page.tags[i], int(self._page.ends[2 * i]), attribute)

    def _see_script(self, i: int) -> None:
        tag = self._page.tags[i]
        if "ld+json" not in tag or tag[1:7].lower() != "script":
            return
        begin, end = content(tag)
        if "ld+json" in tag[:begin]:
            source = _Source(tag[begin:end], int(self._page.ends[2 * i]) + begin, None)
            for name, value in _linked_data(source.text):
                self._keep(f"ld:{name}", attribute_value(value), source)

    def _keep(self, name: str, value: str, source: "_Source") -> None:
        value, kind = " ".join(value.split()), _KIND.get(name)
        before = self.values.get(name)
        if not value or kind is None or (before and before[0]):
            return
        useful = _is_useful(kind, value)
        if useful or not before:
            self.values[name] = useful, source.found(name, value)


class _Source(NamedTuple):
    """Where a value was read: a text and where it begins in the page; the attribute, where it is a tag."""

    text: str
    at: int
    attribute: str | None

    def found(self, name: str, value: str) -> Found:
        """The value at its place: where it stands verbatim, else all of the text."""
        begin, end = self._part(name, value)
        begin = self.text.find(value, begin, end)
        begin, end = (begin, begin + len(value)) if begin >= 0 else (0, len(self.text))
        return Found(value, self.at + begin, self.at + end)

    def _part(self, name: str, value: str) -> tuple[int, int]:
        if self.attribute:
            return attribute_place(self.text, self.attribute)
        if name.startswith("ld:"):
            return _json_place(self.text, name.removeprefix("ld:"), value)
        return 0, len(self.text)


def _json_place(script: str, key: str, value: str) -> tuple[int, int]:
    """Where a string of JSON stands: the value of that key, or of a name below it; (0, 0) where it is written else."""
    seen, last = False, ""
    for token in _STRING.finditer(script):
        if token[2]:
            last = token[1]
            seen |= last == key
        elif seen and last in (key, "name") and token[1].strip() == value:
            return token.span(1)
    return 0, 0


def _linked_data(script: str) -> Iterator[tuple[str, str]]:
    try:
        data = json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return
    for item in _items(data, 0):
        kind = item.get("@type")
        kinds = kind if isinstance(kind, list) else [kind]
        if any(isinstance(k, str) and k.endswith(_ARTICLE) for k in kinds):
            for name in ("headline", "url", "datePublished", "author", "publisher"):
                if value := _name(item.get(name)):
                    yield name, value


def _items(data: object, depth: int) -> Iterator[dict[str, object]]:
    """The objects of a JSON-LD document: itself, the members of a list or of its graph."""
    if isinstance(data, list) and depth < _DEPTH:
        for item in data:
            yield from _items(item, depth + 1)
    elif isinstance(data, dict):
        yield data
        yield from _items(data.get("@graph"), depth + 1)


def _name(value: object) -> str:
    """A value as words: a string, the name of an object, the names of a list joined."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_name, value[:20])))
    if isinstance(value, dict):
        return value["name"] if isinstance(value.get("name"), str) else ""
    return value if isinstance(value, str) else ""
