"""More training text out of the labelled: arguments replaced by others of their type.

A reader that sees each page many times learns its words by heart; with other arguments in them, the words around
are what is left to lean on. Mention replacement is an old augmentation for reading entities and relations.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from pipeline.models.reader.windows import Line
from training.reader.data import Article, Place, Relation

__all__ = ["Arguments", "arguments_of", "swapped"]

Arguments = dict[int, list[str]]
_SHARE = 0.5  # of an article's arguments that are replaced: the rest keeps the article's topic together
_Edit = tuple[int, int, str]


def arguments_of(articles: Iterable[Article]) -> Arguments:
    """The words of all arguments by type, as often as they are claimed."""
    found: Arguments = defaultdict(list)
    for article in articles:
        for r in article.relations:
            found[r.subject_type].append(_words(article, r.subject))
            found[r.object_type].append(_words(article, r.object))
    return dict(found)


def swapped(article: Article, arguments: Arguments, rng: random.Random) -> Article:
    """The article with some of its arguments replaced wherever they stand; its claims stay what they were."""
    types = {r.subject: r.subject_type for r in article.relations} | {
        r.object: r.object_type for r in article.relations
    }
    places = sorted(types)
    nested = {p for p in places if any(_overlap(p, q) for q in places if q != p)}
    by_words: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        by_words[_words(article, place).lower()].append(place)
    edits: dict[int, list[_Edit]] = defaultdict(list)
    for words, here in by_words.items():
        if rng.random() >= _SHARE or any(p in nested for p in here):
            continue
        new = rng.choice(arguments[types[here[0]]])
        for place in [*here, *_elsewhere(article, words, places)]:
            edits[place[0]].append((place[1], place[2], _cased(new, _words(article, place))))
    lines = tuple(Line(line.label, _edited(line.text, sorted(edits[i]))) for i, line in enumerate(article.lines))
    moved = tuple(_moved(r, edits) for r in article.relations)
    return replace(article, lines=lines, relations=moved)


def _words(article: Article, place: Place) -> str:
    return article.lines[place[0]].text[place[1] : place[2]]


def _overlap(a: Place, b: Place) -> bool:
    return a[0] == b[0] and a[1] < b[2] and b[1] < a[2]


def _elsewhere(article: Article, words: str, places: list[Place]) -> Iterable[Place]:
    """Where the same words stand without being an argument or part of one."""
    pattern = re.compile(rf"\b{re.escape(words)}\b", re.IGNORECASE)
    for i, line in enumerate(article.lines):
        for match in pattern.finditer(line.text):
            place = i, match.start(), match.end()
            if not any(_overlap(place, other) for other in places):
                yield place


def _cased(new: str, old: str) -> str:
    first = new[:1].upper() if old[:1].isupper() else new[:1].lower() if new[1:2].islower() else new[:1]
    return first + new[1:]


def _edited(text: str, edits: list[_Edit]) -> str:
    parts, at = [], 0
    for start, end, new in edits:
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def _moved(relation: Relation, edits: dict[int, list[_Edit]]) -> Relation:
    def there(place: Place) -> Place:
        line, start, end = place
        return line, _shifted(edits[line], start), _shifted(edits[line], end)

    return replace(
        relation, evidence=there(relation.evidence), subject=there(relation.subject), object=there(relation.object)
    )


def _shifted(edits: list[_Edit], at: int) -> int:
    return at + sum(len(new) - (end - start) for start, end, new in edits if end <= at)
