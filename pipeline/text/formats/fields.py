"""Records with named fields: which of them hold the page, its address and its date."""

from collections.abc import Mapping

from pipeline.config import Ingest
from pipeline.errors import RejectError
from pipeline.text.decode import decode
from pipeline.text.formats.plain import declared_charset
from pipeline.text.formats.record import Record, content_kind

__all__ = ["page_of"]


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
    return Record(text, encoding, kind, _text(fields.get(config.url_field)), _text(fields.get(config.fetched_field)))


def _page_field(fields: Mapping[str, object], config: Ingest) -> str:
    text = fields.get(config.text_field)
    if text is None or (_is_blank(text) and not _is_blank(fields.get(config.html_field))):
        return config.html_field
    return config.text_field


def _is_blank(value: object) -> bool:
    if isinstance(value, bytes):
        return not value.strip(b"\0 \t\r\n")
    return value is None or (isinstance(value, str) and not value.strip("\0\ufeff \t\r\n"))


def _text(value: object) -> str | None:
    """A field as text; null, empty and nested values are no answer."""
    if value in (None, "", b"") or isinstance(value, list | dict):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).encode("utf-8", "replace").decode("utf-8")
