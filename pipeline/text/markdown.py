"""Markdown read as it is shown: words without the marks of headings, links, pictures and emphasis around them.

Crawlers for language models hand on pages as Markdown. Of written test pages with the marks of headings, links and bold
words dropped text was found at F1 .941 where these were read as words, now .964; claims at .521, now .557, and .569 of
pages without marks (claims one-off). Lines of nothing but links are shown like others. Where they stayed as written, so
that a menu is told by them, less of it was dropped (public pages, `python -m benchmarks.web_lines --markdown`: drop F1
.605, now .725; main text kept .942, now .931), unless all links had one address (.715, then .692).

Marks belong to the word before them, those at a line's start to the line.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice, pairwise

from pipeline.text.line import Line, Lines, lines_of
from pipeline.text.repair import Repair

__all__ = ["has_marks", "without_marks"]

_STEP = "strip_markdown"  # in `documents.repairs`
# An address in brackets may hold pairs of brackets, in angles blanks; a title may follow. Nothing here can be read in
# two ways, so a text of nothing but opened brackets is searched once.
_ADDRESS = r"\(\s?(?:<[^<>\n]*>|[^()\s<]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s?\)"
_WORDS = r"(?:[^\[\]\\]|\\.|\[(?:[^\[\]\\]|\\.)*\])*"
_LINK = re.compile(
    rf"(?<!\\)(?:\[\s?!\[{_WORDS}\]{_ADDRESS}(?P<more>[^\[\]]*)\]{_ADDRESS}|!\[{_WORDS}\]{_ADDRESS}"
    rf"|\[(?P<words>{_WORDS})\]{_ADDRESS})"
)
_HEAD = re.compile(r"(?:>\s?)*(?:#{1,6}\s+)?")
_TAIL = re.compile(r"(?<=\s)#+$")
_ESCAPED = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_EMPHASIS = re.compile(r"(?<!\\)(?:\*\*\*|\*\*|\*|__|_)")
_BOLD = re.compile(r"\*\*[^\s*](?:[^*\n]*[^\s*])?\*\*")
_HEADING = re.compile(r"\n#{1,6}\s+\S")
# That it holds nothing else is asked first: `---` would be looked for from each place of a long row.
_UNDERLINE = re.compile(r"={2,}|-{2,}|(?=[|:\s-]*+\Z).*---.*")
_FIELD = re.compile(r"[\w-]+:(?:\s|$)")
_MARK = re.compile(r"[\[#>*_\\]")
_SIGNS = {"](": _LINK, "\n#": _HEADING, "**": _BOLD}  # looked for first, as that takes no time
_FEWEST = 3  # links, headings and bold words of a text that is Markdown


def has_marks(text: str) -> bool:
    """Whether a text is Markdown: it has so many links, headings and bold words.

    >>> has_marks("# Gout\\n\\n**Beer** raises [uric acid](/uric-acid)."), has_marks("Of **all** wines #1 is red.")
    (True, False)
    """
    found = int(text.startswith("# "))
    for sign, pattern in _SIGNS.items():
        if sign in text:
            found += len([*islice(pattern.finditer(text), _FEWEST)])
    return found >= _FEWEST


def without_marks(lines: Lines, raw: str) -> Lines:
    """The lines of a source as Markdown shows them; those that show nothing, as a picture, stay as they are written.

    raw: the source.
    """
    lines = _with_underlines(lines, raw)
    texts, mended = [*lines.text], {**lines.mended}
    for i, text in enumerate(lines.text):
        shown = _shown(text) if _MARK.search(text) else None
        if not shown:
            continue
        line = lines.line(i, raw)
        places = line.repair.alignment or range(len(text) + 1)
        texts[i] = "".join([text[begin:end] for begin, end in shown])
        alignment = (*chain.from_iterable(places[begin:end] for begin, end in shown), places[-1])
        steps = tuple(sorted({*line.repair.steps, _STEP}))
        mended[i] = line._replace(repair=Repair(texts[i], alignment, steps))
    return lines._replace(text=texts, mended=mended)


def _with_underlines(lines: Lines, raw: str) -> Lines:
    """The same with rows of = or - as part of the heading above them, or of the first row of a table."""
    columns = zip(lines.text, lines.gap, strict=True)
    under = [not gap and _UNDERLINE.fullmatch(text) is not None for text, gap in columns]
    if not any(under[1:]):
        return lines
    under[_end_of_fields(lines.text)] = False
    found: list[Line] = []
    for i, behind in pairwise([*(i for i, is_under in enumerate(under) if not is_under or i == 0), len(under)]):
        line = lines.line(i, raw)
        if behind > i + 1:
            start, words, end = line.start, line.repair, lines.end[behind - 1]
            alignment = (*(words.alignment or range(len(words.text) + 1))[:-1], end - start)
            steps = tuple(sorted({*words.steps, _STEP}))
            line = Line(start, end, raw[start:end], line.gap, Repair(words.text, alignment, steps))
        found.append(line)
    return lines_of(found)


def _end_of_fields(texts: Sequence[str]) -> int:
    """The number of the row that ends the fields at a text's head, which underlines nothing; 0 where it has none.

    >>> _end_of_fields(["---", "title: Gout", "---", "Gout", "---"]), _end_of_fields(["---", "Gout", "---"])
    (2, 0)
    """
    fields = texts[0] == "---" and _FIELD.match(texts[1])
    return next((i for i, text in enumerate(texts) if i and text == "---"), 0) if fields else 0


def _shown(text: str) -> list[tuple[int, int]] | None:
    """The stretches of a line that are shown; None where all are, or nothing is."""
    links = [*_LINK.finditer(text)] if "](" in text else []
    hidden = sorted([*_of_heads(text), *_of_links(links), *(mark.span() for mark in _ESCAPED.finditer(text))])
    hidden = sorted([*hidden, *_of_emphasis(text, hidden)])
    if not hidden:
        return None
    ends = chain([0], (end for _, end in hidden))
    begins = chain((begin for begin, _ in hidden), [len(text)])
    shown = [(a, b) for a, b in zip(accumulate(ends, max), begins, strict=True) if a < b]
    while shown and not text[slice(*shown[0])].strip():
        del shown[0]
    while shown and not text[slice(*shown[-1])].strip():
        del shown[-1]
    if not shown:
        return None
    (begin, _), (_, end) = shown[0], shown[-1]
    first, last = text[slice(*shown[0])], text[slice(*shown[-1])]
    shown[-1] = (shown[-1][0], end - len(last) + len(last.rstrip()))
    shown[0] = (begin + len(first) - len(first.lstrip()), shown[0][1])
    return shown


def _of_heads(text: str) -> Iterator[tuple[int, int]]:
    head = _HEAD.match(text)
    if head and head.end():
        yield head.span()
        tail = _TAIL.search(text) if "#" in head.group() else None
        if tail:
            yield tail.span()


def _of_links(links: Iterable[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """What of links is not shown: all but their words; of a picture nothing is."""
    for link in links:
        begin, end = max(link.span("words"), link.span("more"))
        if begin < end:
            yield link.start(), begin
            yield end, link.end()
        else:
            yield link.span()


def _of_emphasis(text: str, hidden: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The marks around words in bold or italics, each opened one with the next that closes it.

    hidden: stretches that are not shown anyway, in order.
    """
    opened: dict[str, tuple[int, int]] = {}
    for found in _EMPHASIS.finditer(text):
        mark, begin, end = found.group(), found.start(), found.end()
        within = bisect_right(hidden, (begin, len(text)))
        if within and hidden[within - 1][1] > begin:
            continue
        before, behind = text[begin - 1 : begin], text[end : end + 1]
        whole = mark in ("*", "_", "__")  # is no mark inside a word: 3*4*5, file_name
        if before.strip() and mark in opened and not (whole and behind.isalnum()):
            yield opened.pop(mark)
            yield begin, end
        elif behind.strip() and not (whole and before.isalnum()):
            opened[mark] = begin, end
