"""What the record that an article came in says of it: title, author and day, which stand nowhere in the source."""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.text.metadata import Found, Metadata
from pipeline.text.origin import origin

__all__ = ["RECORDED", "recorded"]

RECORDED = ("title", "author", "published")
_BY = re.compile(r"by[\s:]+", re.I)


def recorded(row: Mapping[str, Any]) -> dict[str, str | None]:
    """The columns of `documents` that the record in a row of `texts` fills, their places null.

    They are read as what a page says of itself: repaired, a title without the name of its site, a date as a day. What
    is of no use (an address for an author, a date that cannot be read) is left to the page.
    """
    said = {name: " ".join(row[name].split()) for name in RECORDED if row[name]}
    if not said:
        return {}
    if "author" in said:
        said["author"] = _BY.sub("", said["author"], count=1) if _BY.match(said["author"]) else said["author"]
    found = {name: Found(value, 0, 0) for name, value in said.items()}
    url = Found(row["url"], 0, 0) if row["url"] else None
    told = origin(None, Metadata(url=url, **found), (), ())
    return {
        column: value
        for name in RECORDED
        if told[name]
        for column, value in ((name, str(told[name])), (f"{name}_start", None), (f"{name}_end", None))
    }
