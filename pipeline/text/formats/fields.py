"""Records with named fields: which of them hold the page, its address, and what is said of it."""

import re
from collections.abc import Mapping
from functools import lru_cache

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode
from pipeline.text.formats.plain import declared_charset
from pipeline.text.formats.record import Record, content_kind

__all__ = ["page_of", "says"]

# How crawls and datasets call what a page is titled, who wrote it and when it was published, best first, in lower case
# and without marks: schema.org (headline, datePublished), trafilatura and CC-News (title, author, date), newspaper and
# news-please (authors, publish_date, date_publish), news APIs (publishedAt) and feeds (creator, pubDate).
_SAID = {
    "title": ("title", "headline"),
    "author": ("author", "authors", "byline", "creator"),
    "published": ("published", "datepublished", "publisheddate", "publishdate", "datepublish", "publicationdate",
                  "publishedat", "publishedon", "publishedtime", "pubdate", "date"),
}  # fmt: skip
_KNOWN = frozenset(name for names in _SAID.values() for name in names)
_DUMP = "dump"  # beside it `date` is the day of the crawl (FineWeb and what is made of it)
_MARKS = re.compile(r"[\W_]+")
_MOST = 20  # names of a list of authors
_BLANK = "\0\ufeff\xa0 \t\r\n"
# How tables and programs write that there is nothing.
_NOTHING = frozenset(("", "null", "none", "nil", "nan", "nat", "n/a", "#n/a", "na", "<na>", "\\n", "-", "undefined",
                      "true", "false", "inf", "-inf"))  # fmt: skip


def page_of(fields: Mapping[str, object], encoding: str, place: str, config: Ingest) -> Record | RejectError:
    """The record in `fields`; `place` says where it stands, for the reader of a rejection.

    The text field is taken where it holds something, else the HTML field. Bytes are decoded as a file's are. Rejected:
    `field` (neither is there, or it is no text), `empty`, `binary`.
    """
    name = _page_field(fields, config)
    value = fields.get(name)
    if isinstance(value, bytes):
        try:
            decoded = decode(value, declared=declared_charset(value))
        except RejectError as error:
            return RejectError(error.error, f"{place}, field {name!r}: {error.detail}")
        value, encoding = decoded.text, decoded.encoding
    if not isinstance(value, str):
        found = ", ".join(map(str, list(fields)[:8])) or "none"
        what = f"field {name!r} holds {type(value).__name__}, not text" if value is not None else (
            f"has no field {config.text_field!r} or {config.html_field!r} (it has: {found})")  # fmt: skip
        return RejectError(
            "field", f"{place} {what}: set ingest.text_field or ingest.html_field to the field with the page"
        )
    if _is_blank(value):
        return RejectError("empty", f"{place} holds no text in field {name!r}")
    text = value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    kind = "html" if name == config.html_field else content_kind(text)
    encoding = encoding if text == value else f"{encoding.removesuffix('/replace')}/replace"
    url, fetched_at = _text(fields.get(config.url_field), str), _text(fields.get(config.fetched_field))
    values = _telling(fields, config)
    title, author = _said(values, "title", str), _said(values, "author", str)
    published = _said(values, "published")
    return Record(text, encoding, kind, url, fetched_at, title=title, author=author, published=published)


def says(name: str) -> bool:
    """Whether a field of this name may say something of the page: its title, author or date.

    >>> says("Date Published"), says("datePublished"), says("category")
    (True, True, False)
    """
    return _plain(name) in _KNOWN or name == _DUMP


def _page_field(fields: Mapping[str, object], config: Ingest) -> str:
    text = fields.get(config.text_field)
    if text is None or (_is_blank(text) and not _is_blank(fields.get(config.html_field))):
        return config.html_field
    return config.text_field


def _is_blank(value: object) -> bool:
    if isinstance(value, bytes):
        return not value.strip(b"\0 \t\r\n")
    return value is None or (isinstance(value, str) and not value.strip("\0\ufeff \t\r\n"))


def _telling(fields: Mapping[str, object], config: Ingest) -> dict[str, object]:
    """What a record says of its page beside its address; a field with a purpose by the settings says nothing else."""
    taken = {config.text_field, config.html_field, config.url_field, config.fetched_field}
    values: dict[str, object] = {}
    for name, value in fields.items():
        if name not in taken and (plain := _plain(name)) in _KNOWN:
            values.setdefault(plain, value)
    if _DUMP in fields:
        values.pop("date", None)
    return values


def _said(values: Mapping[str, object], kind: str, wanted: type = object) -> str | None:
    names = (name for name in _SAID[kind] if name in values) if values else ()
    return next((found for name in names if (found := _names(values[name], wanted))), None)


@lru_cache(4096)
def _plain(name: str) -> str:
    return _MARKS.sub("", name.lower())


def _names(value: object, wanted: type) -> str | None:
    """A field as words: a text, the name of an object, those of a list joined."""
    if isinstance(value, list):
        return ", ".join(filter(None, (_name(each, wanted) for each in value[:_MOST]))) or None
    return _name(value, wanted)


def _name(value: object, wanted: type) -> str | None:
    return _text(value.get("name") if isinstance(value, dict) else value, wanted)


def _text(value: object, wanted: type = object) -> str | None:
    """A field as text, if it is of the wanted type; null, empty and nested values, truths and NaN are no answer."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, wanted) or isinstance(value, bool | list | dict | tuple):
        return None
    text = str(value).encode("utf-8", "replace").decode("utf-8").strip(_BLANK)
    return None if text.lower() in _NOTHING else text
