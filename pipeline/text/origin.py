"""Where an article comes from: title, url, site, author and date, each with the place it was read at.

From the record it came in (which is no place in the source), from what an HTML page says of itself, or from the
article's own lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from pipeline.text.align import to_raw
from pipeline.text.bylines import Said, author_in, date_in
from pipeline.text.metadata import Found, Metadata, is_name
from pipeline.text.places import LONGEST_TITLE
from pipeline.text.repair import repair_line

__all__ = ["Words", "host_of", "origin"]

# Host of an address (RFC 3986, 3.2), without user, port and a leading "www.", which a site uses at times.
_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//(?:[^/?#@]*@)?(?:www\.(?=[^/?#:]*\.))?(\[[^\]/]*\]|[^/?#:\[\]\s]+)", re.I)

# The last mark of a stated title between the headline and what may be the site's name. A title that is never closed
# holds the whole page: it is not searched, which would take longer than its length.
_SUFFIX = re.compile(r"(?P<title>.{8,}\S)\s+(?P<mark>[|–—»·-])\s+(?P<behind>[^|–—»·]+)$", re.DOTALL)


# How crawlers, and the head of a Markdown file, say what a page is and where it was found.
_TITLE_FIELD = re.compile(r"title\s?[:=]\s*(?P<quote>[\"']?)(?P<value>\S.*)(?P=quote)$", re.I)
_URL_FIELD = re.compile(
    r"(?:(?:canonical|original|page|source)[\s_])?(?:link|permalink|source|url)(?:[\s_](?:source|url))?\s?[:=]\s*[\"'<]?"
    r"(?P<value>https?://[^\s\"'<>]+)",
    re.I,
)
_ADDRESS = re.compile(r"<?(?P<value>https?://[^\s\"'<>]+)>?", re.I)


class Words(NamedTuple):
    """A stretch of the source: its words, repaired; its first code point; its alignment (see `align.to_raw`)."""

    text: str
    raw_start: int
    alignment: Sequence[int] | None


def origin(
    url: str | None, page: Metadata, titles: Sequence[Words], bylines: Sequence[Words], head: Sequence[Words] = ()
) -> dict[str, str | int | None]:
    """The columns title, url, site, author and published of `documents`, each with its `_start` and `_end`.

    url: as the record says, which goes before the page's. page: what an HTML page says of itself. titles, bylines:
    the article's segments with that label, in order. head: those of a text before its first words, where crawlers put
    "URL Source: https://...", or the address alone first of all. site: the host of the url, so that pages of one site
    have one name whatever they call themselves; where there is no url, what the page calls its site.
    """
    if page.url is None and not url:
        page = replace(page, url=_address(titles, head))
    host = host_of(url or "")
    said: dict[str, Found | None] = {
        "url": page.url if not url else None,
        "site": None if host else _site(page.url) or _mended(page.site),
        "title": _mended(page.heading) or _headline(page) or next(map(_titled, _no_addresses(titles)), None),
        "author": _author(page, bylines),
        "published": _date(page) or next((_found(line, day) for line in bylines if (day := date_in(line.text))), None),
    }
    columns: dict[str, str | int | None] = {}
    for name, found in said.items():
        columns[name] = found.value if found else None
        columns[f"{name}_start"] = found.raw_start if found else None
        columns[f"{name}_end"] = found.raw_end if found else None
    columns["url"] = url or columns["url"]
    columns["site"] = host or columns["site"]
    return columns


def host_of(url: str) -> str | None:
    """The host that an address names, in lower case, without user, port and a leading "www."; None without one.

    >>> host_of("https://www.Health.example:8080/knee"), host_of("/knee")
    ('health.example', None)
    """
    found = _HOST.match(url)
    return found[1].lower() if found else None


def _site(url: Found | None) -> Found | None:
    """The host of an address, and its place: that of the whole address where it does not stand verbatim."""
    found = _HOST.match(url.value) if url else None
    if url is None or found is None:
        return None
    begin, end = found.span(1) if url.raw_end - url.raw_start == len(url.value) else (0, url.raw_end - url.raw_start)
    return Found(found[1].lower(), url.raw_start + begin, url.raw_start + end)


def _mended(told: Found | None) -> Found | None:
    return told and replace(told, value=repair_line(told.value).text)


def _headline(page: Metadata) -> Found | None:
    """The title that the page states, without the name of its site behind it."""
    told = _mended(page.title)
    found = _SUFFIX.match(told.value) if told and len(told.value) <= LONGEST_TITLE else None
    if told is None or found is None:
        return told
    names = {_letters(name.value) for name in (page.site, _site(page.url)) if name}
    behind = _letters(found["behind"])
    if found["mark"] != "|" and not any(behind and (behind in name or name in behind) for name in names):
        return told
    whole = told.raw_end - told.raw_start != len(told.value)  # not verbatim there
    return Found(found["title"], told.raw_start, told.raw_end if whole else told.raw_start + found.end("title"))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _author(page: Metadata, bylines: Sequence[Words]) -> Found | None:
    """Who the page says wrote it, no address and no handle, else whom a byline names."""
    told = _mended(page.author)
    if told and is_name(told.value):
        return told
    return next((_found(line, who) for line in bylines if (who := author_in(line.text))), None)


def _titled(line: Words) -> Found:
    """A title, without "Title:" and quotes around it."""
    found = _TITLE_FIELD.match(line.text)
    return _stated(line, found) if found else _found(line, Said(line.text, 0, len(line.text)))


def _no_addresses(titles: Sequence[Words]) -> Iterator[Words]:
    return (line for line in titles if not _ADDRESS.fullmatch(line.text))


def _address(titles: Sequence[Words], head: Sequence[Words]) -> Found | None:
    """Where a text says that it was found: behind a word that says so, or alone on its first line."""
    fields = ((line, _URL_FIELD.match(line.text)) for line in head)
    first = ((line, _ADDRESS.fullmatch(line.text)) for line in (*titles[:1], *head[:1]))
    return next((_stated(line, found) for line, found in chain(fields, first) if found), None)


def _stated(line: Words, found: re.Match[str]) -> Found:
    return _found(line, Said(found["value"], *found.span("value")))


def _found(line: Words, said: Said) -> Found:
    return Found(said.value, *to_raw(said.start, said.end, line.raw_start, line.alignment, line.text))


def _date(page: Metadata) -> Found | None:
    """The page's date as YYYY-MM-DD, without the time of day; its place without it too where it stands verbatim."""
    told = page.published
    day = date_in(told.value) if told else None
    if told is None or day is None:
        return None
    if told.raw_end - told.raw_start != len(told.value):
        return replace(told, value=day.value)
    return Found(day.value, told.raw_start + day.start, told.raw_start + day.end)
