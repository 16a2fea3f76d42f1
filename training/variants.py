"""Variants of labelled pages: joined, blank lines added or taken away, site lines lost, promotions set in.

A dump is rarely as tidy as the written pages: scrapers join pages, drop blank lines, lose breadcrumbs and
keyword suffixes. Each call makes another set of such dumps out of the same pages, labels kept.
"""

import random
import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.evaluation.gold import GoldPage
from pipeline.schema import KEPT_LABELS
from training.promotions import clinic_event, product_advertorial, profile
from training.related import Pointer, related_list

__all__ = ["join_articles", "join_pages", "page_of", "rows_of", "shortened", "single_articles", "vary_pages"]

Piece = tuple[str, str]  # label ("" for none), text
Rows = list[list[Piece]]
_KEPT = frozenset(KEPT_LABELS)
_FEW = 8  # lines of an article that is not made shorter
_DECKS = 0.15  # share of the joined articles with a line more below the title
_LIKE_TITLE = re.compile(r"[^\W\d](?:\S* ){4,}|(?:Wh|How)[^?]{10,}\?")  # five words and more, or a question
# Share of the articles into which dropped lines of another page are set, and a made-up promotion. With .25 and .3 about
# every second article held one, where of real ones it is a quarter, and honest paragraphs became ads (drop F1 of
# written test pages .949 for .964, one training each).
_SET_IN, _MADE_UP = 0.1, 0.12
_LISTED = 0.12  # share of the articles with a made-up list of others
# Share of the articles with lines that lost the break before them: headings and the prose below, prose and an offer,
# call or byline behind it, two paragraphs.
_RUN_TOGETHER = 0.12
_RUN_ON = {
    ("heading", "body"): 0.6,
    ("body", "body"): 0.1,
    **{("body", label): 0.5 for label in ("ad", "byline", "cta")},
}
_BLOCKS = frozenset({"ad", "bio", "cta", "legal", "byline"})


def vary_pages(pages: Sequence[GoldPage], rng: random.Random) -> list[GoldPage]:
    """Each page once, articles varied, a third of the pages alone and the others joined, up to eight together."""
    pool = [block for page in pages for block in _blocks(rows_of(page))]
    others = [pointer for page in pages for pointer in _pointers(rows_of(page))]
    order = [*pages]
    rng.shuffle(order)
    dumps = []
    while order:
        count = 1 if rng.random() < 0.35 else rng.randint(2, 8)
        taken, order = order[:count], order[count:]
        rows = [
            row
            for page in taken
            for article in _some_articles(rows_of(page), rng)
            for row in _pointing(_varied(article, rng, pool), others, rng)
        ]
        dumps.append(page_of("+".join(page.name for page in taken), _spaced(rows, rng)))
    return dumps


def join_pages(pages: Sequence[GoldPage], rng: random.Random, *, most: int = 12) -> list[GoldPage]:
    """Dumps of 2 to `most` whole pages at random, every second one without blank lines."""
    order = [*pages]
    rng.shuffle(order)
    dumps: list[GoldPage] = []
    while order:
        count = rng.randint(2, most)
        taken, order = order[:count], order[count:]
        rows = [row for page in taken for row in rows_of(page) if row or len(dumps) % 2 == 0]
        dumps.append(page_of("+".join(page.name for page in taken), rows))
    return dumps


def join_articles(
    articles: Sequence[GoldPage], pool_pages: Sequence[GoldPage], rng: random.Random, *, most: int = 12
) -> list[GoldPage]:
    """Each article once, varied, every sixth dump one article alone and the others 2 to `most` joined.

    Many of the articles are made plain: title and kept lines only, as where a tool has taken out the rest. pool_pages:
    where the runs of dropped lines are from that are set into the others.
    """
    pool = [block for page in pool_pages for block in _blocks(rows_of(page))]
    order = [*articles]
    rng.shuffle(order)
    dumps: list[GoldPage] = []
    while order:
        count = 1 if rng.random() < 1 / 6 else rng.randint(2, most)
        taken, order = order[:count], order[count:]
        gap: Rows = [[]] if rng.random() < 0.5 else []
        plain = rng.choice((0.0, 0.3, 1.0))
        rows = []
        for page in taken:
            article = rows_of(page)
            article = _with_deck(article, rng) if rng.random() < _DECKS else article
            rows += _plain(article) if rng.random() < plain else _varied(article, rng, pool)
            rows += gap
        dumps.append(page_of("+".join(page.name for page in taken), _spaced(rows, rng)))
    return dumps


def shortened(article: GoldPage, rng: random.Random) -> GoldPage:
    """The article, or at every second call its first line with a stretch of the others, a quarter of them at least."""
    title, *lines = rows_of(article)
    if sum(map(bool, lines)) < _FEW or rng.random() < 0.5:
        return article
    count = max(_FEW // 2, int(len(lines) * rng.uniform(0.25, 0.8)))
    first = 0 if rng.random() < 0.6 else rng.randrange(len(lines) - count + 1)
    return page_of(article.name, [title, *lines[first : first + count]])


def _with_deck(article: Rows, rng: random.Random) -> Rows:
    """Below the title a line that goes on, as magazines have it: a heading or a short sentence from further down."""
    title = next((i for i, row in enumerate(article) if _labels(row) >= {"title"}), None)
    lines = [text for row in article for label, text in row if label in ("heading", "body")]
    short = [s.strip() for text in lines for s in re.split(r"(?<=[.!?])\s", text) if 20 < len(s.strip()) < 130]
    if title is None or not short:
        return article
    deck = rng.choice(short)
    return [*article[: title + 1], [("body", deck.rstrip(".") if rng.random() < 0.5 else deck)], *article[title + 1 :]]


def _plain(article: Rows) -> Rows:
    """Kept lines, without what else stands in them."""
    kept = [[piece for piece in row if not piece[0] or piece[0] in _KEPT] for row in article]
    return [new for row, new in zip(article, kept, strict=True) if not row or _labels(new)]


def rows_of(page: GoldPage) -> Rows:
    """The page's lines as labelled pieces."""
    rows: Rows = []
    at = 0
    for line in page.text.removesuffix("\n").split("\n"):
        row: list[Piece] = []
        done = at
        for start, end, label in page.labels:
            if at <= start and end <= at + len(line):
                row += [("", page.text[done:start])] if start > done else []
                row.append((label, page.text[start:end]))
                done = end
        row += [("", page.text[done : at + len(line)])] if done < at + len(line) else []
        rows.append(row)
        at += len(line) + 1
    return rows


def page_of(name: str, rows: Rows) -> GoldPage:
    """A page of some lines."""
    text, labels = "", []
    for row in rows:
        for label, piece in row:
            if label:
                labels.append((len(text), len(text) + len(piece), label))
            text += piece
        text += "\n"
    return GoldPage(name, text, tuple(labels), ())


def _labels(row: list[Piece]) -> set[str]:
    return {label for label, _ in row if label}


def single_articles(page: GoldPage) -> list[GoldPage]:
    """The articles of a page, each as a page, with the site lines above its title; what stands before the first title
    belongs to the first."""
    return [page_of(f"{page.name}.{i}", rows) for i, rows in enumerate(_articles(rows_of(page)))]


def _articles(rows: Rows) -> list[Rows]:
    starts = []
    for i, row in enumerate(rows):
        if row and row[0][0] == "title":
            while i and _labels(rows[i - 1]) <= {"nav"}:
                i -= 1
            starts.append(i)
    cuts = sorted({0, *starts[1:]})
    return [rows[a:b] for a, b in zip(cuts, [*cuts[1:], len(rows)], strict=True)]


def _some_articles(rows: Rows, rng: random.Random) -> list[Rows]:
    """The articles of a page: all, shuffled, or one of them."""
    articles = _articles(rows)
    if len(articles) > 1 and rng.random() < 0.3:
        rng.shuffle(articles)
    return [rng.choice(articles)] if len(articles) > 1 and rng.random() < 0.3 else articles


def _blocks(rows: Rows) -> list[Rows]:
    """Runs of dropped lines of the kinds that any page may carry."""
    blocks: list[Rows] = [[]]
    for row in rows:
        if len(row) == 1 and _labels(row) <= _BLOCKS and row[0][0]:
            blocks[-1].append(row)
        elif row and blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _varied(article: Rows, rng: random.Random, pool: list[Rows]) -> Rows:
    rows = [[*row] for row in article]
    if rng.random() < 0.15:  # no keyword suffix
        rows = [[piece for piece in row if piece[0] != "seo" or row[0][0] != "title"] for row in rows]
    if rng.random() < 0.15:  # no breadcrumbs
        rows = [row for row in rows if not row or not _labels(row) <= {"nav"}]
    if rng.random() < 0.2:  # some dropped lines lost
        rows = [row for row in rows if not row or _labels(row) & _KEPT or rng.random() > 0.3]
    if rng.random() < _SET_IN:
        _insert(rows, rng.choices(pool, [len(block) ** 0.7 for block in pool])[0], rng)
    if rng.random() < _MADE_UP:
        made = rng.choice((product_advertorial, product_advertorial, clinic_event, profile))(rng)
        _insert(rows, [[line] for line in made], rng)
    if rng.random() < 0.1:  # a list translated so that its items begin with a comma
        rows = [
            [("body", "," + row[0][1]), *row[1:]] if row and row[0][0] == "body" and rng.random() < 0.5 else row
            for row in rows
        ]
    if rng.random() < 0.1:
        rows = _with_image_names(rows, rng)
    if rng.random() < 0.1:
        rows = _with_same_headings(rows, rng)
    if rng.random() < _RUN_TOGETHER:
        rows = _run_together(rows, rng)
    return rows


def _pointers(rows: Rows) -> list[Pointer]:
    """Titles of a page, and headings that could be some, where text follows, with that text."""
    full = [row for row in rows if row]
    heads = [(row[0][0], row[0][1], then[0][1]) for row, then in pairwise(full) if row[0][0] and then[0][0] == "body"]
    return [
        Pointer(head, text)
        for label, head, text in heads
        if label == "title" or (label == "heading" and _LIKE_TITLE.match(head))
    ]


def _pointing(rows: Rows, others: Sequence[Pointer], rng: random.Random) -> Rows:
    """Now and then with a list of other articles."""
    if others and rng.random() < _LISTED:
        _insert(rows, [[line] for line in related_list(others, rng)], rng)
    return rows


def _insert(rows: Rows, block: Rows, rng: random.Random) -> None:
    at = rng.randrange(1, len(rows) + 1) if rng.random() < 0.4 else len(rows)
    rows[at:at] = block


def _with_image_names(rows: Rows, rng: random.Random) -> Rows:
    """Behind the headings the name of an image, one and the same keyword of the page."""
    keywords = [row[0][1] for row in rows if len(row) == 1 and row[0][0] == "seo"]
    if not keywords:
        return rows
    name = [("seo", rng.choice(keywords))]
    return [
        out for row in rows for out in ((row, name) if _labels(row) == {"heading"} and rng.random() < 0.7 else (row,))
    ]


def _with_same_headings(rows: Rows, rng: random.Random) -> Rows:
    """Some headings said again further down, as where causes and treatments are gone through twice."""
    headings = [row for row in rows if _labels(row) == {"heading"}]
    if not headings:
        return rows
    again = rng.sample(headings, min(3, len(headings)))
    return [rng.choice(again) if _labels(row) == {"heading"} and rng.random() < 0.5 else row for row in rows]


def _run_together(rows: Rows, rng: random.Random) -> Rows:
    """Some lines behind the one above, with a blank, none or two between them."""
    out: Rows = []
    above = -1  # the last line that is not blank
    blank = rng.choices((" ", "", "  "), (6, 2, 2))[0]
    for row in rows:
        share = _RUN_ON.get((out[above][-1][0], row[0][0]), 0.0) if row and above >= 0 else 0.0
        if share and rng.random() < share:
            out[above:] = [[*out[above], ("", blank), *row] if blank else [*out[above], *row]]
            continue
        out.append([*row])
        above = len(out) - 1 if row else above
    return out


def _spaced(rows: Rows, rng: random.Random) -> Rows:
    """Blank lines as they were, none, one behind each line, or one behind most lines."""
    way = rng.random()
    if way < 0.4:
        return rows
    full = [row for row in rows if row]
    share = 0.0 if way < 0.65 else 1.0 if way < 0.9 else 0.7
    return [out for row in full for out in ((row, []) if rng.random() < share else (row,))]
