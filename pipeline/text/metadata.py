"""What an HTML page says of itself: title, url, site, author and date, each with its place in the page.

Read from meta and link elements (Open Graph, Dublin Core, schema.org microdata), JSON-LD, time elements and the
title element, in the order of `_SOURCES`. Libraries for it exist, but none says where a value stood.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.text.markup import TITLE, Pieces, attributes, content, decoded

__all__ = ["Found", "Metadata", "read_metadata"]

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
    """What was found; None where the page does not say. published is as the page writes it."""

    title: Found | None = None
    url: Found | None = None
    site: Found | None = None
    author: Found | None = None
    published: Found | None = None


def read_metadata(page: Pieces, tags: Iterable[int]) -> Metadata:
    """The best value of each kind that the page states; of two under the same name the first counts.

    tags: the numbers of its titles, of its link, meta and time elements and of those without markup inside.
    """
    said = _Said(page)
    for i in tags:
        said.see(i)
    best = {kind: next((said.values[n] for n in names if n in said.values), None) for kind, names in _SOURCES.items()}
    return Metadata(**best)


def _is_telling(raw: str) -> bool:
    return any(word in raw for word in _TELLING)


class _Said:
    """What the tags of one page say."""

    def __init__(self, page: Pieces) -> None:
        self._page = page
        self.values: dict[str, Found] = {}

    def see(self, i: int) -> None:
        """Take what a tag says, if it is one that says something."""
        tag, name = self._page.tags[i], self._page.names[i]
        if not name:
            self._see_script(i)
            return
        name, raw = name.lower(), tag[len(name) + 1 : -1]
        if name == TITLE:
            text = self._page.texts[i + 1]
            self._keep("title:", decoded(text), text, int(self._page.ends[2 * i + 1]))
        elif name == "meta" and ("&" in raw or _is_telling(raw.lower())):
            values = attributes(raw)
            said = values.get("property") or values.get("name") or values.get("itemprop") or ""
            self._keep(said.lower(), values.get("content", ""), tag, self._begin(i))
        elif name == "link" and "canonical" in raw:
            self._keep("link:canonical", attributes(raw).get("href", ""), tag, self._begin(i))
        elif name == "time" and "time" in raw.lower():
            self._keep("time:", attributes(raw).get("datetime", ""), tag, self._begin(i))

    def _begin(self, i: int) -> int:
        return int(self._page.ends[2 * i])

    def _see_script(self, i: int) -> None:
        tag = self._page.tags[i]
        if "ld+json" not in tag or tag[1:7].lower() != "script":
            return
        begin, end = content(tag)
        if "ld+json" in tag[:begin]:
            for name, value in _linked_data(tag[begin:end]):
                self._keep(f"ld:{name}", value, tag[begin:end], self._begin(i) + begin)

    def _keep(self, name: str, value: str, source: str, at: int) -> None:
        """`source`: where the value was read, which begins at `at`."""
        value = " ".join(value.split())
        if not value or name in self.values:
            return
        begin = source.find(value)
        place = (at + begin, at + begin + len(value)) if begin >= 0 else (at, at + len(source))
        self.values[name] = Found(value, *place)


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
