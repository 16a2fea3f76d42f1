"""What an HTML page says of itself: title, url, site, author and date, each with its place in the page.

Read from meta and link elements (Open Graph, Dublin Core, schema.org microdata), JSON-LD, time elements and the
title element, in the order of `_SOURCES`. Libraries for it exist, but none says where a value stood.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.text.markup import Tag, attributes, text_runs

__all__ = ["META", "Found", "Meta", "Metadata"]

# Elements that `Meta.see` reads.
META = frozenset({"link", "meta", "script", "time", "title"})
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
# schema.org types that describe the page's article; others (breadcrumbs, the organisation) have urls and names too.
_ARTICLE = ("Article", "Page", "Posting", "Report", "Review", "QAPage", "Recipe", "Product")
_DEPTH = 20


@dataclass(frozen=True)
class Found:
    """A value and the place it was read from (raw offsets of the element, or of the value where it stands verbatim)."""

    value: str
    raw_start: int
    raw_end: int


@dataclass(frozen=True)
class Metadata:
    """What was found; None where the page does not say. published is as the page writes it."""

    title: Found | None = None
    url: Found | None = None
    site: Found | None = None
    author: Found | None = None
    published: Found | None = None


class Meta:
    """Gathers values from the tags of one page."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._values: dict[str, Found] = {}

    def see(self, tag: Tag) -> None:
        """Take what `tag` says, if it is one that says something."""
        if tag.name == "meta" and not tag.closing:
            values = attributes(tag.attributes)
            name = values.get("property") or values.get("name") or values.get("itemprop") or ""
            self._keep(name.lower(), values.get("content", ""), tag.begin, tag.end)
        elif tag.name == "link" and "canonical" in tag.attributes:
            self._keep("link:canonical", attributes(tag.attributes).get("href", ""), tag.begin, tag.end)
        elif tag.name == "time" and not tag.closing:
            self._keep("time:", attributes(tag.attributes).get("datetime", ""), tag.begin, tag.end)
        elif tag.name == "title" and tag.content:
            self._keep("title:", "".join(words for *_, words in text_runs(self._page, *tag.content)), *tag.content)
        elif tag.name == "script" and tag.content and "ld+json" in tag.attributes:
            for name, value in _linked_data(self._page[slice(*tag.content)]):
                self._keep(f"ld:{name}", value, *tag.content)

    def found(self) -> Metadata:
        """The best value of each kind."""
        best = {
            kind: next((self._values[n] for n in names if n in self._values), None) for kind, names in _SOURCES.items()
        }
        return Metadata(**best)

    def _keep(self, name: str, value: str, begin: int, end: int) -> None:
        value = " ".join(value.split())
        if not value:
            return
        at = self._page.find(value, begin, end)
        place = (at, at + len(value)) if at >= 0 else (begin, end)
        self._values.setdefault(name, Found(value, *place))


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
