"""Public web pages as text, of whose lines no more is known than which are main text."""

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pipeline.evaluation.gold import GoldPage
from pipeline.evaluation.web_pages import WebPage, by_name, load_web_pages, read_web_pages, words_of
from pipeline.text.html import extract
from training.main_blocks import gold_blocks

__all__ = ["Lines", "lines_of", "public_dumps", "public_page", "public_texts"]

LINES = (5, 600)  # of a public page, at least and at most
_WORDS = 4  # of a line: of shorter ones it is not known whether they are main text
_TITLES = frozenset({"title", "h1", "h2", "h3", "h4", "h5", "h6"})
Lines = list[tuple[str, str]]
Writing = Callable[[str, str, float], str]


def public_texts(folder: Path) -> list[Lines]:
    """The lines of every second page of WCXB, from the first one on."""
    return lines_of(load_web_pages(folder, every=2))


def lines_of(pages: Sequence[WebPage], written: Writing = lambda line, tag, linked: line) -> list[Lines]:
    """The blocks of each page that a reader sees, with "body" where one is main text, "noise" where it is not, and ""
    where that is not known: of a few words, and of headings outside the main text. Pages of very few or many lines are
    left out.

    written: how a line is written, by its words, its element and the share of it that lies in links.
    """
    sources = by_name(read_web_pages(pages))
    found = []
    for page in pages:
        blocks = extract(sources.get(page.name, "")).blocks
        main = gold_blocks(blocks, page.main)
        lines = []
        columns = zip(blocks.text, blocks.tag, blocks.linked, blocks.hidden, main, strict=True)
        for text, tag, linked, hides, kept in columns:
            line = " ".join(text.split())
            known = len(words_of(line)) >= _WORDS and (kept or tag not in _TITLES)
            if line and not hides:
                lines.append((written(line, tag, linked), ("body" if kept else "noise") if known else ""))
        found.append(lines)
    return [lines for lines in found if LINES[0] <= len(lines) <= LINES[1]]


def public_page(name: str, lines: Iterable[tuple[str, str]], between: str = "\n") -> GoldPage:
    """Lines as one text; labels where something is known."""
    text, labels = "", []
    for line, label in lines:
        if label:
            labels.append((len(text), len(text) + len(line.rstrip()), label))
        text += line + between
    return GoldPage(name, text, tuple(labels), ())


def public_dumps(texts: Sequence[Lines], rng: random.Random) -> list[GoldPage]:
    """Dumps of one to five of them; some have a blank line behind each, one line in twenty is lost."""
    order = [*texts]
    rng.shuffle(order)
    dumps = []
    while order:
        count = 1 if rng.random() < 0.5 else rng.randint(2, 5)
        between = rng.choice(("\n", "\n\n"))
        lines: Lines = []
        for page in order[:count]:
            lines += [line for line in page if rng.random() > 0.05]
            blank = "\n" * rng.randint(0, 2)
            lines[-1:] = [(line + blank, label) for line, label in lines[-1:]]
        dumps.append(public_page("public", lines, between))
        order = order[count:]
    return dumps
