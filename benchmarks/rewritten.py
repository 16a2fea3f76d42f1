"""Labelled pages in another dress: as other programs would have written what they say.

For `python -m benchmarks.segments --rewritten`. Between the paragraphs of broken pages there is no more of a gap than
there was before, so where a last line happens to be full nothing tells that it is one.
"""

import json
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType

from pipeline.evaluation.gold import GoldPage
from training.variants import page_of, rows_of, single_articles

__all__ = ["WAYS"]

Rewriting = Callable[[GoldPage], GoldPage]


def _with(signs: str, others: str) -> Rewriting:
    table = str.maketrans(signs, others)
    return lambda page: replace(page, text=page.text.translate(table))


def _twice(page: GoldPage) -> GoldPage:
    """Two blanks behind each sentence."""
    rows = [[(label, re.sub(r"([.!?]) (?=\S)", r"\1  ", text)) for label, text in row] for row in rows_of(page)]
    return page_of(page.name, rows)


def _broken(width: int) -> Rewriting:
    """Lines broken at the last blank before a width."""

    def rewritten(page: GoldPage) -> GoldPage:
        signs, begin, blank = [*page.text], 0, -1
        for i, sign in enumerate(page.text):
            if sign == "\n":
                begin, blank = i + 1, -1
            elif sign == " ":
                blank = i
            if i - begin >= width and blank >= 0:
                signs[blank], begin, blank = "\n", blank + 1, -1
        return replace(page, text="".join(signs))

    return rewritten


def _on_one_line(between: str, *, gaps: bool = False) -> Rewriting:
    """As one line, with `between` for each line break; gaps: for those of blank lines, too."""

    def rewritten(page: GoldPage) -> GoldPage:
        first, *others = [row for row in rows_of(page) if row or gaps]
        return page_of(page.name, [[*first, *(piece for row in others for piece in (("", between), *row))]])

    return rewritten


def _sentence_by_sentence(page: GoldPage) -> GoldPage:
    """Each sentence on a line."""
    return replace(page, text=re.sub(r"(?<=[.!?]) (?=\S)", "\n", page.text))


def _cut_at_links(page: GoldPage) -> GoldPage:
    """Two words of twelve on a line of their own, as links are where the texts of HTML are joined by line breaks."""
    rows: list[list[tuple[str, str]]] = []
    for row in rows_of(page):
        rows.append([])
        for label, text in row:
            cut = re.sub(r"((?:\S+ ){10})(\S+ \S*\w)(?=\W* )", r"\1\n\2\n", text) if label == "body" else text
            first, *others = [piece.strip() for piece in cut.split("\n")] if cut is not text else [text]
            rows[-1].append((label, first))
            rows += [[(label, piece)] for piece in others if piece]
    return page_of(page.name, rows)


def _with_marks_apart(page: GoldPage) -> GoldPage:
    """The mark or number of an item on a line of its own, as where HTML holds it in an element of its own."""
    mark = re.compile(r"([•·■●○◆▪✓*\-–—・]|\(?\d{1,2}[.)、])\s+(?=\S)")
    rows: list[list[tuple[str, str]]] = []
    for row in rows_of(page):
        found = mark.match(row[0][1]) if row and row[0][0] in ("body", "heading") else None
        if found:
            label, text = row[0]
            rows += [[(label, found[1])], [(label, text[found.end() :]), *row[1:]]]
        else:
            rows.append(row)
    return page_of(page.name, rows)


def _quoted(page: GoldPage) -> GoldPage:
    """As what a mail answers."""
    return page_of(page.name, [[("", "> "), *row] for row in rows_of(page)])


def _clock(characters: int) -> str:
    """When so many characters were spoken, fifteen a second."""
    return f"{characters // 54000:02}:{characters // 900 % 60:02}:{characters // 15 % 60:02}"


def _with_times(page: GoldPage) -> GoldPage:
    """As a transcript, with the time before each line."""
    rows: list[list[tuple[str, str]]] = []
    spoken = 0
    for row in rows_of(page):
        rows.append([("", f"[{_clock(spoken)}] "), *row] if row else row)
        spoken += sum(len(text) for _, text in row)
    return page_of(page.name, rows)


def _as_subtitles(page: GoldPage) -> GoldPage:
    """As a file of subtitles, two lines of up to 42 characters at once."""
    rows: list[list[tuple[str, str]]] = []
    spoken = number = 0
    for row in rows_of(page):
        lines = [(label, line) for label, text in row for line in textwrap.wrap(text, 42)]
        for at in range(0, len(lines), 2):
            shown, number = lines[at : at + 2], number + 1
            begin, spoken = spoken, spoken + sum(len(text) for _, text in shown)
            rows += [[("", str(number))], [("", f"{_clock(begin)},000 --> {_clock(spoken)},000")]]
            rows += [*([line] for line in shown), []]
    return page_of(page.name, rows)


def _as_markdown(page: GoldPage) -> GoldPage:
    """Headings with their marks, one word in 20 a link and one in 30 bold, menus and teasers as links."""
    rows = [
        [(label, _marked(label, text, first=not i and len(row) < 3)) for i, (label, text) in enumerate(row)]
        for row in rows_of(page)
    ]
    return page_of(page.name, rows)


def _marked(label: str, text: str, *, first: bool) -> str:
    if label in ("nav", "related"):
        return re.sub(r"[^\s\[](?:[^\[\]]*[^\s\]])?", r"[\g<0>](https://health.example/page)", text, count=1)
    if label in ("title", "heading"):
        return {"title": "# ", "heading": "## "}[label] * first + text
    if label != "body":
        return text
    words = [
        f"[{word}](/{at})" if at % 20 == 9 else f"**{word}**" if at % 30 == 4 else word
        for at, word in enumerate(text.split(" "))
    ]
    return " ".join(words)


def _in_escaped_paragraphs(page: GoldPage) -> GoldPage:
    """As HTML in a field that was escaped: each line a paragraph."""
    rows = [[("", "&lt;p&gt;"), *row, ("", "&lt;/p&gt;")] if row else row for row in rows_of(page)]
    return page_of(page.name, rows)


def _as_json(page: GoldPage) -> GoldPage:
    """As a string of JSON that was never decoded."""
    pieces = [(label, json.dumps(text)[1:-1]) for row in rows_of(page) for label, text in [*row, ("", "\n")]]
    return page_of(page.name, [pieces])


def _line_by_line(page: GoldPage) -> GoldPage:
    """Each article as one line."""
    rows = [row for article in single_articles(page) for row in rows_of(_on_one_line(" ")(article))]
    return page_of(page.name, rows)


def _with_glued_headings(between: str) -> Rewriting:
    """Every second heading on the line of the paragraph below it."""

    def rewritten(page: GoldPage) -> GoldPage:
        rows: list[list[tuple[str, str]]] = []
        glued = 0
        for row in rows_of(page):
            before = rows[-1] if rows else []
            if [label for label, _ in before] == ["heading"] and [label for label, _ in row] == ["body"]:
                glued += 1
                if glued % 2:
                    rows[-1] = [*before, ("", between), *row]
                    continue
            rows.append(row)
        return page_of(page.name, rows)

    return rewritten


WAYS: Mapping[str, Rewriting] = MappingProxyType(
    {
        "as they are": lambda page: page,
        "no-break spaces": _with(" ", "\u00a0"),
        "zero-width spaces": lambda page: page_of(
            page.name,
            [[(label, "\u200b" * (not i) + text) for i, (label, text) in enumerate(row)] for row in rows_of(page)],
        ),
        "full-width marks": _with(",:;()?.", "，：；（）？。"),
        "two blanks behind sentences": _twice,
        "broken at 60 characters": _broken(60),
        "broken at 80": _broken(80),
        "broken at 160": _broken(160),
        "curly quotes": _with("'\"", "’”"),
        "a page on one line": _on_one_line(" "),
        "the same, no blanks between": _on_one_line(""),
        "an article on each line": _line_by_line,
        "a sentence on each line": _sentence_by_sentence,
        "cut at links": _cut_at_links,
        "marks of items apart": _with_marks_apart,
        "quoted": _quoted,
        "times before lines": _with_times,
        "subtitles": _as_subtitles,
        "line breaks written out": _on_one_line(r"\n", gaps=True),
        "a string of JSON": _as_json,
        "line breaks as tags": _on_one_line("<br>", gaps=True),  # read as HTML
        "paragraphs of escaped HTML": _in_escaped_paragraphs,
        "Markdown": _as_markdown,
        "headings glued to prose": _with_glued_headings(" "),
        "headings glued, no blank": _with_glued_headings(""),
        "small letters": _with(ascii_uppercase, ascii_lowercase),
    }
)
