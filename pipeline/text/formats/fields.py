"""Records with named fields: which of them hold the page, its address and its date."""

from collections.abc import Mapping

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.formats.record import Record, content_kind

__all__ = ["page_of"]


def page_of(fields: Mapping[str, object], encoding: str, place: str, config: Ingest) -> Record | RejectError:
    """The record in `fields`; `place` says where it stands, for the reader of a rejection.

    The text field is taken where it is there and not null, else the HTML field. Rejected: `field` (neither is
    there, or it is no string), `empty`.
    """
    name = config.text_field if fields.get(config.text_field) is not None else config.html_field
    value = fields.get(name)
    if not isinstance(value, str):
        found = ", ".join(map(str, list(fields)[:8])) or "none"
        what = f"field {name!r} holds {type(value).__name__}, not text" if value is not None else (
            f"has no field {config.text_field!r} or {config.html_field!r} (it has: {found})")  # fmt: skip
        return RejectError(
            "field", f"{place} {what}: set ingest.text_field or ingest.html_field to the field with the page"
        )
    if not value.strip("\0\ufeff \t\r\n"):
        return RejectError("empty", f"{place} holds no text in field {name!r}")
    text = value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    kind = "html" if name == config.html_field else content_kind(text)
    encoding = encoding if text == value else f"{encoding.removesuffix('/replace')}/replace"
    return Record(text, encoding, kind, _text(fields.get(config.url_field)), _text(fields.get(config.fetched_field)))


def _text(value: object) -> str | None:
    """A field as text; null, empty and nested values are no answer."""
    if value is None or value == "" or isinstance(value, list | dict):
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8")
