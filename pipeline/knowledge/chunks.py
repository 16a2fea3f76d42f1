"""Cut a sentence into phrases that can be arguments of a claim.

No parser: machine-translated text has no syntax to trust. A phrase is what stands between marks, function
words and the deciding words; a phrase with a prepositional tail is offered with and without it.
"""

import re
from dataclasses import dataclass

__all__ = ["Phrase", "phrases", "trim"]

_TOKEN = re.compile(r"[A-Za-zÀ-ɏͰ-Ͽ0-9°℃%½¼³²'’][\wÀ-ɏ'’.%+/-]*(?<![.,])|\S")
_BREAK = frozenset({
    "is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "do", "does", "did", "can",
    "could", "may", "might", "will", "would", "shall", "should", "must", "that", "which", "who", "whom", "whose",
    "when", "if", "because", "although", "though", "while", "but", "so", "than", "then", "since", "until", "unless",
    "whether", "it", "they", "he", "she", "we", "you", "i", "this", "these", "those", "there", "here", "not", "no",
    "never", "cannot", "can't", "don't", "doesn't", "isn't", "aren't", "won't", "also", "often", "usually",
    "mostly", "generally", "easily", "especially", "mainly", "namely", "therefore", "thus", "however", "why", "how",
    "what", "where", "let", "lets", "want", "wants", "need", "needs", "according", "say", "says", "said", "think",
    "thinks",
})  # fmt: skip
_JOIN = frozenset(["and", "or", ",", "、", "/", "plus", "nor", "&", "，"])
_STOP_MARKS = frozenset('.;:：()[]{}|—–!?"“”•·→=')
_PREPOSITIONS = frozenset({
    "in", "on", "at", "for", "with", "from", "by", "to", "after", "during", "before", "under", "among", "without",
    "within", "into", "through", "about", "between", "against", "over", "than", "like", "as", "per",
})  # fmt: skip
# Words that name nothing at the edge of a phrase.
_EDGE = frozenset({
    "a", "an", "the", "some", "any", "all", "many", "much", "most", "more", "such", "other", "certain", "various",
    "several", "both", "each", "every", "its", "his", "her", "their", "your", "our", "my", "own", "one", "very",
    "too", "quite", "just", "only", "even", "still", "already", "again", "soon", "once", "always", "sometimes",
    "of", "in", "on", "at", "for", "with", "from", "by", "to", "as", "and", "or", "then", "so", "up", "out",
    "about", "well", "likewise", "first", "second", "third", "common", "same", "etc", "e.g", "i.e", "daily",
    "simply", "really", "actually", "directly", "further", "long-term",
})  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """A phrase: code points in the text, and its number in its coordinated row (0 = nearest to the start)."""

    start: int
    end: int
    row: int


def phrases(text: str, start: int, end: int) -> list[Phrase]:
    """Phrases of text[start:end] in order; phrases joined by commas or and/or share `row`."""
    found: list[Phrase] = []
    row = 0
    first: int | None = None
    last = start
    for token in _TOKEN.finditer(text, start, end):
        word = token.group().lower()
        if word not in _BREAK and word not in _JOIN and word not in _STOP_MARKS:
            first = token.start() if first is None else first
            last = token.end()
            continue
        if first is not None:
            found += _phrase(text, first, last, row)
            first = None
        if word not in _JOIN:
            row += 1
    if first is not None:
        found += _phrase(text, first, last, row)
    return found


def _phrase(text: str, start: int, end: int, row: int) -> list[Phrase]:
    start, end = trim(text, start, end)
    return [Phrase(start, end, row)] if end - start > 1 else []


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without words that name nothing, list numbers and marks at its edges."""
    tokens = list(_TOKEN.finditer(text, start, end))
    while tokens and _is_edge(tokens[0].group()):
        tokens.pop(0)
    while tokens and _is_edge(tokens[-1].group()):
        tokens.pop()
    return (tokens[0].start(), tokens[-1].end()) if tokens else (start, start)


def _is_edge(word: str) -> bool:
    return word.lower() in _EDGE or not word[0].isalnum() or word.rstrip(".)").isdigit()


def heads(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The span itself, then the span up to its first preposition (and up to its first 'of')."""
    found = [(start, end)]
    for token in list(_TOKEN.finditer(text, start, end))[1:]:
        if token.group().lower() in _PREPOSITIONS:
            short = trim(text, start, token.start())
            if short[1] - short[0] > 2:
                found.append(short)
            break
    return found
