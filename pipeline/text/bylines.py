"""Who wrote an article and when it was published, as its bylines and date lines say.

Only what a line says outright is taken: a name behind "By", "Author:", "reporter" and the like, a date with its
year that no word before it calls one of change. A date in slashes whose day and month could be taken for one
another is left. The cues are those of the written corpus's bylines.
"""

import calendar
import re
from typing import NamedTuple

__all__ = ["Said", "author_in", "date_in"]

# A name may be glued to it ("ByAnn Lee"); small letters, or capitals alone, make it another word ("Bypass", "BYPASS").
_BY = r"by(?-i:(?<=y)(?![a-z])|\b)(?:\s*[:：])?"
# Words before a name. A bare "by" counts at the start of what is said only: "reviewed by" names no author.
_CUES = (
    rf"(?:\b(?:written|posted|published|compiled|story|text) {_BY}|\bauthor(?: of article)?\s*[:：]"
    rf"|\b(?:reporters?|correspondents?)(?:\s*[:：]|\s)|\btext\s*[:：]|(?:^|[|·•»(（–—-])\s*{_BY})\s*"
)
_MONTH_NAMES = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
# A name ends before a mark, a number, a wide blank, the end of a sentence, or the next cue.
_NEXT = (
    r"\s{2}|\s[–—-]\s|(?<=[a-z]{3})(?<!prof)\.\s|\s\w+\s?[:：]|\s(?:on|in|at|for|source|edit(?:or|ed|s)?|responsib\w+"
    r"|updated?|(?:medically\s)?reviewed|reads?|views?|clicks?|time|date|photos?|small make ?up|reports?|release"
    r"|check(?:ed)?|(?:correspondents?|reporters?)\s+[^\W\d_]+)\b|\s\S+@"
    rf"|\s(?:{_MONTH_NAMES})\.?\s\d"
)
_NAME = re.compile(rf"{_CUES}(?P<name>[^\W\d_](?:(?!{_NEXT})[^|·•»/()（）{{}}\[\],;，；:：\d\u3000\n]){{1,60}})", re.I)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>{_MONTH_NAMES})"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_A_YEAR = re.compile(r"(?:19|20)\d\d")
_DATES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})日?(?!\d)",
        rf"\b{_MONTH}\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s{_YEAR}",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s(?:of\s)?{_MONTH}\.?,?\s{_YEAR}",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?P<mark>[./-])(?P<month>\d{{1,2}})(?P=mark){_YEAR}",
    )
)
_LONGEST = 100  # characters before a date that tell what it is of
_PUBLISHED = r"\b(?:publi|post|writ|creat|issu|releas)"
# What a date behind it is one of, with two words between; or with those who did it and their titles, up to a mark that
# parts what is said, the end of a sentence or another date.
_CHANGED = re.compile(
    r"(?:updat|renew|actuali[sz]|modif|edited|revis|correct|review|check|due|access|retriev)\w*\W+"
    rf"(?:(?!{_PUBLISHED})\w+\W+){{0,2}}$",
    re.I,
)
_CHANGED_BY = re.compile(
    rf"(?:updat|renew|actuali[sz]|modif|revis|review|check)\w*(?:(?!{_PUBLISHED}|\s{{2}}|(?<=[a-z]{{3}})(?<!prof)\.\s"
    r"|(?:19|20)\d\d)[^|·•»\n\u3000]){1,80}$",
    re.I,
)


class Said(NamedTuple):
    """What a text says and where: code points of the text, end exclusive."""

    value: str
    start: int
    end: int


def author_in(text: str) -> Said | None:
    """The first name that is called the author's.

    >>> author_in("By Marta Ellery, Staff Writer | Updated: March 3, 2021")
    Said(value='Marta Ellery', start=3, end=15)
    >>> author_in("Source: Hushan evening")
    """
    for found in _NAME.finditer(text):
        name = found["name"].rstrip(" .\t–—-")
        if len(name) > 1:
            return Said(name, found.start("name"), found.start("name") + len(name))
    return None


def date_in(text: str) -> Said | None:
    """The first date that is no date of a change, as YYYY-MM-DD.

    >>> date_in("Updated: March 3, 2021. Posted 14.09.2017")
    Said(value='2017-09-14', start=31, end=41)
    >>> date_in("03/04/2019")
    """
    if not _A_YEAR.search(text):
        return None
    found = [match for pattern in _DATES for match in pattern.finditer(text)]
    for match in sorted(found, key=re.Match.start):
        value = _iso(match)
        before = text[max(0, match.start() - _LONGEST) : match.start()]
        if value and not _CHANGED.search(before) and not _CHANGED_BY.search(before):
            return Said(value, *match.span())
    return None


def _iso(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    year, day = int(groups["year"]), int(groups["day"])
    name = groups.get("name")
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(groups["month"])
    if groups.get("mark") == "/":
        if day == month or month > 12:
            day, month = (day, month) if day == month else (month, day)
        elif day <= 12:
            return None
    valid = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    return f"{year}-{month:02}-{day:02}" if valid else None
